import { afterEach, describe, expect, test } from '@jest/globals';
import type { RecordedCall } from '../aws/request-record.ts';
import { roundsOf } from '../aws/request-record.ts';
import { type Deployment, deploy, type DeploymentOptions, type Run, tearDown } from './deployment.ts';

afterEach(tearDown);

const HOUR = 3_600;
const LATENCY = 60; // ms; far above what the Lambda does between two calls, or calls that go together would seem to follow one another

const TYPES: readonly (DeploymentOptions & { readonly given: string; readonly signing: readonly string[] })[] = [
  {
    given: "go-tuf's key file",
    key: { fixture: 'go-tuf-v0.5.2' },
    signing: ['GetObject orbit/key-VERSION.json', 'GetSecretValue timekeeper/timekeeper-tests/orbit'],
  },
  { given: 'KMS Ed25519', key: 'kms-ed25519', signing: ['Sign'] },
  { given: 'KMS P-256', key: 'kms-p256', signing: ['Sign'] },
  { given: 'KMS RSA', key: 'kms-rsa', signing: ['Sign'] },
];

/** Deployed, behind a slow network, in a process that has looked once: what is asked then is the steady state. */
async function slow(options: DeploymentOptions = {}): Promise<Deployment> {
  const d = await deploy(options);
  d.aws.latency = LATENCY;
  d.pass(HOUR);
  return d;
}

const asked = ({ operation, key, resource }: RecordedCall): string =>
  `${operation} ${key ?? resource ?? ''}`.replace(/^Sign .*/, 'Sign').replace(/key-[0-9a-f-]{36}/, 'key-VERSION');
const inRounds = ({ calls }: Run) => roundsOf(calls).map((round) => round.map(asked).toSorted());

describe('in the steady state', () => {
  test.each(TYPES)('a run that skips makes 2 rounds of calls ($given)', async (options) => {
    const d = await slow(options);
    const run = await d.run();
    expect(run.outcome.code).toBe('NOT_DUE');
    const root = d.client().root;
    expect(inRounds(run)).toEqual([
      [
        'GetObject orbit/expected.json',
        'GetObject orbit/journal.json',
        'GetObject orbit/pause.json',
        'GetObject orbit/root-chain.json',
        'GetObject tuf/snapshot.json',
        'GetObject tuf/timestamp.json',
      ],
      [`GetObject tuf/${root}.root.json`, `GetObject tuf/${root + 1}.root.json`],
    ]);
  });

  test.each(TYPES)(
    'a run that signs makes 5, the key material in the third ($given)',
    async ({ signing, ...options }) => {
      const d = await slow(options);
      const run = await d.run({ force: true });
      expect(run.outcome.code).toBe('SIGNED');
      expect(run.rounds).toBe(5);
      expect(inRounds(run).slice(2)).toEqual([
        signing,
        ['PutObject orbit/journal.json'],
        ['PutObject tuf/timestamp.json'],
      ]);
    },
  );

  test.each([
    { mode: 'refresh', event: {}, code: 'NOT_DUE', rounds: 2 },
    { mode: 'refresh', event: { force: true }, code: 'SIGNED', rounds: 5 },
    { mode: 'advance', event: {}, code: 'NOT_DUE', rounds: 3 },
    { mode: 'advance', event: { force: true }, code: 'SIGNED', rounds: 6 },
  ] as const)(
    'with consistent snapshots in $mode mode, $code takes $rounds rounds',
    async ({ mode, event, code, rounds }) => {
      const d = await slow({ mode, consistent: true });
      const run = await d.run(event);
      expect([run.outcome.code, run.rounds]).toEqual([code, rounds]);
      expect(inRounds(run)[1]).toContain('GetObject tuf/2.snapshot.json');
    },
  );

  test('a dry run makes 4', async () => {
    const d = await slow();
    const run = await d.run({ dryRun: true });
    expect([run.outcome.code, run.rounds]).toEqual(['NOT_DUE', 4]);
  });
});

describe('what is new', () => {
  test('adds one round where it has to be remembered: a timestamp that fleetctl published', async () => {
    const d = await slow();
    await d.repository.publish();
    d.upload();
    const first = await d.run();
    const second = await d.run();
    expect([first.outcome.code, first.rounds, second.rounds]).toEqual(['NOT_DUE', 3, 2]);
  });

  test.each([1, 3])(
    'adds one round for each new root, one to keep them and one to note that in the journal (%d new)',
    async (count) => {
      const d = await slow();
      for (let root = 0; root < count; root++) await d.repository.publishRoot();
      d.upload();
      const first = await d.run();
      const second = await d.run();
      expect([first.outcome.code, first.rounds, second.rounds]).toEqual(['NOT_DUE', 2 + count + 2, 2]);
    },
  );
});
