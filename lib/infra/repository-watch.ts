import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DEFAULTS } from '../contract/defaults.ts';
import { watchFunctionName } from '../contract/names.ts';
import { expiresSoonOf, WATCH_CONFIGURATION, type WatchConfiguration } from '../contract/watch-configuration.ts';
import { FailureQueue } from './failure-queue.ts';
import { InvokeSchedule, withinOneInterval } from './invoke-schedule.ts';
import { OwnFunction } from './own-function.ts';
import type { WatchFoundation } from './watch-foundation.ts';

/** Which repository is looked at, and how it should be. */
export interface RepositoryWatchProps {
  readonly foundation: WatchFoundation;
  readonly repository: string;
  /** Where clients read the metadata, with a slash at its end. */
  readonly url: string;
  /** Where clients read the targets, with a slash at its end. @default - the metadata's address and `targets/` */
  readonly targetsUrl?: string;
  /** The root that is trusted without proof: its version and the SHA-256 of the file, in hex. */
  readonly root: { readonly version: number; readonly sha256: string };
  /** How often it looks. @default Duration.hours(1) */
  readonly every?: Duration;
  /** How often the signer looks, at the longest. @default Duration.hours(1) */
  readonly check?: Duration;
  /** How old a timestamp is when the next one is signed. @default Duration.days(3) */
  readonly resignAfter?: Duration;
  /** How long a timestamp lives. @default Duration.days(14) */
  readonly validity?: Duration;
  /** How long a cache in front of the repository may keep what is stale. @default Duration.minutes(10) */
  readonly cacheMax?: Duration;
  /** The snapshot role may share the timestamp's key. @default false */
  readonly allowSharedSnapshotKey?: boolean;
  /** A timestamp with less life left is a finding. @default Duration.days(4) - a long weekend and a working day, or a third of a shorter validity */
  readonly timestampExpiresSoon?: Duration;
  /** Another role with less life left is a finding. @default Duration.days(30) */
  readonly othersExpireSoon?: Duration;
  /** How long the log is kept. @default RetentionDays.ONE_YEAR */
  readonly logRetention?: RetentionDays;
}

/** Looks at one repository from outside, as a client does: without keys and without access to the buckets. Best in another region than the signer. */
export class RepositoryWatch extends Construct {
  readonly repository: string;
  readonly function: OwnFunction;
  /** Looks that failed in spite of Lambda's retries, and those that Scheduler could not hand over. */
  readonly lost: Queue;
  /** How often it looks, in seconds. */
  readonly interval: number;
  /** Less life left is a finding, in seconds. */
  readonly expiresSoon: WatchConfiguration['expiresSoon'];

  constructor(scope: Construct, id: string, props: RepositoryWatchProps) {
    super(scope, id);
    const { foundation, repository, every = Duration.hours(1) } = props;
    const { deployment, memoryBucketName, memoryBucketArn } = foundation;
    const functionName = watchFunctionName(deployment, repository);
    this.repository = repository;
    this.lost = new FailureQueue(this, 'Lost').queue;
    this.interval = every.toSeconds();
    const validity = props.validity?.toSeconds() ?? DEFAULTS.validity;
    const resignAfter = props.resignAfter?.toSeconds() ?? DEFAULTS.resignAfter;
    const check = props.check?.toSeconds() ?? DEFAULTS.check;
    const soon = expiresSoonOf({ validity, resignAfter, check });
    this.expiresSoon = {
      timestamp: props.timestampExpiresSoon?.toSeconds() ?? soon.timestamp,
      others: props.othersExpireSoon?.toSeconds() ?? soon.others,
    };
    const configuration: WatchConfiguration = {
      deployment,
      repository,
      url: props.url,
      root: { version: props.root.version, sha256: props.root.sha256 },
      memoryBucket: memoryBucketName,
      validity,
      resignAfter,
      check,
      cacheMax: props.cacheMax?.toSeconds() ?? DEFAULTS.cacheMax,
      allowSharedSnapshotKey: props.allowSharedSnapshotKey ?? false,
      expiresSoon: this.expiresSoon,
      targetsUrl: props.targetsUrl ?? `${props.url}targets/`,
    };
    this.function = new OwnFunction(this, 'Watch', {
      handler: 'watch',
      functionName,
      roleName: functionName,
      description: `Looks at the TUF repository ${repository} as a client does`,
      environment: { [WATCH_CONFIGURATION]: Stack.of(this).toJsonString(configuration) },
      statements: [
        new PolicyStatement({
          sid: 'Memory',
          actions: ['s3:GetObject', 's3:PutObject'],
          resources: [`${memoryBucketArn}/${repository}/*`],
        }),
        new PolicyStatement({ sid: 'ListMemory', actions: ['s3:ListBucket'], resources: [memoryBucketArn] }),
        new PolicyStatement({ sid: 'ReportFailure', actions: ['sqs:SendMessage'], resources: [this.lost.queueArn] }),
      ],
      timeout: Duration.minutes(5),
      ...(props.logRetention !== undefined && { logRetention: props.logRetention }),
    });
    new CfnEventInvokeConfig(this, 'Async', {
      functionName: this.function.function.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: withinOneInterval(every.toSeconds()),
      destinationConfig: { onFailure: { destination: this.lost.queueArn } },
    });
    new InvokeSchedule(this, 'Schedule', {
      group: foundation.scheduleGroup,
      scheduleName: repository,
      expression: `rate(${every.toMinutes()} ${every.toMinutes() === 1 ? 'minute' : 'minutes'})`,
      interval: every.toSeconds(),
      target: this.function.function.functionArn,
      input: { repository },
      undelivered: this.lost,
    });
  }
}
