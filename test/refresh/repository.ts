import type { Code } from '../../lib/contract/codes.ts';
import { CodedError } from '../../lib/contract/errors.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { newEd25519Key, type PrivateKey } from '../../lib/keys/private-key.ts';
import type { Trust } from '../../lib/refresh/trust.ts';
import { outcomeOf } from '../../lib/refresh/outcome.ts';
import { DEFAULT_POLICY, type Policy } from '../../lib/refresh/policy.ts';
import { refresh, type Wish } from '../../lib/refresh/refresh.ts';
import type { RoleType } from '../../lib/tuf/envelope.ts';
import { after, days, formatInstant, parseInstant, type Instant, type Seconds } from '../../lib/tuf/instant.ts';
import { lookAsClient, refusalOf, type Seen } from './client.ts';
import { MemoryStore } from './memory-store.ts';
import { entryOf, idOf, MemoryKeys, publicJson, sign, signText, type EntryJson, type Signed } from './signing.ts';

/** The moment at which every repository of the tests begins. */
const START = parseInstant('2026-11-24T00:00:00Z', 'START');

/** What a case looks at in a journal, or changes in it. */
export interface JournalJson {
  epoch: number;
  floor: number;
  entry?: { version: number; sha256: string; issuedAt: string; by: string; code: string };
  seen?: { version: number; sha256: string; since: string };
  snapshot: { version: number; sha256: string };
  healDueAt?: string;
  badSince: Record<string, string>;
  heals: { cause: string; at: string }[];
  identity: { repository: string; place: string; keyFingerprint?: string; pin: { version: number; sha256: string } };
}

/** What a repository can be made with. */
export interface RepositoryOptions {
  readonly policy?: Partial<Policy>;
  /** Versioned names, `N.snapshot.json`. */
  readonly consistent?: boolean;
  /** Delegate to roles of these names, each below targets. */
  readonly delegations?: readonly string[];
  /** What the timestamp gives of the snapshot besides its version, as go-tuf: length and two hashes. */
  readonly entry?: (bytes: Uint8Array, version: number) => EntryJson;
  /** Do not enrol: there is no state yet. */
  readonly fresh?: boolean;
}

/**
 * A healthy repository with real keys, and everything a run needs.
 * As it comes it has root 1, targets 2, snapshot 2, and timestamp 4: version 3 was published with fleetctl and enrolled, version 4 is ours, signed an hour ago.
 */
export async function newRepository(options: RepositoryOptions = {}): Promise<Repository> {
  if (Object.keys(options).length === 0) return (await (plain ??= setUp(options))).copied();
  return setUp(options);
}

/** The repository without options is made once a file: hundreds of tests begin with a copy of it. */
let plain: Promise<Repository> | undefined;

async function setUp(options: RepositoryOptions): Promise<Repository> {
  const repository = new Repository(options);
  await repository.setUp();
  return repository;
}

/** Made by {@link newRepository}. What it offers breaks one thing each. */
export class Repository {
  /** In the order in which they happened: calls to the stores, openings, signatures. */
  readonly log: string[] = [];
  readonly hosting = new MemoryStore('hosting', this.log);
  readonly state = new MemoryStore('state', this.log);
  /** Everybody's keys; ours is the timestamp role's. */
  readonly keys: Readonly<Record<RoleType, PrivateKey>>;
  readonly source: MemoryKeys;
  /** The clock. */
  now: Instant = START;
  policy: Policy;
  trust: Trust = { repository: '', place: '', deployment: 'us' };
  /** What a client kept when the repository was last healthy. */
  memory: Map<string, Uint8Array> = new Map<string, Uint8Array>();
  private readonly options: RepositoryOptions;

  constructor(options: RepositoryOptions, keys = newKeys()) {
    this.options = options;
    this.keys = keys;
    this.source = new MemoryKeys([keys.timestamp], this.log);
    this.policy = { ...DEFAULT_POLICY, ...options.policy };
  }

  /** Another repository like this one, with the same keys. */
  copied(): Repository {
    const copy = new Repository(this.options, this.keys);
    for (const [name, bytes] of this.hosting.objects) copy.hosting.objects.set(name, bytes);
    for (const [name, bytes] of this.state.objects) copy.state.objects.set(name, bytes);
    copy.memory = new Map(this.memory);
    copy.now = this.now;
    return copy;
  }

  async setUp(): Promise<void> {
    await this.putRoot(this.firstRoot(), [this.keys.root]);
    await this.publish({ targets: 2, snapshot: 2, timestamp: 3 });
    this.memory.set('root.json', this.bytes('1.root.json'));
    if (this.options.fresh === true) return;
    await this.enrol();
    await this.signed({ force: true });
    this.remember();
    this.pass(3_600);
  }

  /** The first run, for which somebody vouches. */
  async enrol(wish: Partial<Wish> = {}): Promise<Outcome> {
    return this.run(wish, { ...this.trust, trustedRoot: this.bytes('1.root.json') });
  }

  /** One run. A failure comes back as the outcome that it amounts to. */
  async run(wish: Partial<Wish> = {}, trust = this.trust): Promise<Outcome> {
    const whole: Wish = { repository: 'tests', force: false, dryRun: false, reason: undefined, ...wish };
    try {
      const places = { hosting: this.hosting, state: this.state, keys: this.source, clockSkew: () => this.skew };
      return await refresh(whole, places, trust, this.policy, this.now);
    } catch (error) {
      if (error instanceof CodedError) return outcomeOf(error, whole);
      throw error;
    }
  }

  /** The difference between our clock and the storage's, in seconds. */
  skew: number | undefined = undefined;

  /** One run that has to sign. */
  async signed(wish: Partial<Wish> = {}): Promise<Outcome> {
    const outcome = await this.run(wish);
    if (outcome.outcome !== 'signed') throw new Error(`It did not sign: ${outcome.code}, ${outcome.message}`);
    return outcome;
  }

  /** Lets time pass, in seconds. */
  pass(span: number): void {
    this.now = after(this.now, span as Seconds);
  }

  // Files of the repository.

  bytes(file: string): Uint8Array {
    const bytes = this.hosting.objects.get(file);
    if (bytes === undefined) throw new Error(`The repository has no ${file}.`);
    return bytes;
  }

  text(file: string): string {
    return Buffer.from(this.bytes(file)).toString();
  }

  signedOf(file: string): Signed {
    return (JSON.parse(this.text(file)) as { signed: Signed }).signed;
  }

  put(file: string, bytes: Uint8Array | string): void {
    this.hosting.objects.set(file, Buffer.from(bytes));
  }

  remove(...files: readonly string[]): void {
    for (const file of files) this.hosting.objects.delete(file);
  }

  /** Changes the bytes of a file, and signs nothing. */
  edit(file: string, change: (text: string) => string): void {
    this.put(file, change(this.text(file)));
  }

  /** Flips one bit of the first signature of a file. */
  flipSignature(file: string): void {
    this.edit(file, (text) =>
      text.replace(/"sig":"(.)/, (_, digit: string) => `"sig":"${(Number.parseInt(digit, 16) ^ 1).toString(16)}`),
    );
  }

  /** Changes what a file says, and signs it again with its role's key, or with others. */
  async resign(file: string, change: (signed: Signed) => void, keys = [this.keyFor(file)]): Promise<void> {
    const signed = this.signedOf(file);
    change(signed);
    this.put(file, await sign(signed, keys));
  }

  /** Changes the text of `signed`, and signs what a lenient client reads in it. */
  async resignText(file: string, change: (text: string) => string): Promise<void> {
    const [, text = ''] = /^\{"signed":(.*),"signatures":\[.*\]\}$/s.exec(this.text(file)) ?? [];
    this.put(file, await signText(change(text), [this.keyFor(file)]));
  }

  /** A copy of all files, to put back later: `r.restore(old, 'snapshot.json')`. */
  copy(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.hosting.objects);
  }

  restore(copy: ReadonlyMap<string, Uint8Array>, ...files: readonly string[]): void {
    for (const file of files) {
      const bytes = copy.get(file);
      if (bytes === undefined) this.hosting.objects.delete(file);
      else this.hosting.objects.set(file, bytes);
    }
  }

  // Publishing, as fleetctl does it.

  /** Publishes new targets, a snapshot that names them, and a timestamp that names it; each one version higher if not said otherwise. */
  async publish(versions: { targets?: number; snapshot?: number; timestamp?: number } = {}): Promise<void> {
    await this.publishTargets(versions.targets);
    await this.publishSnapshot({ version: versions.snapshot });
    await this.publishTimestamp({ version: versions.timestamp });
  }

  async publishTargets(
    version = this.versionOf('targets.json') + 1,
    change: (signed: Signed) => void = () => undefined,
  ): Promise<void> {
    const signed = this.metadata('targets', version, days(1_000), { targets: {}, ...this.delegating() });
    change(signed);
    this.putVersioned('targets.json', await sign(signed, [this.keys.targets]), version);
    for (const role of this.options.delegations ?? []) {
      const delegated = this.metadata('targets', version, days(1_000), { targets: {} });
      this.putVersioned(fileOf(role), await sign(delegated, [this.keys.targets]), version);
    }
  }

  /** A snapshot of the targets that are there. */
  async publishSnapshot({
    version = this.versionOf('snapshot.json') + 1,
    change = () => undefined,
    keys = [this.keys.snapshot],
  }: {
    version?: number | undefined;
    change?: (signed: Signed) => void;
    keys?: readonly PrivateKey[];
  } = {}): Promise<void> {
    const roles = ['targets', ...(this.options.delegations ?? [])];
    const meta = Object.fromEntries(roles.map((role) => [`${role}.json`, this.entryFor(fileOf(role))]));
    const signed = this.metadata('snapshot', version, days(1_000), { meta });
    change(signed);
    this.putVersioned('snapshot.json', await sign(signed, keys), signed.version);
  }

  /** How a snapshot names a file that is there. */
  entryFor(file: string): EntryJson {
    return entryOf(this.bytes(file), this.versionOf(file));
  }

  /** A timestamp of the snapshot that is there. */
  async publishTimestamp({
    version = this.versionOf('timestamp.json') + 1,
    change = () => undefined,
    keys = [this.keys.timestamp],
  }: {
    version?: number | undefined;
    change?: (signed: Signed) => void;
    keys?: readonly PrivateKey[];
  } = {}): Promise<void> {
    const entry = (this.options.entry ?? entryOf)(this.bytes('snapshot.json'), this.versionOf('snapshot.json'));
    const signed = this.metadata('timestamp', version, days(14), { meta: { 'snapshot.json': entry } });
    change(signed);
    this.put('timestamp.json', await sign(signed, keys));
  }

  /** The newest root that was published, one version higher and changed, signed by the root key of old. */
  async publishRoot(
    change: (signed: Signed) => void = () => undefined,
    keys = [this.keys.root],
    file?: string,
  ): Promise<void> {
    const signed = this.signedOf('root.json');
    signed.version++;
    change(signed);
    await this.putRoot(signed, keys, file);
  }

  /** Publishes a root in which a new key is the timestamp role's, and gives that key back. The one that was there is removed. */
  async rotateTimestampKey(): Promise<PrivateKey> {
    const key = newEd25519Key();
    await this.publishRoot((signed) => {
      listKey(signed, 'timestamp', key);
    });
    return key;
  }

  versionOf(file: string): number {
    return this.hosting.objects.has(file) ? this.signedOf(file).version : 0;
  }

  // A client.

  /** What a client trusts that holds a memory; the one of the healthy repository, if none is given. */
  client(memory: ReadonlyMap<string, Uint8Array> = this.memory): Seen {
    return lookAsClient((file) => this.hosting.objects.get(file), memory, this.now);
  }

  /** Why a client that holds a memory refuses; undefined if it does not. */
  clientRefuses(memory: ReadonlyMap<string, Uint8Array> = this.memory): Code | undefined {
    return refusalOf(() => this.client(memory));
  }

  /** A client looks, and keeps what it saw. */
  remember(): void {
    this.memory = this.client().kept;
  }

  /** The journal as JSON. */
  journal(): JournalJson {
    const bytes = this.state.objects.get('journal.json');
    if (bytes === undefined) throw new Error('There is no journal.');
    return JSON.parse(Buffer.from(bytes).toString()) as JournalJson;
  }

  /** Changes the journal as somebody with the state could. */
  editJournal(change: (journal: JournalJson) => void): void {
    const journal = this.journal();
    change(journal);
    this.state.objects.set('journal.json', Buffer.from(JSON.stringify(journal)));
  }

  putState(file: string, json: object): void {
    this.state.objects.set(file, Buffer.from(JSON.stringify(json)));
  }

  private keyFor(file: string): PrivateKey {
    const [, role = 'targets'] = /(root|timestamp|snapshot)\.json$/.exec(file) ?? [];
    return this.keys[role as RoleType];
  }

  private metadata(type: RoleType, version: number, life: Seconds, own: Partial<Signed>): Signed {
    const expires = formatInstant(after(this.now, life));
    return { _type: type, spec_version: '1.0', version, expires, ...own } as Signed;
  }

  private delegating(): Partial<Signed> {
    const names = this.options.delegations ?? [];
    if (names.length === 0) return {};
    const key = this.keys.targets;
    const roles = names.map((name) => ({
      name,
      keyids: [idOf(key)],
      threshold: 1,
      terminating: false,
      paths: [`${name}/*`],
    }));
    return { delegations: { keys: { [idOf(key)]: publicJson(key) }, roles } };
  }

  private firstRoot(): Signed {
    const consistent_snapshot = this.options.consistent ?? false;
    const signed = this.metadata('root', 1, days(3_650), { keys: {}, roles: {}, consistent_snapshot });
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) listKey(signed, role, this.keys[role]);
    return signed;
  }

  private async putRoot(
    signed: Signed,
    keys: readonly PrivateKey[],
    file = `${signed.version}.root.json`,
  ): Promise<void> {
    const bytes = await sign(signed, keys);
    this.put(file, bytes);
    this.put('root.json', bytes);
  }

  private putVersioned(file: string, bytes: Uint8Array, version: number): void {
    this.put(file, bytes);
    if (this.options.consistent === true) this.put(`${version}.${file}`, bytes);
  }
}

/** The file of a targets role. */
function fileOf(role: string): string {
  return `${encodeURIComponent(role)}.json`;
}

function newKeys(): Repository['keys'] {
  return { root: newEd25519Key(), timestamp: newEd25519Key(), snapshot: newEd25519Key(), targets: newEd25519Key() };
}

/** Makes a key the only one of a role in a root. */
export function listKey(root: Signed, role: RoleType, ...keys: readonly PrivateKey[]): void {
  for (const key of keys) root.keys[idOf(key)] = publicJson(key);
  root.roles[role] = { keyids: keys.map(idOf), threshold: 1 };
}
