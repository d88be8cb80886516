import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { ALARMS, alarmName, type AlarmKind } from '../../lib/contract/alarms.ts';
import { keyAliasName, LIVE, operatorRoleName, signerFunctionName } from '../../lib/contract/names.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { openKeyFile, sealKeyFile } from '../../lib/keys/key-file.ts';
import type { PrivateKey } from '../../lib/keys/private-key.ts';
import type { LocalAws } from '../aws/local-aws.ts';
import { PASSPHRASE } from '../keys/fixture-keys.ts';
import {
  deploy,
  deployUnenrolled,
  type Deployment,
  DEPLOYMENT,
  type DeploymentOptions,
  NAME,
  SECRET,
  type UnenrolledOptions,
} from '../lambda/deployment.ts';
import { outcomeOf, type Run, type RunOptions, timekeeper } from './timekeeper.ts';

/** The operator's role in the calls that are recorded, without its session's name. */
export const OPERATOR = `arn:aws:sts::111111111111:assumed-role/${operatorRoleName(DEPLOYMENT)}/`;
/** Whom timekeeper.json has told. */
export const EMAIL = 'oncall@example.com';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Deploys and enrols; end it with `tearDown` of test/lambda/deployment.ts. */
export async function operated(options: DeploymentOptions = {}): Promise<Operated> {
  return new Operated(await deploy(options));
}

/** Deploys; nobody has enrolled. End it the same way. */
export async function unenrolled(options: UnenrolledOptions = {}): Promise<Operated> {
  return new Operated(await deployUnenrolled(options));
}

/** A deployment as its operator has it: timekeeper.json, and in AWS the repository, its state, the function as it is bundled, and the alarms. */
export class Operated {
  readonly deployment: Deployment;
  readonly aws: LocalAws;
  /** The folder of timekeeper.json. */
  readonly cwd = mkdtempSync(join(tmpdir(), 'operated-'));
  #watch: object = {};

  constructor(deployment: Deployment) {
    const { aws, signed } = deployment;
    this.deployment = deployment;
    this.aws = aws;
    folders.push(this.cwd);
    this.configure();
    for (const kind of Object.keys(ALARMS) as AlarmKind[])
      aws.cloudWatch.createAlarm(alarmName(DEPLOYMENT, NAME, kind));
    if (signed.key.type !== 'go-tuf-file')
      aws.kms.setAlias(keyAliasName(DEPLOYMENT, NAME) as `alias/${string}`, signed.key.keyId);
    aws.lambda.deploy(signerFunctionName(DEPLOYMENT, NAME), LIVE, (event) => this.#answer(event));
  }

  /**
   * Writes timekeeper.json.
   * @param changes - of the repository's fields; undefined leaves one out
   */
  configure(changes: object = {}): void {
    const { bucket, prefix, root, key, mode } = this.deployment.signed;
    const url = 'https://updates.example.com/tuf/';
    const repository = { bucket, prefix, url, root, key: { type: key.type }, mode, ...changes };
    const configuration = {
      name: DEPLOYMENT,
      signing: { account: '111111111111' },
      watch: this.#watch,
      alarms: { email: EMAIL },
      repositories: { [NAME]: repository },
    };
    writeFileSync(join(this.cwd, 'timekeeper.json'), JSON.stringify(configuration));
  }

  /** Writes into timekeeper.json where the watchdog is. */
  watchIn(place: { readonly account?: string; readonly region?: string }): void {
    this.#watch = place;
    this.configure();
  }

  /** How the command is run: in the folder with timekeeper.json, at the clock of the repository. */
  options(options: RunOptions = {}): RunOptions {
    const at = this.deployment.repository.now * 1_000;
    this.aws.clockOffset = at - Date.now();
    const env = { ...this.aws.environment(), NODE_NO_WARNINGS: '1', ...options.env }; // the SDK's, about Node 20
    return { cwd: this.cwd, now: new Date(at).toISOString(), ...options, env };
  }

  run(words: readonly string[], options?: RunOptions): Promise<Run> {
    return timekeeper(words, this.options(options));
  }

  /** With `--json`, what it printed. */
  async json(words: readonly string[], options?: RunOptions): Promise<Outcome> {
    return outcomeOf(await this.run([...words, '--json'], options));
  }

  /** A key file like fleetctl's, under the passphrase of the fixtures. */
  async keyFile(...keys: readonly PrivateKey[]): Promise<string> {
    const file = join(this.cwd, 'timestamp.json');
    writeFileSync(file, await sealKeyFile(keys, PASSPHRASE));
    return file;
  }

  /** The public halves of the keys in the function's copy, opened with the secret's version that goes with it. */
  async handedOver(): Promise<readonly string[]> {
    const { secretVersion } = this.deployment.journal().identity;
    const keys = await openKeyFile(this.deployment.state(`key-${secretVersion!}.json`)!, Buffer.from(this.secret()!));
    return keys.map(({ publicKey }) => publicKey.content);
  }

  /** The passphrase that is in the secret now. */
  secret(): string | undefined {
    return this.aws.secrets.get(SECRET) as string | undefined;
  }

  /** The calls that the operator made, the function's own apart. */
  operatorsCalls(): readonly string[] {
    return this.aws.calls.filter(({ caller }) => caller.startsWith(OPERATOR)).map(({ operation, key, ifMatch, status }) => `${operation} ${key ?? ''} ${ifMatch === undefined ? '' : 'if-match'} ${status ?? ''}`); // prettier-ignore
  }

  /** What Lambda does for one event: a fresh process, the clock that all have. */
  async #answer(event: string): Promise<unknown> {
    const lambda = await this.deployment.start();
    try {
      const { outcome, error } = await lambda.invoke(event, this.deployment.repository.now * 1_000);
      if (error !== undefined) throw Object.assign(new Error(error.message), { name: error.name });
      return outcome;
    } finally {
      await lambda.end();
    }
  }
}
