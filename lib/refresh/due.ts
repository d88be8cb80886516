import { after, before, seconds, type Instant } from '../tuf/instant.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Journal } from './journal.ts';
import { MAX_VALIDITY, type Policy } from './policy.ts';

/**
 * When a healthy timestamp is to be replaced: `resignAfter` after it was issued or first seen, or when no more than `validity - resignAfter` of its life is left,
 * or at `healDueAt`; at once if it lives beyond the hard bound, since a higher version ends its replay.
 * @param issuedAt - when it was issued (ours) or first seen (somebody else's)
 */
export function dueAt(
  timestamp: Pick<Timestamp, 'expires'>,
  issuedAt: Instant,
  healDueAt: Instant | undefined,
  policy: Policy,
  now: Instant,
): Instant {
  if (timestamp.expires > after(now, MAX_VALIDITY)) return now;
  const byAge = after(issuedAt, policy.resignAfter);
  const byLifeLeft = before(timestamp.expires, seconds(policy.validity - policy.resignAfter));
  return Math.min(byAge, byLifeLeft, healDueAt ?? Infinity) as Instant;
}

/** When the journal's newest timestamp was issued or first seen. */
export function issuedAt({ entry, seen }: Journal, timestamp: Timestamp): Instant | undefined {
  return entry?.timestamp.sha256 === timestamp.sha256 ? entry.issuedAt : seen?.since;
}
