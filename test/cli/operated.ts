import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { ALARMS, alarmName, type AlarmKind } from '../../lib/contract/alarms.ts';
import { LIVE, operatorRoleName, signerFunctionName } from '../../lib/contract/names.ts';
import type { LocalAws } from '../aws/local-aws.ts';
import { deploy, type Deployment, DEPLOYMENT, type DeploymentOptions, NAME } from '../lambda/deployment.ts';
import { type Run, timekeeper } from './timekeeper.ts';

/** The operator's role in the calls that are recorded, without its session's name. */
export const OPERATOR = `arn:aws:sts::111111111111:assumed-role/${operatorRoleName(DEPLOYMENT)}/`;
/** Whom timekeeper.json has told. */
export const EMAIL = 'oncall@example.com';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** A deployment as its operator has it: timekeeper.json, and in AWS the repository, its state, the function as it is bundled, and the alarms. */
export interface Operated {
  readonly deployment: Deployment;
  readonly aws: LocalAws;
  /** Runs the command in the folder with timekeeper.json, at the clock of the repository. */
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run>;
}

/** Deploys; end it with `tearDown` of test/lambda/deployment.ts. */
export async function operated(options: DeploymentOptions = {}): Promise<Operated> {
  const deployment = await deploy(options);
  const { aws } = deployment;
  const cwd = configured(deployment);
  for (const kind of Object.keys(ALARMS) as AlarmKind[])
    if (ALARMS[kind].stack === 'signing') aws.cloudWatch.createAlarm(alarmName(DEPLOYMENT, NAME, kind));
  aws.lambda.deploy(signerFunctionName(DEPLOYMENT, NAME), LIVE, (event) => invoked(deployment, event));
  return {
    deployment,
    aws,
    run: (words, env = {}) => {
      const at = deployment.repository.now * 1_000;
      aws.clockOffset = at - Date.now();
      const environment = { ...aws.environment(), NODE_NO_WARNINGS: '1', ...env }; // the SDK's, about Node 20
      return timekeeper(words, { cwd, now: new Date(at).toISOString(), env: environment });
    },
  };
}

/** What Lambda does for one event: a fresh process, the clock that all have. */
async function invoked(deployment: Deployment, event: string): Promise<unknown> {
  const lambda = await deployment.start();
  try {
    const { outcome, error } = await lambda.invoke(event, deployment.repository.now * 1_000);
    if (error !== undefined) throw Object.assign(new Error(error.message), { name: error.name });
    return outcome;
  } finally {
    await lambda.end();
  }
}

function configured({ signed: { bucket, prefix, root, key, mode } }: Deployment): string {
  const folder = mkdtempSync(join(tmpdir(), 'operated-'));
  folders.push(folder);
  const repository = { bucket, prefix, url: 'https://updates.example.com/tuf/', root, key: { type: key.type }, mode };
  const configuration = {
    name: DEPLOYMENT,
    signing: { account: '111111111111' },
    alarms: { email: EMAIL },
    repositories: { [NAME]: repository },
  };
  writeFileSync(join(folder, 'timekeeper.json'), JSON.stringify(configuration));
  return folder;
}
