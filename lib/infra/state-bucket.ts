import { AccountPrincipal, AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { idPartOf } from './id-part.ts';
import { PrivateBucket } from './private-bucket.ts';

/** Who may touch one repository's state. */
export interface StateUsers {
  readonly repository: string;
  readonly signer: string;
  readonly operator: string;
  /** ARNs of the publishers' roles, and the account that they are in. */
  readonly publishers: readonly string[];
  readonly hostingAccount: string;
}

/** The journals, root chains, key files, receipts and pauses of a deployment. Every object is written conditionally, and every version of it is kept. */
export class StateBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { bucketName }: { readonly bucketName: string }) {
    super(scope, id);
    this.bucket = new PrivateBucket(this, 'State', { bucketName }).bucket;
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NobodyWritesUnconditionally',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [`${this.bucket.bucketArn}/*`],
        conditions: { Null: { 's3:if-match': 'true', 's3:if-none-match': 'true' } }, // both absent
      }),
    );
  }

  /** Opens a repository's folder to those who need it, and closes it to everybody else, whatever their own policies say. */
  admit({ repository, signer, operator, publishers, hostingAccount }: StateUsers): void {
    const folder = `${this.bucket.bucketArn}/${repository}`;
    const name = idPartOf(repository);
    const denyAllBut = (sid: string, arns: readonly string[], actions: string[], resource: string) => {
      this.bucket.addToResourcePolicy(
        new PolicyStatement({
          sid: `${name}${sid}`,
          effect: Effect.DENY,
          principals: [new AnyPrincipal()],
          actions,
          resources: [resource],
          conditions: { ArnNotEquals: { 'aws:PrincipalArn': arns } },
        }),
      );
    };
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: `${name}Receipt`,
        principals: [new AccountPrincipal(hostingAccount)],
        actions: ['s3:GetObject', 's3:PutObject'],
        resources: [`${folder}/expected.json`],
        conditions: { ArnEquals: { 'aws:PrincipalArn': publishers } },
      }),
    );
    denyAllBut(
      'Ours',
      [signer, operator, ...publishers],
      ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:DeleteObject'],
      `${folder}/*`,
    );
    denyAllBut('KeyFile', [signer], ['s3:GetObject', 's3:GetObjectVersion'], `${folder}/key-*`);
  }
}
