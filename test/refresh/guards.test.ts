import { describe, expect, test } from '@jest/globals';
import { look } from '../../lib/refresh/look.ts';
import { plan, type Plan } from '../../lib/refresh/plan.ts';
import { newRepository, type Repository } from './repository.ts';

/** What a run would decide now. */
async function planOf(r: Repository): Promise<Plan> {
  const places = { hosting: r.hosting, state: r.state, keys: r.source, clockSkew: () => r.skew };
  const seen = await look(places, r.trust, r.policy, false, r.now);
  if (seen === 'changed') throw new Error('Nobody else is there.');
  return plan(seen.state, r.policy, false, r.now);
}

const INVARIANTS = ['T1–T2', 'Q1', 'K1', 'C1', 'V1', 'S2', 'S1–S3'];

describe('a plan tells what was judged, up to the first invariant that is broken', () => {
  test.each<{ given: string; arrange: (r: Repository) => unknown; broken: string | undefined }>([
    { given: 'nothing wrong', arrange: () => undefined, broken: undefined },
    {
      given: 'a wrong clock',
      arrange: (r) => {
        r.skew = 301;
      },
      broken: 'Q1',
    },
    { given: 'a root without our key', arrange: (r) => r.rotateTimestampKey(), broken: 'K1' },
    {
      given: 'a timestamp that clients read in two ways',
      arrange: (r) => r.resign('timestamp.json', (signed) => (signed.Version = 9)),
      broken: 'C1',
    },
    { given: 'a version too far ahead', arrange: (r) => r.publishTimestamp({ version: 2_000_000 }), broken: 'V1' },
    {
      given: 'a timestamp that names another snapshot of the known version',
      arrange: async (r) => {
        await r.resign('snapshot.json', (signed) => (signed.x = 1));
        await r.publishTimestamp();
      },
      broken: 'S2',
    },
    {
      given: 'a snapshot that is missing',
      arrange: (r) => {
        r.remove('snapshot.json');
      },
      broken: 'S1–S3',
    },
    {
      given: 'a newer snapshot in which targets go back, in advance mode',
      arrange: async (r) => {
        r.policy = { ...r.policy, mode: 'advance' };
        await r.publishTargets(1);
        await r.publishSnapshot();
      },
      broken: 'S1–S3',
    },
  ])('given $given', async ({ arrange, broken }) => {
    const r = await newRepository();
    await arrange(r);
    const { checks } = await planOf(r);
    const judged = INVARIANTS.slice(0, broken === undefined ? undefined : INVARIANTS.indexOf(broken) + 1);
    expect(checks.map(({ invariant, holds }) => ({ invariant, holds }))).toEqual(
      judged.map((invariant) => ({ invariant, holds: invariant !== broken })),
    );
  });

  test('and nothing was judged while signing is paused', async () => {
    const r = await newRepository();
    r.skew = 301;
    r.putState('pause.json', { until: '2026-12-01T00:00:00Z', reason: 'drill' });
    expect(await planOf(r)).toMatchObject({ code: 'PAUSED', checks: [] });
  });
});
