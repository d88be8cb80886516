import { createHash } from 'node:crypto';
import { CodedError, FailureError } from '../../lib/contract/errors.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { newEd25519Key, type PrivateKey } from '../../lib/keys/private-key.ts';
import { outcomeOf } from '../../lib/refresh/outcome.ts';
import { refresh } from '../../lib/refresh/refresh.ts';
import type { Store } from '../../lib/stores/store.ts';
import { after, days, formatInstant, hours, minutes, type Instant, type Seconds } from '../../lib/tuf/instant.ts';
import type { MemoryStore } from './memory-store.ts';
import { listKey, newRepository, type Repository } from './repository.ts';
import { Turns, type Random } from './schedule-random.ts';
import { entryOf, MemoryKeys, sign, type Signed } from './signing.ts';

/** A property of the threat model's section 3 that did not hold. */
export class Broken extends Error {}

/** A process that is killed: nothing of it goes on. */
class Killed extends Error {}

/** What a timestamp says, whoever signed it. */
interface Statement {
  readonly version: number;
  readonly snapshot: number;
  readonly key: PrivateKey;
}

/** One run of one signer. */
interface Run {
  readonly signer: string;
  readonly now: Instant;
  /** The newest root that it knows of. */
  rootSeen: number;
  isDead: boolean;
  /** Whether a put of it was repeated after its answer had been lost. */
  repeated: boolean;
  /** Timestamps that it put and that are, or were, published. */
  published: number;
  outcome?: Outcome;
}

/** The journal as far as the properties speak of it. */
interface JournalJson {
  entry?: { version: number; sha256: string; timestamp: string };
  seen?: { version: number; sha256: string; timestamp: string };
  snapshot: { version: number; sha256: string };
}

const THIEVES = 500_000; // versions from here on are a thief's

/** How often something goes wrong at a call, in percent: reads, and puts. */
const FAULTS = { get: { killed: 1, lost: 1 }, putIf: { killed: 12, lost: 8, repeated: 5 } } as const;

/**
 * Two signers with one journal, a publisher, a host, a thief and a client around one repository, all in memory and with real signatures.
 * Every call to a store waits for its turn. Every put is checked against the properties S-1 to S-6 and S-9.
 */
export class World {
  readonly trace: string[] = [];
  readonly turns = new Turns();
  readonly signatures = new Map<string, number>([
    ['A', 0],
    ['B', 0],
  ]);
  readonly outcomes: Outcome[] = [];
  now: Instant;
  private readonly random: Random;
  private readonly r: Repository;
  private readonly newKey = newEd25519Key();
  private signerKeys: readonly PrivateKey[];
  private readonly busy = new Set<string>();
  private faults = true;
  /** The repository as it was after each change, for those who work on an old copy. */
  private readonly history: ReadonlyMap<string, Uint8Array>[] = [];
  private readonly statements = new Map<string, Statement>();
  private readonly contents = new Map<number, string>();
  private readonly inJournal = new Set<string>();
  private highest = 0;
  private highestSnapshot = 0;
  private nonce = 0;
  private memory: Map<string, Uint8Array>;

  private constructor(r: Repository, random: Random) {
    this.r = r;
    this.random = random;
    this.now = r.now;
    this.signerKeys = [r.keys.timestamp];
    this.memory = r.memory;
    const journal = this.journal();
    this.highest = journal.entry!.version;
    this.highestSnapshot = journal.snapshot.version;
    this.contents.set(journal.entry!.version, journal.entry!.sha256);
    this.inJournal.add(journal.entry!.sha256);
    this.noteStatement(r.bytes('timestamp.json'), r.keys.timestamp);
    this.remember();
  }

  static async begin(random: Random): Promise<World> {
    return new World(await newRepository(), random);
  }

  // What happens.

  /** One thing that happens while everything goes on. */
  async event(): Promise<void> {
    const dice = this.random.below(1_000);
    if (dice < 800) await this.turns.give(this.random);
    else if (dice < 890) this.startRun(this.random.pick(['A', 'B']));
    else if (dice < 925) this.startPublish();
    else if (dice < 955) this.host();
    else if (dice < 965) await this.rotate();
    else if (dice < 970) this.enrolNewKey();
    else if (dice < 975) await this.steal();
    else if (dice < 985) this.clientLooks();
    else this.pass(this.random.pick([minutes(1), minutes(11), hours(1), hours(1), days(3)]));
  }

  pass(span: Seconds): void {
    this.now = after(this.now, span);
    this.r.now = this.now;
  }

  private startRun(signer: string): void {
    if (this.busy.has(signer)) return;
    const offset = this.random.percent(85) ? 0 : this.random.pick([-3_600, 3_600]);
    this.run(signer, after(this.now, offset as Seconds), this.random.percent(15)).catch((error: unknown) => {
      this.failed(error);
    });
  }

  /** One run of a signer, to its end. */
  private async run(signer: string, now: Instant, force: boolean): Promise<Outcome | undefined> {
    const run: Run = { signer, now, rootSeen: 1, isDead: false, repeated: false, published: 0 };
    this.busy.add(signer);
    const keys = new MemoryKeys(this.signerKeys);
    const places = { hosting: this.view(run, this.r.hosting), state: this.view(run, this.r.state), keys };
    const wish = { repository: 'tests', force, dryRun: false, reason: undefined };
    try {
      run.outcome = await refresh(wish, places, { ...this.r.trust, deployment: signer }, this.r.policy, now);
    } catch (error) {
      if (error instanceof CodedError) run.outcome = outcomeOf(error, wish);
      else if (!(error instanceof Killed)) throw error;
    } finally {
      this.busy.delete(signer);
      this.signatures.set(signer, (this.signatures.get(signer) ?? 0) + keys.signatures);
    }
    this.note(`${signer} ${run.outcome?.code ?? 'killed'} ${run.outcome?.version ?? ''}`);
    if (run.outcome !== undefined) this.ended(run, run.outcome);
    return run.outcome;
  }

  private startPublish(): void {
    this.publish().catch((error: unknown) => {
      this.failed(error);
    });
  }

  private async publish(): Promise<void> {
    const copy = this.random.percent(60) ? this.r.copy() : this.random.pick(this.history);
    const key = copy.has('2.root.json') ? this.newKey : this.r.keys.timestamp;
    const withSnapshot = this.random.percent(75);
    const isConditional = this.random.percent(40);
    const [bytes, base] = [copy.get('snapshot.json'), copy.get('timestamp.json')];
    if (bytes === undefined || base === undefined || !isMetadata(base)) return;
    if (key === this.newKey && versionIn(base) >= THIEVES) return; // nobody who knows the new root goes on from a thief's
    const snapshot = withSnapshot ? await this.newSnapshot(versionIn(bytes) + 1) : bytes;
    const timestamp = await this.newTimestamp(versionIn(base) + 1, snapshot, key);
    if (withSnapshot) {
      await this.turns.turn();
      this.put('snapshot.json', snapshot, 'publisher');
      if (this.random.percent(10)) return;
    }
    await this.turns.turn();
    const now = this.r.hosting.objects.get('timestamp.json');
    if (isConditional && (now === undefined || Buffer.compare(now, base) !== 0)) return;
    this.put('timestamp.json', timestamp, 'publisher');
  }

  /** Whoever runs the file server. */
  private host(): void {
    const old = this.random.pick(this.history);
    const restore = (...files: readonly string[]) => {
      for (const file of files) this.put(file, old.get(file), 'host');
    };
    const acts = [
      () => {
        restore('timestamp.json');
      },
      () => {
        restore('snapshot.json');
      },
      () => {
        restore('timestamp.json', 'snapshot.json');
      },
      () => {
        this.put('timestamp.json', undefined, 'host');
      },
      () => {
        this.put('timestamp.json', Buffer.from(`garbage ${this.nonce++}`), 'host');
      },
      () => {
        this.put('2.root.json', undefined, 'host');
      },
    ];
    this.random.pick(acts)();
  }

  /** Root 2 removes the timestamp key and lists a new one. */
  private async rotate(): Promise<void> {
    if (this.root2 !== undefined) return;
    const signed = this.r.signedOf('1.root.json');
    signed.version = 2;
    listKey(signed, 'timestamp', this.newKey);
    this.root2 = await sign(signed, [this.r.keys.root]);
    this.put('2.root.json', this.root2, 'root holders');
    if (this.random.percent(50)) this.enrolNewKey();
  }

  private root2: Uint8Array | undefined;

  private enrolNewKey(): void {
    if (this.root2 === undefined) return;
    this.signerKeys = this.random.percent(50) ? [this.newKey] : [this.r.keys.timestamp, this.newKey];
  }

  /** Once the key is revoked, whoever stole it signs with it: a high version, over whatever snapshot there ever was. */
  private async steal(): Promise<void> {
    if (this.keptRoots().length < 2) return;
    const snapshot = this.random.pick(this.history).get('snapshot.json');
    if (snapshot === undefined) return;
    const version = THIEVES + this.nonce++;
    this.put('timestamp.json', await this.newTimestamp(version, snapshot, this.r.keys.timestamp), 'thief');
  }

  /** A client looks; if it accepts what it sees, it keeps that. */
  private clientLooks(): void {
    const { refused, kept } = this.client();
    this.note(`client ${refused ?? 'accepts'}`);
    this.memory = kept;
  }

  // How it ends.

  /**
   * No more faults and no more changes from outside. Runs the signers for some hours, one at a time, and checks L-2, L-3, L-4.
   * @returns the code of the refusal with which both end, if they do
   */
  async settle(): Promise<string | undefined> {
    this.signatures.set('A', 0).set('B', 0);
    const before = this.r.hosting.contents();
    const [one, other] = this.random.percent(50) ? (['A', 'B'] as const) : (['B', 'A'] as const);
    const outcomes: (Outcome | undefined)[] = [];
    for (const together of [[one, other], [one], [other], [one, other]] as const) {
      for (const signer of together) outcomes.push(await this.alone(signer));
      this.pass(hours(1));
    }
    const last = outcomes.slice(-2);
    const most = Math.max(...this.signatures.values());
    if (most > 2) throw this.broken('L-4', `one signer signed ${most} times after the last change`);
    const refused = last.filter((outcome) => outcome?.outcome === 'refused');
    if (refused.length === 2) {
      this.mayRefuse(refused[0]!.code);
      const now = this.r.hosting.contents();
      if (JSON.stringify(now) !== JSON.stringify(before)) throw this.broken('S-9', 'a refusal changed the repository');
      return refused[0]!.code;
    }
    for (const outcome of last) {
      if (outcome?.code !== 'NOT_DUE') throw this.broken('L-3', `it does not rest but answers ${outcome?.code}`);
    }
    const { entry, seen } = this.journal();
    const newest = seen !== undefined && seen.version > (entry?.version ?? 0) ? seen : entry;
    const isNewest = newest?.sha256 === sha256Of(this.r.bytes('timestamp.json'));
    if (!isNewest) throw this.broken('L-2', 'what is published is not the newest in the journal');
    return undefined;
  }

  /** Lets everybody finish, and puts the roots back. */
  async calm(): Promise<void> {
    await this.turns.giveAll(this.random);
    this.faults = false;
    if (this.root2 !== undefined) this.put('2.root.json', this.root2, 'root holders');
    if (this.root2 !== undefined) this.signerKeys = [this.r.keys.timestamp, this.newKey];
    this.pass(hours(3)); // beyond every wrong clock
  }

  /** A publish as it should be: above everything that anybody ever published. */
  async publishProperly(): Promise<void> {
    const { version: key } = { version: this.root2 === undefined ? this.r.keys.timestamp : this.newKey };
    const honest = Array.from(this.statements.values()).filter(({ version }) => version < THIEVES);
    const version = Math.max(...honest.map((statement) => statement.version)) + 1;
    const snapshot = await this.newSnapshot(Math.max(...honest.map((statement) => statement.snapshot)) + 2);
    this.put('snapshot.json', snapshot, 'publisher');
    this.put('timestamp.json', await this.newTimestamp(version, snapshot, key), 'publisher');
  }

  /** A client with a memory. @returns why it refuses, if it does */
  client() {
    try {
      return { refused: undefined, kept: this.r.client(this.memory).kept };
    } catch (error) {
      if (error instanceof CodedError) return { refused: error.code, kept: this.memory };
      throw error;
    }
  }

  broken(property: string, message: string): Broken {
    return new Broken(`${property}: ${message}`);
  }

  private failure: Error | undefined;

  /** Errors in tasks that nobody waits for are kept for {@link check}. */
  private failed(error: unknown): void {
    this.failure ??= error as Error;
  }

  /** @throws Broken the first property that did not hold */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  // The stores, as a signer sees them.

  private view(run: Run, store: MemoryStore): Store {
    const isHosting = store === this.r.hosting;
    const step = async <T>(kind: 'get' | 'putIf', action: () => Promise<T>): Promise<T> => {
      await this.turns.turn();
      if (run.isDead) throw new Killed();
      const { killed, lost } = FAULTS[kind];
      const dice = this.faults ? this.random.below(100) : 100;
      const isApplied = this.random.percent(50);
      if (dice < killed) run.isDead = true;
      if (dice < killed + lost && !isApplied) throw this.fault(run);
      const answer = await action();
      if (dice < killed + lost) throw this.fault(run);
      return answer;
    };
    return {
      get: (name, maxBytes) =>
        step('get', async () => {
          const stored = await store.get(name, maxBytes);
          const isRoot2 = isHosting && name === '2.root.json' && stored !== undefined;
          const knowsRoot2 = !isHosting && name === 'root-chain.json' && this.keptRoots().length === 2;
          if (isRoot2 || knowsRoot2) run.rootSeen = 2;
          return stored;
        }),
      putIf: (name, bytes, expected) =>
        step('putIf', async () => {
          const old = store.objects.get(name);
          if (isHosting) this.beforePublishing(run, bytes);
          const answer = await store.putIf(name, bytes, expected);
          if (answer === 'stored') this.afterPut(run, name, bytes, old);
          if (!this.faults || !this.random.percent(FAULTS.putIf.repeated)) return answer;
          run.repeated = true;
          return store.putIf(name, bytes, expected);
        }),
      list: () => store.list(),
    };
  }

  private fault(run: Run): Error {
    return run.isDead ? new Killed() : new FailureError('STORE_UNREACHABLE', 'The connection broke.');
  }

  // The properties.

  private beforePublishing(run: Run, bytes: Uint8Array): void {
    const version = versionIn(bytes);
    const sha256 = sha256Of(bytes);
    if ((this.contents.get(version) ?? sha256) !== sha256)
      throw this.broken('S-1', `version ${version} was handed to a put with two contents`);
    this.contents.set(version, sha256);
    if (!this.inJournal.has(sha256)) throw this.broken('S-2', `version ${version} was not in the journal before`);
    this.noteStatement(bytes, run.rootSeen === 2 ? this.newKey : this.r.keys.timestamp);
  }

  private afterPut(run: Run, name: string, bytes: Uint8Array, old: Uint8Array | undefined): void {
    if (name === 'journal.json') this.journalWritten(run, parse(bytes), parse(old!));
    if (name === 'root-chain.json') this.chainWritten(bytes, old);
    if (name !== 'timestamp.json') return;
    run.published++;
    this.note(`${run.signer} publishes ${versionIn(bytes)}`);
    this.history.push(this.r.copy());
    const replaced = old && this.statements.get(sha256Of(old));
    const counts = replaced?.key === (run.rootSeen === 2 ? this.newKey : this.r.keys.timestamp);
    if (replaced !== undefined && counts && replaced.version >= versionIn(bytes))
      throw this.broken('S-3', `version ${replaced.version} was replaced by ${versionIn(bytes)}`);
  }

  private journalWritten(run: Run, now: JournalJson, old: JournalJson): void {
    const entry = now.entry?.sha256 === old.entry?.sha256 ? undefined : now.entry;
    this.note(
      `${run.signer} journal ${entry === undefined ? '' : 'entry'} ${now.entry?.version} seen ${now.seen?.version ?? '-'}`,
    );
    if (entry !== undefined && entry.version <= this.highest)
      throw this.broken('S-3', `version ${entry.version} after ${this.highest} had been in the journal`);
    const recorded = [now.entry, now.seen].filter((one) => one !== undefined);
    const highest = Math.max(...recorded.map(({ version }) => version));
    if (highest < this.highest) throw this.broken('S-3', `the journal fell from ${this.highest} to ${highest}`);
    const snapshots = recorded.map(({ timestamp }) => snapshotIn(Buffer.from(timestamp)));
    const highestSnapshot = Math.max(...snapshots, now.snapshot.version);
    if (now.snapshot.version < old.snapshot.version || highestSnapshot < this.highestSnapshot)
      throw this.broken('S-4', `the snapshot fell from ${this.highestSnapshot} to ${highestSnapshot}`);
    if (now.snapshot.version === old.snapshot.version && now.snapshot.sha256 !== old.snapshot.sha256)
      throw this.broken('S-4', `snapshot version ${now.snapshot.version} got other contents`);
    // A run that saw root 2 must take nothing from the key that it removed, unless the journal already had.
    if (run.rootSeen === 2 && highest >= THIEVES && this.highest < THIEVES)
      throw this.broken('S-5', `a revoked key moved the version to ${highest}`);
    this.highest = highest;
    this.highestSnapshot = highestSnapshot;
    for (const { sha256 } of recorded) this.inJournal.add(sha256);
  }

  private chainWritten(bytes: Uint8Array, old: Uint8Array | undefined): void {
    const before = old === undefined ? [] : rootsIn(old);
    if (rootsIn(bytes).slice(0, before.length).join('\n') !== before.join('\n'))
      throw this.broken('S-6', 'the kept chain lost or changed a root');
  }

  private ended(run: Run, outcome: Outcome): void {
    this.outcomes.push(outcome);
    if (outcome.outcome === 'signed' && run.published === 0 && !run.repeated)
      throw this.broken('L-2', 'it says that it signed, and published nothing');
    if (outcome.outcome !== 'signed' && outcome.outcome !== 'failed' && run.published > 0 && !run.repeated)
      throw this.broken('S-9', `it published and says ${outcome.code}`);
  }

  /** A refusal in the end is right only as long as the endorsed snapshot is not there, or there are two of one version. */
  private mayRefuse(code: string): void {
    const { snapshot } = this.journal();
    const current = this.r.hosting.objects.get('timestamp.json');
    const statement = current && this.statements.get(sha256Of(current));
    const isThere = sha256Of(this.r.hosting.objects.get('snapshot.json') ?? Buffer.alloc(0)) === snapshot.sha256;
    const isEndorsed = isThere && (statement === undefined || statement.snapshot <= snapshot.version);
    if (isEndorsed && code !== 'EQUIVOCATION') throw this.broken('L-3', `it stays refused as ${code}`);
  }

  // Small things.

  private async alone(signer: string): Promise<Outcome | undefined> {
    const run = this.run(signer, this.now, false);
    await this.turns.giveAll(this.random);
    return run;
  }

  private put(file: string, bytes: Uint8Array | undefined, who: string): void {
    if (bytes === undefined) this.r.remove(file);
    else this.r.put(file, bytes);
    const what = bytes !== undefined && isMetadata(bytes) ? versionIn(bytes) : bytes === undefined ? 'gone' : 'garbage';
    this.note(`${who}: ${file} ${what}`);
    this.remember();
  }

  private remember(): void {
    this.history.push(this.r.copy());
  }

  private async newSnapshot(version: number): Promise<Uint8Array> {
    const { meta } = signedIn(this.history[0]!.get('snapshot.json')!);
    const expires = formatInstant(after(this.now, days(1_000)));
    const signed = { _type: 'snapshot', spec_version: '1.0', version, expires, meta, x: this.nonce++ } as never;
    return sign(signed, [this.r.keys.snapshot]);
  }

  private async newTimestamp(version: number, snapshot: Uint8Array, key: PrivateKey): Promise<Uint8Array> {
    const meta = { 'snapshot.json': entryOf(snapshot, versionIn(snapshot)) };
    const expires = formatInstant(after(this.now, days(14)));
    const signed = { _type: 'timestamp', spec_version: '1.0', version, expires, meta, x: this.nonce++ } as never;
    const bytes = await sign(signed, [key]);
    this.noteStatement(bytes, key);
    return bytes;
  }

  private noteStatement(bytes: Uint8Array, key: PrivateKey): void {
    this.statements.set(sha256Of(bytes), { version: versionIn(bytes), snapshot: snapshotIn(bytes), key });
  }

  private journal(): JournalJson {
    return parse(this.r.state.objects.get('journal.json')!);
  }

  private keptRoots(): readonly string[] {
    return rootsIn(this.r.state.objects.get('root-chain.json')!);
  }

  private note(what: string): void {
    this.trace.push(what);
  }
}

function parse(bytes: Uint8Array): JournalJson {
  return JSON.parse(Buffer.from(bytes).toString()) as JournalJson;
}

function rootsIn(bytes: Uint8Array): readonly string[] {
  return (JSON.parse(Buffer.from(bytes).toString()) as { roots: string[] }).roots;
}

function signedIn(bytes: Uint8Array): Signed {
  return (JSON.parse(Buffer.from(bytes).toString()) as { signed: Signed }).signed;
}

const versionIn = (bytes: Uint8Array) => signedIn(bytes).version;
const snapshotIn = (bytes: Uint8Array) => signedIn(bytes).meta['snapshot.json']!.version;
const isMetadata = (bytes: Uint8Array) => bytes[0] === '{'.charCodeAt(0);
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
