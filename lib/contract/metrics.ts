/** Namespace of every metric that we emit. */
export const METRICS_NAMESPACE = 'Timekeeper';

/** Names of the metrics: the handler emits them and the alarms watch them, so they stand here once. */
export const METRICS = {
  /** One at every run but a dry one, also when nothing was due: no data is bad news. */
  Runs: 'Count',
  Signed: 'Count',
  Refused: 'Count',
  Failed: 'Count',
  /** A run that was forced, and signed. */
  Forced: 'Count',
  Warnings: 'Count',
  // 1 or 0; SIGNER_FLAGS says of which codes and warnings.
  Healed: 'Count',
  OtherSigner: 'Count',
  BelowReceipt: 'Count',
  ClockSkew: 'Count',
  Paused: 'Count',
  /** Hours until the published timestamp expires; absent where unknown. */
  TimestampHoursLeft: 'None',
  /** Hours until the first role that was read expires; absent where unknown. */
  EffectiveHoursLeft: 'None',
  DurationMs: 'Milliseconds',

  // The watchdog's. What it could not find out is absent.
  /** One at every run of the watchdog, also when it could not find out: no data is bad news. */
  WatchRuns: 'Count',
  /** 1 when it could not find out: network, or a server that answers errors. */
  WatchFailed: 'Count',
  /** 1 when there is at least one finding. */
  WatchUnhealthy: 'Count',
  WatchFindings: 'Count',
  /** Hours left of each role as clients are served it; below 0 once it has expired. */
  WatchTimestampHoursLeft: 'None',
  WatchSnapshotHoursLeft: 'None',
  WatchTargetsHoursLeft: 'None',
  WatchRootHoursLeft: 'None',
  /** The lowest of the delegated roles. */
  WatchDelegationsHoursLeft: 'None',
  /** The lowest of all roles but the timestamp. */
  WatchOthersHoursLeft: 'None',
  /** The lowest of all roles: from then on clients fail. */
  WatchEffectiveHoursLeft: 'None',
  /** How old the served timestamp is at least, in hours. */
  WatchTimestampAgeHours: 'None',
  /** 1 when that is more than `resignAfter` and two checks: nobody signs, or what is signed is not served. */
  WatchStale: 'Count',
  /** 1 when something served is older than what was served before. */
  WatchRollback: 'Count',
  /** 1 when a version that was served before is served with other bytes. */
  WatchEquivocation: 'Count',
  /** 1 when a client that begins from the pinned root gets through, 0 when not. */
  WatchNewClientOk: 'None',
  /** 1 when a client that holds what was served before gets through, 0 when not. */
  WatchReturningClientOk: 'None',
  /** 1 when a root is missing in the middle of the chain, or one that was served is gone. */
  WatchRootGap: 'Count',
  /** 1 when what the watchdog remembered is gone or cannot be read. */
  WatchMemoryLost: 'Count',
  /** For how long a cache between has had timestamp.json; absent when it did not say. */
  WatchCacheAgeSeconds: 'Seconds',
  WatchDurationMs: 'Milliseconds',
} as const satisfies Record<string, 'Count' | 'None' | 'Seconds' | 'Milliseconds'>;

/** Name of one of our metrics. */
export type MetricName = keyof typeof METRICS;
