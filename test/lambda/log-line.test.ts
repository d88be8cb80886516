import { afterEach, describe, expect, test } from '@jest/globals';
import { STEADY_METRICS } from '../../lib/contract/metrics.ts';
import { formatInstant, type Instant } from '../../lib/tuf/instant.ts';
import { type Deployment, deploy, NAME, type Run, tearDown } from './deployment.ts';

// That it is one line of valid EMF, with the outcome's fields and without a secret, holds of every run: expect-sound-run.ts looks each time.

afterEach(tearDown);

const DAY = 86_400;

interface Line {
  readonly [field: string]: unknown;
  readonly detail: { readonly message: string; readonly reason: string | null };
}
const parsed = ({ line }: Run): Line => JSON.parse(line) as Line;

const HOSTILE = [
  { given: 'a forged line', text: 'x\n{"_aws":{"CloudWatchMetrics":[]},"code":"SIGNED"}' },
  { given: 'a forged end of the text', text: '"},"_aws":{"Timestamp":0},"detail":{"reason":"' },
  { given: 'colours', text: '\u001b[2K\u001b[31mall is well\u001b[0m' },
  { given: 'a carriage return', text: 'bad\rgood' },
  { given: 'separators that some take for a new line', text: 'a\u2028b\u2029c\u0085d' },
  { given: 'text from right to left', text: '\u202egnp.exe' },
  { given: 'half of a character', text: '\ud800' },
];

describe('words of others', () => {
  test.each(HOSTILE)('in a reason stay below detail, escaped: $given', async ({ text }) => {
    const d = await deploy();
    const run = await d.run({ force: true, reason: text });
    const { detail, ...rest } = parsed(run);
    expect(rest).toMatchObject({ code: 'SIGNED', repository: NAME, Runs: 1 });
    expect(detail.reason!.length).toBeGreaterThanOrEqual(text.length);
    expect(run.line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\ud800-\udfff]/);
    expect(JSON.stringify(rest)).not.toContain('all is well');
    expect(d.journal().entry?.reason?.length).toBe(text.length);
  });

  test.each(HOSTILE)('in a pause stay below detail, escaped: $given', async ({ text }) => {
    const d = await deploy();
    d.putState('pause.json', { until: formatInstant((d.repository.now + DAY) as Instant), reason: text });
    const { detail, ...rest } = parsed(await d.run());
    expect(rest).toMatchObject({ code: text === '\ud800' ? 'PAUSE_INVALID' : 'PAUSED' });
    expect(JSON.stringify(rest)).not.toContain('gnp');
    expect(detail.message).not.toMatch(/\p{Cc}/u);
  });

  test.each(HOSTILE)('in the name of a field stay below detail, escaped: $given', async ({ text }) => {
    const d = await deploy();
    const event = JSON.stringify({ repository: NAME, [text]: true });
    const { detail, ...rest } = parsed(await d.runText(event));
    expect(rest).toMatchObject({ code: 'EVENT_INVALID', repository: '-' });
    expect(detail.message).toMatch(/^The event has an unknown field ".*"\.$/);
  });

  test.each(HOSTILE)('in the name of a repository are no dimension: $given', async ({ text }) => {
    const d = await deploy();
    const { detail, ...rest } = parsed(await d.run({ repository: text }));
    expect(rest).toMatchObject({ code: 'UNKNOWN_REPOSITORY', repository: '-' });
    expect(detail.message).toMatch(/^No repository can be named ".*"\.$/);
  });

  test.each(HOSTILE)('in metadata stay below detail, escaped: $given', async ({ text }) => {
    const d = await deploy();
    await d.repository.resign('timestamp.json', (signed) => {
      signed.meta[text] = { version: 1 };
    });
    d.upload('timestamp.json');
    const run = await d.run({ force: true });
    expect(run.outcome.outcome).not.toBe('failed');
    expect(JSON.stringify({ ...parsed(run), detail: null })).not.toContain('all is well');
  });
});

/** What CloudWatch is told to read in a line, by dimensions. */
function metricsOf(run: Run): Readonly<Record<string, readonly string[]>> {
  const { _aws } = parsed(run) as unknown as { _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] } }; // prettier-ignore
  return Object.fromEntries(
    _aws.CloudWatchMetrics.map(({ Dimensions, Metrics }) => [Dimensions.join(), Metrics.map(({ Name }) => Name)]),
  );
}

const STEADY = Object.keys(STEADY_METRICS).filter((name) => !name.startsWith('Watch'));
const HOURS = STEADY.filter((name) => name.endsWith('HoursLeft'));

describe('the metrics', () => {
  const cases: readonly {
    readonly given: string;
    readonly event?: object;
    readonly prepare?: (d: Deployment) => unknown;
    readonly metrics: Readonly<Record<string, number>>;
    /** What costs something in this hour beside what every run emits. */
    readonly counted: readonly string[];
    readonly unknown?: readonly string[];
  }[] = [
    {
      given: 'a skip',
      counted: [],
      metrics: { Runs: 1, Signed: 0, Refused: 0, Failed: 0, Forced: 0, Warnings: 0, TimestampHoursLeft: 13 * 24 },
      prepare: (d) => {
        d.pass(DAY);
      },
    },
    {
      given: 'a due signature',
      counted: ['Signed'],
      metrics: {
        Signed: 1,
        Refused: 0,
        Failed: 0,
        Forced: 0,
        TimestampHoursLeft: 14 * 24,
        EffectiveHoursLeft: 14 * 24,
      },
      prepare: (d) => {
        d.pass(3 * DAY);
      },
    },
    { given: 'a forced signature', event: { force: true }, metrics: { Signed: 1, Forced: 1 }, counted: ['Signed', 'Forced'] }, // prettier-ignore
    { given: 'a forced dry run', event: { force: true, dryRun: true }, metrics: { Signed: 0, Forced: 0 }, counted: [] },
    {
      given: 'a refusal',
      counted: ['Refused'],
      event: { force: true },
      metrics: { Signed: 0, Refused: 1, Failed: 0, Forced: 0, TimestampHoursLeft: 14 * 24 },
      prepare: (d) => {
        d.tamper('snapshot.json', undefined);
      },
    },
    {
      given: 'a dry run that refuses as nothing: the real one will say it',
      counted: [],
      event: { dryRun: true },
      metrics: { Runs: 0, Refused: 0, Failed: 0, Signed: 0 },
      prepare: (d) => {
        d.tamper('snapshot.json', undefined);
      },
    },
    {
      given: 'a repair',
      counted: ['Signed', 'Healed'],
      metrics: { Signed: 1, Healed: 1, Paused: 0, OtherSigner: 0, ClockSkew: 0, BelowReceipt: 0 },
      prepare: (d) => {
        d.tamper('timestamp.json', undefined);
      },
    },
    {
      given: 'a pause',
      counted: ['Paused'],
      metrics: { Runs: 1, Signed: 0, Healed: 0, Paused: 1 },
      prepare: (d) => {
        d.putState('pause.json', { until: formatInstant((d.repository.now + DAY) as Instant), reason: 'maintenance' });
      },
    },
    {
      given: 'a failure',
      counted: ['Failed'],
      unknown: HOURS,
      metrics: { Runs: 1, Signed: 0, Refused: 0, Failed: 1 },
      prepare: (d) => {
        d.hosting.mayList = false;
      },
    },
    {
      given: 'a warning',
      counted: [],
      metrics: { Runs: 1, Warnings: 1 },
      prepare: (d) => {
        d.putState('expected.json', '?');
      },
    },
  ];
  test.each(cases)('count $given', async ({ event, prepare, metrics, counted, unknown = [] }) => {
    const d = await deploy();
    prepare?.(d);
    const run = await d.run(event);
    expect(parsed(run)).toMatchObject(metrics);
    const { repository, 'repository,code': byCode } = metricsOf(run);
    expect(repository!.toSorted()).toEqual(
      [...STEADY.filter((name) => !unknown.includes(name)), ...counted].toSorted(),
    );
    expect(byCode).toEqual(['Runs']);
  });

  test('leave out the hours that are not known', async () => {
    const d = await deploy();
    d.hosting.mayList = false;
    const line = parsed(await d.run());
    expect(line).not.toHaveProperty('TimestampHoursLeft');
    expect(line).not.toHaveProperty('EffectiveHoursLeft');
  });
});
