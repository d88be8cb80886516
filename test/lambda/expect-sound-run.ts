import { expect } from '@jest/globals';
import { CODES, WARNINGS, type Code } from '../../lib/contract/codes.ts';
import { COUNTED_METRICS, METRICS, METRICS_NAMESPACE, type MetricName } from '../../lib/contract/metrics.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { expectNoSecret } from '../keys/no-secret.ts';
import type { Run } from './deployment.ts';

interface Circumstances {
  /** The clock, in milliseconds since 1970. */
  readonly at: number;
  readonly mode: 'refresh' | 'advance';
  readonly stderr: string;
  readonly secrets: readonly string[];
}

/** What holds of every invocation, whatever it came to. */
export function expectSoundRun(run: Run, { at, mode, stderr, secrets }: Circumstances): void {
  const { outcome, error, line, calls, messages } = run;
  expectOutcome(outcome);
  expect(error?.name).toBe(outcome.outcome === 'failed' ? outcome.code : undefined);
  expectOneLogLine(line, outcome, at);
  expect(stderr).toBe('');
  expectNoSecret({ line, stderr, outcome, error }, secrets);
  if (!mayOpenKeys(run)) expect(keyCalls(run)).toEqual([]);
  if (outcome.dryRun) expect(messages.filter((message) => !message.startsWith('timekeeper-probe:'))).toEqual([]);
  if (outcome.dryRun) expect(puts(run).filter((key) => key.endsWith('timestamp.json'))).toEqual([]);
  if (mode === 'refresh') expect(calls.filter(({ key }) => key?.endsWith('targets.json'))).toEqual([]);
  expect(calls.filter(isBlindPut)).toEqual([]);
}

/** Codes that come up once the key material is open. */
const AFTER_OPENING: readonly Code[] = ['OWN_OUTPUT_INVALID', 'KEY_UNREADABLE', 'KDF_REFUSED', 'OUTPUT_TOO_LARGE'];

function mayOpenKeys({ outcome: { outcome, code, dryRun }, calls }: Run): boolean {
  if (calls.some(({ status }) => status === 412 || status === 409)) return true; // it was about to sign, lost a race, and decided again
  if (outcome === 'refused') return AFTER_OPENING.includes(code);
  return outcome !== 'skipped' || (dryRun && code === 'NOT_DUE');
}

/** Every call for key material: to KMS, to Secrets Manager, for the key file. */
export function keyCalls({ calls }: Run): readonly string[] {
  return calls
    .filter(({ service, key }) => service !== 's3' || /\/key-[^/]+\.json$/.test(key ?? ''))
    .map(({ operation, key }) => (key === undefined ? operation : `${operation} ${key}`));
}

/** Keys of the objects that were put, in order. */
export function puts({ calls }: Run): readonly string[] {
  return calls.filter(({ operation, status }) => operation === 'PutObject' && status === 200).map(({ key }) => key!);
}

function isBlindPut({ operation, ifMatch, ifNoneMatch }: Run['calls'][number]): boolean {
  return operation === 'PutObject' && ifMatch === undefined && ifNoneMatch === undefined;
}

const KINDS = { signed: 'signed', skip: 'skipped', refusal: 'refused', failure: 'failed', usage: 'failed' };
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The shape of the interface Outcome, to the field. */
function expectOutcome(outcome: Outcome): void {
  const date: unknown = expect.stringMatching(DATE);
  const orNull = (value: unknown, wanted: unknown) => (value === null ? null : wanted);
  expect(outcome).toStrictEqual({
    repository: expect.any(String),
    outcome: KINDS[CODES[outcome.code].kind],
    code: outcome.code,
    message: expect.stringMatching(/^\P{Cc}+$/u),
    remedy: CODES[outcome.code].remedy,
    dryRun: expect.any(Boolean),
    version: orNull(outcome.version, expect.any(Number)),
    expires: orNull(outcome.expires, date),
    effectiveExpiry: orNull(outcome.effectiveExpiry, date),
    nextDueAt: orNull(outcome.nextDueAt, date),
    warnings: outcome.warnings.map(({ code }) => ({ code, message: expect.stringMatching(/^\P{Cc}+$/u) })),
    keyIds: outcome.keyIds.map(() => expect.stringMatching(/^[0-9a-f]{64}$/)),
    durationMs: expect.any(Number),
  });
  expect(outcome.warnings.filter(({ code }) => !(code in WARNINGS))).toEqual([]);
  expect(outcome.durationMs).toBeGreaterThanOrEqual(0);
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: MetricName; readonly Unit: string }[];
}

type Line = Readonly<Record<string, unknown>> & {
  readonly _aws: { readonly Timestamp: number; readonly CloudWatchMetrics: readonly Directive[] };
};

const DIMENSIONS = ['repository', 'code'];
const MEASURED_ONLY = ['Warnings', 'DurationMs'];
const OTHERS = [
  ...['outcome', 'dryRun', 'version', 'expires', 'effectiveExpiry', 'nextDueAt', 'keyIds', 'detail', '_aws'],
  ...DIMENSIONS,
];

/** One line of JSON in CloudWatch's embedded metric format, with words of others nowhere but below `detail`. */
function expectOneLogLine(text: string, outcome: Outcome, at: number): void {
  expect(text.endsWith('\n')).toBe(true);
  expect(text.slice(0, -1)).toMatch(/^\{[^\n\r\u2028\u2029]*\}$/);
  const line = JSON.parse(text) as Line;
  const { _aws: aws, detail, ...rest } = line;
  expect(Math.abs(aws.Timestamp - at)).toBeLessThan(1_000);
  expect(Object.keys(aws).sort()).toEqual(['CloudWatchMetrics', 'Timestamp']);

  const named = new Set<string>();
  for (const directive of aws.CloudWatchMetrics) {
    expect(directive.Namespace).toBe(METRICS_NAMESPACE);
    for (const dimension of directive.Dimensions.flat()) {
      expect(DIMENSIONS).toContain(dimension);
      expect(line[dimension]).toMatch(/^[A-Za-z0-9_-]+$/); // CloudWatch takes no empty one
    }
    for (const { Name: name, Unit: unit } of directive.Metrics) {
      expect(unit).toBe(METRICS[name]);
      expect(line[name]).toEqual(expect.any(Number));
      named.add(name);
    }
  }
  const measured = Object.keys(line).filter((key) => !OTHERS.includes(key) && !MEASURED_ONLY.includes(key));
  const costsNothing = (key: string) => key in COUNTED_METRICS && line[key] === 0;
  expect(measured.filter((key) => !costsNothing(key)).sort()).toEqual([...named].sort());

  const { repository, message, remedy, warnings, durationMs, ...same } = outcome;
  expect(rest).toMatchObject({ ...same, repository: repository === '' ? '-' : repository, DurationMs: durationMs });
  const reason = (detail as { readonly reason: string | null }).reason;
  expect(detail).toEqual({ message, remedy, reason, warnings });
  expect(reason ?? '').toMatch(/^\P{Cc}*$/u);
}
