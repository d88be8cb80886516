import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { operatorRoleName, scheduleGroupName, stateBucketName } from '../contract/names.ts';
import { OperatorRole } from './operator-role.ts';
import { OwnFunction } from './own-function.ts';
import { StateBucket } from './state-bucket.ts';

/** What the signers of one deployment have in common. */
export interface SigningFoundationProps {
  /** The deployment's name: `name` in timekeeper.json. */
  readonly deployment: string;
  /** ARNs of those who may assume the operator's role. @default - whoever in the account is allowed to assume it */
  readonly operators?: readonly string[];
}

/** The bucket with the state, the group of the schedules, the operator's role, and the function that judges new versions. One for each deployment. */
export class SigningFoundation extends Construct {
  readonly deployment: string;
  readonly state: StateBucket;
  readonly stateBucketName: string;
  readonly operator: OperatorRole;
  readonly scheduleGroup: CfnScheduleGroup;
  /** Judges whether a new version of a signer may go live. It may invoke the signers, and nothing else. */
  readonly verdict: OwnFunction;

  constructor(scope: Construct, id: string, { deployment, operators }: SigningFoundationProps) {
    super(scope, id);
    this.deployment = deployment;
    this.stateBucketName = stateBucketName(deployment, Stack.of(this));
    this.state = new StateBucket(this, 'State', { bucketName: this.stateBucketName });
    this.operator = new OperatorRole(this, 'Operator', {
      deployment,
      roleName: operatorRoleName(deployment),
      stateBucketArn: this.state.bucket.bucketArn,
      ...(operators !== undefined && { operators }),
    });
    this.scheduleGroup = new CfnScheduleGroup(this, 'Schedules', { name: scheduleGroupName(deployment) });
    this.verdict = new OwnFunction(this, 'Verdict', {
      handler: 'verdict',
      functionName: `${deployment}-timekeeper-verdict`,
      description: `Judges whether a new version of a signer of ${deployment} may go live`,
      statements: [],
      timeout: VERDICT_TIMEOUT,
      memorySize: 256,
    });
    new CfnOutput(this, 'StateBucketName', {
      value: this.stateBucketName,
      description: 'Journals, root chains, key files',
    });
    new CfnOutput(this, 'OperatorRole', {
      value: this.operator.role.roleArn,
      description: 'The role that the command assumes',
    });
  }

  /** Lets the verdict function ask one signer. */
  judge(signerArn: string): void {
    this.verdict.policy.addStatements(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [`${signerArn}:*`] }),
    );
  }
}

/** Two rounds of two dry runs, each of which may take two minutes, and the pause between. */
export const VERDICT_TIMEOUT = Duration.minutes(10);
