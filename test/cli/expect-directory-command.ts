/* eslint-disable jest/no-export -- tests that several commands share */
import { describe, expect, test } from '@jest/globals';
import { WRONG_USAGES, type WrongUsage } from './directory-usage.ts';
import { outcomeOf } from './timekeeper.ts';
import { copyOf } from './working-copy.ts';

/**
 * What holds of every command over a directory that is called wrongly: exit status 2, one sentence on what is wrong and one on what to do,
 * in JSON and in words, and nothing is changed.
 * @param required - options without which the command can do nothing
 * @param more - ways that only this command knows
 */
export function testWrongUsage(
  command: string,
  required: readonly string[] = [],
  more: readonly WrongUsage[] = [],
): void {
  describe(`${command} ends with status 2 and changes nothing`, () => {
    test.each([...WRONG_USAGES, ...more])('given $given', async ({ words, arrange, says, advises }) => {
      const copy = copyOf('plain-key');
      arrange?.(copy);
      const before = copy.tree();
      const line = [command, ...(words.includes('--trusted-root') ? [] : required), ...words];
      // One after the other: of two first runs that fail together, the second can leave the empty folder that the first made.
      const json = await copy.run([command, '--json', ...line.slice(1)]);
      const plain = await copy.run(line);
      const outcome = outcomeOf(json);
      expect(outcome).toMatchObject({ code: 'USAGE', version: null });
      expect(outcome.message).toMatch(says);
      expect(outcome.remedy).toMatch(advises);
      expect(plain).toMatchObject({ status: 2, stdout: '' });
      expect(plain.stderr).toBe(`Failed (USAGE): ${outcome.message}\n  What to do:  ${outcome.remedy}\n`);
      expect(copy.tree()).toEqual(before);
    });
  });
}
