/* eslint-disable jest/no-export, jest/valid-title -- a way to write tests, not a test file */
import { describe, test } from '@jest/globals';
import { goTuf, type GoTuf } from './go-tuf.ts';

/**
 * Like `describe`, for tests that need the real peer: `await describeWithGoTuf('…', (peer) => { … })`.
 * Where the peer can't be had they become one test to do, so that the report tells of them.
 */
export async function describeWithGoTuf(title: string, tests: (peer: GoTuf) => void): Promise<void> {
  const peer = await goTuf();
  describe(title, () => {
    if (peer) tests(peer);
    else test.todo('needs Go and its module proxy');
  });
}
