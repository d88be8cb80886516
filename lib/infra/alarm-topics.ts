import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { topicName, type AlarmText } from '../contract/alarms.ts';

/** Who is told. */
export interface AlarmTopicsProps {
  readonly deployment: string;
  readonly stack: AlarmText['stack'];
  /** Gets both; AWS asks it to confirm. @default - nobody, until somebody subscribes */
  readonly email?: string;
}

/** Two topics of a stack: one wakes somebody, the other can wait for the morning. */
export class AlarmTopics extends Construct {
  readonly page: Topic;
  readonly mail: Topic;

  constructor(scope: Construct, id: string, { deployment, stack, email }: AlarmTopicsProps) {
    super(scope, id);
    const topic = (level: AlarmText['level']): Topic => {
      const made = new Topic(this, level === 'page' ? 'Page' : 'Mail', {
        topicName: topicName(deployment, stack, level),
        displayName: `Timekeeper ${deployment}`,
        enforceSSL: true,
      });
      for (const statement of publishStatements(this, made.topicArn)) made.addToResourcePolicy(statement);
      if (email !== undefined) made.addSubscription(new EmailSubscription(email));
      return made;
    };
    this.page = topic('page');
    this.mail = topic('mail');
  }
}

/** The alarms and the rules of this account and region, and nobody else. */
function publishStatements(scope: Construct, topicArn: string): PolicyStatement[] {
  const { partition, region, account } = Stack.of(scope);
  const allow = (sid: string, service: string, source: string, resource: string) =>
    new PolicyStatement({
      sid,
      principals: [new ServicePrincipal(service)],
      actions: ['sns:Publish'],
      resources: [topicArn],
      conditions: { ArnLike: { 'aws:SourceArn': `arn:${partition}:${source}:${region}:${account}:${resource}` } },
    });
  return [
    allow('AlarmsPublish', 'cloudwatch.amazonaws.com', 'cloudwatch', 'alarm:*'),
    allow('RulesPublish', 'events.amazonaws.com', 'events', 'rule/*'),
  ];
}
