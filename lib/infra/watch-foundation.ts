import { Stack } from 'aws-cdk-lib';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { scheduleGroupName, watchBucketName } from '../contract/names.ts';
import { PrivateBucket } from './private-bucket.ts';

/** What the watchdogs of one deployment have in common: the bucket with their memory, and the group of their schedules. */
export class WatchFoundation extends Construct {
  readonly deployment: string;
  readonly memoryBucketName: string;
  readonly memoryBucketArn: string;
  readonly scheduleGroup: CfnScheduleGroup;

  /** @param props - `deployment`: `name` in timekeeper.json */
  constructor(scope: Construct, id: string, { deployment }: { readonly deployment: string }) {
    super(scope, id);
    this.deployment = deployment;
    this.memoryBucketName = watchBucketName(deployment, Stack.of(this));
    this.memoryBucketArn = new PrivateBucket(this, 'Memory', { bucketName: this.memoryBucketName }).bucket.bucketArn;
    this.scheduleGroup = new CfnScheduleGroup(this, 'Schedules', { name: `${scheduleGroupName(deployment)}-watch` });
  }
}
