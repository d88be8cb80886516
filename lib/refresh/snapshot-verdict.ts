import type { RefusalCode } from '../contract/codes.ts';
import { isRefusal } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { notRolledBack } from '../tuf/client.ts';
import { differs, knownHashes } from '../tuf/meta-file.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Verified } from '../tuf/verify.ts';
import type { KnownSnapshot } from './journal.ts';
import type { Policy } from './policy.ts';
import type { State } from './state.ts';

/** How long a snapshot that must not be signed over may be half of a publish. */
export type Grace = 'none' | 'one check' | 'one check if named' | 'two checks';

/** What the published snapshot is to the endorsement that we extend. */
export type SnapshotVerdict =
  /** It is the endorsed one. */
  | { readonly is: 'endorsed'; readonly snapshot: Verified<Snapshot> }
  /** In advance mode: it is newer, and passed what a client checks that knew the endorsed one. */
  | { readonly is: 'newer'; readonly snapshot: Verified<Snapshot> }
  /** It must not be signed over. */
  | { readonly is: 'refused'; readonly code: RefusalCode; readonly message: string; readonly grace: Grace };

/**
 * Judges the snapshot that clients will fetch: invariants S1, S2 and S3.
 * @param base - E, the endorsement that is extended
 * @see TUF specification, section 5.5
 */
export function judgeSnapshot(state: State, base: Timestamp, { mode }: Policy, now: Instant): SnapshotVerdict {
  const { snapshot: published, journal } = state;
  const named = base.snapshot;
  if (published.is === 'absent') {
    const message = `${published.file} is missing; version ${named.version} of the snapshot is endorsed.`;
    return refused('SNAPSHOT_MISSING', message, 'one check if named');
  }
  if (published.is === 'invalid') return refused(published.because.code, published.because.message, 'none');
  const { snapshot } = published;
  const { file, version } = snapshot;
  if (version < named.version) {
    const grace = snapshot.sha256 === journal.snapshot.sha256 ? 'one check if named' : 'none';
    return refused('SNAPSHOT_ROLLBACK', `${file} has version ${version}; version ${named.version} is endorsed.`, grace);
  }
  if (version > named.version) {
    if (mode === 'advance') return judgeNewer(state, snapshot, now);
    const message = `${file} has version ${version}, but no timestamp names it; version ${named.version} is endorsed.`;
    return refused('SNAPSHOT_NOT_ENDORSED', message, 'two checks');
  }
  const difference = differs(snapshot.bytes, named);
  if (difference !== undefined) {
    return refused(
      'SNAPSHOT_MISMATCH',
      `${file} (version ${version}) is not the endorsed one: it ${difference}.`,
      'none',
    );
  }
  if (version === journal.snapshot.version && snapshot.sha256 !== journal.snapshot.sha256) {
    return refused(
      'EQUIVOCATION',
      `${file} has version ${version} like the one that is known, but other contents.`,
      'none',
    );
  }
  if (mode === 'advance') {
    const incomplete = targetsRefusal(state, 'endorsed');
    if (incomplete !== undefined) return incomplete;
  }
  return { is: 'endorsed', snapshot };
}

/** S3: what a client checks that knew the endorsed snapshot, before a newer one is endorsed. */
function judgeNewer(state: State, snapshot: Verified<Snapshot>, now: Instant): SnapshotVerdict {
  if (snapshot.expires <= now) {
    return refused(
      'METADATA_EXPIRED',
      `${snapshot.file} version ${snapshot.version} expired at ${formatInstant(snapshot.expires)}.`,
      'none',
    );
  }
  try {
    notRolledBack(snapshot, state.journal.snapshot);
  } catch (error) {
    if (isRefusal(error)) return refused(error.code, error.message, 'none');
    throw error;
  }
  const dropped = droppedAlgorithm(snapshot, state.journal.snapshot);
  if (dropped !== undefined) return refused('METADATA_ROLLBACK', dropped, 'none');
  return targetsRefusal(state, 'newer') ?? { is: 'newer', snapshot };
}

function droppedAlgorithm({ file, meta }: Snapshot, known: KnownSnapshot): string | undefined {
  for (const [name, { algorithms }] of known.meta) {
    const dropped = algorithms.find((algorithm) => meta.get(name)?.hashes.has(algorithm) === false);
    if (dropped !== undefined) return `${file} no longer gives the ${printable(dropped)} hash of ${printable(name)}.`;
  }
  return undefined;
}

/**
 * The targets metadata that the snapshot names. Expiry alone does not stop time from being extended for what is endorsed already.
 * A publish puts targets metadata first: under a newer snapshot it may be on its way, and under the endorsed one it may be newer already.
 */
function targetsRefusal({ targets }: State, which: 'endorsed' | 'newer'): SnapshotVerdict | undefined {
  if (targets.is !== 'refused') return undefined;
  const { code, message } = targets.because;
  if (code === 'METADATA_EXPIRED' && which === 'endorsed') return undefined;
  const mayBeUnderWay = code === 'TARGETS_MISMATCH' || (code === 'TARGETS_MISSING' && which === 'newer');
  return refused(code, message, mayBeUnderWay ? 'one check' : 'none');
}

/** What the journal keeps of a snapshot. */
export function knownSnapshot({ version, sha256, meta }: Snapshot): KnownSnapshot {
  const roles = Array.from(
    meta,
    ([name, entry]) => [name, { version: entry.version, algorithms: knownHashes(entry.hashes) }] as const,
  );
  return { version, sha256, meta: new Map(roles) };
}

function refused(code: RefusalCode, message: string, grace: Grace): SnapshotVerdict {
  return { is: 'refused', code, message, grace };
}
