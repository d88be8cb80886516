import { FINDINGS, type FindingCode } from '../lib/contract/findings.ts';
import type { MetricName } from '../lib/contract/metrics.ts';
import { printable } from '../lib/contract/printable.ts';
import type { WatchedRole, WatchOutcome } from '../lib/contract/watch-outcome.ts';
import { embeddedMetrics, hoursLeft, metricsAmong } from './embedded-metrics.ts';

/**
 * The one line that a look logs: fields to search by, what was measured, and under `detail` alone whatever somebody else may have written, as in log-line.ts.
 * @param now - milliseconds since 1970, when the look began
 */
export function watchLine(outcome: WatchOutcome, now: number): string {
  const { repository, code, message, remedy, effectiveExpiry, roles, findings } = outcome;
  const measured = measuredIn(outcome, now);
  return JSON.stringify({
    _aws: embeddedMetrics([{ dimensions: ['repository'], metrics: metricsAmong(measured) }], now),
    repository: repository === '' ? '-' : repository,
    code,
    outcome: outcome.outcome,
    effectiveExpiry,
    ...measured,
    detail: {
      message,
      remedy,
      roles: roles.map(({ name, version, expires }) => ({ name: printable(name), version, expires })),
      findings,
    },
  });
}

/** Metrics, and what can only be searched for. */
type Measured = Partial<Record<MetricName | SearchedField, number>>;
type SearchedField =
  | 'WatchDurationMs'
  | 'WatchFindings'
  | 'WatchRootHoursLeft'
  | 'WatchTargetsHoursLeft'
  | 'WatchSnapshotHoursLeft'
  | 'WatchDelegationsHoursLeft' // the lowest of the delegated roles
  | 'WatchEffectiveHoursLeft' // the lowest of all roles: from then on clients fail
  | 'WatchTimestampAgeHours' // at least
  | 'WatchCacheAgeSeconds'; // absent when no cache said so

function measuredIn(outcome: WatchOutcome, now: number): Measured {
  const { roles, effectiveExpiry, timestampAge, newClientOk, returningClientOk, cacheAge, durationMs } = outcome;
  const couldSee = outcome.outcome === 'healthy' || outcome.outcome === 'unhealthy';
  return {
    WatchRuns: 1,
    WatchFailed: couldSee ? 0 : 1,
    WatchDurationMs: durationMs,
    ...(couldSee && counted(outcome)),
    ...lifetimes(roles, now),
    ...(effectiveExpiry !== null && { WatchEffectiveHoursLeft: hoursLeft(effectiveExpiry, now) }),
    ...(timestampAge !== null && { WatchTimestampAgeHours: Math.round(timestampAge / 36) / 100 }),
    ...(newClientOk !== null && { WatchNewClientFails: newClientOk ? 0 : 1 }),
    ...(returningClientOk !== null && { WatchReturningClientFails: returningClientOk ? 0 : 1 }),
    ...(cacheAge !== null && { WatchCacheAgeSeconds: cacheAge }),
  };
}

/** What is pending does not count yet. */
function counted({ outcome, findings }: WatchOutcome): Measured {
  const counting = findings.filter(({ isPending }) => !isPending).map(({ code }) => code);
  const isAny = (...codes: readonly FindingCode[]) => (counting.some((code) => codes.includes(code)) ? 1 : 0);
  return {
    WatchUnhealthy: outcome === 'unhealthy' ? 1 : 0,
    WatchFindings: counting.filter((code) => FINDINGS[code].level !== 'note').length,
    WatchStale: isAny('TIMESTAMP_STALE'),
    WatchRollback: isAny('VERSION_WENT_BACK', 'SNAPSHOT_WENT_BACK'),
    WatchEquivocation: isAny('EQUIVOCATION'),
    WatchRootGap: isAny('ROOT_GAP', 'ROOT_HIDDEN'),
    WatchMemoryLost: isAny('MEMORY_LOST'),
  };
}

const NAMED = {
  root: 'WatchRootHoursLeft',
  targets: 'WatchTargetsHoursLeft',
  snapshot: 'WatchSnapshotHoursLeft',
  timestamp: 'WatchTimestampHoursLeft',
} as const satisfies Record<string, keyof Measured>;

function lifetimes(roles: readonly WatchedRole[], now: number): Measured {
  const isNamed = (name: string): name is keyof typeof NAMED => Object.hasOwn(NAMED, name);
  const lowest = (name: keyof Measured, of: readonly WatchedRole[]) =>
    of.length === 0 ? {} : { [name]: Math.min(...of.map(({ expires }) => hoursLeft(expires, now))) };
  const named = roles.flatMap(({ name, expires }) => (isNamed(name) ? [[NAMED[name], hoursLeft(expires, now)] as const] : [])); // prettier-ignore
  return {
    ...Object.fromEntries(named),
    ...lowest('WatchDelegationsHoursLeft', roles.filter(({ name }) => !isNamed(name))), // prettier-ignore
    ...lowest('WatchOthersHoursLeft', roles.filter(({ name }) => name !== 'timestamp')), // prettier-ignore
  };
}
