import { describe, expect, test } from '@jest/globals';
import { isObject, parseJson, type JsonObject } from '../../lib/tuf/json.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { FIXTURE_NAMES, metadataOf } from './fixtures.ts';
import { ecdsaKey, ed25519Key, rsaKey } from './signing-key.ts';

function objectOf(value: unknown): JsonObject {
  const json = parseJson(Buffer.from(JSON.stringify(value)), 'f');
  if (!isObject(json)) throw new Error('It is no object.');
  return json;
}

// fleet-facts.md, section 2.2: made by go-tuf v0.5.2
const PUBLIC = '9eb015e31e2cc53d5f8867cf1eb2b6f7efbe65ae3bcce323483e12c97ca8a03f';
const WITH_ALGORITHMS = {
  keytype: 'ed25519',
  scheme: 'ed25519',
  keyid_hash_algorithms: ['sha256', 'sha512'],
  keyval: { public: PUBLIC },
};

describe('keyId', () => {
  test('is the one that go-tuf gives a key', () => {
    expect(keyId(objectOf(WITH_ALGORITHMS))).toBe('d3865141412fb29830bb75dd110ff8f2a78aa74b515e5cd094f3107ba376bf28');
  });

  test('does not depend on the order of the fields', () => {
    const reversed = Object.fromEntries(Object.entries(WITH_ALGORITHMS).reverse());
    expect(keyId(objectOf(reversed))).toBe(keyId(objectOf(WITH_ALGORITHMS)));
  });

  test.each([
    { other: 'without keyid_hash_algorithms', json: { ...WITH_ALGORITHMS, keyid_hash_algorithms: undefined } },
    { other: 'with one more field', json: { ...WITH_ALGORITHMS, more: 1 } },
    { other: 'in upper-case digits', json: { ...WITH_ALGORITHMS, keyval: { public: PUBLIC.toUpperCase() } } },
  ])('is another for the key $other', ({ json }) => {
    expect(keyId(objectOf(json))).not.toBe(keyId(objectOf(WITH_ALGORITHMS)));
  });

  test.each(FIXTURE_NAMES)('is the one under which the root of %s lists each key', (fixture) => {
    const root = parseJson(metadataOf(fixture).get('root.json')!, 'root.json') as ReadonlyMap<string, JsonObject>;
    const keys = root.get('signed')!.get('keys') as ReadonlyMap<string, JsonObject>;
    expect(Array.from(keys.values(), keyId)).toEqual(Array.from(keys.keys()));
  });

  test.each([ed25519Key(), ecdsaKey(), rsaKey()])('agrees with a second writing of the rule ($json.keytype)', (key) => {
    expect(keyId(objectOf(key.json))).toBe(key.id);
  });
});
