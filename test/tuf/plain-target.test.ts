import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../lib/tuf/canonical-json.ts';
import { encodeJson } from '../../lib/tuf/encode-json.ts';
import { parseJson, type Json } from '../../lib/tuf/json.ts';
import { PlainTarget } from '../../lib/tuf/plain-target.ts';

const HASH = 'a1'.repeat(64);
const written = (length: string, version: string, hash = HASH) =>
  `{"length":${length},"hashes":{"sha512":"${hash}"},"custom":{"version":${version}}}`;
const maps = (length: number, version: string) =>
  new Map<string, Json>([
    ['length', length],
    ['hashes', new Map([['sha512', HASH]])],
    ['custom', new Map([['version', version]])],
  ]);
const parse = (text: string) => parseJson(Buffer.from(text), 'targets.json');

test('an entry as go-tuf writes it is the object that it would be otherwise, whatever length and version it has', () => {
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.string({ unit: 'binary' }), (length, version) => {
      const object = maps(length, version);
      const text = Buffer.from(encodeJson(object)).toString('utf8');
      const parsed = parse(text) as PlainTarget;
      expect(new Map(parsed)).toEqual(object);
      expect(canonicalJson(parsed)).toEqual(canonicalJson(object));
      for (const layout of [{ indent: '', ending: '' }, { indent: ' ', ending: '\n' }]) {
        expect(encodeJson(parsed, layout)).toEqual(encodeJson(object, layout));
      }
    }),
    { examples: [[64, '1.0'], [0, ''], [10 ** 15, '1'], [1, '<&>"\\'], [1, '\u2028'], [1, 'ü']] },
  );
}); // prettier-ignore

test.each([
  { given: 'another first field', text: written('64', '"1"').replace('length', 'lengtg') },
  { given: 'another algorithm', text: written('64', '"1"').replace('sha512', 'sha384') },
  { given: 'another hash field', text: written('64', '"1"').replace('hashes', 'hashez') },
  { given: 'another custom field', text: written('64', '"1"').replace('version', 'versiom') },
])('an entry with $given of the same length is read for what it says', ({ text }) => {
  const parsed = parse(text);
  expect(parsed).not.toBeInstanceOf(PlainTarget);
  expect(Buffer.from(encodeJson(parsed)).toString()).toBe(text);
});

test('it gives what a map gives', () => {
  const [parsed, object] = [parse(written('64', '"1.0"')) as PlainTarget, maps(64, '1.0')];
  expect(parsed).toBeInstanceOf(PlainTarget);
  const seen: unknown[] = [];
  parsed.forEach((value, name) => seen.push([name, value]));
  expect(seen).toEqual(Array.from(object));
  expect([...parsed.keys()]).toEqual([...object.keys()]);
  expect([...parsed.values()]).toEqual([...object.values()]);
  expect([parsed.size, parsed.has('length'), parsed.has('other'), parsed.get('length'), parsed.get('other')]).toEqual([3, true, false, 64, undefined]); // prettier-ignore
  expect({ length: parsed.length, hashes: parsed.hashes }).toEqual({ length: 64, hashes: new Map([['sha512', HASH]]) });
});

describe('an entry that is written otherwise is read as any other object, and refused as any other:', () => {
  test.each([
    { given: 'a number that begins with 0', text: written('064', '"1"'), code: 'NOT_JSON' },
    { given: 'no number', text: written('', '"1"'), code: 'NOT_JSON' },
    { given: 'a fraction', text: written('6.4', '"1"'), code: 'NUMBER_NOT_EXACT' },
    { given: 'a negative zero', text: written('-0', '"1"'), code: 'NUMBER_NOT_EXACT' },
    { given: 'a number of 17 digits', text: written('10000000000000000', '"1"'), code: 'NUMBER_NOT_EXACT' },
    { given: 'an unknown escape', text: written('64', '"\\x"'), code: 'NOT_JSON' },
    { given: 'a control character', text: written('64', '"\t"'), code: 'NOT_JSON' },
    { given: 'a field twice', text: `${written('64', '"1"').slice(0, -1)},"length":64}`, code: 'DUPLICATE_KEY' },
    { given: 'an end within it', text: written('64', '"1"').slice(0, -1), code: 'NOT_JSON' },
    { given: 'something behind it', text: `${written('64', '"1"')}}`, code: 'NOT_JSON' },
    { given: 'a level too deep', text: `${'['.repeat(31)}${written('64', '"1"')}${']'.repeat(31)}`, code: 'TOO_DEEP' },
  ])('$given', ({ text, code }) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    { given: 'one hash more', text: written('64', '"1"').replace('"sha512"', `"sha256":"${'b'.repeat(64)}","sha512"`) },
    { given: 'a hash in capitals', text: written('64', '"1"', HASH.toUpperCase()) },
    { given: 'a hash too short', text: written('64', '"1"', HASH.slice(2)) },
    { given: 'a hash too long', text: written('64', '"1"', `${HASH}a1`) },
    { given: 'white space', text: written(' 64', '"1"') },
    { given: 'another version', text: written('64', '1') },
    { given: 'another order', text: `{"custom":{"version":"1"},"hashes":{"sha512":"${HASH}"},"length":64}` },
  ])('$given', ({ text }) => {
    expect(parse(text)).toBeInstanceOf(Map);
  });

  test('30 levels above it are not too many', () => {
    expect(parse(`${'['.repeat(30)}${written('64', '"1"')}${']'.repeat(30)}`)).toBeInstanceOf(Array);
  });
});
