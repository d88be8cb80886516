import { SIGNER_FLAGS } from '../lib/contract/alarms.ts';
import type { MetricName } from '../lib/contract/metrics.ts';
import type { Outcome } from '../lib/contract/outcome.ts';
import { printable } from '../lib/contract/printable.ts';
import { embeddedMetrics, hoursLeft, metricsAmong } from './embedded-metrics.ts';

/** What a run was asked beside what stands in its outcome. */
export interface Asked {
  readonly force: boolean;
  readonly reason: string | undefined;
}

/**
 * The one line that a run logs, made from its outcome: the fields to search by, what was measured (some of it metrics, in CloudWatch's embedded format),
 * and under `detail` alone whatever somebody else may have written. A parsed object of theirs at top level could forge metrics with a key `_aws`.
 * @param now - milliseconds since 1970, when the run began
 */
export function logLine(outcome: Outcome, { force, reason }: Asked, now: number): string {
  const { repository, code, message, remedy, dryRun, version, expires, effectiveExpiry, nextDueAt, warnings, keyIds } =
    outcome;
  const measured = measuredIn(outcome, force, now);
  return JSON.stringify({
    _aws: embeddedMetrics(
      [
        { dimensions: ['repository'], metrics: metricsAmong(measured) },
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
    ...measured,
    detail: {
      message,
      remedy,
      reason: reason === undefined ? null : printable(reason),
      warnings: warnings.map((warning) => ({ code: warning.code, message: warning.message })),
    },
  });
}

/** Metrics, and what can only be searched for. */
type Measured = Partial<Record<MetricName | 'Warnings' | 'DurationMs', number>>;

/** A dry run counts nothing: it must neither wake somebody nor hide that the schedule has stopped. */
function measuredIn(outcome: Outcome, force: boolean, now: number): Measured {
  const { expires, effectiveExpiry, warnings, dryRun, durationMs } = outcome;
  const is = (kind: Outcome['outcome']) => (outcome.outcome === kind && !dryRun ? 1 : 0);
  return {
    Runs: dryRun ? 0 : 1,
    Signed: is('signed'),
    Refused: is('refused'),
    Failed: is('failed'),
    Forced: force ? is('signed') : 0,
    Warnings: warnings.length,
    ...flagsOf(outcome),
    DurationMs: durationMs,
    ...(expires === null ? {} : { TimestampHoursLeft: hoursLeft(expires, now) }),
    ...(effectiveExpiry === null ? {} : { EffectiveHoursLeft: hoursLeft(effectiveExpiry, now) }),
  };
}

function flagsOf({ code, warnings, dryRun }: Outcome): Partial<Record<MetricName, number>> {
  const said = new Set<string>([code, ...warnings.map((warning) => warning.code)]);
  return Object.fromEntries(
    Object.entries(SIGNER_FLAGS).map(([name, codes]) => [name, !dryRun && codes.some((one) => said.has(one)) ? 1 : 0]),
  );
}
