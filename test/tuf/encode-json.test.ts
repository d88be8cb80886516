import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../lib/tuf/canonical-json.ts';
import { COMPACT, encodeJson, layoutOf } from '../../lib/tuf/encode-json.ts';
import { parseJson, type Json } from '../../lib/tuf/json.ts';
import { FIXTURE_NAMES, metadataOf } from './fixtures.ts';

const encoded = (json: Json): string => Buffer.from(encodeJson(json)).toString();
const rewritten = (bytes: Uint8Array): string =>
  Buffer.from(encodeJson(parseJson(bytes, 'f'), layoutOf(bytes))).toString();

describe('encodeJson', () => {
  test.each(FIXTURE_NAMES)('writes every file of %s byte for byte as go-tuf wrote it', (fixture) => {
    const files = metadataOf(fixture);
    expect(files.size).toBeGreaterThanOrEqual(5);
    for (const bytes of files.values()) expect(rewritten(bytes)).toBe(bytes.toString());
  });

  test.each([
    { text: '<script>&', expected: '"\\u003cscript\\u003e\\u0026"' },
    { text: '\u2028\u2029', expected: '"\\u2028\\u2029"' },
    { text: '\b\f\n\r\t', expected: '"\\b\\f\\n\\r\\t"' }, // Go 1.22 and later; \u0008 and \u000c before
    { text: '\0\u001f', expected: '"\\u0000\\u001f"' },
    { text: '"\\/', expected: '"\\"\\\\/"' },
    { text: '\u007f\u0080é😀', expected: '"\u007f\u0080é😀"' },
  ])('writes $expected as encoding/json does', ({ text, expected }) => {
    expect(encoded(text)).toBe(expected);
    expect(encoded(new Map([[text, 1]]))).toBe(`{${expected}:1}`);
  });

  test('writes a text that is longer than one piece of the writer whole, and canonical JSON too', () => {
    const long = Array.from({ length: 40_000 }, (_, index) => `é${index}`);
    expect(encoded(long)).toBe(JSON.stringify(long));
    expect(Buffer.from(canonicalJson(long)).toString()).toBe(JSON.stringify(long));
  });

  test('writes members in the order of the map, also those whose names are numbers', () => {
    const object = new Map<string, Json>([
      ['b', 1],
      ['1', [true, null, new Map()]],
      ['__proto__', []],
    ]);
    expect(encoded(object)).toBe('{"b":1,"1":[true,null,{}],"__proto__":[]}');
  });

  test('writes what parseJson reads as the same value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseJson(encodeJson(text), 'f')).toBe(text);
      }),
    );
  });
});

describe('a file is rewritten in its maker’s layout', () => {
  const envelope = { signatures: [], signed: { meta: {}, keyids: ['a', 'b'], 'snapshot.json': { version: 1 } } };
  test.each([
    { maker: 'go-tuf', text: JSON.stringify(envelope) },
    { maker: 'python-tuf (one space)', text: JSON.stringify(envelope, null, 1) },
    { maker: 'tuftool (two spaces, a line break at the end)', text: `${JSON.stringify(envelope, null, 2)}\n` },
    { maker: 'jq (two spaces, a line break at the end)', text: `${JSON.stringify(envelope, null, 2)}\n` },
    { maker: 'somebody who likes tabs', text: `${JSON.stringify(envelope, null, '\t')}\n` },
    { maker: 'somebody who likes eight spaces', text: JSON.stringify(envelope, null, 8) },
    { maker: 'somebody who only ends the line', text: `${JSON.stringify(envelope)}\n` },
  ])('$maker', ({ text }) => {
    expect(rewritten(Buffer.from(text))).toBe(text);
  });

  test('but never with an indentation that makes it large: white space is not signed', () => {
    const text = JSON.stringify(envelope).replace('{', `{\n${' '.repeat(5_000)}`);
    expect(layoutOf(Buffer.from(text))).toEqual(COMPACT);
  });

  test.each(['{}', '[]', '', '\ufeff{', '{"a":1}', '{\n}', '{\n\n"a":1}'])('%j counts as compact', (text) => {
    expect(layoutOf(Buffer.from(text))).toEqual(COMPACT);
  });
});
