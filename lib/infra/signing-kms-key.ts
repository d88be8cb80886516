import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnAlias, type CfnKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { KeyType } from '../contract/signer-configuration.ts';
import { idPartOf } from './id-part.ts';

/** Kinds of keys that never leave AWS KMS. */
export type KmsKeyType = Exclude<KeyType, 'go-tuf-file'>;

/** Who signs with a key. */
export interface SigningKmsKeyProps {
  readonly aliasName: string;
  readonly repository: string;
  readonly type: KmsKeyType;
  readonly signerRoleArn: string;
  readonly signerFunctionArn: string;
}

/**
 * A KMS key with which one function signs, with one algorithm, and nobody else: administrators manage it and cannot use it.
 * Roles are named by a condition, not as principals: KMS would keep their ids, and a role that is made anew could not sign with a key that stayed.
 */
export class SigningKmsKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, props: SigningKmsKeyProps) {
    super(scope, id);
    const { aliasName, repository, type, signerRoleArn, signerFunctionArn } = props;
    const { keySpec, algorithm } = KINDS[type];
    const account = [new AccountPrincipal(Stack.of(this).account)];
    this.key = new Key(this, 'Key', {
      keySpec,
      keyUsage: KeyUsage.SIGN_VERIFY,
      description: `Timestamp key of the TUF repository ${repository}`,
      removalPolicy: RemovalPolicy.RETAIN,
      pendingWindow: Duration.days(30),
      policy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'AdministratorsManage',
            principals: account,
            actions: MANAGE.map((action) => `kms:${action}`),
            resources: ['*'],
          }),
          new PolicyStatement({
            sid: 'SignerSigns',
            principals: account,
            actions: ['kms:Sign'],
            resources: ['*'],
            conditions: {
              ArnEquals: { 'aws:PrincipalArn': signerRoleArn },
              ArnLike: { 'lambda:SourceFunctionArn': [signerFunctionArn, `${signerFunctionArn}:*`] },
              StringEquals: { 'kms:SigningAlgorithm': algorithm, 'kms:MessageType': 'RAW' },
            },
          }),
        ],
      }),
    });
    (this.key.node.defaultChild as CfnKey).overrideLogicalId(`${idPartOf(repository)}Key`); // `cdk import` asks for it
    const alias = new CfnAlias(this, 'Alias', { aliasName, targetKeyId: this.key.keyId });
    alias.applyRemovalPolicy(RemovalPolicy.RETAIN); // by it the key is found that stayed
  }
}

const KINDS: Readonly<Record<KmsKeyType, { readonly keySpec: KeySpec; readonly algorithm: string }>> = {
  'kms-ed25519': { keySpec: KeySpec.ECC_NIST_EDWARDS25519, algorithm: 'ED25519_SHA_512' },
  'kms-p256': { keySpec: KeySpec.ECC_NIST_P256, algorithm: 'ECDSA_SHA_256' },
  'kms-rsa': { keySpec: KeySpec.RSA_3072, algorithm: 'RSASSA_PSS_SHA_256' },
};

/** What the account's own policies may allow: neither Sign nor CreateGrant, with which somebody could be let sign. */
const MANAGE = [
  'CancelKeyDeletion',
  'CreateAlias',
  'DeleteAlias',
  'DescribeKey',
  'DisableKey',
  'EnableKey',
  'GetKeyPolicy',
  'GetKeyRotationStatus',
  'GetPublicKey',
  'ListGrants',
  'ListKeyPolicies',
  'ListResourceTags',
  'PutKeyPolicy',
  'RevokeGrant',
  'ScheduleKeyDeletion',
  'TagResource',
  'UntagResource',
  'UpdateAlias',
  'UpdateKeyDescription',
];
