import { UsageError } from '../contract/errors.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { after, days, LAST, type Instant, type Seconds } from '../tuf/instant.ts';

/** How long each role's metadata lives from the moment at which it is signed. */
export type Validity = Readonly<Record<RoleType, Seconds>>;

/** As fleetctl has it. */
export const VALIDITY = {
  root: days(3_650),
  targets: days(1_095),
  snapshot: days(1_095),
  timestamp: days(14),
} as const satisfies Validity;

/**
 * Until when what is signed now lives. A large targets.json is not read again before it is published, so it is judged here.
 * @throws UsageError for a moment that clients could not read, or that is over
 */
export function livesUntil(role: RoleType, now: Instant, life: Seconds): Instant {
  const expires = after(now, life);
  if (expires > now && expires <= LAST) return expires;
  throw new UsageError(`--${role}-validity leads to no date between now and the year 9999.`);
}
