import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../lib/contract/errors.ts';
import { checkedPolicy, DEFAULT_POLICY } from '../../lib/refresh/policy.ts';
import { days, hours, seconds } from '../../lib/tuf/instant.ts';

const short = { resignAfter: seconds(1), check: seconds(1) };

describe('a policy', () => {
  test.each([
    { given: 'the one that holds where nothing is said', change: {} },
    { given: 'a validity of an hour', change: { ...short, validity: hours(1) } },
    { given: 'a validity of 31 days', change: { validity: days(31) } },
    {
      given: 'a validity that resignAfter and one check fill',
      change: { validity: hours(3), resignAfter: hours(2), check: hours(1) },
    },
  ])('is accepted with $given', ({ change }) => {
    const policy = { ...DEFAULT_POLICY, ...change };
    expect(checkedPolicy(policy)).toBe(policy);
  });

  test.each([
    {
      given: 'a second less than an hour',
      change: { ...short, validity: seconds(3_599) },
      says: /between 1 hour and 31/,
    },
    {
      given: 'a second more than 31 days',
      change: { validity: seconds(31 * 86_400 + 1) },
      says: /between 1 hour and 31/,
    },
    { given: 'resignAfter 0', change: { resignAfter: seconds(0) }, says: /has to be 1 second or more/ },
    {
      given: 'a validity that is a second too short for resignAfter and one check',
      change: { validity: seconds(3 * 3_600 - 1), resignAfter: hours(2), check: hours(1) },
      says: /longer than the time until the next signature plus one check/,
    },
  ])('is refused with $given', ({ change, says }) => {
    const check = () => checkedPolicy({ ...DEFAULT_POLICY, ...change });
    expect(check).toThrow(UsageError);
    expect(check).toThrow(says);
  });
});
