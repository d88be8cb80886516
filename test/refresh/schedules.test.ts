import { expect, test } from '@jest/globals';
import { Random } from './schedule-random.ts';
import { World } from './schedule-world.ts';

const EVENTS = 120; // of a schedule, before it calms down

/** How many schedules, and from which seed on. `TIMEKEEPER_SCHEDULES=20000 npm run jest -- test/refresh/schedules` runs more. */
const SCHEDULES = Number(process.env.TIMEKEEPER_SCHEDULES ?? 300);
const FIRST = Number(process.env.TIMEKEEPER_FIRST_SEED ?? 1);

test(
  `keeps what is promised in ${SCHEDULES} random schedules of two signers, a publisher, a host, a thief, crashes and lost answers`,
  async () => {
    const seen = new Map<string, number>();
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    for (let seed = FIRST; seed < FIRST + SCHEDULES; seed++) {
      const random = new Random(seed);
      const world = await World.begin(random);
      try {
        await play(world, count);
      } catch (error) {
        (error as Error).message += `\nseed ${seed}:\n${world.trace.slice(-60).join('\n')}`;
        throw error;
      }
      for (const { code } of world.outcomes) count(code);
    }
    if (SCHEDULES > 300) console.log(Object.fromEntries(Array.from(seen).sort(([, a], [, b]) => b - a)));
    // It would show nothing if nothing happened in it.
    for (const code of HAVE_TO_HAPPEN) expect(seen.get(code)).toBeGreaterThan(0);
  },
  SCHEDULES * 500,
);

const HAVE_TO_HAPPEN = [
  'SIGNED',
  'NOT_DUE',
  'HEALED_MISSING',
  'HEALED_GARBAGE',
  'HEALED_ROLLBACK',
  'HEALED_UNPUBLISHED',
  'HEALED_COLLISION',
  'HEALED_ROOT_CHANGED',
  'HEAL_WAITS',
  'PUBLISH_IN_PROGRESS',
  'STORE_UNREACHABLE',
  'ends at rest',
  'ends refused',
];

async function play(world: World, count: (what: string) => unknown): Promise<void> {
  for (let event = 0; event < EVENTS; event++) {
    await world.event();
    world.check();
  }
  await world.calm();
  world.check();
  const refused = await world.settle();
  count(refused === undefined ? 'ends at rest' : 'ends refused');

  await world.publishProperly();
  expect(await world.settle()).toBeUndefined();
  world.check();
  expect(world.client().refused).toBeUndefined();
}
