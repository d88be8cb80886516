import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeWithGoTufLoop } from '../peers/describe-with-go-tuf.ts';
import { canonical, objects, VECTORS } from './canonical-json-cases.ts';

await describeWithGoTufLoop('canonicalJson against go-securesystemslib', (loop) => {
  /** What go-tuf signs, and what it takes into its hands to verify. */
  const goes = async (text: string): Promise<readonly string[]> => {
    const { signing, verifying } = await loop().canonicalise(Buffer.from(text));
    return [signing, verifying].map((answer) => (answer.ok ? Buffer.from(answer.bytes).toString() : answer.error));
  };

  test.each(VECTORS)('agrees that it $rule', async ({ text, expected }) => {
    expect(await goes(text)).toEqual([expected, expected]);
  });

  test('agrees on any object', async () => {
    await fc.assert(
      fc.asyncProperty(objects, async (object) => {
        const text = JSON.stringify(object);
        const ours = canonical(text);
        expect(await goes(text)).toEqual([ours, ours]);
      }),
      { numRuns: 1_000 },
    );
  });
});
