import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership, type LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** A bucket that nobody sees who is not named in its policy. */
export interface PrivateBucketProps {
  readonly bucketName: string;
  /** Rules beside the one that clears unfinished uploads. @default - none: old versions are kept for ever */
  readonly lifecycleRules?: readonly LifecycleRule[];
}

/** A versioned bucket without public access or ACLs, reached by TLS 1.2 or later only, whose versions nobody deletes; it stays when its stack goes. */
export class PrivateBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { bucketName, lifecycleRules = [] }: PrivateBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      bucketName,
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        ...lifecycleRules,
      ],
    });
    for (const statement of transportStatements(this.bucket.bucketArn)) this.bucket.addToResourcePolicy(statement);
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NobodyDeletesVersions',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:DeleteObjectVersion'],
        resources: [`${this.bucket.bucketArn}/*`],
      }),
    );
  }
}

/** Refuses whoever comes without TLS, or with an old one. */
function transportStatements(bucketArn: string): PolicyStatement[] {
  const deny = (sid: string, conditions: Record<string, Record<string, string>>) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:*'],
      resources: [bucketArn, `${bucketArn}/*`],
      conditions,
    });
  return [
    deny('OnlyWithTls', { Bool: { 'aws:SecureTransport': 'false' } }),
    deny('OnlyWithTls12', { NumericLessThan: { 's3:TlsVersion': '1.2' } }),
  ];
}
