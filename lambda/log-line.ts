import type { MetricName } from '../lib/contract/metrics.ts';
import type { Outcome } from '../lib/contract/outcome.ts';
import { printable } from '../lib/contract/printable.ts';
import { embeddedMetrics, hoursLeft } from './embedded-metrics.ts';

/** What a run was asked beside what stands in its outcome. */
export interface Asked {
  readonly force: boolean;
  readonly reason: string | undefined;
}

/**
 * The one line that a run logs, made from its outcome: the fields to search by, the metrics (in CloudWatch's embedded format, which needs no permission),
 * and under `detail` alone whatever somebody else may have written. A parsed object of theirs at top level could forge metrics with a key `_aws`.
 * @param now - milliseconds since 1970, when the run began
 */
export function logLine(outcome: Outcome, { force, reason }: Asked, now: number): string {
  const { repository, code, message, remedy, dryRun, version, expires, effectiveExpiry, nextDueAt, warnings, keyIds } =
    outcome;
  const metrics = metricsOf(outcome, force, now);
  const names = Object.keys(metrics) as MetricName[];
  return JSON.stringify({
    _aws: embeddedMetrics(
      [
        { dimensions: ['repository'], metrics: names },
        { dimensions: ['repository', 'code'], metrics: ['Runs'] },
      ],
      now,
    ),
    repository: repository === '' ? '-' : repository,
    code,
    outcome: outcome.outcome,
    dryRun,
    version,
    expires,
    effectiveExpiry,
    nextDueAt,
    keyIds,
    ...metrics,
    detail: {
      message,
      remedy,
      reason: reason === undefined ? null : printable(reason),
      warnings: warnings.map((warning) => ({ code: warning.code, message: warning.message })),
    },
  });
}

function metricsOf(
  { outcome, expires, effectiveExpiry, warnings, dryRun, durationMs }: Outcome,
  force: boolean,
  now: number,
): Partial<Record<MetricName, number>> {
  return {
    Runs: 1,
    Signed: outcome === 'signed' && !dryRun ? 1 : 0,
    Refused: outcome === 'refused' ? 1 : 0,
    Failed: outcome === 'failed' ? 1 : 0,
    Forced: outcome === 'signed' && force && !dryRun ? 1 : 0,
    Warnings: warnings.length,
    DurationMs: durationMs,
    ...(expires === null ? {} : { TimestampHoursLeft: hoursLeft(expires, now) }),
    ...(effectiveExpiry === null ? {} : { EffectiveHoursLeft: hoursLeft(effectiveExpiry, now) }),
  };
}
