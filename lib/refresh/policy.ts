import { DEFAULTS, VALIDITY_BOUNDS } from '../contract/defaults.ts';
import { UsageError } from '../contract/errors.ts';
import { minutes, seconds, type Seconds } from '../tuf/instant.ts';

/** How one repository is kept fresh. Durations are in seconds. */
export interface Policy {
  /** refresh: extend time only for the snapshot that a holder of the timestamp key endorsed. advance: endorse a newer one after checking it. */
  readonly mode: 'refresh' | 'advance';
  /** How long a new timestamp lives. */
  readonly validity: Seconds;
  /** How old a timestamp is when the next one is signed. */
  readonly resignAfter: Seconds;
  /** How often somebody looks. */
  readonly check: Seconds;
  /** How long a cache in front of the repository may keep what is stale. */
  readonly cacheMax: Seconds;
  /** How long the repository may stay below the publisher's receipt before that refuses. */
  readonly freezeGrace: Seconds;
  /** How far somebody else's timestamp may be ahead of ours. */
  readonly maxVersionJump: number;
  /** The least time between two signatures, healing apart. 0 in a directory on one's own machine. */
  readonly minInterval: Seconds;
}

/** What holds where nothing else is said. */
export const DEFAULT_POLICY: Policy = {
  mode: DEFAULTS.mode,
  validity: seconds(DEFAULTS.validity),
  resignAfter: seconds(DEFAULTS.resignAfter),
  check: seconds(DEFAULTS.check),
  cacheMax: seconds(DEFAULTS.cacheMax),
  freezeGrace: seconds(DEFAULTS.freezeGrace),
  maxVersionJump: DEFAULTS.maxVersionJump,
  minInterval: minutes(10),
};

/** The bounds of a timestamp's life. */
export const MIN_VALIDITY = seconds(VALIDITY_BOUNDS.least);
export const MAX_VALIDITY = seconds(VALIDITY_BOUNDS.most);

/** A repository of our own choice: the policy, checked. */
export function checkedPolicy(policy: Policy): Policy {
  const { validity, resignAfter, check } = policy;
  if (validity < MIN_VALIDITY || validity > MAX_VALIDITY)
    throw new UsageError('The validity has to be between 1 hour and 31 days.');
  if (resignAfter < seconds(1)) throw new UsageError('The time until the next signature has to be 1 second or more.');
  if (resignAfter + check > validity) {
    throw new UsageError('The validity has to be longer than the time until the next signature plus one check.');
  }
  return policy;
}
