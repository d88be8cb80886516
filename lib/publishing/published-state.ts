import { update } from '../client/update.ts';
import { isRefusal, unlessRefused } from '../contract/errors.ts';
import type { ReadStore, Stored } from '../stores/store.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { BEFORE_ALL_EXPIRY } from '../tuf/instant.ts';
import { parseTimestamp } from '../tuf/timestamp.ts';
import type { Destination, PublishedFile } from './destination.ts';
import { inParallel } from '../stores/in-parallel.ts';
import { newestSnapshot, numberedRoots, type LocalRepository } from './local-repository.ts';
import type { CheckedTarget } from './local-target.ts';

/** What is published now, as far as a publish is concerned. Nothing is verified yet. */
export interface PublishedState {
  /** `N.root.json`, by version. */
  readonly roots: ReadonlyMap<number, Stored>;
  /** root.json, timestamp.json, the snapshot that clients are led to, and whatever has a name that ours has; by name. */
  readonly files: ReadonlyMap<string, Stored>;
  /** The name of the snapshot that clients are led to, or will be. */
  readonly snapshot: string | undefined;
  /** The paths of targets that are published, where that is asked for and what is published is whole. */
  readonly listed: ReadonlySet<string> | undefined;
  /** What lies below `targets/`; the ones that have the content of ours are marked. */
  readonly targets: ReadonlyMap<string, PublishedFile & { readonly isOurs: boolean }>;
}

/** What is looked at. */
export interface LookOptions {
  /** Where the signer vouches for newer snapshots, the newest one is what counts. */
  readonly isAdvance: boolean;
  /** Also reads what is listed. */
  readonly withListed: boolean;
}

const AT_ONCE = 8; // requests

/**
 * Looks at what is published.
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export async function readPublishedState(
  { metadata, ...destination }: Destination,
  local: LocalRepository,
  checked: readonly CheckedTarget[],
  { isAdvance, withListed }: LookOptions,
): Promise<PublishedState> {
  const [names, targets] = await Promise.all([metadata.list(), destination.targets()]);
  const numbered = numberedRoots(names);
  const versioned = isAdvance && local.root.consistentSnapshot ? newestSnapshot(names) : undefined;
  const wanted = new Set(['root.json', 'timestamp.json', 'snapshot.json', ...local.snapshotFiles.keys(), ...local.targetsFiles.keys(), ...numbered.map(([name]) => name)]); // prettier-ignore
  const files = new Map<string, Stored>();
  const read = async (name: string) => {
    const stored = await readUnlessTooLarge(metadata, name);
    if (stored !== undefined) files.set(name, stored);
  };
  const there = new Set(names);
  // The file of a delegated role may lie under another name than is asked for: S3 decodes it.
  await inParallel([...wanted].filter((name) => there.has(name) || name.includes('%')), AT_ONCE, read); // prettier-ignore

  const snapshot = versioned ?? snapshotOf(files, local, there);
  if (snapshot !== undefined && !files.has(snapshot)) await read(snapshot);
  const roots = new Map(numbered.flatMap(([name, version]) => [files.get(name)].flatMap((stored) => stored ? [[version, stored] as const] : []))); // prettier-ignore

  const ours = new Set<string>();
  await inParallel(checked, AT_ONCE, async (file) => {
    const found = targets.get(file.name);
    if (found !== undefined && (await destination.isSame(found, file))) ours.add(file.name);
  });
  return {
    roots,
    files,
    snapshot,
    listed: withListed ? await listedTargets(metadata, roots, local.roots) : undefined,
    targets: new Map(Array.from(targets, ([name, file]) => [name, { ...file, isOurs: ours.has(name) }])),
  };
}

/** The numbered roots that are published, by version. @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED */
export async function readPublishedRoots({ metadata }: Destination): Promise<Pick<PublishedState, 'roots' | 'files'>> {
  const roots = new Map<number, Stored>();
  const names = await metadata.list();
  await inParallel(numberedRoots(names), AT_ONCE, async ([name, version]) => {
    const stored = await readUnlessTooLarge(metadata, name);
    if (stored !== undefined) roots.set(version, stored);
  });
  const plain = await readUnlessTooLarge(metadata, 'root.json');
  return { roots, files: new Map(plain === undefined ? [] : [['root.json', plain]]) };
}

/** What is too large for its kind is garbage; it is replaced like any other, so its token is needed. */
async function readUnlessTooLarge(store: ReadStore, name: string): Promise<Stored | undefined> {
  return store.get(name, 2 * MAX_BYTES.targets);
}

/** With consistent snapshots, the one that the published timestamp names. */
function snapshotOf(
  files: ReadonlyMap<string, Stored>,
  { root }: LocalRepository,
  there: ReadonlySet<string>,
): string | undefined {
  if (!root.consistentSnapshot) return files.has('snapshot.json') ? 'snapshot.json' : undefined;
  const timestamp = files.get('timestamp.json');
  if (timestamp === undefined) return undefined;
  const plain = files.has('snapshot.json') ? 'snapshot.json' : undefined; // until now there were none
  const name = unlessRefused(() => `${parseTimestamp(timestamp.bytes).snapshot.version}.snapshot.json`);
  return name !== undefined && there.has(name) ? name : plain;
}

/** As a client reads them that begins with the oldest root; undefined where it would not get through. */
async function listedTargets(
  metadata: ReadStore,
  published: ReadonlyMap<number, Stored>,
  ours: ReadonlyMap<number, Uint8Array>,
): Promise<ReadonlySet<string> | undefined> {
  const newest = Math.max(0, ...published.keys());
  const root = published.get(newest)?.bytes ?? ours.get(Math.max(...ours.keys()));
  if (root === undefined) return undefined;
  try {
    const { targets } = await update(metadata, new Map([['root.json', root]]), BEFORE_ALL_EXPIRY);
    return new Set(Array.from(targets.values(), (role) => Array.from(role.targets.keys())).flat());
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}
