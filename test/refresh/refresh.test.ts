import { expect, test } from '@jest/globals';
import { FailureError } from '../../lib/contract/errors.ts';
import { refresh, type Wish } from '../../lib/refresh/refresh.ts';
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

test('a failure is an exception, so that whoever called tries again', async () => {
  const r = await newRepository();
  const failure = new FailureError('STORE_UNREACHABLE', 'No answer.');
  r.hosting.before = ({ name }) => {
    if (name === 'timestamp.json') throw failure;
  };
  await expect(refreshed(r)).rejects.toBe(failure);
});
