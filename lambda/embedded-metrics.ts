import {
  COUNTED_METRICS,
  METRICS,
  METRICS_NAMESPACE,
  STEADY_METRICS,
  type MetricName,
} from '../lib/contract/metrics.ts';

/** Which metrics are counted by which fields of the line. */
export interface Directive {
  readonly dimensions: readonly string[];
  readonly metrics: readonly MetricName[];
}

/**
 * What makes CloudWatch read metrics from a log line: its embedded format, which needs no permission. Goes under the key `_aws`.
 * @param now - milliseconds since 1970
 */
export function embeddedMetrics(directives: readonly Directive[], now: number): object {
  return {
    Timestamp: now,
    CloudWatchMetrics: directives.map(({ dimensions, metrics }) => ({
      Namespace: METRICS_NAMESPACE,
      Dimensions: [dimensions],
      Metrics: metrics.map((Name) => ({ Name, Unit: METRICS[Name] })),
    })),
  };
}

/** Which of the measured fields of a line are metrics: the steady ones, and what was counted. The others can be searched for. */
export function metricsAmong(measured: Readonly<Partial<Record<string, number>>>): readonly MetricName[] {
  const isMetric = (name: string): name is MetricName =>
    Object.hasOwn(STEADY_METRICS, name) || (Object.hasOwn(COUNTED_METRICS, name) && measured[name] !== 0);
  return Object.keys(measured).filter(isMetric);
}

/** Hours until a date, to a hundredth; below 0 after it. */
export function hoursLeft(date: string, now: number): number {
  return Math.round((Date.parse(date) - now) / 36_000) / 100;
}
