import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { AlarmTopics } from './alarm-topics.ts';
import { RepositoryDashboard } from './repository-dashboard.ts';
import { SigningAlarms } from './signing-alarms.ts';
import { SigningFoundation } from './signing-foundation.ts';
import { TimestampSigner, type TimestampSignerProps } from './timestamp-signer.ts';
import { topicName } from '../contract/alarms.ts';
import { hostingStatements } from './hosting-policy.ts';
import { operatorRoleName, signerRoleName } from '../contract/names.ts';

/** What a signing stack keeps fresh. */
export interface SigningStackProps {
  readonly stack: StackProps;
  readonly deployment: string;
  readonly operators: readonly string[];
  readonly email: string | undefined;
  /** The region of the watch stack, where that is in this account: the operator drills and looks at its alarms too. */
  readonly watchRegion: string | undefined;
  readonly repositories: readonly SignedRepositoryProps[];
}

/** One repository of a signing stack. */
export interface SignedRepositoryProps extends Omit<TimestampSignerProps, 'foundation'> {
  /** The bucket is the user's own: its policy has to be written by hand. */
  readonly isOwnBucket: boolean;
  /** Whom to ask for the root ceremony. */
  readonly contacts: readonly string[];
}

/** The signers of all repositories of a deployment: in an account that the file server cannot reach. */
export class SigningStack extends Stack {
  constructor(scope: Construct, id: string, props: SigningStackProps) {
    super(scope, id, props.stack);
    const { deployment, operators } = props;
    const foundation = new SigningFoundation(this, 'Foundation', { deployment, operators });
    const topics = new AlarmTopics(this, 'Topics', {
      deployment,
      stack: 'signing',
      ...(props.email !== undefined && { email: props.email }),
    });
    foundation.operator.may(
      new PolicyStatement({
        sid: 'SeeWhoIsTold',
        actions: ['sns:ListSubscriptionsByTopic'],
        resources: [topics.page.topicArn, topics.mail.topicArn],
      }),
    );
    if (props.watchRegion !== undefined) foundation.operator.may(...ofWatch(this, deployment, props.watchRegion));
    const pages: { repository: string; page: IAlarm }[] = [];
    for (const { isOwnBucket, contacts, ...signer } of props.repositories) {
      const { repository } = signer;
      const made = new TimestampSigner(this, repository, { ...signer, foundation });
      const { page } = new SigningAlarms(made, 'Watched', { deployment, topics, contacts, signer: made });
      pages.push({ repository, page });
      if (isOwnBucket) printStatements(made, this, deployment, signer);
    }
    new RepositoryDashboard(this, 'Dashboard', {
      dashboardName: `${deployment}-timekeeper-signing`,
      repositories: pages,
      hours: ['TimestampHoursLeft', 'EffectiveHoursLeft'],
      counts: ['Runs', 'Signed', 'Forced', 'Refused', 'Failed', 'Healed'],
    });
  }
}

/** What the operator may with the alarms of the watch stack, which is deployed by itself: by their names. */
function ofWatch({ partition, account }: Stack, deployment: string, region: string): PolicyStatement[] {
  const topics = (['page', 'mail'] as const).map((level) => topicName(deployment, 'watch', level));
  return [
    new PolicyStatement({
      sid: 'DrillWatchdog',
      actions: ['cloudwatch:SetAlarmState'],
      resources: [`arn:${partition}:cloudwatch:${region}:${account}:alarm:${deployment}-*`],
    }),
    new PolicyStatement({
      sid: 'SeeWhomTheWatchdogTells',
      actions: ['sns:ListSubscriptionsByTopic'],
      resources: topics.map((topic) => `arn:${partition}:sns:${region}:${account}:${topic}`),
    }),
  ];
}

/** The statements that the policy of a user's own bucket needs; without them the signer is refused. */
function printStatements(
  scope: TimestampSigner,
  stack: Stack,
  deployment: string,
  { repository, place }: Omit<TimestampSignerProps, 'foundation'>,
): void {
  const statements = hostingStatements({
    bucketName: place.bucketName,
    prefix: place.prefix ?? '',
    signingAccount: stack.account,
    signerRoleName: signerRoleName(deployment, repository),
    operatorRoleName: operatorRoleName(deployment),
    publishers: place.publishers,
  });
  new CfnOutput(scope, 'BucketPolicyStatements', {
    value: stack.toJsonString(statements.map((statement): unknown => statement.toStatementJson())),
    description: `Add these to the policy of the bucket ${place.bucketName}`,
  });
}
