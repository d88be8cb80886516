import { describe, expect, test } from '@jest/globals';
import { FailureError } from '../../lib/contract/errors.ts';
import { outcomeOf } from '../../lib/refresh/outcome.ts';
import { newRepository, type Repository } from './repository.ts';

describe('the outcome of an error', () => {
  const asked = { repository: 'tests', dryRun: false };

  test('of ours has its code, its message and its remedy', () => {
    const error = new FailureError('STORE_FULL', 'The disk is full.');
    expect(outcomeOf(error, asked)).toMatchObject({
      outcome: 'failed',
      code: 'STORE_FULL',
      message: 'The disk is full.',
      remedy: error.remedy,
    });
  });

  test.each([
    { given: 'an error of somebody else', error: new TypeError('The passphrase is 1234.'), name: 'TypeError' },
    { given: 'what is no error at all', error: 'The passphrase is 1234.', name: 'string' },
  ])('tells no more than the name of $given', ({ error, name }) => {
    expect(outcomeOf(error, asked)).toMatchObject({
      outcome: 'failed',
      code: 'UNEXPECTED',
      message: `Something went wrong that should not be possible (${name}).`,
    });
  });
});

describe('the effective expiry is the first of all that clients check', () => {
  const soon = '2026-12-01T00:00:00Z';
  test.each<{ of: string; arrange: (r: Repository) => unknown; expected: string }>([
    { of: 'the timestamp', arrange: () => undefined, expected: '2026-12-08T00:00:00Z' },
    { of: 'the root', arrange: (r) => r.publishRoot((root) => (root.expires = soon)), expected: soon },
    {
      of: 'the snapshot',
      arrange: async (r) => {
        await r.publishSnapshot({ change: (signed) => (signed.expires = soon) });
        await r.publishTimestamp();
      },
      expected: soon,
    },
  ])('$of', async ({ arrange, expected }) => {
    const r = await newRepository();
    await arrange(r);
    expect(await r.run()).toMatchObject({ code: 'NOT_DUE', effectiveExpiry: expected });
  });
});
