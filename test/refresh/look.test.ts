import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { look } from '../../lib/refresh/look.ts';
import type { ReadStore } from '../../lib/stores/store.ts';
import type { Call } from './memory-store.ts';
import { newRepository, type Repository } from './repository.ts';

/** Notes the calls to the stores; those that go out before the first of them is answered are one round. */
function roundsOf(r: Repository): readonly string[][] {
  const rounds: string[][] = [];
  let answers: Promise<void> | undefined;
  const note = async ({ store, do: what, name }: Call) => {
    if (answers === undefined) {
      rounds.push([]);
      answers = wait(1).then(() => {
        answers = undefined;
      });
    }
    rounds.at(-1)?.push(`${store} ${what} ${name}`.trim());
    await answers;
  };
  r.hosting.before = note;
  r.state.before = note;
  return rounds;
}

const FIRST = [
  'state get root-chain.json',
  'state get journal.json',
  'state get expected.json',
  'state get pause.json',
  'hosting get timestamp.json',
  'hosting get snapshot.json',
];
const ROOTS = ['hosting get 1.root.json', 'hosting get 2.root.json'];

describe('a run in which nothing is due reads everything once, in as few rounds as can be', () => {
  test.each([
    { given: 'plain names', consistent: false, mode: 'refresh' as const, then: [ROOTS] },
    {
      given: 'consistent snapshots',
      consistent: true,
      mode: 'refresh' as const,
      then: [[...ROOTS, 'hosting get 2.snapshot.json']],
    },
    {
      given: 'plain names in advance mode',
      consistent: false,
      mode: 'advance' as const,
      then: [ROOTS, ['hosting get targets.json']],
    },
    {
      given: 'consistent snapshots in advance mode',
      consistent: true,
      mode: 'advance' as const,
      then: [[...ROOTS, 'hosting get 2.snapshot.json', 'hosting list'], ['hosting get 2.targets.json']],
    },
  ])('with $given', async ({ consistent, mode, then }) => {
    const r = await newRepository({ consistent, policy: { mode } });
    const rounds = roundsOf(r);
    expect(await r.run()).toMatchObject({ code: 'NOT_DUE', warnings: [] });
    expect(rounds).toEqual([FIRST, ...then]);
  });
});

test('a run that begins the state asks for the versioned snapshot together with the roots', async () => {
  const r = await newRepository({ fresh: true, consistent: true });
  const rounds = roundsOf(r);
  expect(await r.enrol()).toMatchObject({ code: 'NOT_DUE' });
  expect(rounds.slice(0, 2)).toEqual([FIRST, [...ROOTS, 'hosting get 2.snapshot.json']]);
});

test('a run asks for the versioned snapshot that is endorsed also where no timestamp names it', async () => {
  const r = await newRepository({ consistent: true });
  r.remove('timestamp.json');
  r.put('snapshot.json', 'not looked at');
  const rounds = roundsOf(r);
  expect(await r.run()).toMatchObject({ code: 'HEALED_MISSING' });
  expect(rounds[1]).toEqual([...ROOTS, 'hosting get 2.snapshot.json']);
});

test('a run that begins the state asks for no versioned snapshot where no timestamp names one', async () => {
  const r = await newRepository({ fresh: true, consistent: true });
  r.remove('timestamp.json');
  const rounds = roundsOf(r);
  expect(await r.enrol()).toMatchObject({ code: 'NO_BASELINE' });
  expect(rounds).toEqual([FIRST, ROOTS]);
});

test('a storage that lists nothing shows no newer versioned snapshot: the endorsed one is judged', async () => {
  const r = await newRepository({ consistent: true, policy: { mode: 'advance' } });
  await r.publishTargets();
  await r.publishSnapshot();
  const get: ReadStore['get'] = (name, most) => r.hosting.get(name, most);
  const seen = await look({ hosting: { get }, state: r.state, keys: r.source }, r.trust, r.policy, false, r.now);
  expect(seen).toMatchObject({ state: { snapshot: { is: 'verified', snapshot: { file: '2.snapshot.json' } } } });
});
