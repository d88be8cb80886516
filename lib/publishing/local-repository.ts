import { join } from 'node:path';
import { walk } from '../client/update.ts';
import { RefusalError, unlessRefused } from '../contract/errors.ts';
import { directoryStore } from '../stores/directory.ts';
import type { Store } from '../stores/store.ts';
import { fileOf, refreshClient, updateTargets } from '../tuf/client.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { BEFORE_ALL_EXPIRY } from '../tuf/instant.ts';
import { beginChain, latest } from '../tuf/root-chain.ts';
import type { Root } from '../tuf/root.ts';
import { parseSnapshot, type Snapshot } from '../tuf/snapshot.ts';
import type { Targets } from '../tuf/targets.ts';
import { parseTimestamp, type Timestamp } from '../tuf/timestamp.ts';
import { verified, type Verified } from '../tuf/verify.ts';

/** The metadata of our folder: whole, and verified from its own newest root. It may have expired. */
export interface LocalRepository {
  /** Every root that is there, root.json among them, by version. */
  readonly roots: ReadonlyMap<number, Uint8Array>;
  readonly root: Verified<Root>;
  readonly snapshot: Verified<Snapshot>;
  /** Undefined where the signer makes it, and ours does not name the snapshot. */
  readonly timestamp: Verified<Timestamp> | undefined;
  /** targets.json and the delegated roles that the snapshot lists, by role name. */
  readonly targets: ReadonlyMap<string, Verified<Targets>>;
  /** The snapshot as it is to be served: under its own name, and under the plain one where that is there too. */
  readonly snapshotFiles: ReadonlyMap<string, Uint8Array>;
  /** The same of every targets role. */
  readonly targetsFiles: ReadonlyMap<string, Uint8Array>;
}

/** Which files are looked at beyond those that clients are led to. */
export interface LocalOptions {
  /** The timestamp is the signer's: ours is not needed, and need not fit. */
  readonly withoutTimestamp: boolean;
}

/**
 * Reads the metadata of a folder and verifies that it fits together: every signature, version, length and hash, delegations too.
 * @param folder - with the metadata
 * @throws RefusalError ROOT_INVALID, and what a client refuses with
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export async function readLocal(folder: string, { withoutTimestamp }: LocalOptions): Promise<LocalRepository> {
  const store = directoryStore(folder);
  const names = await store.list();
  const roots = await readRoots(store, names);
  const newest = Math.max(...roots.keys());
  const root = latest(beginChain(roots.get(newest) ?? new Uint8Array()));
  const memory = new Map([['root.json', root.bytes]]);
  const trusted = withoutTimestamp
    ? await withoutItsTimestamp(store, names, root)
    : await walk(refreshClient(memory, BEFORE_ALL_EXPIRY), readWhole(store), memory);

  const { snapshot, timestamp, targets } = trusted;
  const files = async (role: string, version: number, bytes: Uint8Array) => {
    const plain = fileOf(role);
    if (!root.consistentSnapshot) return [[plain, bytes] as const];
    const numbered = [`${version}.${plain}`, bytes] as const;
    // The plain one is go-tuf's own; it is published where it is the same.
    const beside = names.includes(plain) ? await store.get(plain, MAX_BYTES.targets) : undefined;
    return beside !== undefined && Buffer.from(beside.bytes).equals(bytes) ? [numbered, [plain, bytes] as const] : [numbered]; // prettier-ignore
  };
  const targetsFiles = await Promise.all(Array.from(targets, ([role, { version, bytes }]) => files(role, version, bytes))); // prettier-ignore
  return {
    roots,
    root,
    snapshot,
    timestamp,
    targets,
    snapshotFiles: new Map(await files('snapshot', snapshot.version, snapshot.bytes)),
    targetsFiles: new Map(targetsFiles.flat()),
  };
}

/** The folder that a repository's targets lie in. */
export function targetsFolder(folder: string): string {
  return join(folder, 'targets');
}

/** The roots alone, for whoever puts them back. @throws RefusalError ROOT_INVALID */
export async function readLocalRoots(folder: string): Promise<ReadonlyMap<number, Uint8Array>> {
  const store = directoryStore(folder);
  return readRoots(store, await store.list());
}

/** @throws RefusalError ROOT_INVALID */
async function readRoots(store: Store, names: readonly string[]): Promise<ReadonlyMap<number, Uint8Array>> {
  const roots = new Map<number, Uint8Array>();
  for (const [name, version] of numberedRoots(names)) {
    const stored = await store.get(name, MAX_BYTES.root);
    if (stored !== undefined) roots.set(version, stored.bytes);
  }
  const plain = await store.get('root.json', MAX_BYTES.root);
  if (plain === undefined) {
    if (roots.size === 0) throw new RefusalError('ROOT_INVALID', 'root.json is missing.');
    return roots;
  }
  const { version } = latest(beginChain(plain.bytes));
  const newer = Math.max(version, ...roots.keys());
  if (newer > version) throw new RefusalError('ROOT_INVALID', `root.json is older than ${newer}.root.json.`);
  const numbered = roots.get(version);
  if (numbered !== undefined && !Buffer.from(numbered).equals(plain.bytes))
    throw new RefusalError('ROOT_INVALID', `${version}.root.json is not the root.json that is there.`);
  return roots.set(version, plain.bytes);
}

/** The names that are numbered roots, with their versions, oldest first. */
export function numberedRoots(names: readonly string[]): readonly (readonly [name: string, version: number])[] {
  return names
    .flatMap((name) => {
      const [, digits] = /^([1-9]\d{0,14})\.root\.json$/.exec(name) ?? [];
      return digits === undefined ? [] : [[name, Number(digits)] as const];
    })
    .sort(([, one], [, other]) => one - other);
}

/** A file that is longer than what names it says is read all the same: then it is said to be another one. */
function readWhole(store: Store): Store {
  return { ...store, get: (name, maxBytes) => store.get(name, Math.max(maxBytes, MAX_BYTES.snapshot)) };
}

/** In advance mode ours may be old: it is not what will be published. */
async function withoutItsTimestamp(
  store: Store,
  names: readonly string[],
  root: Verified<Root>,
): Promise<Pick<LocalRepository, 'snapshot' | 'timestamp' | 'targets'>> {
  const name = root.consistentSnapshot ? newestSnapshot(names) : 'snapshot.json';
  const stored = name === undefined ? undefined : await store.get(name, MAX_BYTES.snapshot);
  if (stored === undefined) throw new RefusalError('SNAPSHOT_MISSING', `${name ?? 'snapshot.json'} is missing.`);
  const snapshot = verified(parseSnapshot(stored.bytes, name), root.roles.snapshot, root.keys, 'snapshot');
  const targets = await walk(updateTargets(root, snapshot, new Map(), BEFORE_ALL_EXPIRY), readWhole(store), new Map());
  const bytes = await store.get('timestamp.json', MAX_BYTES.timestamp);
  return { snapshot, targets, timestamp: bytes && fitting(bytes.bytes, root) };
}

function fitting(bytes: Uint8Array, root: Verified<Root>): Verified<Timestamp> | undefined {
  return unlessRefused(() => verified(parseTimestamp(bytes), root.roles.timestamp, root.keys, 'timestamp'));
}

/** The name of the newest numbered snapshot. */
export function newestSnapshot(names: readonly string[]): string | undefined {
  const versions = names.map((name) => Number(/^(\d{1,15})\.snapshot\.json$/.exec(name)?.[1] ?? 0));
  const newest = Math.max(0, ...versions);
  return newest === 0 ? undefined : `${newest}.snapshot.json`;
}
