import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { trusted } from './publisher-role.ts';

/** Who operates which deployment. */
export interface OperatorRoleProps {
  readonly deployment: string;
  readonly roleName: string;
  readonly stateBucketArn: string;
  /** ARNs of those who may assume it. @default - whoever in the account is allowed to assume it */
  readonly operators?: readonly string[];
}

/** The role with which the command invokes, pauses, enrols and looks. It signs nothing and reads no secret. */
export class OperatorRole extends Construct {
  readonly role: Role;
  private readonly policy: PolicyDocument;

  constructor(
    scope: Construct,
    id: string,
    { deployment, roleName, stateBucketArn, operators = [] }: OperatorRoleProps,
  ) {
    super(scope, id);
    const { partition, region, account } = Stack.of(this);
    this.policy = new PolicyDocument({
      statements: [
        new PolicyStatement({
          sid: 'ListState',
          actions: ['s3:ListBucket', 's3:ListBucketVersions'],
          resources: [stateBucketArn],
        }),
        new PolicyStatement({
          sid: 'ReadState',
          actions: ['s3:GetObject', 's3:GetObjectVersion'], // the journal's versions are the audit trail
          resources: ['journal', 'root-chain', 'expected', 'pause'].map((name) => `${stateBucketArn}/*/${name}.json`),
        }),
        new PolicyStatement({
          sid: 'WriteState',
          actions: ['s3:PutObject'],
          resources: ['journal', 'root-chain', 'key-*', 'pause'].map((name) => `${stateBucketArn}/*/${name}.json`),
        }),
        new PolicyStatement({
          sid: 'Drill',
          actions: ['cloudwatch:SetAlarmState'],
          resources: [`arn:${partition}:cloudwatch:${region}:${account}:alarm:${deployment}-*`],
        }),
        // CloudWatch tells of alarms to those who may see all of the account.
        new PolicyStatement({ sid: 'LookAtAlarms', actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }),
      ],
    });
    this.role = new Role(this, 'Role', {
      roleName,
      description: `Operates the Timekeeper deployment ${deployment}`,
      assumedBy: trusted(operators),
      inlinePolicies: { Own: this.policy },
    });
  }

  /** Adds what the role may do with one repository. */
  may(...statements: readonly PolicyStatement[]): void {
    this.policy.addStatements(...statements);
  }
}
