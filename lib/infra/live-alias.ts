import { CustomResource, RemovalPolicy } from 'aws-cdk-lib';
import { CfnAlias, Version, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { LIVE } from '../contract/names.ts';
import { VERDICT_TIMEOUT } from './signing-foundation.ts';

/** Which function's alias, and who judges. */
export interface LiveAliasProps {
  readonly function: LambdaFunction;
  readonly repository: string;
  /** ARN of the function that judges. */
  readonly verdict: string;
}

/** The alias that is invoked. CloudFormation moves it to a new version only after that version's dry run said what the live one's did; else the deployment fails and it stays. */
export class LiveAlias extends Construct {
  readonly alias: CfnAlias;

  constructor(scope: Construct, id: string, { function: signer, repository, verdict }: LiveAliasProps) {
    super(scope, id);
    const { currentVersion } = signer;
    // Kept, so that the alias can be moved back by hand; but a version that did not go live goes.
    if (currentVersion instanceof Version) currentVersion.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    const judged = new CustomResource(this, 'Verdict', {
      resourceType: 'Custom::TimekeeperVerdict',
      serviceToken: verdict,
      serviceTimeout: VERDICT_TIMEOUT,
      properties: { functionName: signer.functionName, version: currentVersion.version, repository },
    });
    this.alias = new CfnAlias(this, 'Alias', {
      name: LIVE,
      functionName: signer.functionName,
      functionVersion: judged.getAttString('version'),
      description: 'What the schedule and the operators invoke',
    });
  }
}
