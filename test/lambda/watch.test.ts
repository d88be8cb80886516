import { afterEach, describe, expect, test } from '@jest/globals';
import { METRICS, METRICS_NAMESPACE, STEADY_METRICS } from '../../lib/contract/metrics.ts';
import { MAX_MEMORY_BYTES } from '../../lib/watch/memory-file.ts';
import { deadAddress } from '../stores/http-server.ts';
import { deployWatch, NAME, tearDownWatch, type Look } from './watched.ts';

afterEach(tearDownWatch);

/** What CloudWatch reads in a line: name to value, each declared with the unit of the list and there. */
function metricsOf({ line }: Look): Readonly<Record<string, number>> {
  const { CloudWatchMetrics: directives } = line._aws as { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: keyof typeof METRICS; Unit: string }[] }[] }; // prettier-ignore
  expect(directives).toHaveLength(1);
  const [{ Namespace: namespace, Dimensions: dimensions, Metrics: metrics }] = directives as [(typeof directives)[0]];
  expect({ namespace, dimensions }).toEqual({ namespace: METRICS_NAMESPACE, dimensions: [['repository']] });
  for (const { Name: name, Unit: unit } of metrics) expect(unit).toBe(METRICS[name]);
  return Object.fromEntries(metrics.map(({ Name: name }) => [name, line[name] as number]));
}

describe('the watchdog in its Lambda', () => {
  test('tells one line of a healthy repository, of which only the steady metrics cost anything', async () => {
    const d = await deployWatch({ delegations: ['a'] });
    d.headers = { age: '42' };
    await d.look();
    d.repository.pass(900);
    const run = await d.look();
    expect(run.outcome).toMatchObject({ outcome: 'healthy', code: 'HEALTHY', cacheAge: 42, findings: [] });
    expect(run.error).toBeUndefined();
    expect(run.text.split('\n')).toHaveLength(2);
    expect(run.line).toMatchObject({ repository: NAME, code: 'HEALTHY' });
    const metrics = metricsOf(run);
    expect(Object.keys(metrics).toSorted()).toEqual(Object.keys(STEADY_METRICS).filter((name) => name.startsWith('Watch')).toSorted()); // prettier-ignore
    expect(run.line).toMatchObject({
      WatchRuns: 1,
      WatchFailed: 0,
      WatchUnhealthy: 0,
      WatchFindings: 0,
      WatchTimestampHoursLeft: 14 * 24 - 1.25,
      WatchEffectiveHoursLeft: 14 * 24 - 1.25,
      WatchSnapshotHoursLeft: 1_000 * 24 - 1.25,
      WatchDelegationsHoursLeft: 1_000 * 24 - 1.25,
      WatchOthersHoursLeft: 1_000 * 24 - 1.25,
      WatchTimestampAgeHours: 1.25,
      WatchNewClientFails: 0,
      WatchReturningClientFails: 0,
      WatchCacheAgeSeconds: 42,
      WatchStale: 0,
    });
  });

  test('asks the file server for metadata with GET, and AWS for nothing but its memory', async () => {
    const d = await deployWatch();
    const first = await d.look();
    expect(first.requests.every((request) => /^GET \/tuf\/([a-z]+|\d+\.root)\.json$/.test(request))).toBe(true);
    expect(first.calls.map(({ operation }) => operation)).toEqual(['GetObject', 'GetObject', 'PutObject', 'PutObject']);
    expect((await d.look()).calls.map(({ operation }) => operation)).toEqual(['GetObject', 'GetObject', 'PutObject']);
    expect(d.memory.current(`${NAME}/memory.json`)?.bytes.length).toBeGreaterThan(1_000);
  });

  test('remembers across processes: sees a rollback, and says so in metrics', async () => {
    const d = await deployWatch();
    const old = d.repository.copy();
    await d.repository.signed({ force: true });
    await d.look();
    d.repository.restore(old, 'timestamp.json');
    d.repository.pass(900);
    const run = await d.look();
    expect(run.outcome).toMatchObject({ outcome: 'unhealthy', code: 'VERSION_WENT_BACK', returningClientOk: false });
    expect(run.error).toBeUndefined(); // looking again would find the same
    expect(metricsOf(run)).toMatchObject({ WatchUnhealthy: 1, WatchRollback: 1, WatchReturningClientFails: 1 });
    expect(metricsOf(run)).not.toHaveProperty('WatchNewClientFails');
  });

  test.each([
    { metric: 'WatchStale', arrange: async (d: Awaited<ReturnType<typeof deployWatch>>) => { await d.look(); d.repository.pass(4 * 86_400); } }, // prettier-ignore
    { metric: 'WatchEquivocation', arrange: async (d: Awaited<ReturnType<typeof deployWatch>>) => { await d.look(); await d.repository.resign('timestamp.json', (signed) => { signed.expires = '2026-12-20T00:00:00Z'; }); } }, // prettier-ignore
    { metric: 'WatchRootGap', arrange: async (d: Awaited<ReturnType<typeof deployWatch>>) => { await d.repository.publishRoot(); await d.look(); d.repository.remove('2.root.json'); } }, // prettier-ignore
    { metric: 'WatchMemoryLost', arrange: async (d: Awaited<ReturnType<typeof deployWatch>>) => { await d.look(); d.memory.delete(`${NAME}/memory.json`); } }, // prettier-ignore
  ])('counts $metric', async ({ metric, arrange }) => {
    const d = await deployWatch();
    await arrange(d);
    const metrics = metricsOf(await d.look());
    expect(metrics).toMatchObject({ [metric]: 1, WatchUnhealthy: 1 });
    expect(metrics).not.toHaveProperty('WatchFailed');
  });

  test('looks for the first targets where it is told where they are', async () => {
    const d = await deployWatch();
    d.configuration = { ...d.configuration, targetsUrl: `${d.configuration.url}targets/` };
    await d.repository.publishTargets(3, (signed) => {
      signed.targets = Object.fromEntries(
        ['a', 'b c', 'd'].map((name) => [name, { length: 3, hashes: { sha256: 'ab'.repeat(32) } }]),
      );
    });
    await d.repository.publishSnapshot();
    await d.repository.publishTimestamp();
    d.repository.put('targets/a', 'abc');
    d.repository.put('targets/b c', 'abcd');
    const { outcome } = await d.look();
    const messages = outcome.findings.filter(({ code }) => code === 'TARGET_UNREACHABLE').map(({ message }) => message);
    expect(messages).toEqual([
      expect.stringMatching(/\/tuf\/targets\/b%20c has 4 bytes, not 3\.$/),
      expect.stringMatching(/\/tuf\/targets\/d is missing\.$/),
    ]);
  });

  test('throws what it could not find out, after its metrics: Lambda retries', async () => {
    const d = await deployWatch();
    d.configuration = { ...d.configuration, url: `${await deadAddress()}/` };
    const run = await d.look();
    expect(run.error).toMatchObject({ name: 'STORE_UNREACHABLE', message: JSON.stringify(run.outcome) });
    expect(run.outcome).toMatchObject({ outcome: 'failed', repository: NAME, roles: [], newClientOk: null });
    expect(metricsOf(run)).toMatchObject({ WatchRuns: 1, WatchFailed: 1 });
    expect(Object.keys(metricsOf(run)).toSorted()).toEqual(['WatchFailed', 'WatchRuns']);
  });

  test('throws when it could not look for any other reason: a memory of a size that none has', async () => {
    const d = await deployWatch();
    await d.look();
    d.aws.s3.put(d.configuration.memoryBucket, `${NAME}/memory.json`, Buffer.alloc(MAX_MEMORY_BYTES + 1));
    const run = await d.look();
    expect(run.error?.name).toBe('TOO_LARGE');
    expect(metricsOf(run)).toMatchObject({ WatchRuns: 1, WatchFailed: 1 });
  });

  test('sees a rollback also where something too large lies beside it', async () => {
    const d = await deployWatch();
    const old = d.repository.copy();
    await d.repository.signed({ force: true });
    await d.look();
    d.repository.restore(old, 'timestamp.json');
    d.repository.put('3.root.json', 'x'.repeat(600_000));
    d.repository.pass(3_600);
    const { outcome } = await d.look();
    expect(outcome.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['VERSION_WENT_BACK', 'ROOT_GAP']));
  });

  test('throws when its memory may not be read', async () => {
    const d = await deployWatch();
    d.aws.faults.push({
      match: ({ service }) => service === 's3',
      answer: { status: 403, code: 'AccessDenied' },
      times: 99,
    });
    expect((await d.look()).error?.name).toBe('ACCESS_DENIED');
  });

  test.each([
    { event: { repository: 'other' }, code: 'UNKNOWN_REPOSITORY' },
    { event: { repository: NAME, force: true }, code: 'EVENT_INVALID' },
    { event: { repository: NAME, url: 'https://example.com' }, code: 'EVENT_INVALID' },
    { event: {}, code: 'EVENT_INVALID' },
  ])('refuses $event with $code, and reads nothing', async ({ event, code }) => {
    const d = await deployWatch();
    const run = await d.look(event);
    expect(run.outcome).toMatchObject({ outcome: 'refused', code, repository: '' });
    expect(run.line.repository).toBe('-');
    expect([run.calls, run.requests]).toEqual([[], []]);
  });

  test('names the variable when its configuration is missing', async () => {
    const d = await deployWatch();
    const run = await d.look({ repository: NAME }, d.aws.environment());
    expect(run.error?.name).toBe('UNEXPECTED');
    expect(run.outcome.message).toContain('TIMEKEEPER_WATCH_CONFIGURATION');
  });

  test('takes what a repository says as text: nothing of it becomes a metric or a field', async () => {
    const name = '_aws\u001b[31m';
    const d = await deployWatch({ delegations: [name] });
    const run = await d.look();
    expect(run.outcome.roles.map((role) => role.name)).toContain(name);
    expect(run.text).not.toContain('\u001b');
    expect(JSON.stringify({ ...run.line, detail: undefined })).not.toContain('[31m');
  });
});
