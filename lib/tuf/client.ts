import { RefusalError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { MAX_BYTES, type Metadata, type RoleType } from './envelope.ts';
import { formatInstant, type Instant } from './instant.ts';
import { differs, type MetaFile } from './meta-file.ts';
import { keysOf, type Keys, type Role } from './role.ts';
import type { Root } from './root.ts';
import { beginChain, extendChain, latest, type RootChain } from './root-chain.ts';
import { parseSnapshot, type Snapshot } from './snapshot.ts';
import { parseTargets, type Targets } from './targets.ts';
import { parseTimestamp, type Timestamp } from './timestamp.ts';
import { verified, type Verified } from './verify.ts';

/** What a client trusts after a refresh. */
export interface Trusted {
  readonly root: Verified<Root>;
  readonly timestamp: Verified<Timestamp>;
  readonly snapshot: Verified<Snapshot>;
  /** targets.json and the delegated roles that the snapshot lists, by role name. */
  readonly targets: ReadonlyMap<string, Verified<Targets>>;
}

/** What the workflow asks of whoever runs it: to fetch a file (answered with its bytes, or undefined for 404), to keep one, or to forget one that may be kept. */
export type ClientStep =
  | { readonly do: 'fetch'; readonly file: string; readonly maxBytes: number }
  | { readonly do: 'store'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly do: 'forget'; readonly name: string };

/** A client's memory: the exact bytes that it kept, by name (`root.json`, `timestamp.json`, `snapshot.json`, and the {@link fileOf} every targets role). */
export type ClientMemory = Pick<ReadonlyMap<string, Uint8Array>, 'get'>;

/** A client's walk, or a part of it: what it yields is to be done before it goes on. */
export type ClientWalk<T> = Generator<ClientStep, T, Uint8Array | undefined>;

/** Under which name a targets role is kept, and served after its version: `targets.json`, `a%2Fb.json`. */
export function fileOf(role: string): string {
  return `${encodeURIComponent(role)}.json`;
}

const MAX_NEW_ROOTS = 1_000; // a run; go-tuf's client stops there too

/**
 * The whole workflow of a client, as a generator without I/O: it yields what to fetch and what to keep, and returns what is trusted then.
 * Each file is to be kept before the next is fetched, and stays kept when a later step refuses.
 * @param memory - what was kept last time, and shows what is kept and forgotten meanwhile; `root.json` has to be in it (the trusted root, at first)
 * @param now - the start of the update, fixed for all of it
 * @param known - filled with what was verified
 * @throws RefusalError ROOT_INVALID, TIMESTAMP_MISSING, SIGNATURE_INVALID, THRESHOLD_NOT_MET, SNAPSHOT_MISSING, SNAPSHOT_MISMATCH, TARGETS_MISSING, TARGETS_MISMATCH, METADATA_ROLLBACK, METADATA_EXPIRED, and what the parsers throw
 * @see TUF specification 1.0.34, section 5
 */
export function* refreshClient(memory: ClientMemory, now: Instant, known: Known = new Map()): ClientWalk<Trusted> {
  const top = yield* updateToSnapshot(memory, now, known);
  const targets = yield* updateTargets(top.root, top.snapshot, memory, now, known);
  return { ...top, targets };
}

/**
 * The same as far as a client goes that wants no target: of the targets roles it reads targets.json only.
 * @throws RefusalError - as refreshClient does
 */
export function* refreshTopLevel(memory: ClientMemory, now: Instant, known: Known = new Map()): ClientWalk<Trusted> {
  const top = yield* updateToSnapshot(memory, now, known);
  const targets = yield* updateRole(topLevel(top.root), top.root, top.snapshot, memory, now);
  known.set('targets', targets);
  return { ...top, targets: new Map([['targets', targets]]) };
}

/** What is verified and unexpired so far, by role: filled while a walk goes on, so that it can be told of a walk that was refused. A root may be expired. */
export type Known = Map<string, Metadata>;

function* updateToSnapshot(memory: ClientMemory, now: Instant, known: Known): ClientWalk<Omit<Trusted, 'targets'>> {
  const root = yield* updateRoot(beginFromMemory(memory), known);
  notExpired(root, now); // 5.3.10
  const timestamp = yield* updateTimestamp(root, memory, now);
  known.set('timestamp', timestamp);
  const snapshot = yield* updateSnapshot(root, timestamp, memory, now);
  known.set('snapshot', snapshot);
  return { root, timestamp, snapshot };
}

function beginFromMemory(memory: ClientMemory): RootChain {
  const bytes = memory.get('root.json');
  if (bytes === undefined) throw new RefusalError('NO_BASELINE', 'The client has no root to begin with.');
  return beginChain(bytes);
}

/** 5.3: every next root, until there is none. Each is kept at once; expiry is judged after the chain. */
function* updateRoot(begun: RootChain, known: Known): ClientWalk<Verified<Root>> {
  let chain = begun;
  known.set('root', latest(chain));
  for (let found = 0; found < MAX_NEW_ROOTS; found++) {
    const file = `${latest(chain).version + 1}.root.json`;
    const bytes = yield { do: 'fetch', file, maxBytes: MAX_BYTES.root }; // 5.3.3
    if (bytes === undefined) break;
    const extended = extendChain(chain, bytes, file); // 5.3.4, 5.3.5
    yield* forget(latest(chain), latest(extended)); // 5.3.11
    yield { do: 'store', name: 'root.json', bytes }; // 5.3.8
    chain = extended;
    known.set('root', latest(chain));
  }
  return latest(chain);
}

/**
 * 5.3.11: where a root takes a key away from a role, what that role signed is forgotten, so that a version which a thief ran up binds nobody.
 * One key is enough: nobody knows with which others its thief signed. Done before the root is kept: whoever is cut off in between does both again.
 */
function* forget(before: Root, after: Root): ClientWalk<void> {
  const lostKey = (role: RoleType): boolean => {
    const still = keyContents(after, role);
    return Array.from(keyContents(before, role)).some((content) => !still.has(content));
  };
  const isSnapshot = lostKey('snapshot');
  if (isSnapshot) yield { do: 'forget', name: 'snapshot.json' };
  if (isSnapshot || lostKey('timestamp')) yield { do: 'forget', name: 'timestamp.json' };
}

function keyContents(root: Root, role: RoleType): ReadonlySet<string> {
  return new Set(Array.from(keysOf(root.roles[role], root.keys).values(), ({ content }) => content));
}

/** 5.4: the timestamp. An equal version stays as it is kept. */
function* updateTimestamp(root: Verified<Root>, memory: ClientMemory, now: Instant): ClientWalk<Verified<Timestamp>> {
  const verify = (bytes: Uint8Array): Verified<Timestamp> =>
    verified(parseTimestamp(bytes), root.roles.timestamp, root.keys, 'timestamp'); // 5.4.2
  const kept = remembered(memory, 'timestamp.json', verify);
  const bytes = yield { do: 'fetch', file: 'timestamp.json', maxBytes: MAX_BYTES.timestamp }; // 5.4.1
  if (bytes === undefined) throw new RefusalError('TIMESTAMP_MISSING', 'timestamp.json is missing.');
  const fresh = verify(bytes);
  if (kept !== undefined) {
    notLower(fresh.file, fresh.version, kept.version); // 5.4.3.1
    if (fresh.version === kept.version) return notExpired(kept, now);
    notLower('snapshot.json', fresh.snapshot.version, kept.snapshot.version); // 5.4.3.2
  }
  notExpired(fresh, now); // 5.4.4
  yield { do: 'store', name: 'timestamp.json', bytes }; // 5.4.5
  return fresh;
}

/** 5.5: the snapshot that the timestamp names; not fetched if it is the one that is kept. */
function* updateSnapshot(
  root: Verified<Root>,
  timestamp: Verified<Timestamp>,
  memory: ClientMemory,
  now: Instant,
): ClientWalk<Verified<Snapshot>> {
  const { snapshot: entry } = timestamp;
  const verify = (bytes: Uint8Array): Verified<Snapshot> =>
    verified(parseSnapshot(bytes), root.roles.snapshot, root.keys, 'snapshot'); // 5.5.3
  const kept = remembered(memory, 'snapshot.json', verify);
  if (kept?.version === entry.version && differs(kept.bytes, entry) === undefined) return notExpired(kept, now);
  const file = root.consistentSnapshot ? `${entry.version}.snapshot.json` : 'snapshot.json';
  const bytes = yield { do: 'fetch', file, maxBytes: limit(entry, MAX_BYTES.snapshot) }; // 5.5.1
  if (bytes === undefined) throw new RefusalError('SNAPSHOT_MISSING', `${file} is missing; timestamp.json names it.`);
  namedBy(bytes, entry, file, 'timestamp.json', 'SNAPSHOT_MISMATCH'); // 5.5.2
  const fresh = verify(bytes);
  sameVersion(fresh.version, entry, file, 'SNAPSHOT_MISMATCH'); // 5.5.4
  if (kept !== undefined) notRolledBack(fresh, kept); // 5.5.5
  notExpired(fresh, now); // 5.5.6
  yield { do: 'store', name: 'snapshot.json', bytes }; // 5.5.7
  return fresh;
}

/**
 * No targets role of a snapshot goes back in version or vanishes against an older one.
 * @throws RefusalError METADATA_ROLLBACK
 * @see TUF specification, section 5.5.5
 */
export function notRolledBack(
  fresh: Pick<Snapshot, 'file' | 'version' | 'meta'>,
  older: { readonly meta: ReadonlyMap<string, { readonly version: number }> },
): void {
  for (const [name, { version }] of older.meta) {
    const entry = fresh.meta.get(name);
    if (entry === undefined)
      throw new RefusalError(
        'METADATA_ROLLBACK',
        `${fresh.file} (version ${fresh.version}) no longer lists ${quote(name)}.`,
      );
    notLower(printable(name), entry.version, version);
  }
}

/** Who has to sign a targets role: the root says it of targets.json, a targets role of those that it delegates to. */
export interface Delegation {
  readonly name: string;
  readonly role: Role;
  readonly keys: Keys;
}

/** The delegation of targets.json. */
export function topLevel(root: Verified<Root>): Delegation {
  return { name: 'targets', role: root.roles.targets, keys: root.keys };
}

/**
 * The part of the workflow about targets: targets.json and, in pre-order, every delegated role that the snapshot lists. A role reached twice is read once.
 * @throws RefusalError TARGETS_MISSING, TARGETS_MISMATCH, SIGNATURE_INVALID, THRESHOLD_NOT_MET, METADATA_EXPIRED, and what parseTargets throws
 * @see TUF specification, section 5.6
 */
export function* updateTargets(
  root: Verified<Root>,
  snapshot: Verified<Snapshot>,
  memory: ClientMemory,
  now: Instant,
  known: Known = new Map(),
): ClientWalk<ReadonlyMap<string, Verified<Targets>>> {
  const trusted = new Map<string, Verified<Targets>>();
  const open: Delegation[] = [topLevel(root)];
  for (let delegation = open.pop(); delegation !== undefined; delegation = open.pop()) {
    if (!snapshot.meta.has(`${delegation.name}.json`) || trusted.has(delegation.name)) continue;
    const targets = yield* updateRole(delegation, root, snapshot, memory, now);
    trusted.set(delegation.name, targets);
    known.set(delegation.name, targets);
    for (const role of targets.delegations.toReversed()) open.push({ name: role.name, role, keys: targets.keys });
  }
  return trusted;
}

/**
 * One targets role that the snapshot lists; not fetched if it is the one that is kept.
 * @throws RefusalError TARGETS_MISSING, TARGETS_MISMATCH, SIGNATURE_INVALID, THRESHOLD_NOT_MET, METADATA_EXPIRED, and what parseTargets throws
 * @see TUF specification, section 5.6
 */
export function* updateRole(
  delegation: Delegation,
  { consistentSnapshot }: Verified<Root>,
  snapshot: Verified<Snapshot>,
  memory: ClientMemory,
  now: Instant,
): ClientWalk<Verified<Targets>> {
  const name = fileOf(delegation.name);
  const entry = snapshot.meta.get(`${delegation.name}.json`);
  if (entry === undefined) throw new RefusalError('TARGETS_MISSING', `The snapshot does not list ${quote(name)}.`);
  const verify = (bytes: Uint8Array): Verified<Targets> =>
    verified(parseTargets(bytes, name), delegation.role, delegation.keys, delegation.name); // 5.6.3
  const kept = remembered(memory, name, verify);
  if (kept?.version === entry.version && differs(kept.bytes, entry) === undefined) return notExpired(kept, now);
  const file = consistentSnapshot ? `${entry.version}.${name}` : name;
  const bytes = yield { do: 'fetch', file, maxBytes: limit(entry, MAX_BYTES.targets) }; // 5.6.1
  if (bytes === undefined) throw new RefusalError('TARGETS_MISSING', `${file} is missing; the snapshot names it.`);
  namedBy(bytes, entry, file, 'the snapshot', 'TARGETS_MISMATCH'); // 5.6.2
  const fresh = verify(bytes);
  sameVersion(fresh.version, entry, file, 'TARGETS_MISMATCH'); // 5.6.4
  notExpired(fresh, now); // 5.6.5
  yield { do: 'store', name, bytes }; // 5.6.6
  return fresh;
}

/** What is kept, if it still verifies; else it is as good as absent. Its expiry is not judged: an expired file still counts against rollback. */
function remembered<T>(memory: ClientMemory, name: string, verify: (bytes: Uint8Array) => T): T | undefined {
  const bytes = memory.get(name);
  if (bytes === undefined) return undefined;
  try {
    return verify(bytes);
  } catch (error) {
    if (error instanceof RefusalError) return undefined;
    throw error;
  }
}

/** How much of a file is read: what its entry says, but never more than the role may have. */
function limit({ length = Infinity }: MetaFile, most: number): number {
  return Math.min(length, most);
}

function notExpired<T extends { readonly file: string; readonly version: number; readonly expires: Instant }>(
  metadata: T,
  now: Instant,
): T {
  if (metadata.expires > now) return metadata;
  throw new RefusalError(
    'METADATA_EXPIRED',
    `${metadata.file} (version ${metadata.version}) expired at ${formatInstant(metadata.expires)}.`,
  );
}

function notLower(file: string, version: number, known: number): void {
  if (version < known)
    throw new RefusalError('METADATA_ROLLBACK', `${file} has version ${version}, lower than the known ${known}.`);
}

function namedBy(
  bytes: Uint8Array,
  entry: MetaFile,
  file: string,
  by: string,
  code: 'SNAPSHOT_MISMATCH' | 'TARGETS_MISMATCH',
): void {
  const difference = differs(bytes, entry);
  if (difference !== undefined)
    throw new RefusalError(code, `${file} is not the one that ${by} names: it ${difference}.`);
}

function sameVersion(
  version: number,
  entry: MetaFile,
  file: string,
  code: 'SNAPSHOT_MISMATCH' | 'TARGETS_MISMATCH',
): void {
  if (version !== entry.version) throw new RefusalError(code, `${file} has version ${version}, not ${entry.version}.`);
}
