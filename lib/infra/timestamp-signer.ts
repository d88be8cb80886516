import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventInvokeConfig, type CfnAlias } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DEFAULTS } from '../contract/defaults.ts';
import {
  keyAliasName,
  LIVE,
  operatorRoleName,
  secretName,
  signerFunctionName,
  signerRoleName,
} from '../contract/names.ts';
import {
  SIGNER_CONFIGURATION,
  type KeyType,
  type SignedRepository,
  type SignerConfiguration,
} from '../contract/signer-configuration.ts';
import { FailureQueue } from './failure-queue.ts';
import { InvokeSchedule, withinOneInterval } from './invoke-schedule.ts';
import { KeyFileSecret } from './key-file-secret.ts';
import { LiveAlias } from './live-alias.ts';
import { OwnFunction } from './own-function.ts';
import { functionArn, roleArn } from './principals.ts';
import { operatorPlaceStatements, placeStatements, stateStatements } from './signer-statements.ts';
import type { SigningFoundation } from './signing-foundation.ts';
import { SigningKmsKey } from './signing-kms-key.ts';

/** Where a repository's files are. */
export interface SignedPlace {
  readonly bucketName: string;
  /** Empty, or ending with a slash. @default - the whole bucket */
  readonly prefix?: string;
  /** The bucket's region. @default - the stack's own */
  readonly region?: string;
  /** The bucket's account. @default - the stack's own */
  readonly account?: string;
  /** ARNs of the roles that publish, in that account. They may read and write the receipt. */
  readonly publishers: readonly string[];
}

/** How often the signer looks. */
export interface SignerCheck {
  /** As EventBridge Scheduler reads it: `rate(1 hour)`, `cron(0 * * * ? *)`. */
  readonly expression: string;
  /** The longest time between two checks. */
  readonly interval: Duration;
}

/** Who signs which repository, and how it is kept fresh. */
export interface TimestampSignerProps {
  readonly foundation: SigningFoundation;
  /** The repository's name: letters, digits and `-`, at most 40. */
  readonly repository: string;
  readonly place: SignedPlace;
  /** The root that is trusted without proof: its version and the SHA-256 of the file, in hex. */
  readonly root: { readonly version: number; readonly sha256: string };
  /** @default 'go-tuf-file' */
  readonly keyType?: KeyType;
  /** `advance` endorses a newer snapshot after checking it. @default 'refresh' */
  readonly mode?: 'refresh' | 'advance';
  /** @default - every hour */
  readonly check?: SignerCheck;
  /** How old a timestamp is when the next one is signed. @default Duration.days(3) */
  readonly resignAfter?: Duration;
  /** How long a timestamp lives. @default Duration.days(14) */
  readonly validity?: Duration;
  /** How long a cache in front of the repository may keep what is stale. @default Duration.minutes(10) */
  readonly cacheMax?: Duration;
  /** How long the repository may stay below the publisher's receipt. @default Duration.days(1) */
  readonly freezeGrace?: Duration;
  /** How far somebody else's timestamp may be ahead of ours. @default 1000000 */
  readonly maxVersionJump?: number;
  /** How long the log is kept. @default RetentionDays.ONE_YEAR */
  readonly logRetention?: RetentionDays;
  /** @default - none: a new account has 10 in all, and the conditional puts already guard against two at once */
  readonly reservedConcurrentExecutions?: number;
}

/** Keeps one repository's timestamp.json fresh: a function with a role, a key, a schedule and queues of its own. */
export class TimestampSigner extends Construct {
  readonly repository: string;
  readonly function: OwnFunction;
  readonly alias: CfnAlias;
  /** Runs that failed in spite of Lambda's retries, with their outcome. */
  readonly failed: Queue;
  /** Invocations that Scheduler could not hand over. */
  readonly undelivered: Queue;
  /** What the key, or the secret with the key file's passphrase, is called in requests. */
  readonly keyNames: readonly string[];
  readonly signerRoleArn: string;
  /** The longest time between two checks, and how long a timestamp lives; in seconds. */
  readonly interval: number;
  readonly validity: number;
  /** When a timestamp is signed again, in seconds. */
  readonly resignAfter: number;

  constructor(scope: Construct, id: string, props: TimestampSignerProps) {
    super(scope, id);
    const { foundation, repository, place, keyType = 'go-tuf-file' } = props;
    const { deployment, state, operator } = foundation;
    const { account } = Stack.of(this);
    const check = props.check ?? { expression: 'rate(1 hour)', interval: Duration.seconds(DEFAULTS.check) };
    const interval = check.interval.toSeconds();
    const functionName = signerFunctionName(deployment, repository);
    const names = {
      repository,
      signerRoleArn: roleArn(account, signerRoleName(deployment, repository)),
      signerFunctionArn: functionArn(this, functionName),
    };
    const operatorArn = roleArn(account, operatorRoleName(deployment));
    this.repository = repository;
    this.signerRoleArn = names.signerRoleArn;
    this.interval = interval;
    this.validity = props.validity?.toSeconds() ?? DEFAULTS.validity;
    this.resignAfter = props.resignAfter?.toSeconds() ?? DEFAULTS.resignAfter;

    const { key, arn, use, called } =
      keyType === 'go-tuf-file'
        ? this.secret(secretName(deployment, repository), names, operatorArn)
        : this.kmsKey(keyAliasName(deployment, repository), keyType, names);
    this.keyNames = called;
    this.failed = new FailureQueue(this, 'Failed').queue;
    const configuration: SignerConfiguration = {
      deployment,
      stateBucket: foundation.stateBucketName,
      repositories: { [repository]: signedRepository(props, key, interval, Stack.of(this).region) },
    };
    this.function = new OwnFunction(this, 'Signer', {
      handler: 'resign',
      functionName,
      roleName: signerRoleName(deployment, repository),
      description: `Re-signs timestamp.json of the TUF repository ${repository}`,
      environment: { [SIGNER_CONFIGURATION]: Stack.of(this).toJsonString(configuration) },
      statements: [
        ...placeStatements(place),
        ...stateStatements(state.bucket.bucketArn, repository),
        use,
        new PolicyStatement({ sid: 'ReportFailure', actions: ['sqs:SendMessage'], resources: [this.failed.queueArn] }),
      ],
      timeout: TIMEOUT,
      ...(props.logRetention !== undefined && { logRetention: props.logRetention }),
      ...(props.reservedConcurrentExecutions !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      }),
    });
    state.admit({
      repository,
      signer: names.signerRoleArn,
      operator: operatorArn,
      publishers: place.publishers,
      hostingAccount: place.account ?? account,
    });

    foundation.judge(names.signerFunctionArn);
    this.alias = new LiveAlias(this, 'Live', {
      function: this.function.function,
      repository,
      verdict: foundation.verdict.function.functionArn,
    }).alias;
    new CfnEventInvokeConfig(this, 'Async', {
      functionName,
      qualifier: LIVE,
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: withinOneInterval(interval),
      destinationConfig: { onFailure: { destination: this.failed.queueArn } },
    }).addResourceDependency(this.alias);
    this.undelivered = new FailureQueue(this, 'Undelivered').queue;
    new InvokeSchedule(this, 'Schedule', {
      group: foundation.scheduleGroup,
      scheduleName: repository,
      expression: check.expression,
      interval,
      target: this.alias.ref,
      input: { repository },
      undelivered: this.undelivered,
    });

    operator.may(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [names.signerFunctionArn, `${names.signerFunctionArn}:${LIVE}`],
      }),
      new PolicyStatement({
        actions:
          keyType === 'go-tuf-file'
            ? ['secretsmanager:PutSecretValue', 'secretsmanager:DescribeSecret']
            : ['kms:GetPublicKey', 'kms:DescribeKey'],
        resources: [arn],
      }),
      ...operatorPlaceStatements(place),
    );
    new CfnOutput(this, 'Resign', {
      value: `aws lambda invoke --function-name ${functionName}:${LIVE} --cli-binary-format raw-in-base64-out --payload '{"repository":"${repository}","force":true}' /dev/stdout`,
      description: `Re-signs ${repository} now`,
    });
  }

  private secret(name: string, names: SignerNames, operatorRoleArn: string): KeyOfSigner {
    const { secretArn } = new KeyFileSecret(this, 'Passphrase', { ...names, secretName: name, operatorRoleArn });
    return {
      key: { type: 'go-tuf-file', secretId: name },
      arn: secretArn,
      called: [secretArn, name],
      use: new PolicyStatement({
        sid: 'ReadPassphrase',
        actions: ['secretsmanager:GetSecretValue'],
        resources: [secretArn],
      }),
    };
  }

  private kmsKey(aliasName: string, type: Exclude<KeyType, 'go-tuf-file'>, names: SignerNames): KeyOfSigner {
    const { key } = new SigningKmsKey(this, 'Key', { ...names, aliasName, type });
    return {
      key: { type, keyId: key.keyArn },
      arn: key.keyArn,
      called: [key.keyArn, key.keyId, aliasName],
      use: new PolicyStatement({
        sid: 'Sign',
        actions: ['kms:Sign', 'kms:GetPublicKey'],
        resources: [key.keyArn],
      }),
    };
  }
}

interface SignerNames {
  readonly repository: string;
  readonly signerRoleArn: string;
  readonly signerFunctionArn: string;
}

interface KeyOfSigner {
  readonly key: SignedRepository['key'];
  readonly arn: string;
  /** All that it is called in requests. */
  readonly called: readonly string[];
  /** What lets the signer use it. */
  readonly use: PolicyStatement;
}

const TIMEOUT = Duration.minutes(2); // five rounds of calls, each of which may take 7 seconds three times

function signedRepository(
  props: TimestampSignerProps,
  key: SignedRepository['key'],
  check: number,
  ownRegion: string,
): SignedRepository {
  const { place, root } = props;
  return {
    bucket: place.bucketName,
    prefix: place.prefix ?? '',
    region: place.region ?? ownRegion,
    root: { version: root.version, sha256: root.sha256 },
    key,
    mode: props.mode ?? DEFAULTS.mode,
    validity: props.validity?.toSeconds() ?? DEFAULTS.validity,
    resignAfter: props.resignAfter?.toSeconds() ?? DEFAULTS.resignAfter,
    check,
    cacheMax: props.cacheMax?.toSeconds() ?? DEFAULTS.cacheMax,
    freezeGrace: props.freezeGrace?.toSeconds() ?? DEFAULTS.freezeGrace,
    maxVersionJump: props.maxVersionJump ?? DEFAULTS.maxVersionJump,
  };
}
