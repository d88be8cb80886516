import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { hostingBucketName, publisherRoleName } from '../../lib/contract/names.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { Checkout, type Ended } from './checkout.ts';
import { Edge } from './edge.ts';
import { Emulator } from './emulator.ts';

/** The deployment's name, and its repository's. */
export const DEPLOYMENT = 'tk';
export const NAME = 'orbit';

export const HOSTING = { account: '222222222222', region: 'us-east-1' };
export const SIGNING = { account: '111111111111', region: 'eu-central-1' };
export const WATCH = { account: '111111111111', region: 'eu-west-1' };

const PASSPHRASE = 'timestämp5#$#@'; // test/fixtures/README.md
const FIXTURE = fileURLToPath(new URL('../fixtures/go-tuf-v0.5.2/', import.meta.url));
/** The published folder of the fixture, and the root that it begins with. */
export const PUBLISHED = join(FIXTURE, 'repository');

/** Three places in two accounts, a clone to deploy from, and an address at which the repository is served. */
export class World {
  readonly emulator: Emulator;
  readonly checkout: Checkout;
  readonly edge: Edge;
  readonly #ca: Buffer;
  readonly #publisher: S3Client;

  private constructor(emulator: Emulator, checkout: Checkout, edge: Edge, ca: Buffer) {
    this.emulator = emulator;
    this.checkout = checkout;
    this.edge = edge;
    this.#ca = ca;
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

  /** Writes timekeeper.json; the fixture was signed more than an hour ago, so its first signature is due. */
  async configure(changes: object = {}): Promise<void> {
    const root = await readFile(join(PUBLISHED, '1.root.json'));
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
  timekeeper(words: readonly string[], passphrase = PASSPHRASE): Promise<Ended> {
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
  enroll(passphrase = PASSPHRASE): Promise<Ended> {
    return this.timekeeper(['enroll', NAME, '--key', join(FIXTURE, 'keys', 'timestamp.json')], passphrase);
  }

  /** Writes an object of the repository, as the publisher. */
  async publish(key: string, bytes: Uint8Array): Promise<void> {
    await this.#publisher.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes }));
  }

  /** Uploads the fixture, timestamp.json last. */
  async publishFixture(): Promise<void> {
    const names = (await readdir(PUBLISHED, { recursive: true })).sort((one, other) =>
      one === 'timestamp.json' ? 1 : other === 'timestamp.json' ? -1 : 0,
    );
    for (const name of names) {
      const path = join(PUBLISHED, name);
      if ((await stat(path)).isFile()) await this.publish(name, await readFile(path));
    }
  }

  /** What the bucket holds. */
  async published(key: string): Promise<Uint8Array> {
    const { Body } = await this.#publisher.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
    if (Body === undefined) throw new Error(`${key} has no body.`);
    return Body.transformToByteArray();
  }

  /** The version of the published timestamp.json. */
  async version(): Promise<number> {
    const text = Buffer.from(await this.published('timestamp.json')).toString('utf8');
    return (JSON.parse(text) as { readonly signed: { readonly version: number } }).signed.version;
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
