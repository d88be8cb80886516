import { after, type Instant } from '../tuf/instant.ts';
import { latest } from '../tuf/root-chain.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { BadSince, Entry, Journal } from './journal.ts';
import type { Policy } from './policy.ts';
import type { Row } from './row.ts';
import { knownSnapshot, type SnapshotVerdict } from './snapshot-verdict.ts';
import type { State } from './state.ts';

/** What looking taught: a new timestamp of somebody else with its snapshot, and since when something is wrong. */
export function observe(
  state: State,
  row: Row,
  verdict: SnapshotVerdict,
  isBelowReceipt: boolean,
  policy: Policy,
  now: Instant,
): Journal {
  const { journal, chain } = state;
  const since = (key: keyof BadSince, isBad: boolean) => (isBad ? { [key]: journal.badSince[key] ?? now } : {});
  const observed: Journal = {
    ...journal,
    badSince: {
      ...since('timestamp', row.is === 'unverifiable'),
      ...since('snapshot', verdict.is === 'refused'),
      ...since('receipt', isBelowReceipt),
    },
  };
  if (row.is !== 'published' || verdict.is === 'refused') return observed;
  const seen = { timestamp: row.timestamp, rootVersion: latest(chain).version, since: now };
  return { ...observed, seen, ...(verdict.is === 'endorsed' ? endorse(journal, verdict.snapshot, policy, now) : {}) };
}

/**
 * The journal after a signature, written before the timestamp is published.
 * @param entry - what is about to be published
 * @param snapshot - what it names
 * @param heals - the cause that it repairs, if any
 */
export function record(
  journal: Journal,
  entry: Entry,
  snapshot: Snapshot,
  heals: string | undefined,
  policy: Policy,
): Journal {
  const now = entry.issuedAt;
  const recent = journal.heals.filter(({ at }) => now < after(at, policy.minInterval));
  const kept = {
    ...journal,
    healDueAt: journal.healDueAt !== undefined && journal.healDueAt <= now ? undefined : journal.healDueAt,
  };
  return {
    ...kept,
    ...endorse(kept, snapshot, policy, now),
    entry,
    seen: undefined,
    badSince: {},
    heals: heals === undefined ? recent : [...recent, { cause: heals, at: now }],
  };
}

/** The snapshot that is endorsed from now on. A change makes one more signature due, for clients that saw a stale one in a cache. */
function endorse(
  { snapshot: known, healDueAt }: Pick<Journal, 'snapshot' | 'healDueAt'>,
  snapshot: Snapshot,
  { cacheMax }: Policy,
  now: Instant,
): Pick<Journal, 'snapshot' | 'healDueAt'> {
  const isNew = known.sha256 !== snapshot.sha256;
  return { snapshot: knownSnapshot(snapshot), healDueAt: isNew ? after(now, cacheMax) : healDueAt };
}
