import type { Outcome } from '../../lib/contract/outcome.ts';
import type { WatchOutcome } from '../../lib/contract/watch-outcome.ts';

const LATER = '1970-01-15T00:00:00Z';

/** A run of the signer that had nothing to do, with what a test changes of it. */
export function outcomeOf(changes: Partial<Outcome> = {}): Outcome {
  return {
    repository: 'orbit',
    outcome: 'skipped',
    code: 'NOT_DUE',
    message: '',
    remedy: '',
    dryRun: false,
    version: 1,
    expires: LATER,
    effectiveExpiry: LATER,
    nextDueAt: LATER,
    warnings: [],
    keyIds: [],
    durationMs: 1,
    ...changes,
  };
}

/** A look of the watchdog at a healthy repository, with what a test changes of it. */
export function watchOutcomeOf(changes: Partial<WatchOutcome> = {}): WatchOutcome {
  return {
    repository: 'orbit',
    outcome: 'healthy',
    code: 'HEALTHY',
    message: '',
    remedy: '',
    roles: ['root', 'targets', 'snapshot', 'timestamp'].map((name) => ({ name, version: 1, expires: LATER })),
    effectiveExpiry: LATER,
    timestampAge: 1,
    newClientOk: true,
    returningClientOk: true,
    cacheAge: 1,
    findings: [],
    durationMs: 1,
    ...changes,
  };
}

/** The metrics that CloudWatch would read in a log line, with their values. */
export function metricsIn(line: string): Readonly<Record<string, unknown>> {
  const fields = JSON.parse(line) as Record<string, unknown> & {
    _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] };
  };
  const names = fields._aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}
