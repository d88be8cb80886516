import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Configuration, Environment } from '../../lib/config/configuration.ts';
import { readConfiguration } from '../../lib/config/read-configuration.ts';
import { addDeployment } from '../../lib/infra/deployment.ts';
import { LAMBDA_FOLDER } from '../../lib/infra/lambda-code.ts';

export const SIGNING = '111111111111';
export const HOSTING = '222222222222';

/** Two repositories: one hosted by us in an account of its own with a key file, one in a bucket of the user's with a key in KMS. */
export const TWO = {
  name: 'updates',
  signing: { account: SIGNING, region: 'eu-central-1' },
  watch: { region: 'eu-west-1' },
  alarms: { email: 'oncall@example.com' },
  operators: [`arn:aws:iam::${SIGNING}:role/oncall`],
  repositories: {
    orbit: {
      hosting: {
        account: HOSTING,
        region: 'us-east-1',
        domainName: 'updates.example.com',
        certificateArn: `arn:aws:acm:us-east-1:${HOSTING}:certificate/11111111-2222-3333-4444-555555555555`,
      },
      publishers: [`arn:aws:iam::${HOSTING}:role/release`],
      root: { version: 1, sha256: 'a'.repeat(64) },
    },
    agents: {
      bucket: 'existing-bucket',
      prefix: 'tuf/',
      url: 'https://agents.example.com/tuf/',
      key: { type: 'kms-ed25519' },
      root: { version: 3, sha256: 'b'.repeat(64) },
    },
  },
} as const;

/** A configuration as it stands in timekeeper.json. */
export function configurationOf(json: object): Configuration {
  const reading = readConfiguration(Buffer.from(JSON.stringify(json)));
  if (reading.is === 'faulty') throw new Error(JSON.stringify(reading.faults));
  return reading.configuration;
}

/** The Lambdas' files are no business of a template: empty ones, so that nothing has to be built. */
function handlers(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'handlers-')), 'lambda');
  mkdirSync(folder);
  for (const name of ['resign', 'watch', 'verdict']) writeFileSync(join(folder, `${name}.mjs`), '');
  return folder;
}

const folder = handlers();

const { context: flags } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Readonly<Record<string, unknown>>;
};

/** The app of a configuration, with the flags of cdk.json. */
export function appOf(
  json: object,
  {
    context = {},
    deployer = { account: undefined, region: undefined },
    validation = false,
  }: { context?: Record<string, unknown>; deployer?: Environment; validation?: boolean } = {},
): App {
  const app = new App({
    builtinCloudFormationValidation: validation,
    context: { ...flags, [LAMBDA_FOLDER]: folder, ...context },
  });
  addDeployment(app, configurationOf(json), deployer);
  return app;
}

/** The templates of an app, by stack. */
export function templatesOf(app: App): Readonly<Record<string, Template>> {
  const stacks = app.node.children.filter((child) => Stack.isStack(child));
  return Object.fromEntries(stacks.map((stack) => [stack.node.id, Template.fromStack(stack)]));
}
