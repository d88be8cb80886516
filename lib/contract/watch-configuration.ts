/** What the watchdog is configured with: one repository, checked when it is deployed. Durations are in seconds. It names no bucket but its own. */
export interface WatchConfiguration {
  readonly deployment: string;
  /** The repository's name: the metrics' dimension, and the folder of its memory. */
  readonly repository: string;
  /** Where clients read the metadata, with a slash at its end. */
  readonly url: string;
  /** The root that is trusted without proof: the watchdog's own pin. */
  readonly root: { readonly version: number; readonly sha256: string };
  /** The bucket with what the watchdog remembers, under `<repository>/`. In the Lambda's own region. */
  readonly memoryBucket: string;
  readonly validity: number;
  readonly resignAfter: number;
  /** The longest time between two looks of the signer: a timestamp is late when it should have been signed two of them ago. */
  readonly check: number;
  readonly cacheMax: number;
  /** The snapshot role may share the timestamp's key. */
  readonly allowSharedSnapshotKey: boolean;
  /** A role that expires sooner than this is a finding. The timestamp's is shorter, since it is signed every few days. */
  readonly expiresSoon: { readonly timestamp: number; readonly others: number };
  /** Where the targets are, with a slash at its end, to see that the first few can be had; absent: they are not looked for. */
  readonly targetsUrl?: string;
}

/** The environment variable that holds it, as JSON. */
export const WATCH_CONFIGURATION = 'TIMEKEEPER_WATCH_CONFIGURATION';

const DAY = 86_400; // seconds

/**
 * What {@link WatchConfiguration.expiresSoon} is where nothing else is said. Four days are a long weekend and a working day; of a life that is short anyway, a third;
 * and never more than what is left when a signature is two checks late, else somebody were woken before each. A root ceremony takes people and a date.
 */
export function expiresSoonOf({
  validity,
  resignAfter,
  check,
}: Pick<WatchConfiguration, 'validity' | 'resignAfter' | 'check'>): WatchConfiguration['expiresSoon'] {
  const late = validity - resignAfter - 2 * check;
  return { timestamp: Math.max(0, Math.min(4 * DAY, Math.floor(validity / 3), late)), others: 30 * DAY };
}
