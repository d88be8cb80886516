import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { newOwner } from '../../lib/stores/lock-owner.ts';
import { NOW } from '../authoring/updates.ts';
import { describeWithGoTufLoop } from '../peers/describe-with-go-tuf.ts';
import { Publisher } from '../publishing/publisher.ts';
import { KILL_EVERY, killedAtCall } from './killing.ts';
import { Client, newPath } from './working-copy.ts';

const LANES = [0, 1]; // rounds that run side by side, each on a repository of its own
/** How often it is killed at some moment or other: 100 if every call is tried. */
const AT_RANDOM = KILL_EVERY === 1 ? 100 : 12;
const PATIENCE = 600_000; // ms
const PUBLISH = ['publish', './out'];

/** A folder that was published, and then got a new target and a moved tag. */
async function scene(consistent: boolean): Promise<Publisher> {
  const copy = await Publisher.begin({ consistent });
  expect((await copy.run(PUBLISH)).status).toBe(0);
  await copy.add('2', 'the second');
  return copy;
}

/** A client that has seen what is published. */
function clientOf(copy: Publisher): Client {
  const client = new Client(copy.file('1.root.json'));
  client.update(copy.path('out'));
  return client;
}

/** The next publish completes what the killed one began: nothing is missing, nothing is left over. What is older than what was published first is not there. */
async function expectGoneOnWith(copy: Publisher, client: Client): Promise<void> {
  const { status, stderr } = await copy.run([...PUBLISH, '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(filesIn(copy.path('out'))).toEqual(filesIn(copy.repository).filter((name) => !/^1\.(targets|snapshot)\./.test(name))); // prettier-ignore
  expect(client.update(copy.path('out')).timestamp.bytes).toEqual(copy.timestamp);
  new Client(copy.file('1.root.json')).update(copy.path('out'));
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

describe.each([
  { names: 'plain names', consistent: false },
  { names: 'consistent snapshots', consistent: true },
])('a publish into a folder, with $names, that is killed', ({ consistent }) => {
  let made: Publisher;
  beforeAll(async () => {
    made = await scene(consistent);
  });

  test(
    'at any call that changes the disk leaves what clients accept, and is gone on with by the next one',
    async () => {
      const survivors = await Promise.all(
        LANES.map(async (lane) => {
          for (let n = 1 + lane * KILL_EVERY; ; n += LANES.length * KILL_EVERY) {
            const copy = made.clone();
            const client = clientOf(copy);
            const { status } = await copy.run(PUBLISH, killedAtCall(n));
            client.update(copy.path('out'));
            if (consistent) new Client(copy.file('1.root.json')).update(copy.path('out'));
            await expectGoneOnWith(copy, client);
            if (status !== null) return n;
          }
        }),
      );
      if (process.env.MEASURE) console.log(`${Math.min(...survivors) - 1} calls`);
      expect(Math.min(...survivors)).toBeGreaterThan(30);
    },
    PATIENCE,
  );

  test('after its last put, with the lock of that in its hand, leaves a lock that goes with the next', async () => {
    const copy = made.clone();
    await copy.run(PUBLISH);
    const client = clientOf(copy);
    symlinkSync(JSON.stringify({ ...newOwner(), started: '0' }), join(copy.path('out'), 'put.lock')); // an earlier process of this number
    await expectGoneOnWith(copy, client);
  });

  test(
    `at any time, ${AT_RANDOM} times`,
    async () => {
      const started = performance.now();
      await made.clone().run(PUBLISH);
      const duration = performance.now() - started;
      await Promise.all(
        LANES.map(async () => {
          for (let i = 0; i < AT_RANDOM / LANES.length; i++) {
            const copy = made.clone();
            const client = clientOf(copy);
            await copy.run(PUBLISH, { killAfter: Math.random() * duration });
            client.update(copy.path('out'));
            await expectGoneOnWith(copy, client);
          }
        }),
      );
    },
    PATIENCE,
  );
});

await describeWithGoTufLoop('a client of go-tuf v0.5.2 that sees it all', (loop) => {
  test(
    'sees no error at any moment of publishes with consistent snapshots, and gets every target',
    async () => {
      const copy = await Publisher.begin({ consistent: true });
      await copy.run(PUBLISH);
      const state = newPath();
      await loop().init(state, copy.file('1.root.json'));
      const seen = new Set<number>();
      for (let version = 2; version < 6; version++) {
        await copy.add(String(version), `version ${version}`);
        const run = { isOver: false };
        const publishing = copy.run(PUBLISH).finally(() => (run.isOver = true));
        do {
          const check = await loop().update(state, join(copy.folder, 'out'), { now: NOW, targets: true });
          expect(check).toMatchObject({ ok: true });
          seen.add(check.versions.timestamp!);
        } while (!run.isOver);
        expect((await publishing).status).toBe(0);
      }
      expect(seen.size).toBeGreaterThan(3);
    },
    PATIENCE,
  );

  test(
    'accepts at any moment what a killed publish leaves',
    async () => {
      const made = await scene(false);
      for (let n = 1, status: number | null = null; status === null; n += KILL_EVERY) {
        const copy = made.clone();
        const state = newPath();
        await loop().init(state, copy.file('1.root.json'));
        const look = (targets: boolean) => loop().update(state, copy.path('out'), { now: NOW, targets });
        expect(await look(true)).toMatchObject({ ok: true });
        ({ status } = await copy.run(PUBLISH, killedAtCall(n)));
        expect(await look(false)).toMatchObject({ ok: true });
        await copy.run(PUBLISH);
        expect(await look(true)).toMatchObject({ ok: true, versions: { timestamp: copy.signed().version } });
      }
    },
    PATIENCE,
  );
});
