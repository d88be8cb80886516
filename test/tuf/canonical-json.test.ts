import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonical, objects, VECTORS } from './canonical-json-cases.ts';
import { looselyCanonical } from './loose-json.ts';

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
