const MINUTE = 60; // seconds
const HOUR = 3_600; // seconds
const DAY = 86_400; // seconds

/** What holds where nothing else is said: for a directory, for a deployment, and in the JSON Schema. Durations are in seconds. */
export const DEFAULTS = {
  /** How long a new timestamp lives. */
  validity: 14 * DAY,
  /** How old a timestamp is when the next one is signed. */
  resignAfter: 3 * DAY,
  /** How often somebody looks: a publisher's blind put breaks clients until the next look, and 720 a month cost nothing. */
  check: HOUR,
  /** How long a cache in front of the repository may keep what is stale. */
  cacheMax: 10 * MINUTE,
  /** How long the repository may stay below the publisher's receipt before that refuses. */
  freezeGrace: DAY,
  /** How far somebody else's timestamp may be ahead of ours. */
  maxVersionJump: 1_000_000,
  mode: 'refresh',
} as const;

/** The bounds of a timestamp's life: a shorter one dies between two checks, a longer one can be replayed for too long. */
export const VALIDITY_BOUNDS = { least: HOUR, most: 31 * DAY } as const;
