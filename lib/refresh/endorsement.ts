import { agrees } from '../tuf/meta-file.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Journal } from './journal.ts';
import type { Current, State } from './state.ts';

/**
 * T: the newest timestamp that the journal knows, ours or somebody else's.
 * Undefined right after a person began the journal again without any.
 */
export function newestKnown({ entry, seen }: Journal): Timestamp | undefined {
  if (entry === undefined || seen === undefined) return (entry ?? seen)?.timestamp;
  return seen.timestamp.version > entry.timestamp.version ? seen.timestamp : entry.timestamp;
}

/**
 * The published timestamp, if it counts: it verifies under the latest root, or the journal knew its exact bytes before that root came.
 * What does not count moves neither version nor snapshot: a revoked, stolen key must not dictate to the new one.
 */
export function counting(current: Current, journal: Journal): Timestamp | undefined {
  if (current.is === 'verified') return current.timestamp;
  if (current.is === 'absent') return undefined;
  return known(journal).find(({ sha256 }) => sha256 === current.sha256);
}

/**
 * E: the endorsement that we extend, the statement with the highest snapshot version among the counting timestamp and those of the journal.
 * Where the snapshot is the same, the newest timestamp speaks.
 */
export function endorsement({ current, journal }: Pick<State, 'current' | 'journal'>): Timestamp | undefined {
  const candidates = known(journal).concat(counting(current, journal) ?? []);
  return candidates.sort((a, b) => b.snapshot.version - a.snapshot.version || b.version - a.version)[0];
}

/** Whether a counting timestamp and the journal name two different snapshots of one version. */
export function equivocates({ current, journal }: Pick<State, 'current' | 'journal'>): boolean {
  const counts = counting(current, journal);
  if (counts === undefined) return false;
  return known(journal).some(
    ({ snapshot }) => snapshot.version === counts.snapshot.version && !agrees(snapshot, counts.snapshot),
  );
}

/** Whether a timestamp names the snapshot that another names. */
export function namesSameSnapshot(one: Timestamp, other: Timestamp): boolean {
  return agrees(one.snapshot, other.snapshot);
}

function known({ entry, seen }: Journal): readonly Timestamp[] {
  return [entry?.timestamp, seen?.timestamp].filter((timestamp) => timestamp !== undefined);
}
