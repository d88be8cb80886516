import { RefusalError } from '../contract/errors.ts';
import { differs } from '../tuf/meta-file.ts';
import type { Instant } from '../tuf/instant.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Verified } from '../tuf/verify.ts';
import type { Identity, Journal, Recorded } from './journal.ts';
import { knownSnapshot } from './snapshot-verdict.ts';
import type { Current, PublishedSnapshot } from './state.ts';

/** What a journal is begun from. */
export interface Beginning {
  readonly identity: Identity;
  /** The timestamp to begin from, and the root under which it verifies; undefined if there is none. */
  readonly first: Recorded | undefined;
  readonly current: Current;
  readonly snapshot: PublishedSnapshot;
  readonly epoch: number;
  readonly floor: number;
}

/**
 * Begins a journal from a timestamp that verifies and names the published snapshot. There is no other way to begin: nothing is taken on faith.
 * @throws RefusalError NO_BASELINE without a timestamp; SNAPSHOT_MISSING, SNAPSHOT_MISMATCH, SNAPSHOT_ROLLBACK, SNAPSHOT_NOT_ENDORSED, and why timestamp or snapshot do not verify
 */
export function beginJournal({ identity, first, current, snapshot, epoch, floor }: Beginning, now: Instant): Journal {
  if (first === undefined) throw noBaseline(current);
  return {
    identity,
    epoch,
    floor,
    entry: undefined,
    seen: { ...first, since: now },
    snapshot: knownSnapshot(namedSnapshot(snapshot, first.timestamp)),
    healDueAt: undefined,
    badSince: {},
    heals: [],
    probedAt: undefined,
  };
}

function noBaseline(current: Current): RefusalError {
  if (current.is === 'unverified') {
    const { code, message } = current.because;
    return new RefusalError(code, `${message} Is the trusted root that of this repository?`);
  }
  return new RefusalError(
    'NO_BASELINE',
    'timestamp.json is missing, so there is nothing to begin from: a first version 1 would be a rollback for clients.',
  );
}

function namedSnapshot(published: PublishedSnapshot, { snapshot: named }: Timestamp): Verified<Snapshot> {
  if (published.is === 'absent')
    throw new RefusalError(
      'SNAPSHOT_MISSING',
      `${published.file} is missing; timestamp.json names version ${named.version}.`,
    );
  if (published.is === 'invalid') throw published.because;
  const { snapshot } = published;
  const found = `${snapshot.file} has version ${snapshot.version}; timestamp.json names ${named.version}.`;
  if (snapshot.version < named.version) throw new RefusalError('SNAPSHOT_ROLLBACK', found);
  if (snapshot.version > named.version) throw new RefusalError('SNAPSHOT_NOT_ENDORSED', found);
  const difference = differs(snapshot.bytes, named);
  if (difference === undefined) return snapshot;
  throw new RefusalError(
    'SNAPSHOT_MISMATCH',
    `${snapshot.file} (version ${snapshot.version}) is not the one that timestamp.json names: it ${difference}.`,
  );
}
