import {
  AccountRootPrincipal,
  ArnPrincipal,
  CompositePrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
  type PrincipalBase,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { bucketArn } from './principals.ts';

/** Who publishes what. */
export interface PublisherRoleProps {
  readonly roleName: string;
  /** The hosting bucket; the role writes all of it. */
  readonly bucketName: string;
  /** The key of the receipt, in the signing account's state bucket. */
  readonly receipt: { readonly bucketName: string; readonly key: string };
  /** ARNs of those who may assume the role. @default - whoever in its account is allowed to assume it */
  readonly publishers?: readonly string[];
}

/** The role that writes a repository's files, and leaves the receipt of a publish where the signer finds it. */
export class PublisherRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, { roleName, bucketName, receipt, publishers = [] }: PublisherRoleProps) {
    super(scope, id);
    const place = bucketArn(bucketName);
    this.role = new Role(this, 'Role', {
      roleName,
      description: `Publishes to ${bucketName}`,
      assumedBy: trusted(publishers),
      inlinePolicies: {
        Own: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'Publish',
              actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
              resources: [`${place}/*`],
            }),
            new PolicyStatement({ sid: 'ListWhatIsPublished', actions: ['s3:ListBucket'], resources: [place] }),
            new PolicyStatement({
              sid: 'RemoveOldTargets', // metadata is never removed: clients with an old root need every N.root.json
              actions: ['s3:DeleteObject'],
              resources: [`${place}/targets/*`],
            }),
            new PolicyStatement({
              sid: 'LeaveReceipt',
              actions: ['s3:GetObject', 's3:PutObject'],
              resources: [`${bucketArn(receipt.bucketName)}/${receipt.key}`],
            }),
          ],
        }),
      },
    });
  }
}

/** Those who may assume a role: the ones that are named, or whoever the account's own policies let. */
export function trusted(arns: readonly string[]): PrincipalBase {
  return arns.length === 0
    ? new AccountRootPrincipal()
    : new CompositePrincipal(...arns.map((arn) => new ArnPrincipal(arn)));
}
