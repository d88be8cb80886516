import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson } from '../../lib/tuf/json.ts';
import { parseTargets } from '../../lib/tuf/targets.ts';
import { plain } from './loose-json.ts';
import { refusal, verdict } from './verdict.ts';

const nested = (levels: number, inner = ''): string => '['.repeat(levels) + inner + ']'.repeat(levels);

describe('parseJson reads', () => {
  test.each([
    '{}',
    '[]',
    ' \t\r\n[ 1 , 2 ]\n',
    ' { } ',
    ' [ ] ',
    ' { "a" : [ ] , "b" : { } } ',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"',
    '"\\u005c\\u0022"',
    '"é\u2028\u2029\u007f\u0080😀"',
    '{"":{"":[]}}',
    '{"a":null,"b":true,"c":false}',
    '0',
    '-1',
    '9007199254740991',
    '-9007199254740991',
    nested(32, '1'),
    '{"toString":1,"constructor":{"prototype":2},"hasOwnProperty":null}',
  ])('%j as JSON.parse does', (text) => {
    expect(plain(parseJson(Buffer.from(text), 'f'))).toEqual(JSON.parse(text));
  });

  test('members in the order of the file, also those whose names are numbers', () => {
    const object = parseJson(Buffer.from('{"b":1,"1":2,"a":3,"0":4}'), 'f') as ReadonlyMap<string, number>;
    expect(Array.from(object.keys())).toEqual(['b', '1', 'a', '0']);
  });

  test('__proto__ as a key like any other', () => {
    const object = parseJson(Buffer.from('{"__proto__":{"version":42}}'), 'f') as ReadonlyMap<string, unknown>;
    expect(Array.from(object.keys())).toEqual(['__proto__']);
    expect(object.get('version')).toBeUndefined();
  });

  test('targets metadata with 100,000 targets', () => {
    const hashes = { sha512: 'ab'.repeat(64) };
    const paths = Array.from({ length: 100_000 }, (_, index) => `osqueryd/linux/5.${index}/osqueryd`);
    const targets = Object.fromEntries(paths.map((path) => [path, { length: 21, hashes, custom: { version: path } }]));
    const signed = { _type: 'targets', spec_version: '1.0', version: 1, expires: '2030-01-01T00:00:00Z', targets };
    const { targets: read } = parseTargets(Buffer.from(JSON.stringify({ signed, signatures: [] })));
    expect(Array.from(read.keys()).join()).toBe(paths.join());
  });

  test('a string of a million escapes, and one of a million characters', () => {
    const texts = ['\\"'.repeat(1_000_000), 'a'.repeat(1_000_000)];
    const read = texts.map((text) => (parseJson(Buffer.from(`"${text}"`), 'f') as string).length);
    expect(read).toEqual([1_000_000, 1_000_000]);
  });
});

describe('parseJson refuses', () => {
  const bytes = (text: string): Buffer => Buffer.from(text);
  test.each([
    { given: 'nothing', input: bytes(''), code: 'NOT_JSON' },
    { given: 'only white space', input: bytes(' \n'), code: 'NOT_JSON' },
    { given: 'HTML', input: bytes('<html>'), code: 'NOT_JSON' },
    { given: 'a BOM', input: bytes('\ufeff{}'), code: 'NOT_JSON' },
    { given: 'a BOM behind the value', input: bytes('{}\ufeff'), code: 'NOT_JSON' },
    { given: 'a character behind the value', input: bytes('{}x'), code: 'NOT_JSON' },
    { given: 'a second value', input: bytes('{}{}'), code: 'NOT_JSON' },
    { given: 'a NUL behind the value', input: bytes('{}\0'), code: 'NOT_JSON' },
    { given: 'white space that JSON does not know', input: bytes('{\u00a0}'), code: 'NOT_JSON' },
    { given: 'gzip', input: Buffer.from([0x1f, 0x8b, 8, 0]), code: 'NOT_JSON' },
    { given: 'UTF-16, little-endian', input: Buffer.from('\ufeff{}', 'utf16le'), code: 'NOT_JSON' },
    { given: 'UTF-16, big-endian', input: Buffer.from('\ufeff{}', 'utf16le').swap16(), code: 'NOT_JSON' },
    { given: 'UTF-16 without a BOM', input: Buffer.from('{}', 'utf16le'), code: 'NOT_JSON' },
    { given: 'a file cut in half', input: bytes('{"signed":{"_type":"time'), code: 'NOT_JSON' },
    { given: 'an object cut behind a value', input: bytes('{"a":1'), code: 'NOT_JSON' },
    { given: 'a string cut behind its backslash', input: bytes('"a\\'), code: 'NOT_JSON' },
    { given: 'a comma too many in an object', input: bytes('{"a":1,}'), code: 'NOT_JSON' },
    { given: 'a comma too many in a list', input: bytes('[1,]'), code: 'NOT_JSON' },
    { given: 'a missing comma in a list', input: bytes('[1 2]'), code: 'NOT_JSON' },
    { given: 'a missing comma in an object', input: bytes('{"a":1 "b":2}'), code: 'NOT_JSON' },
    { given: 'a missing colon', input: bytes('{"a" 1}'), code: 'NOT_JSON' },
    { given: 'a key without quotes', input: bytes('{a:1}'), code: 'NOT_JSON' },
    { given: 'single quotes', input: bytes("{'a':1}"), code: 'NOT_JSON' },
    { given: 'a comment', input: bytes('{}//'), code: 'NOT_JSON' },
    { given: 'NaN', input: bytes('NaN'), code: 'NOT_JSON' },
    { given: 'a word that begins as null', input: bytes('nul'), code: 'NOT_JSON' },
    { given: 'a word that goes on behind true', input: bytes('trues'), code: 'NOT_JSON' },
    { given: 'True', input: bytes('True'), code: 'NOT_JSON' },
    { given: 'a tab in a string', input: bytes('"\t"'), code: 'NOT_JSON' },
    { given: 'a line break behind a backslash', input: bytes('"\\\n"'), code: 'NOT_JSON' },
    { given: 'an unknown escape', input: bytes('"\\x41"'), code: 'NOT_JSON' },
    { given: 'an escape of three digits', input: bytes('"\\u12"'), code: 'NOT_JSON' },
    { given: 'an escape with a sign', input: bytes('"\\u+123"'), code: 'NOT_JSON' },
    { given: 'a leading zero', input: bytes('01'), code: 'NOT_JSON' },
    { given: 'a leading plus', input: bytes('+1'), code: 'NOT_JSON' },
    { given: 'a bare minus', input: bytes('-'), code: 'NOT_JSON' },
    { given: 'a point without digits', input: bytes('1.'), code: 'NOT_JSON' },
    { given: 'hexadecimal digits', input: bytes('0x10'), code: 'NOT_JSON' },
    { given: '3.0', input: bytes('[3.0]'), code: 'NUMBER_NOT_EXACT' },
    { given: '3.5', input: bytes('[3.5]'), code: 'NUMBER_NOT_EXACT' },
    { given: '3e0', input: bytes('[3e0]'), code: 'NUMBER_NOT_EXACT' },
    { given: '30E-1', input: bytes('[30E-1]'), code: 'NUMBER_NOT_EXACT' },
    { given: '-0', input: bytes('[-0]'), code: 'NUMBER_NOT_EXACT' },
    { given: '2^53', input: bytes('[9007199254740992]'), code: 'NUMBER_NOT_EXACT' },
    { given: '2^53+1', input: bytes('[9007199254740993]'), code: 'NUMBER_NOT_EXACT' },
    { given: '-2^53', input: bytes('[-9007199254740992]'), code: 'NUMBER_NOT_EXACT' },
    { given: '2^63-1', input: bytes('[9223372036854775807]'), code: 'NUMBER_NOT_EXACT' },
    { given: 'a number of 400 digits', input: bytes('9'.repeat(400)), code: 'NUMBER_NOT_EXACT' },
    { given: 'byte FF', input: Buffer.from([0x22, 0xff, 0x22]), code: 'BAD_UTF8' },
    { given: 'a surrogate in UTF-8', input: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), code: 'BAD_UTF8' },
    { given: 'an overlong quote', input: Buffer.from([0x22, 0xc0, 0xa2, 0x22]), code: 'BAD_UTF8' },
    { given: 'a character cut off', input: Buffer.from([0x22, 0xe2, 0x80, 0x22]), code: 'BAD_UTF8' },
    { given: 'half a surrogate pair', input: bytes('"\\ud800"'), code: 'BAD_UTF8' },
    { given: 'a surrogate pair the wrong way round', input: bytes('"\\udc00\\ud800"'), code: 'BAD_UTF8' },
    { given: 'half a surrogate pair in a key', input: bytes('{"\\udfff":1}'), code: 'BAD_UTF8' },
    { given: 'a key twice', input: bytes('{"a":1,"a":1}'), code: 'DUPLICATE_KEY' },
    { given: 'a key twice, once escaped', input: bytes('{"a":1,"\\u0061":1}'), code: 'DUPLICATE_KEY' },
    { given: 'a key twice deep inside', input: bytes('[{"x":{"a":1,"b":2,"a":3}}]'), code: 'DUPLICATE_KEY' },
    { given: '__proto__ twice', input: bytes('{"__proto__":1,"__proto__":2}'), code: 'DUPLICATE_KEY' },
    { given: '33 levels and a value', input: bytes(nested(33, '1')), code: 'TOO_DEEP' },
    { given: '10,000 levels', input: bytes(nested(10_000)), code: 'TOO_DEEP' },
    { given: '10,000 objects in one another', input: bytes('{"a":'.repeat(10_000)), code: 'TOO_DEEP' },
  ])('$given with $code', ({ input, code }) => {
    expect(verdict(() => parseJson(input, 'f'))).toBe(code);
  });

  test('what it refuses with the name of the file and a printable message', () => {
    const { message } = refusal(() => parseJson(Buffer.from('{"\\u001b[2J":1,"\\u001b[2J":2}'), 'timestamp.json'));
    expect(message).toBe('timestamp.json has the key "\\u001b[2J" twice in one object.');
  });

  test.each([
    { given: 'gzip', input: Buffer.from([0x1f, 0x8b]), hint: 'compressed with gzip' },
    { given: 'the first byte of gzip alone', input: Buffer.from([0x1f, 0x20]), hint: 'a value is expected' },
    { given: 'the second byte of gzip alone', input: Buffer.from([0x20, 0x8b]), hint: 'not valid UTF-8' },
    { given: 'UTF-16, little-endian', input: Buffer.from([0xff, 0xfe]), hint: 'UTF-16' },
    { given: 'UTF-16, big-endian', input: Buffer.from([0xfe, 0xff]), hint: 'UTF-16' },
    { given: 'FF FF', input: Buffer.from([0xff, 0xff]), hint: 'not valid UTF-8' },
    { given: 'FE FE', input: Buffer.from([0xfe, 0xfe]), hint: 'not valid UTF-8' },
    { given: 'FE behind another byte', input: Buffer.from([0x20, 0xfe]), hint: 'not valid UTF-8' },
    { given: 'FF behind another byte', input: Buffer.from([0x20, 0xff]), hint: 'not valid UTF-8' },
    { given: 'nothing', input: bytes(''), hint: 'it is empty' },
    { given: 'white space', input: bytes(' '), hint: 'it ends too early' },
    { given: 'half a string', input: bytes('"a'), hint: 'it ends within a string' },
    { given: 'a tab in a string', input: bytes('"\t"'), hint: 'a control character stands in a string' },
  ])('$given with the hint "$hint"', ({ input, hint }) => {
    expect(refusal(() => parseJson(input, 'timestamp.json')).message).toContain(hint);
  });
});

describe('parseJson, whatever it is given,', () => {
  const text = fc.string({ unit: 'binary' });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom(null, true, false),
      fc.maxSafeInteger().map((integer) => integer + 0), // no -0
      text,
      fc.array(tie('value'), { maxLength: 6 }),
      fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '1')), tie('value'), { maxKeys: 6 }),
    ),
  }));

  test('reads what JSON.stringify writes, with any white space', () => {
    fc.assert(
      fc.property(value, fc.constantFrom('', ' ', '\t', '\r\n '), (json, space) => {
        const written = JSON.stringify(json, null, space);
        expect(isDeepStrictEqual(plain(parseJson(Buffer.from(written), 'f')), JSON.parse(written))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  /** Refused with a code, or read with the value that JSON.parse gives. */
  const refusesOrAgrees = (input: Uint8Array): void => {
    let read: unknown;
    if (verdict(() => (read = plain(parseJson(input, 'f')))) !== 'accepted') return;
    expect(isDeepStrictEqual(read, JSON.parse(Buffer.from(input).toString()))).toBe(true);
  };

  test('throws nothing but refusals, and agrees with JSON.parse on what it accepts: any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), refusesOrAgrees), { numRuns: 5_000 });
  });

  test('throws nothing but refusals, and agrees with JSON.parse on what it accepts: pieces of JSON', () => {
    const pieces = ['{', '}', '[', ']', ':', ',', '"a"', '"b"', '"', '\\', '\\u', '00e9', '\\ud800', '\\n', '1', '0'];
    const more = ['-', '.', 'e', 'true', 'null', 'nul', ' ', '\n', '\ufeff', '\u0001', 'é', '😀', '\0', '"\\"'];
    const soup = fc.array(fc.constantFrom(...pieces, ...more), { maxLength: 14 });
    fc.assert(
      fc.property(soup, (parts) => {
        refusesOrAgrees(Buffer.from(parts.join('')));
      }),
      { numRuns: 20_000 },
    );
  });

  test('throws nothing but refusals, and agrees with JSON.parse on what it accepts: JSON with one byte changed', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (json, at, byte) => {
        const input = Buffer.from(JSON.stringify(json));
        input[at % input.length] = byte;
        refusesOrAgrees(input);
      }),
      { numRuns: 5_000 },
    );
  });
});
