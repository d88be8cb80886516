import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../lib/tuf/canonical-json.ts';
import { parseJson } from '../../lib/tuf/json.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { GoTufLoop } from '../peers/go-tuf.ts';
import { looselyCanonical } from './loose-json.ts';

const canonical = (text: string): string => Buffer.from(canonicalJson(parseJson(Buffer.from(text), 'f'))).toString();

// Each was confirmed with go-securesystemslib v0.5.0; the test below with the peer does it again.
const VECTORS = [
  { rule: 'leaves out white space', text: ' { "a" : [ 1 , 2 ] } ', expected: '{"a":[1,2]}' },
  { rule: 'sorts keys', text: '{"b":1,"a":{"d":1,"c":2},"A":0}', expected: '{"A":0,"a":{"c":2,"d":1},"b":1}' },
  { rule: 'sorts keys that are numbers as texts', text: '{"10":1,"9":2,"":3}', expected: '{"":3,"10":1,"9":2}' },
  {
    rule: 'sorts by UTF-8 bytes, so that astral characters come last',
    text: '{"\\ud83d\\ude00":1,"\\uffee":2,"\\ue000":3,"z":4}',
    expected: '{"z":4,"\ue000":3,"\uffee":2,"😀":1}',
  },
  { rule: 'escapes quotes and backslashes', text: '{"\\"":"\\\\\\/"}', expected: '{"\\"":"\\\\/"}' },
  {
    rule: 'writes control characters raw',
    text: '{"a":"\\u0000\\b\\f\\n\\r\\t\\u001f\\u007f"}',
    expected: '{"a":"\0\b\f\n\r\t\u001f\u007f"}',
  },
  {
    rule: 'writes what Go escapes for HTML raw',
    text: '{"a":"<&>\\u2028\\u2029"}',
    expected: '{"a":"<&>\u2028\u2029"}',
  },
  {
    rule: 'keeps the order of lists',
    text: '{"a":[3,1,2,[],{},null,true]}',
    expected: '{"a":[3,1,2,[],{},null,true]}',
  },
  {
    rule: 'writes the largest integers',
    text: '{"a":9007199254740991,"b":-9007199254740991}',
    expected: '{"a":9007199254740991,"b":-9007199254740991}',
  },
  {
    rule: 'takes __proto__ for a key',
    text: '{"a":1,"__proto__":{"b":1}}',
    expected: '{"__proto__":{"b":1},"a":1}',
  },
];

describe('canonicalJson', () => {
  test.each(VECTORS)('$rule', ({ text, expected }) => {
    expect(canonical(text)).toBe(expected);
  });

  test('gives the timestamp of the fixture the bytes that fleetctl signed', () => {
    const text =
      '{"_type":"timestamp","spec_version":"1.0","version":3,"expires":"2026-12-06T16:35:14Z","meta":{"snapshot.json":{"length":529,"hashes":{"sha512":"841e"},"version":2}}}';
    expect(canonical(text)).toBe(
      '{"_type":"timestamp","expires":"2026-12-06T16:35:14Z","meta":{"snapshot.json":{"hashes":{"sha512":"841e"},"length":529,"version":2}},"spec_version":"1.0","version":3}',
    );
  });

  test('is the same for every order of the keys', () => {
    fc.assert(
      fc.property(objects, fc.infiniteStream(fc.nat()), (object, stream) => {
        const [...entries] = Object.entries(object);
        const shuffled = Object.fromEntries(
          entries
            .map((entry) => [stream.next().value, entry] as const)
            .sort(byFirst)
            .map(([, entry]) => entry),
        );
        expect(canonical(JSON.stringify(shuffled))).toBe(canonical(JSON.stringify(object)));
      }),
    );
  });

  test('gives what a second, independent writing of the rules gives', () => {
    fc.assert(
      fc.property(objects, (object) => {
        expect(canonical(JSON.stringify(object))).toBe(looselyCanonical(object).toString());
      }),
      { numRuns: 1_000 },
    );
  });
});

const byFirst = ([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number => a - b;

const awkward = fc.constantFrom(
  '"',
  '\\',
  '\0',
  '\n',
  '<',
  '\u2028',
  '\ue000',
  '\uffee',
  '😀',
  '\u{10ffff}',
  '__proto__',
);
const keys = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(awkward).map((parts) => parts.join('')),
);
const { objects } = fc.letrec<{ objects: object; value: unknown }>((tie) => ({
  objects: fc.dictionary(keys, tie('value'), { maxKeys: 8, noNullPrototype: true }),
  value: fc.oneof(
    { maxDepth: 4 },
    keys,
    fc.maxSafeInteger().map((integer) => integer + 0), // no -0
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('objects'),
  ),
}));

await describeWithGoTuf('canonicalJson against go-securesystemslib', (peer) => {
  let loop: GoTufLoop;
  beforeAll(() => {
    loop = peer.loop();
  });
  afterAll(() => loop.close());

  /** What go-tuf signs, and what it takes into its hands to verify. */
  const goes = async (text: string): Promise<readonly string[]> => {
    const { signing, verifying } = await loop.canonicalise(Buffer.from(text));
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
