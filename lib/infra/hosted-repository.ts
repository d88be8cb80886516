import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  hostingBucketName,
  operatorRoleName,
  publisherRoleName,
  signerRoleName,
  stateBucketName,
  type Place,
} from '../contract/names.ts';
import { hostingStatements } from './hosting-policy.ts';
import { roleArn } from './principals.ts';
import { PrivateBucket } from './private-bucket.ts';
import { PublisherRole } from './publisher-role.ts';
import { RepositoryDistribution, type RepositoryDomain } from './repository-distribution.ts';

/** Where a repository is served from, and by whom it is written. */
export interface HostedRepositoryProps {
  /** The deployment's name: `name` in timekeeper.json. */
  readonly deployment: string;
  /** The repository's name. */
  readonly repository: string;
  /** Where the signer is. Nothing has to be there yet. @default - the stack's own account and region */
  readonly signing?: Place;
  /** @default - made from deployment, repository, account and region */
  readonly bucketName?: string;
  /** A domain of one's own. @default - CloudFront's own name */
  readonly domain?: RepositoryDomain;
  /** ARNs of those who may assume the publisher's role. @default - whoever in the account is allowed to assume it */
  readonly publishers?: readonly string[];
}

/** A TUF repository in a private bucket behind CloudFront, with a role that publishes to it and a signer that may replace its timestamp.json alone. */
export class HostedRepository extends Construct {
  readonly bucket: Bucket;
  readonly distribution: Distribution;
  /** Where clients read it, with a slash at its end. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: HostedRepositoryProps) {
    super(scope, id);
    const { deployment, repository, domain, publishers } = props;
    const here: Place = Stack.of(this);
    const signing = props.signing ?? here;
    const bucketName = props.bucketName ?? hostingBucketName(deployment, repository, here);
    const publisher = publisherRoleName(deployment, repository);

    this.bucket = new PrivateBucket(this, 'Files', {
      bucketName,
      lifecycleRules: [{ id: 'old-versions', noncurrentVersionExpiration: OLD_VERSIONS }],
    }).bucket;
    const statements = hostingStatements({
      bucketName,
      prefix: '',
      signingAccount: signing.account,
      signerRoleName: signerRoleName(deployment, repository),
      operatorRoleName: operatorRoleName(deployment),
      publishers: [roleArn(here.account, publisher)],
    });
    for (const statement of statements) this.bucket.addToResourcePolicy(statement);

    this.distribution = new RepositoryDistribution(this, 'Served', {
      bucket: this.bucket,
      comment: `TUF repository ${repository}`,
      ...(domain !== undefined && { domain }),
    }).distribution;
    this.url = `https://${domain?.name ?? this.distribution.distributionDomainName}/`;

    const { role } = new PublisherRole(this, 'Publisher', {
      roleName: publisher,
      bucketName,
      receipt: { bucketName: stateBucketName(deployment, signing), key: `${repository}/expected.json` },
      ...(publishers !== undefined && { publishers }),
    });
    new CfnOutput(this, 'Url', { value: this.url, description: 'Where clients read the repository' });
    new CfnOutput(this, 'BucketName', { value: bucketName, description: 'Where its files are' });
    new CfnOutput(this, 'PublisherRole', { value: role.roleArn, description: 'Who writes them' });
    new CfnOutput(this, 'DistributionName', {
      value: this.distribution.distributionDomainName,
      description: 'What the DNS record of a domain of your own points to',
    });
  }
}

/** A year: long enough to see what was served when, short enough that replaced targets do not pile up. */
const OLD_VERSIONS = Duration.days(365);
