import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import {
  hostingBucketName,
  LIVE,
  publisherRoleName,
  signerFunctionName,
  watchFunctionName,
} from '../../lib/contract/names.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import type { WatchOutcome } from '../../lib/contract/watch-outcome.ts';
import type { GoTuf } from '../peers/go-tuf.ts';
import { Checkout, type Ended } from './checkout.ts';
import { Edge } from './edge.ts';
import { Emulator } from './emulator.ts';

/** The deployment's name, and its repository's. */
export const DEPLOYMENT = 'tk';
export const NAME = 'orbit';

export const HOSTING = { account: '222222222222', region: 'us-east-1' };
export const SIGNING = { account: '111111111111', region: 'eu-central-1' };
export const WATCH = { account: '111111111111', region: 'eu-west-1' };

/** Of the keys that go-tuf makes. */
export const PASSPHRASES = {
  root: 'rootpw',
  targets: 'targetspw',
  snapshot: 'snapshotpw',
  timestamp: 'timestämp5#$#@',
} as const;
/** As milliseconds: what was signed so long ago is due. */
export const TWO_DAYS = 2 * 86_400_000;

/** How an invocation ended; `error` is Lambda's own word for one that threw. */
export interface Invoked<T> {
  readonly outcome: T;
  readonly error: string | undefined;
}

/** What clients ask for first is uploaded last. */
const ORDER = [/\//, /^\d+\.root\.json$/, /^root\.json$/, /targets\.json$/, /snapshot\.json$/, /^timestamp\.json$/];

/** Three places in two accounts, a clone to deploy from, and an address at which the repository is served. */
export class World {
  readonly emulator: Emulator;
  readonly checkout: Checkout;
  readonly edge: Edge;
  /** The publisher's working directory. */
  readonly work: string;
  readonly #ca: Buffer;
  readonly #publisher: S3Client;
  readonly #owner: S3Client;

  private constructor(emulator: Emulator, checkout: Checkout, edge: Edge, ca: Buffer) {
    this.emulator = emulator;
    this.checkout = checkout;
    this.edge = edge;
    this.work = join(checkout.folder, 'work');
    this.#ca = ca;
    this.#owner = new S3Client(this.client(HOSTING));
    this.#publisher = new S3Client({ ...this.client(HOSTING), credentials: () => this.#asPublisher() });
  }

  /** @returns undefined where the local AWS can't be had */
  static async make(): Promise<World | undefined> {
    const emulator = await Emulator.start(HOSTING.account);
    if (emulator === undefined) return undefined;
    const checkout = await Checkout.make();
    const edge = await Edge.open(emulator);
    return new World(emulator, checkout, edge, await readFile(emulator.certificate));
  }

  async end(): Promise<void> {
    await this.edge.close();
    await this.emulator.stop();
    await this.checkout.remove();
  }

  /** Configuration of an SDK client that acts as the root of an account. */
  client({ account, region }: { readonly account: string; readonly region: string }) {
    return {
      endpoint: this.emulator.endpoint,
      region,
      credentials: { accessKeyId: account, secretAccessKey: 'test' },
      requestHandler: { httpsAgent: new Agent({ ca: this.#ca }) },
      forcePathStyle: true,
    } satisfies S3ClientConfig;
  }

  /** Makes everything in timekeeper.json from nothing, and opens the way to it. */
  async deploy(): Promise<void> {
    const trusted = ['--trust', HOSTING.account, '--cloudformation-execution-policies'];
    const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess';
    const places = [SIGNING, WATCH].map(({ account, region }) => `aws://${account}/${region}`);
    const asSigning = this.emulator.environment(SIGNING.account, SIGNING.region);
    succeeded(await this.cdk('bootstrap', `aws://${HOSTING.account}/${HOSTING.region}`));
    succeeded(await this.checkout.cdk(['bootstrap', ...places, ...trusted, administrator], asSigning));
    await this.redeploy();
  }

  /** `cdk deploy --all`; the distribution's address is read from what it prints. */
  async redeploy(...options: readonly string[]): Promise<string> {
    const outputs = join(this.checkout.folder, 'outputs.json');
    const words = ['deploy', '--all', '--require-approval', 'never', '--outputs-file', outputs, ...options];
    const { stdout, stderr } = succeeded(await this.cdk(...words));
    const [distribution] = /[a-z0-9]+\.cloudfront\.net/.exec(await readFile(outputs, 'utf8')) ?? [];
    if (distribution === undefined) throw new Error('The hosting stack printed no distribution.');
    this.edge.distribution = distribution;
    return stdout + stderr;
  }

  /** A repository as go-tuf leaves it: versions 1, 2, 2, 3 of root, targets, snapshot and timestamp. */
  async makeRepository(peer: GoTuf, now: Date): Promise<void> {
    const options = { passphrases: PASSPHRASES, now };
    await peer.init(this.work, options);
    await this.release(peer, '1.0', now);
    await peer.timestamp(this.work, options);
  }

  /** One more target. */
  async release(peer: GoTuf, version: string, now = new Date()): Promise<void> {
    const target = { source: join(this.published, 'root.json'), version, paths: [`tool/linux/${version}/tool`] };
    await peer.add(this.work, target, { passphrases: PASSPHRASES, now });
  }

  /** Fetches the newest timestamp.json, as a publisher has to who shares the role with a signer. */
  async takeTimestamp(): Promise<void> {
    await writeFile(join(this.published, 'timestamp.json'), await this.served('timestamp.json'));
  }

  /** The folder that is uploaded. */
  get published(): string {
    return join(this.work, 'repository');
  }

  /**
   * Writes timekeeper.json.
   * @param changes - of the repository's fields
   */
  async configure(changes: object = {}): Promise<void> {
    const root = await readFile(join(this.published, '1.root.json'));
    await this.checkout.configure({
      name: DEPLOYMENT,
      signing: SIGNING,
      watch: WATCH,
      alarms: { email: 'oncall@example.com' },
      repositories: {
        [NAME]: {
          hosting: { ...HOSTING, url: this.edge.url },
          root: { version: 1, sha256: createHash('sha256').update(root).digest('hex') },
          check: '1 minute',
          resignAfter: '1 hour',
          ...changes,
        },
      },
    });
  }

  /** `cdk`, as somebody in the hosting account whom the signing account trusts with deployments. */
  cdk(...words: readonly string[]): Promise<Ended> {
    return this.checkout.cdk(words, this.emulator.environment(HOSTING.account, HOSTING.region));
  }

  /** `timekeeper`, as somebody in the signing account. */
  timekeeper(words: readonly string[], passphrase: string = PASSPHRASES.timestamp): Promise<Ended> {
    const environment = this.emulator.environment(SIGNING.account, SIGNING.region);
    return this.checkout.timekeeper(words, { ...environment, FLEET_TIMESTAMP_PASSPHRASE: passphrase });
  }

  /** `timekeeper … --json`, and what it printed. */
  async asked(...words: readonly string[]): Promise<{ readonly status: number | null; readonly outcome: Outcome }> {
    const { status, stdout, stderr } = await this.timekeeper([...words, '--json']);
    if (stdout === '') throw new Error(`timekeeper ${words.join(' ')} printed nothing: ${stderr}`);
    return { status, outcome: JSON.parse(stdout) as Outcome };
  }

  /** Hands the function its key, as an operator does. */
  enroll(passphrase: string = PASSPHRASES.timestamp): Promise<Ended> {
    return this.timekeeper(['enroll', NAME, '--key', join(this.work, 'keys', 'timestamp.json')], passphrase);
  }

  /** The plain invoke of the console and the CLI: of the signer, or of the watchdog. */
  async invoke(event: object = {}): Promise<Invoked<Outcome>> {
    return (await this.#invoke(SIGNING, signerFunctionName(DEPLOYMENT, NAME), event, LIVE)) as Invoked<Outcome>;
  }

  /** What the watchdog finds. */
  async look(): Promise<Invoked<WatchOutcome>> {
    return (await this.#invoke(WATCH, watchFunctionName(DEPLOYMENT, NAME), {})) as Invoked<WatchOutcome>;
  }

  /** Writes an object of the repository, as the publisher. */
  async publish(key: string, bytes: Uint8Array): Promise<void> {
    await this.#publisher.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes }));
  }

  /** Uploads what is published, as the publisher: targets first, timestamp.json last. */
  async publishAll(): Promise<void> {
    const folder = this.published;
    const order = (name: string) => ORDER.findIndex((pattern) => pattern.test(name));
    const names = await readdir(folder, { recursive: true });
    for (const name of names.sort((one, other) => order(one) - order(other))) {
      const path = join(folder, name);
      if ((await stat(path)).isFile()) await this.publish(name, await readFile(path));
    }
  }

  /** Takes an object away, as the root of the hosting account: the publisher may not. */
  async vandalise(key: string): Promise<void> {
    await this.#owner.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
  }

  /** What the bucket holds, read as the root of the hosting account: the publisher's role may be gone. */
  async served(key: string): Promise<Uint8Array> {
    const { Body } = await this.#owner.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
    if (Body === undefined) throw new Error(`${key} has no body.`);
    return Body.transformToByteArray();
  }

  /** The version of the published timestamp.json. */
  async version(): Promise<number> {
    const text = Buffer.from(await this.served('timestamp.json')).toString('utf8');
    return (JSON.parse(text) as { readonly signed: { readonly version: number } }).signed.version;
  }

  async #invoke(place: typeof SIGNING, FunctionName: string, event: object, Qualifier?: string) {
    const Payload = JSON.stringify({ repository: NAME, ...event });
    const lambda = new LambdaClient(this.client(place));
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Qualifier, Payload }));
    return { outcome: JSON.parse(Buffer.from(answer.Payload!).toString()) as unknown, error: answer.FunctionError };
  }

  async #asPublisher() {
    const RoleArn = `arn:aws:iam::${HOSTING.account}:role/${publisherRoleName(DEPLOYMENT, NAME)}`;
    const sts = new STSClient(this.client(HOSTING));
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'release' }));
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
      expiration: Credentials!.Expiration!,
    };
  }

  get #bucket(): string {
    return hostingBucketName(DEPLOYMENT, NAME, HOSTING);
  }
}

function succeeded(ended: Ended): Ended {
  if (ended.status !== 0) throw new Error(`It ended with ${ended.status}:\n${ended.stderr}`);
  return ended;
}
