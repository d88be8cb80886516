/* eslint-disable jest/no-export, jest/valid-title -- a way to write tests, not a test file */
import { describe, test } from '@jest/globals';

/**
 * Like `describe`, for tests that need something which not every machine has.
 * Where it is missing they become one test to do, so that the report tells of them.
 * @param needed - what the tests use, or undefined where it cannot be had
 * @param what - its name, as in "needs …"
 * @throws Error where it is missing, if the environment has TIMEKEEPER_REQUIRE_PEERS=1
 */
export function describeWhere<T>(title: string, what: string, needed: T | undefined, tests: (needed: T) => void): void {
  if (needed === undefined && process.env.TIMEKEEPER_REQUIRE_PEERS === '1') throw new Error(`This needs ${what}.`);
  describe(title, () => {
    if (needed === undefined) test.todo(`needs ${what}`);
    else tests(needed);
  });
}
