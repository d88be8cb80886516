import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyAliasName, secretName, signerFunctionName, stateBucketName } from '../../lib/contract/names.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import {
  SIGNER_CONFIGURATION,
  type KeyType,
  type SignerConfiguration,
} from '../../lib/contract/signer-configuration.ts';
import { DEFAULT_POLICY } from '../../lib/refresh/policy.ts';
import { openKeyFile, sealKeyFile } from '../../lib/keys/key-file.ts';
import type { PrivateKey } from '../../lib/keys/private-key.ts';
import { formatInstant } from '../../lib/tuf/instant.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { PASSPHRASE } from '../keys/fixture-keys.ts';
import type { Repository } from '../refresh/repository.ts';
import { BUNDLE, LambdaProcess } from '../lambda/lambda-process.ts';
import { NOW, outcomeOf, timekeeper, type Run, type RunOptions } from './timekeeper.ts';

const NAME = 'orbit';
const DEPLOYMENT = 'updates';
const HOSTING = 'files';
const STATE = stateBucketName(DEPLOYMENT, { account: '111111111111', region: 'eu-central-1' });
const SECRET = secretName(DEPLOYMENT, NAME);
const FUNCTION = signerFunctionName(DEPLOYMENT, NAME);

const open: LocalAws[] = [];

/** Stops what was deployed: for `afterEach`. */
export async function tearDown(): Promise<void> {
  await Promise.all(open.splice(0).map((aws) => aws.close()));
}

interface DeployOptions {
  /** A repository that go-tuf made. @default go-tuf-v0.5.2 */
  readonly fixture?: string;
  /** One of ours in its place, with its clock. */
  readonly repository?: Repository;
  /** @default go-tuf-file */
  readonly type?: KeyType;
}

/** Deploys the repository `orbit`, with the real function behind the alias, on the local AWS. Nobody has enrolled. */
export async function deploy({ fixture = 'go-tuf-v0.5.2', repository, type }: DeployOptions = {}) {
  const aws = await startLocalAws();
  open.push(aws);
  aws.s3.createBucket(STATE, { versioned: true });
  aws.s3.createBucket(HOSTING, { versioned: true });
  const folder = fileURLToPath(new URL(`../fixtures/${fixture}/`, import.meta.url));
  const files =
    repository?.hosting.objects ??
    new Map(
      readdirSync(join(folder, 'repository'))
        .filter((file) => file.endsWith('.json'))
        .map((file) => [file, readFileSync(join(folder, 'repository', file))]),
    );
  for (const [file, bytes] of files) aws.s3.find(HOSTING)!.put(file, bytes);
  const now = repository === undefined ? NOW : formatInstant(repository.now);
  aws.clockOffset = Date.parse(now) - Date.now();
  return new CommandDeployment(aws, folder, type ?? 'go-tuf-file', now);
}

/** Made by {@link deploy}. */
export class CommandDeployment {
  readonly aws: LocalAws;
  /** The folder of timekeeper.json. */
  readonly cwd = mkdtempSync(join(tmpdir(), 'deployment-'));
  /** The pin. */
  readonly root: { readonly version: number; readonly sha256: string };
  readonly #signer: SignerConfiguration;
  readonly #folder: string;
  readonly #now: string;

  constructor(aws: LocalAws, folder: string, type: KeyType, now: string) {
    this.aws = aws;
    this.#now = now;
    this.#folder = folder;
    const sha256 = createHash('sha256').update(this.published('1.root.json')!).digest('hex');
    const root = { version: 1, sha256 };
    this.root = root;
    this.configure({ root, key: { type } });
    const alias = keyAliasName(DEPLOYMENT, NAME);
    if (type === 'go-tuf-file') aws.secrets.create(SECRET);
    else
      aws.kms.setAlias(
        alias as `alias/${string}`,
        aws.kms.createKey(type === 'kms-p256' ? 'ECC_NIST_P256' : 'ECC_NIST_EDWARDS25519').arn,
      );
    const key = type === 'go-tuf-file' ? { type, secretId: SECRET } : { type, keyId: alias };
    const { validity, resignAfter, check, cacheMax, freezeGrace, maxVersionJump } = DEFAULT_POLICY;
    const policy = { mode: 'refresh', validity, resignAfter, check, cacheMax, freezeGrace, maxVersionJump } as const;
    const repository = { bucket: HOSTING, prefix: '', region: aws.region, root, key, ...policy };
    this.#signer = { deployment: DEPLOYMENT, stateBucket: STATE, repositories: { [NAME]: repository } };
    aws.lambda.deploy(FUNCTION, 'live', (event) => this.#answer(event));
  }

  /** Writes timekeeper.json. */
  configure(repository: object, alarms: object = { email: 'oncall@example.com' }): void {
    const url = 'https://updates.example.com/';
    const content = { name: DEPLOYMENT, alarms, repositories: { [NAME]: { bucket: HOSTING, url, ...repository } } };
    writeFileSync(join(this.cwd, 'timekeeper.json'), JSON.stringify(content));
  }

  /** A key file of the fixture. */
  key(role = 'timestamp'): string {
    return join(this.#folder, 'keys', `${role}.json`);
  }

  /** A key file like fleetctl's, under the passphrase of the fixtures. */
  async keyFile(...keys: readonly PrivateKey[]): Promise<string> {
    const file = join(this.cwd, 'timestamp.json');
    writeFileSync(file, await sealKeyFile(keys, PASSPHRASE));
    return file;
  }

  /** The public halves of the keys in the function's copy, opened with the secret's version that goes with it. */
  async handedOver(): Promise<readonly string[]> {
    const { secretVersion } = this.journal().identity;
    const keys = await openKeyFile(this.state(`key-${secretVersion!}.json`)!, Buffer.from(this.secret()!));
    return keys.map(({ publicKey }) => publicKey.content);
  }

  published(file: string): Buffer | undefined {
    return this.aws.s3.find(HOSTING)!.current(file)?.bytes;
  }

  publish(file: string, bytes: Uint8Array | string | undefined): void {
    if (bytes === undefined) this.aws.s3.find(HOSTING)!.delete(file);
    else this.aws.s3.find(HOSTING)!.put(file, bytes);
  }

  /** An object of the state; undefined if there is none. */
  state(file: string): Buffer | undefined {
    return this.aws.s3.find(STATE)!.current(`${NAME}/${file}`)?.bytes;
  }

  /** The names in the state. */
  kept(): readonly string[] {
    return this.aws.s3
      .find(STATE)!
      .keys()
      .map((key) => key.replace(`${NAME}/`, ''));
  }

  journal(): Journal {
    return JSON.parse(this.state('journal.json')!.toString()) as Journal;
  }

  /** The passphrase that is in the secret now. */
  secret(): string | undefined {
    return this.aws.secrets.get(SECRET) as string | undefined;
  }

  /** How the command is run where timekeeper.json is. */
  options(options: RunOptions = {}): RunOptions {
    const env = { ...this.aws.environment(), NODE_NO_WARNINGS: '1', ...options.env };
    return { cwd: this.cwd, now: this.#now, ...options, env };
  }

  async run(words: readonly string[], options?: RunOptions): Promise<Run> {
    return timekeeper(words, this.options(options));
  }

  async json(words: readonly string[], options?: RunOptions): Promise<Outcome> {
    return outcomeOf(await this.run([...words, '--json'], options));
  }

  /** The calls that the operator made, the function's own apart. */
  operatorsCalls(): readonly string[] {
    return this.aws.calls.filter(({ caller }) => caller.includes('operator')).map(({ operation, key, ifMatch, status }) => `${operation} ${key ?? ''} ${ifMatch === undefined ? '' : 'if-match'} ${status ?? ''}`); // prettier-ignore
  }

  /** What the function answers, in a process of its own, as behind its alias. */
  async invoke(event: object = {}): Promise<Outcome> {
    return (await this.#answer(JSON.stringify({ repository: NAME, ...event }))) as Outcome;
  }

  async #answer(event: string): Promise<unknown> {
    const lambda = await LambdaProcess.start(process.execPath, BUNDLE, {
      ...this.aws.environment(),
      NODE_NO_WARNINGS: '1',
      [SIGNER_CONFIGURATION]: JSON.stringify(this.#signer),
    });
    try {
      const { outcome, error } = await lambda.invoke(event, Date.parse(this.#now));
      if (error !== undefined) throw Object.assign(new Error(error.message), { name: error.name });
      return outcome;
    } finally {
      await lambda.end();
    }
  }
}

interface Journal {
  readonly epoch: number;
  readonly floor: number;
  readonly newestRoot: { readonly version: number };
  readonly entry?: object;
  readonly identity: { readonly secretVersion?: string };
}
