import { isRefusal, type RefusalError } from '../contract/errors.ts';
import type { ReadStore, Store } from '../stores/store.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import type { Root } from '../tuf/root.ts';
import { latest, type RootChain } from '../tuf/root-chain.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import { endorsement } from './endorsement.ts';
import { parseJournal } from './journal-file.ts';
import type { Policy } from './policy.ts';
import { observeSnapshot, observeTimestamp, type Current, type PublishedSnapshot } from './state.ts';

/** With consistent snapshots, the file that clients will fetch, as far as it can be told before the newest root is known. */
export function expectedSnapshot(
  kept: RootChain,
  journalBytes: Uint8Array | undefined,
  timestampBytes: Uint8Array | undefined,
): string | undefined {
  const root = latest(kept);
  if (!root.consistentSnapshot) return undefined;
  const current = observeTimestamp(timestampBytes, root);
  const named = journalBytes === undefined ? publishedTimestamp(current) : endorsedSoFar(current, journalBytes, kept);
  return named && versionedName(named.snapshot.version);
}

function publishedTimestamp(current: Current): Timestamp | undefined {
  return current.is === 'verified' ? current.timestamp : undefined;
}

/** The journal may need a root that is yet to be found; then the snapshot is asked for in a round of its own. */
function endorsedSoFar(current: Current, journalBytes: Uint8Array, kept: RootChain): Timestamp | undefined {
  try {
    return endorsement({ current, journal: parseJournal(journalBytes, kept) });
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

const versionedName = (version: number): string => `${version}.snapshot.json`;

/** The file of the snapshot that is judged: the endorsed version's, or in advance mode the newest that is there. */
export async function snapshotName(
  hosting: ReadStore,
  root: Root,
  endorsed: number | undefined,
  names: readonly string[] | undefined,
  policy: Policy,
): Promise<string> {
  if (!root.consistentSnapshot || endorsed === undefined) return 'snapshot.json';
  const versions = (names ?? (await listed(hosting, root, policy)) ?? []).map((name) =>
    Number(/^(\d{1,15})\.snapshot\.json$/.exec(name)?.[1] ?? 0),
  );
  return versionedName(versions.reduce((newest, version) => Math.max(newest, version), endorsed));
}

/** The names in the repository, where they are needed: to find a newer snapshot among consistent ones. */
export async function listed(hosting: ReadStore, root: Root, { mode }: Policy): Promise<readonly string[] | undefined> {
  return mode === 'advance' && root.consistentSnapshot && 'list' in hosting ? (hosting as Store).list() : undefined;
}

/** A snapshot that is too large to be read is an invalid one, not the end of the run. */
export async function readSnapshot(hosting: ReadStore, file: string): Promise<Uint8Array | RefusalError | undefined> {
  try {
    return (await hosting.get(file, MAX_BYTES.snapshot))?.bytes;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

/** What was read, as a snapshot under the latest root. */
export function asSnapshot(read: Uint8Array | RefusalError | undefined, root: Root, file: string): PublishedSnapshot {
  return isRefusal(read) ? { is: 'invalid', because: read } : observeSnapshot(read, root, file);
}
