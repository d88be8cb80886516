/** Namespace of every metric that we emit. */
export const METRICS_NAMESPACE = 'Timekeeper';

type Unit = 'Count' | 'None';

/** What every run emits, also of a healthy repository. CloudWatch bills a metric by the hour in which it has data, so each of these costs all month. */
export const STEADY_METRICS = {
  /** One at every run but a dry one, also when nothing was due: no data is bad news. A second time by its code. */
  Runs: 'Count',
  /** Hours until the published timestamp expires; absent where unknown. */
  TimestampHoursLeft: 'None',
  /** Hours until the first role that was read expires; absent where unknown. */
  EffectiveHoursLeft: 'None',
  /** One at every run of the watchdog, also when it could not find out: no data is bad news. */
  WatchRuns: 'Count',
  /** Hours left of the timestamp as clients are served it; below 0 once it has expired, absent where unknown. */
  WatchTimestampHoursLeft: 'None',
  /** The lowest of all roles but the timestamp. */
  WatchOthersHoursLeft: 'None',
} as const satisfies Record<string, Unit>;

/** What is counted when it happens. A count of 0 is a field of the log line and no metric, so that it costs nothing: alarms take no data for good. */
export const COUNTED_METRICS = {
  /** A run that signed; at most one in some days. */
  Signed: 'Count',
  Refused: 'Count',
  Failed: 'Count',
  /** A run that was forced, and signed. */
  Forced: 'Count',
  // SIGNER_FLAGS says of which codes and warnings.
  Healed: 'Count',
  OtherSigner: 'Count',
  BelowReceipt: 'Count',
  ClockSkew: 'Count',
  Paused: 'Count',

  /** The watchdog could not find out: network, or a server that answers errors. */
  WatchFailed: 'Count',
  /** There is at least one finding. */
  WatchUnhealthy: 'Count',
  /** The served timestamp is older than `resignAfter` and two checks: nobody signs, or what is signed is not served. */
  WatchStale: 'Count',
  /** Something served is older than what was served before. */
  WatchRollback: 'Count',
  /** A version that was served before is served with other bytes. */
  WatchEquivocation: 'Count',
  /** A client that begins from the pinned root does not get through. */
  WatchNewClientFails: 'Count',
  /** A client that holds what was served before does not get through. */
  WatchReturningClientFails: 'Count',
  /** A root is missing in the middle of the chain, or one that was served is gone. */
  WatchRootGap: 'Count',
  /** What the watchdog remembered is gone or cannot be read. */
  WatchMemoryLost: 'Count',
} as const satisfies Record<string, Unit>;

/** Every metric with its unit: the handlers emit them and the alarms watch them, so they stand here once. What else a run measured is a field of its log line. */
export const METRICS = { ...STEADY_METRICS, ...COUNTED_METRICS };

/** Name of one of our metrics. */
export type MetricName = keyof typeof METRICS;
