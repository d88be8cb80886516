import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { runbookSection } from '../contract/alarms.ts';
import type { TimestampSigner } from './timestamp-signer.ts';

/** Whose key, and who is told by whom it was used. */
export interface KeyWatchProps {
  readonly signer: TimestampSigner;
  readonly topic: Topic;
}

/**
 * Sees in CloudTrail that somebody other than the signer used, changed or tried to use a repository's key or passphrase. It needs a trail in the account that logs read events, those of KMS too.
 * Writing the passphrase and asking for the public half are the operator's, and no event here.
 */
export class KeyWatch extends Construct {
  /** How often that was. */
  readonly metric: Metric;

  constructor(scope: Construct, id: string, { signer, topic }: KeyWatchProps) {
    super(scope, id);
    const { repository, keyNames, signerRoleArn } = signer;
    const names = [...keyNames];
    const rule = new CfnRule(this, 'Rule', {
      description: `Use of the key of ${repository} by anybody but its signer`,
      // Sign and GetSecretValue are read-only events, of which a rule that is only ENABLED is told nothing.
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      eventPattern: {
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['kms.amazonaws.com', 'secretsmanager.amazonaws.com'],
          eventName: [...USES, ...CHANGES],
          // A user, as against a role's session, has no issuer.
          userIdentity: {
            sessionContext: { sessionIssuer: { arn: [{ 'anything-but': [signerRoleArn] }, { exists: false }] } },
          },
          $or: [
            { requestParameters: { keyId: names } },
            { requestParameters: { secretId: names } },
            { resources: { ARN: names } },
          ],
        },
      },
      targets: [
        {
          id: 'Mail',
          arn: topic.topicArn,
          inputTransformer: {
            inputPathsMap: {
              who: '$.detail.userIdentity.arn',
              what: '$.detail.eventName',
              when: '$.detail.eventTime',
              from: '$.detail.sourceIPAddress',
            },
            inputTemplate: `"<who> called <what> on the key of ${repository} at <when> from <from>. Type: timekeeper audit ${repository}. Runbook: ${runbookSection('key-used-elsewhere')}."`,
          },
        },
      ],
    });
    this.metric = new Metric({
      namespace: 'AWS/Events',
      metricName: 'MatchedEvents',
      dimensionsMap: { RuleName: rule.ref },
      statistic: 'Sum',
      period: Duration.minutes(5),
    });
  }
}

const USES = ['Sign', 'GetSecretValue'];
const CHANGES = [
  'CreateGrant',
  'DeleteResourcePolicy',
  'DeleteSecret',
  'DisableKey',
  'PutKeyPolicy',
  'PutResourcePolicy',
  'ScheduleKeyDeletion',
  'UpdateSecret',
];
