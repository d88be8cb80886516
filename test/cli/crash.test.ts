import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { describeWithGoTufLoop } from '../peers/describe-with-go-tuf.ts';
import { killedAtCall } from './killing.ts';
import { resignInProcess } from './resign-in-process.ts';
import { NOW, type RunOptions } from './timekeeper.ts';
import { expectNoLeftovers, expectSound, watched, type Watched } from './watched.ts';
import { copyOf, enrolledCopyOf, newPath, type WorkingCopy } from './working-copy.ts';

const LANES = [0, 1]; // rounds that run side by side, each on a repository of its own
const AT_RANDOM = 80; // rounds
const PATIENCE = 300_000; // ms; 25 seconds on two cores that have nothing else to do
const RESIGN = ['resign', '--force'];
const FIRST_RUN = [...RESIGN, '--trusted-root', 'repository/1.root.json'];

let rounds = 0;
const calls: number[] = [];

/** A run that is killed, or several, and one that is not. Returns whether the first survived its bullet. */
async function expectRecovery(
  repository: Watched,
  words: readonly string[],
  bullets: readonly RunOptions[],
  next: () => Promise<Outcome>,
): Promise<'killed' | 'survived'> {
  const { copy } = repository;
  rounds++;
  const ends: (number | null)[] = [];
  for (const bullet of bullets) {
    ends.push((await copy.run(words, bullet)).status);
    expectSound(repository);
  }
  const before = copy.signed().version;
  const outcome = await next();
  expect(outcome.outcome).toBe('signed');
  expect(outcome.version).toBeGreaterThan(before);
  expect(expectSound(repository)).toBe(outcome.version);
  expectNoLeftovers(repository);
  return ends[0] === null ? 'killed' : 'survived';
}

/** Kills at every call, until a run survives. Returns how many there are. */
async function killAtEveryCall(start: () => Promise<WorkingCopy>, words: readonly string[], fresh: boolean) {
  const survivors = await Promise.all(
    LANES.map(async (lane) => {
      let repository = watched(await start());
      for (let n = lane + 1; ; n += LANES.length) {
        const { copy } = repository;
        const next = () => copy.json(words.includes('--force') ? words : [...words, '--force']);
        if ((await expectRecovery(repository, words, [killedAtCall(n)], next)) === 'survived') return n;
        if (fresh) repository = watched(await start());
      }
    }),
  );
  const count = Math.min(...survivors) - 1;
  calls.push(count);
  return count;
}

describe('a re-sign that is killed leaves what clients accept, and the next run goes on', () => {
  test(
    'at every call that changes the disk',
    async () => {
      expect(await killAtEveryCall(() => enrolledCopyOf('plain-key'), RESIGN, false)).toBeGreaterThan(20);
    },
    PATIENCE,
  );

  test(
    'at every call of the first run, which begins the state',
    async () => {
      const start = () => Promise.resolve(copyOf('plain-key'));
      expect(await killAtEveryCall(start, FIRST_RUN, true)).toBeGreaterThan(25);
    },
    PATIENCE,
  );

  test(
    'at every call of a run that repairs what a killed one left',
    async () => {
      const prepared = await unpublished();
      const start = () => Promise.resolve(copyOf(prepared.folder));
      expect(await killAtEveryCall(start, ['resign'], true)).toBeGreaterThan(20);
    },
    PATIENCE,
  );

  test.each([
    { fixture: 'plain-key', count: AT_RANDOM },
    { fixture: 'go-tuf-v0.5.2', count: 6 },
    { fixture: 'consistent', count: 4 },
  ])(
    'at any time, $count times, and now and then again while it repairs ($fixture)',
    async ({ fixture, count }) => {
      await Promise.all(
        LANES.map(async () => {
          const repository = watched(await enrolledCopyOf(fixture));
          const { copy } = repository;
          const next = () => (fixture === 'plain-key' ? resignInProcess(copy.folder) : copy.json(RESIGN));
          const started = performance.now();
          await copy.json(RESIGN);
          const duration = performance.now() - started;
          for (let i = 0; i < count / LANES.length; i++) {
            const bullet = () => ({ killAfter: Math.random() * duration });
            await expectRecovery(repository, RESIGN, i % 4 === 0 ? [bullet(), bullet()] : [bullet()], next);
          }
        }),
      );
    },
    PATIENCE,
  );

  test('in 200 rounds altogether', () => {
    if (process.env.MEASURE) console.log(`${rounds} rounds, of which ${calls.join(' + ')} at one call each`);
    expect(rounds).toBeGreaterThanOrEqual(200);
  });
});

await describeWithGoTufLoop('a client of go-tuf v0.5.2 that sees it all', (loop) => {
  test(
    'accepts what a killed re-sign leaves, at every call, and what the next run makes of it',
    async () => {
      const copy = await enrolledCopyOf('plain-key');
      const state = newPath();
      await loop().init(state, copy.bytes('repository', '1.root.json'));
      const look = () => loop().update(state, copy.repository, { now: NOW });
      for (let n = 1, status: number | null = null; status === null; n++) {
        ({ status } = await copy.run(RESIGN, killedAtCall(n)));
        expect(await look()).toMatchObject({ ok: true });
        const { version } = await resignInProcess(copy.folder);
        expect(await look()).toMatchObject({ ok: true, versions: { timestamp: version } });
      }
    },
    PATIENCE,
  );
});

/** A repository whose newest timestamp was recorded, but not published. */
async function unpublished(): Promise<WorkingCopy> {
  const copy = await enrolledCopyOf('plain-key');
  const before = copy.timestamp;
  await copy.json(RESIGN);
  copy.timestamp = before;
  return copy;
}
