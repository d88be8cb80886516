import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, type CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** What is invoked, and how often. */
export interface InvokeScheduleProps {
  readonly group: CfnScheduleGroup;
  readonly scheduleName: string;
  /** As EventBridge Scheduler reads it: `rate(1 hour)`, `cron(0 * * * ? *)`. */
  readonly expression: string;
  /** The longest time between two invocations, in seconds. */
  readonly interval: number;
  /** ARN of the function or of its alias. */
  readonly target: string;
  readonly input: Readonly<Record<string, string>>;
  /** Where what could not be handed over lands. */
  readonly undelivered: Queue;
}

/** Invokes a function again and again. What could not be handed over, in spite of retries, lands in a queue. */
export class InvokeSchedule extends Construct {
  constructor(scope: Construct, id: string, props: InvokeScheduleProps) {
    super(scope, id);
    const { group, target, interval, undelivered } = props;
    const { partition, region, account } = Stack.of(this);
    const role = new Role(this, 'Role', {
      description: `Lets EventBridge Scheduler invoke ${props.scheduleName}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com').withConditions({
        StringEquals: { 'aws:SourceAccount': account },
        ArnEquals: {
          'aws:SourceArn': `arn:${partition}:scheduler:${region}:${account}:schedule-group/${group.name ?? ''}`,
        },
      }),
      inlinePolicies: {
        Own: new PolicyDocument({
          statements: [
            new PolicyStatement({ sid: 'Invoke', actions: ['lambda:InvokeFunction'], resources: [target] }),
            new PolicyStatement({
              sid: 'Undelivered',
              actions: ['sqs:SendMessage'],
              resources: [undelivered.queueArn],
            }),
          ],
        }),
      },
    });
    new CfnSchedule(this, 'Schedule', {
      name: props.scheduleName,
      groupName: group.ref,
      scheduleExpression: props.expression,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: target,
        roleArn: role.roleArn,
        input: JSON.stringify(props.input),
        retryPolicy: { maximumRetryAttempts: 10, maximumEventAgeInSeconds: withinOneInterval(interval) },
        deadLetterConfig: { arn: undelivered.queueArn },
      },
    });
  }
}

/** An invocation is worth retrying until the next one, within what Scheduler and Lambda take, in seconds: 1 minute to 6 hours. */
export function withinOneInterval(interval: number): number {
  return Math.min(Math.max(Math.floor(interval), 60), 21_600);
}
