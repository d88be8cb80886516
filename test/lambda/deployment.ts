import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { keyFileName, secretName, stateBucketName } from '../../lib/contract/names.ts';
import {
  SIGNER_CONFIGURATION,
  type KeyType,
  type SignedRepository,
  type SignerConfiguration,
} from '../../lib/contract/signer-configuration.ts';
import { openKeyFile } from '../../lib/keys/key-file.ts';
import { keyFileSource } from '../../lib/keys/key-file-source.ts';
import { kmsKeySource } from '../../lib/keys/kms.ts';
import type { KmsKeyType } from '../../lib/keys/public-key.ts';
import type { KeySource } from '../../lib/keys/signer.ts';
import { enroll } from '../../lib/refresh/enroll.ts';
import { DEFAULT_POLICY } from '../../lib/refresh/policy.ts';
import { s3Store } from '../../lib/stores/s3.ts';
import { COMPACT, encodeJson } from '../../lib/tuf/encode-json.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { type Call, parseJson } from '../aws/call.ts';
import type { KeySpec } from '../aws/kms-signing.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import type { RecordedCall } from '../aws/request-record.ts';
import type { Bucket } from '../aws/s3-buckets.ts';
import { PASSPHRASE, readKeyFile } from '../keys/fixture-keys.ts';
import { newRepository, Repository } from '../refresh/repository.ts';
import { expectSoundRun } from './expect-sound-run.ts';
import { BUNDLE, LambdaProcess, type Thrown } from './lambda-process.ts';
import { node24 } from './node24.ts';

/** The name of the repository in the configuration. */
export const NAME = 'orbit';
/** The name of the deployment that signs. */
export const DEPLOYMENT = 'timekeeper-tests';
const HOSTING = 'updates';
const STATE = stateBucketName(DEPLOYMENT, { account: '111111111111', region: 'eu-central-1' }); // the local AWS's
/** The secret with the passphrase, where the key is in a file. */
export const SECRET = secretName(DEPLOYMENT, NAME);

const SPECS: Readonly<Record<KmsKeyType, KeySpec>> = {
  'kms-ed25519': 'ECC_NIST_EDWARDS25519',
  'kms-p256': 'ECC_NIST_P256',
  'kms-rsa': 'RSA_2048',
};

export interface DeploymentOptions {
  /** The type of a key in KMS, which a new repository's root lists beside fleetctl's; or the fixture of go-tuf's whose repository and key file it is. @default kms-ed25519 */
  readonly key?: KmsKeyType | { readonly fixture: string };
  /** @default refresh */
  readonly mode?: 'refresh' | 'advance';
  /** Versioned names, `N.snapshot.json`. Fixtures are as they are. */
  readonly consistent?: boolean;
  /** Roles below targets. */
  readonly delegations?: readonly string[];
  /** Of the hosting bucket. @default the Lambda's own */
  readonly region?: string;
}

/** A deployment as `cdk deploy` leaves it. */
export interface UnenrolledOptions {
  /** What is published, with its clock; or the fixture of go-tuf's. @default go-tuf-v0.5.2 */
  readonly repository?: Repository | { readonly fixture: string };
  /** The root lists no key in KMS yet. @default go-tuf-file */
  readonly key?: KeyType;
  /** Where in the bucket it is. @default tuf/ */
  readonly prefix?: string;
}

/** One invocation, checked already for what holds of every one: see expect-sound-run.ts. */
export interface Run {
  readonly outcome: Outcome;
  /** What was thrown, if it was. */
  readonly error: Thrown | undefined;
  /** The one line that was logged. */
  readonly line: string;
  readonly calls: readonly RecordedCall[];
  /** How many round trips the calls made; needs a latency. */
  readonly rounds: number;
  /** What KMS was asked to sign. */
  readonly messages: readonly string[];
}

/** A copy, so that a build in another terminal does not take it away under the tests; and far from any node_modules, as in Lambda. */
const folder = mkdtempSync(join(tmpdir(), 'lambda-'));
const bundle = join(folder, 'resign.mjs');
copyFileSync(BUNDLE, bundle);
afterAll(() => rm(folder, { recursive: true }));

const open: Deployment[] = [];

/**
 * A repository in a bucket, enrolled, and everything that the Lambda needs: state bucket, key, configuration.
 * As it comes, fleetctl has signed the published timestamp; nothing is due before three days are over.
 */
export async function deploy(options: DeploymentOptions = {}): Promise<Deployment> {
  const { key = 'kms-ed25519', consistent = false, delegations = [] } = options;
  if (typeof key === 'string') {
    const repository = await newRepository({ fresh: true, consistent, delegations });
    const deployment = await made(repository, key, options);
    await deployment.listKmsKey(key);
    return enrolled(deployment);
  }
  const deployment = await made(await fixture(key.fixture), 'go-tuf-file', options);
  await deployment.putKeyFile(key.fixture);
  return enrolled(deployment);
}

/** The same before anybody has enrolled. */
export async function deployUnenrolled(options: UnenrolledOptions = {}): Promise<Deployment> {
  const { repository = { fixture: 'go-tuf-v0.5.2' }, key = 'go-tuf-file' } = options;
  const published = repository instanceof Repository ? repository : await fixture(repository.fixture);
  const deployment = await made(published, key, options);
  if (key === 'go-tuf-file') deployment.aws.secrets.create(SECRET);
  deployment.upload();
  return deployment;
}

async function enrolled(deployment: Deployment): Promise<Deployment> {
  deployment.upload();
  await deployment.enrol();
  return deployment;
}

async function made(
  repository: Repository,
  type: KeyType,
  { mode = 'refresh', region, prefix = 'tuf/' }: Pick<DeploymentOptions, 'mode' | 'region'> & { prefix?: string },
): Promise<Deployment> {
  const aws = await startLocalAws();
  const { validity, resignAfter, check, cacheMax, freezeGrace, maxVersionJump } = DEFAULT_POLICY;
  const deployment = new Deployment(aws, repository, {
    bucket: HOSTING,
    prefix,
    region: region ?? aws.region,
    root: pinOf(repository.bytes('1.root.json')),
    key: type === 'go-tuf-file' ? { type, secretId: SECRET } : { type, keyId: aws.kms.createKey(SPECS[type]).arn },
    mode,
    ...{ validity, resignAfter, check, cacheMax, freezeGrace, maxVersionJump },
  });
  open.push(deployment);
  aws.s3.createBucket(HOSTING, { versioned: true, region: region ?? aws.region });
  return deployment;
}

/** Stops what was deployed: for `afterEach`. */
export async function tearDown(): Promise<void> {
  await Promise.all(open.splice(0).map((deployment) => deployment.aws.close()));
}

async function fixture(name: string): Promise<Repository> {
  const repository = new Repository({});
  const folder = new URL(`../fixtures/${name}/repository/`, import.meta.url);
  for (const file of await readdir(folder)) {
    if (file.endsWith('.json')) repository.put(file, await readFile(new URL(file, folder)));
  }
  repository.memory.set('root.json', repository.bytes('1.root.json'));
  return repository;
}

function pinOf(root: Uint8Array) {
  return { version: 1, sha256: createHash('sha256').update(root).digest('hex') };
}

/** Made by {@link deploy}. */
export class Deployment {
  readonly aws: LocalAws;
  /** The publisher's copy: what is changed there is published by `upload`. Its clock is the clock of all. */
  readonly repository: Repository;
  /** How far AWS's clock is ahead of ours, in seconds. */
  skew = 0;
  readonly #messages: string[] = [];
  readonly #state: Bucket;
  #secrets: readonly string[] = [];
  #configuration: SignerConfiguration;

  constructor(aws: LocalAws, repository: Repository, signed: SignedRepository) {
    this.aws = aws;
    this.repository = repository;
    this.#configuration = { deployment: DEPLOYMENT, stateBucket: STATE, repositories: { [NAME]: signed } };
    this.#state = aws.s3.createBucket(STATE, { versioned: true });
    aws.onRequest((call) => {
      if (call.operation !== 'Sign') return;
      const { Message: message } = parseJson((call as Call).body);
      this.#messages.push(Buffer.from(String(message), 'base64').toString('latin1'));
    });
  }

  get configuration(): SignerConfiguration {
    return this.#configuration;
  }

  /** The configuration of the repository. */
  get signed(): SignedRepository {
    return this.#configuration.repositories[NAME]!;
  }

  /** Changes the configuration, as a deployment does. */
  configure(changes: Partial<SignedRepository>, deployment = DEPLOYMENT): void {
    const repositories = { ...this.#configuration.repositories, [NAME]: { ...this.signed, ...changes } };
    this.#configuration = { ...this.#configuration, deployment, repositories };
  }

  /** The KMS key's id, as the configuration names it. */
  get keyId(): string {
    const { key } = this.signed;
    if (key.type === 'go-tuf-file') throw new Error('The key is in a file.');
    return key.keyId;
  }

  /** The secret's version that the journal names. */
  secretVersion: string | undefined;

  /** The key file's name in the state. */
  get keyFile(): string {
    return keyFileName(this.secretVersion!);
  }

  // Time.

  /** Lets time pass, in seconds. */
  pass(span: number): void {
    this.repository.pass(span);
  }

  // The bucket with the repository.

  get hosting(): Bucket {
    return this.aws.s3.find(HOSTING)!;
  }

  /** Publishes files of the publisher's copy; all of them, if none is named. */
  upload(...files: readonly string[]): void {
    for (const file of files.length > 0 ? files : this.repository.hosting.objects.keys())
      this.hosting.put(this.signed.prefix + file, this.repository.bytes(file));
  }

  /** What is published under a name; undefined if nothing is. */
  published(file: string): Buffer | undefined {
    return this.hosting.current(this.signed.prefix + file)?.bytes;
  }

  /** The version of the published timestamp. */
  get version(): number {
    const { signed } = JSON.parse(this.published('timestamp.json')!.toString()) as { signed: { version: number } };
    return signed.version;
  }

  /** Puts something else in a file's place, or nothing. */
  tamper(file: string, bytes: Uint8Array | string | undefined): void {
    if (bytes === undefined) this.hosting.delete(this.signed.prefix + file);
    else this.hosting.put(this.signed.prefix + file, bytes);
  }

  /** The publisher takes over what was signed for him, as fleetctl's users do before the next publish. */
  download(): void {
    const bytes = this.published('timestamp.json');
    if (bytes === undefined) this.repository.remove('timestamp.json');
    else this.repository.put('timestamp.json', bytes);
  }

  /** Our own client, with its memory of the last time, takes what is published. @returns the versions that it trusts then */
  client() {
    this.download();
    const { kept, root, timestamp, snapshot } = this.repository.client();
    this.repository.memory = kept;
    return { root: root.version, timestamp: timestamp.version, snapshot: snapshot.version };
  }

  // The state.

  /** An object of the state; undefined if there is none. */
  state(file: string): Buffer | undefined {
    return this.#state.current(`${NAME}/${file}`)?.bytes;
  }

  /** Puts an object of the state, or removes it. */
  putState(file: string, content: object | string | undefined): void {
    if (content === undefined) this.#state.delete(`${NAME}/${file}`);
    else this.#state.put(`${NAME}/${file}`, typeof content === 'string' ? content : JSON.stringify(content));
  }

  /** The names of what is in the state. */
  kept(): readonly string[] {
    return this.#state.keys().map((key) => key.replace(`${NAME}/`, ''));
  }

  /** All that the state ever had under a name, oldest first. */
  stateVersions(file: string): readonly string[] {
    const versions = this.#state.versions(`${NAME}/${file}`).filter(({ deleteMarker }) => !deleteMarker);
    return versions.map(({ bytes }) => bytes.toString()).reverse();
  }

  /** Removes all versions of an object of the state for good. */
  purgeState(file: string): void {
    const key = `${NAME}/${file}`;
    for (const { versionId } of this.#state.versions(key)) this.#state.remove(key, versionId);
  }

  journal(): Journal {
    return JSON.parse(this.state('journal.json')!.toString()) as Journal;
  }

  /** All bytes that were ever journalled or published as a timestamp, by version. */
  timestamps(): ReadonlyMap<number, ReadonlySet<string>> {
    const found = new Map<number, Set<string>>();
    const texts = [
      ...this.hosting.versions(`${this.signed.prefix}timestamp.json`).map(({ bytes }) => bytes.toString()),
      ...this.#state.versions(`${NAME}/journal.json`).flatMap(({ bytes }) => {
        const { entry } = JSON.parse(bytes.toString()) as Journal;
        return entry === undefined ? [] : [entry.timestamp];
      }),
    ];
    for (const text of texts.filter((text) => text !== '')) {
      const { version } = (JSON.parse(text) as { signed: { version: number } }).signed;
      found.set(version, (found.get(version) ?? new Set()).add(text));
    }
    return found;
  }

  // Running it.

  /** One invocation in a fresh process. */
  async run(event: object = {}): Promise<Run> {
    return this.runText(JSON.stringify({ repository: NAME, ...event }));
  }

  /** The same with an event as it comes over the wire. */
  async runText(event: string): Promise<Run> {
    const lambda = await this.start();
    try {
      return await this.invoke(lambda, event);
    } finally {
      await lambda.end();
    }
  }

  /** A fresh process; end it. */
  async start(environment: Readonly<Record<string, string>> = this.environment()): Promise<LambdaProcess> {
    const node = await node24();
    return node === undefined
      ? LambdaProcess.start(process.execPath, bundle, { ...environment, NODE_NO_WARNINGS: '1' }) // the SDK's, about Node 20
      : LambdaProcess.start(node, bundle, environment);
  }

  environment(): Readonly<Record<string, string>> {
    return { ...this.aws.environment(), [SIGNER_CONFIGURATION]: JSON.stringify(this.#configuration) };
  }

  /** One invocation in a process that may be warm. */
  async invoke(lambda: LambdaProcess, event = JSON.stringify({ repository: NAME })): Promise<Run> {
    const at = this.repository.now * 1_000;
    this.aws.clockOffset = at - Date.now() + this.skew * 1_000;
    this.aws.forgetCalls();
    this.#messages.length = 0;
    const { outcome, error, stdout } = await lambda.invoke(event, at);
    const run: Run = {
      outcome: outcome ?? (JSON.parse(error!.message) as Outcome),
      error,
      line: stdout,
      calls: [...this.aws.calls],
      rounds: this.aws.rounds().length,
      messages: [...this.#messages],
    };
    expectSoundRun(run, { at, mode: this.signed.mode, stderr: lambda.stderr, secrets: this.#secrets });
    return run;
  }

  // Setting up.

  /** A second root lists the KMS key beside fleetctl's. */
  async listKmsKey(type: KmsKeyType): Promise<void> {
    const client = new KMSClient(this.aws.clientConfig());
    const [signer] = await kmsKeySource({ client, keyId: this.keyId, type }).open([]);
    const key = signer!.publicKey.json;
    await this.repository.publishRoot((root) => {
      root.keys[keyId(key)] = JSON.parse(Buffer.from(encodeJson(key, COMPACT)).toString()) as object;
      root.roles.timestamp!.keyids.push(keyId(key));
    });
  }

  async putKeyFile(name: string): Promise<void> {
    const bytes = await readKeyFile(name);
    const { versionId } = this.aws.secrets.create(SECRET, PASSPHRASE.toString());
    this.secretVersion = versionId;
    this.putState(this.keyFile, bytes.toString());
    const keys = await openKeyFile(bytes, PASSPHRASE);
    const [, secret] = /"private":\s*"([^"]+)"/.exec(
      Buffer.from(encodeJson(keys.at(-1)!.secretJson(), COMPACT)).toString(),
    )!;
    this.#secrets = [PASSPHRASE.toString(), secret!];
  }

  async enrol(): Promise<Outcome> {
    this.aws.clockOffset = this.repository.now * 1_000 - Date.now();
    const client = new S3Client(this.aws.clientConfig());
    const { bucket, prefix, region, mode } = this.signed;
    const hosting = new S3Client({ ...this.aws.clientConfig(), region });
    const outcome = await enroll(
      {
        repository: NAME,
        again: false,
        acceptVersion: undefined,
        acceptSnapshot: undefined,
        allowSharedSnapshotKey: false,
        material: { signsHere: true, install: () => Promise.resolve(this.secretVersion) },
      },
      {
        hosting: s3Store({ client: hosting, bucket, prefix }),
        state: s3Store({ client, bucket: STATE, prefix: `${NAME}/` }),
        keys: this.#keySource(),
      },
      {
        repository: NAME,
        place: `s3://${bucket}/${prefix}`,
        deployment: DEPLOYMENT,
        pin: this.signed.root,
      },
      { ...DEFAULT_POLICY, mode },
      this.repository.now,
    );
    if (outcome.code !== 'NOT_DUE') throw new Error(`Enrolling came to ${outcome.code}: ${outcome.message}`);
    return outcome;
  }

  #keySource(): KeySource {
    const { key } = this.signed;
    if (key.type !== 'go-tuf-file')
      return kmsKeySource({ client: new KMSClient(this.aws.clientConfig()), keyId: key.keyId, type: key.type });
    return keyFileSource({
      read: () => Promise.resolve(this.state(this.keyFile)),
      passphrase: () => Promise.resolve(PASSPHRASE),
      file: this.keyFile,
    });
  }
}

/** What the tests look at in the journal. */
export interface Journal {
  readonly epoch: number;
  readonly floor: number;
  readonly entry?: { readonly version: number; readonly timestamp: string; readonly reason?: string; by: string };
  readonly seen?: { readonly version: number };
  readonly probedAt?: string;
  readonly newestRoot?: { readonly version: number };
  readonly identity: { readonly secretVersion?: string };
}
