/**
 * The CDK app that cdk.json names: the stacks of timekeeper.json. `-c config=FILE` names another file.
 * What is wrong with the file is said in one go, without a stack trace: exit status 1.
 */
import { App } from 'aws-cdk-lib';
import { configurationOf } from '../lib/config/configuration-file.ts';
import { isCoded } from '../lib/contract/errors.ts';
import { addDeployment } from '../lib/infra/deployment.ts';

try {
  const app = new App({ autoSynth: false }); // else the CDK synthesises at the end what was refused here, with an error of its own
  const file: unknown = app.node.tryGetContext('config');
  const configuration = configurationOf(typeof file === 'string' ? file : undefined);
  addDeployment(app, configuration, {
    account: process.env.CDK_DEFAULT_ACCOUNT,
    region: process.env.CDK_DEFAULT_REGION,
  });
  app.synth();
} catch (error) {
  if (!isCoded(error)) throw error;
  process.stderr.write(`${error.message} ${error.remedy}\n`);
  process.exitCode = 1;
}
