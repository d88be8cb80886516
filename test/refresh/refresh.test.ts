import { expect, test } from '@jest/globals';
import { FailureError } from '../../lib/contract/errors.ts';
import { refresh, type Wish } from '../../lib/refresh/refresh.ts';
import { seconds } from '../../lib/tuf/instant.ts';
import { newRepository, type Repository } from './repository.ts';

const WISH: Wish = { repository: 'tests', force: false, dryRun: false, reason: undefined };

const refreshed = (r: Repository, wish: Partial<Wish> = {}) =>
  refresh({ ...WISH, ...wish }, { hosting: r.hosting, state: r.state, keys: r.source }, r.trust, r.policy, r.now);

test.each([false, true])('a refusal is an answer, not an exception, with dryRun %s', async (dryRun) => {
  const r = await newRepository();
  r.state.objects.delete('journal.json');
  await expect(refreshed(r, { dryRun })).resolves.toMatchObject({
    outcome: 'refused',
    code: 'JOURNAL_MISSING',
    dryRun,
  });
});

test.each([{ life: 3_599 }, { life: 31 * 86_400 + 1 }])(
  'nothing is signed that would live for $life seconds, whatever the policy says (E1)',
  async ({ life }) => {
    for (const dryRun of [false, true]) {
      const r = await newRepository();
      r.policy = { ...r.policy, validity: seconds(life), resignAfter: seconds(1) };
      const before = r.state.contents();
      await expect(refreshed(r, { force: true, dryRun })).resolves.toMatchObject({
        outcome: 'refused',
        code: 'OWN_OUTPUT_INVALID',
        message: expect.stringContaining('between 1 hour and 31 days'),
      });
      expect(r.source).toMatchObject({ openings: 0, signatures: 0 });
      expect(r.state.contents()).toEqual(before);
    }
  },
);

test.each([{ life: 3_600 }, { life: 31 * 86_400 }])('a life of just $life seconds is signed (E1)', async ({ life }) => {
  const r = await newRepository();
  r.policy = { ...r.policy, validity: seconds(life), resignAfter: seconds(1) };
  await expect(refreshed(r, { force: true })).resolves.toMatchObject({ outcome: 'signed' });
});

test('a failure is an exception, so that whoever called tries again', async () => {
  const r = await newRepository();
  const failure = new FailureError('STORE_UNREACHABLE', 'No answer.');
  r.hosting.before = ({ name }) => {
    if (name === 'timestamp.json') throw failure;
  };
  await expect(refreshed(r)).rejects.toBe(failure);
});
