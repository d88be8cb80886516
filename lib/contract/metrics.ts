/** Namespace of every metric that we emit. */
export const METRICS_NAMESPACE = 'Timekeeper';

/** Names of the metrics: the handler emits them and the alarms watch them, so they stand here once. */
export const METRICS = {
  /** One at every run, also when nothing was due: no data is bad news. */
  Runs: 'Count',
  Signed: 'Count',
  Refused: 'Count',
  Failed: 'Count',
  /** A run that was forced, and signed. */
  Forced: 'Count',
  Warnings: 'Count',
  /** Hours until the published timestamp expires; absent where unknown. */
  TimestampHoursLeft: 'None',
  /** Hours until the first role that was read expires; absent where unknown. */
  EffectiveHoursLeft: 'None',
  DurationMs: 'Milliseconds',
} as const satisfies Record<string, 'Count' | 'None' | 'Milliseconds'>;

/** Name of one of our metrics. */
export type MetricName = keyof typeof METRICS;
