import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnResourcePolicy, CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { idPartOf } from './id-part.ts';

/** Who reads and who writes a passphrase. */
export interface KeyFileSecretProps {
  readonly secretName: string;
  readonly repository: string;
  readonly signerRoleArn: string;
  readonly signerFunctionArn: string;
  readonly operatorRoleArn: string;
}

/**
 * The secret with the passphrase of a repository's key file. `enroll` puts the value: nothing secret passes through CloudFormation.
 * The signer's role reads it, and only from within the signer's function; the operator's role writes it and cannot read it.
 */
export class KeyFileSecret extends Construct {
  readonly secretArn: string;

  constructor(scope: Construct, id: string, props: KeyFileSecretProps) {
    super(scope, id);
    const { secretName, repository, signerRoleArn, signerFunctionArn, operatorRoleArn } = props;
    const secret = new CfnSecret(this, 'Secret', {
      name: secretName,
      description: `Passphrase of the timestamp key of ${repository}; timekeeper enroll puts it`,
    });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    secret.overrideLogicalId(`${idPartOf(repository)}Passphrase`); // `cdk import` asks for it
    this.secretArn = secret.ref;
    const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, string | string[]>>) =>
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions,
        resources: ['*'],
        conditions,
      });
    new CfnResourcePolicy(this, 'Policy', {
      secretId: this.secretArn,
      blockPublicPolicy: true,
      resourcePolicy: Stack.of(this).resolve(
        new PolicyDocument({
          statements: [
            deny('OnlyTheSignerReads', ['secretsmanager:GetSecretValue'], {
              ArnNotEquals: { 'aws:PrincipalArn': signerRoleArn },
            }),
            deny('OnlyFromTheFunction', ['secretsmanager:GetSecretValue'], {
              ArnNotLike: { 'lambda:SourceFunctionArn': [signerFunctionArn, `${signerFunctionArn}:*`] },
            }),
            deny(
              'OnlyTheOperatorWrites',
              ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
              {
                ArnNotEquals: { 'aws:PrincipalArn': operatorRoleArn },
              },
            ),
          ],
        }),
      ) as object,
    });
  }
}
