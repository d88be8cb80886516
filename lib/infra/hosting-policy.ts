import { AccountPrincipal, AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { bucketArn, roleArn } from './principals.ts';

/** Whom a repository's place serves. */
export interface HostingPolicyProps {
  readonly bucketName: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
  /** The account of signer and operator. */
  readonly signingAccount: string;
  readonly signerRoleName: string;
  readonly operatorRoleName: string;
  /** ARNs of the roles that write the repository's files. */
  readonly publishers: readonly string[];
}

/**
 * The statements of a hosting bucket's policy: publishers write everything under the place, the signer only timestamp.json and never unconditionally, nobody else anything.
 * Signer and operator are named as their account with a condition on `aws:PrincipalArn`: S3 refuses a principal that does not exist yet, and hosting is deployed first.
 */
export function hostingStatements(props: HostingPolicyProps): PolicyStatement[] {
  const { prefix, signingAccount, publishers } = props;
  const bucket = bucketArn(props.bucketName);
  const place = `${bucket}/${prefix}`;
  const timestamp = `${place}timestamp.json`;
  const signer = roleArn(signingAccount, props.signerRoleName);
  const operator = roleArn(signingAccount, props.operatorRoleName);
  const account = [new AccountPrincipal(signingAccount)];
  return [
    new PolicyStatement({
      sid: 'SignerAndOperatorRead',
      principals: account,
      actions: ['s3:GetObject'],
      resources: [`${place}*.json`],
      conditions: { ArnEquals: { 'aws:PrincipalArn': [signer, operator] } },
    }),
    new PolicyStatement({
      sid: 'SignerAndOperatorList', // without it a missing object is a 403, which would hide a newer root
      principals: account,
      actions: ['s3:ListBucket'],
      resources: [bucket],
      conditions: { ArnEquals: { 'aws:PrincipalArn': [signer, operator] } },
    }),
    new PolicyStatement({
      sid: 'SignerWritesTimestamp',
      principals: account,
      actions: ['s3:PutObject'],
      resources: [timestamp],
      conditions: { ArnEquals: { 'aws:PrincipalArn': signer } },
    }),
    deny('SignerNeverUnconditionally', {
      actions: ['s3:PutObject'],
      resources: [timestamp],
      conditions: {
        ArnEquals: { 'aws:PrincipalArn': signer },
        Null: { 's3:if-match': 'true', 's3:if-none-match': 'true' }, // both absent
      },
    }),
    deny('SignerWritesNothingElse', {
      actions: ['s3:PutObject'],
      notResources: [timestamp],
      conditions: { ArnEquals: { 'aws:PrincipalArn': signer } },
    }),
    deny('SignerDeletesNothing', {
      actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
      resources: [`${place}*`],
      conditions: { ArnEquals: { 'aws:PrincipalArn': signer } },
    }),
    deny('OnlySignerAndPublishersWrite', {
      actions: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
      resources: [`${place}*`],
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': [signer, ...publishers] } },
    }),
  ];
}

function deny(
  sid: string,
  what: {
    readonly actions: string[];
    readonly resources?: string[];
    readonly notResources?: string[];
    readonly conditions?: Record<string, Record<string, string | readonly string[]>>;
  },
): PolicyStatement {
  return new PolicyStatement({ sid, effect: Effect.DENY, principals: [new AnyPrincipal()], ...what });
}
