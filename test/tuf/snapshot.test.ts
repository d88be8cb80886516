import { describe, expect, test } from '@jest/globals';
import { agrees, differs, parseMetaFile } from '../../lib/tuf/meta-file.ts';
import { parseJson } from '../../lib/tuf/json.ts';
import { parseSnapshot } from '../../lib/tuf/snapshot.ts';
import { createHash } from 'node:crypto';
import { metadataOf } from './fixtures.ts';
import { TestRepository, VALID } from './repository.ts';
import { refusal, verdict } from './verdict.ts';

const SIGNED = { _type: 'snapshot', spec_version: '1.0', version: 2, expires: VALID };
const file = (meta: unknown, more: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ signed: { ...SIGNED, meta, ...more }, signatures: [] }));

describe('parseSnapshot', () => {
  test('reads what go-tuf writes', () => {
    const { version, meta } = parseSnapshot(metadataOf('go-tuf-v0.5.2').get('snapshot.json')!);
    const targets = metadataOf('go-tuf-v0.5.2').get('targets.json')!;
    expect(version).toBe(2);
    expect(Array.from(meta.keys())).toEqual(['targets.json']);
    expect(differs(targets, meta.get('targets.json')!)).toBeUndefined();
  });

  test('reads every role that it lists, whatever its name', () => {
    const names = ['targets.json', 'a/b.json', 'root.json', '__proto__', 'Targets.json', ''];
    const meta = Object.fromEntries(names.map((name, index) => [name, { version: index + 1 }]));
    const { meta: read } = parseSnapshot(
      file(JSON.parse(JSON.stringify(meta).replace('{', '{"__proto__":{"version":4},'))),
    );
    expect(Array.from(read.keys()).sort()).toEqual([...names].sort());
    expect(read.get('a/b.json')?.version).toBe(2);
  });

  test.each([
    { given: 'no meta', input: Buffer.from(JSON.stringify({ signed: SIGNED, signatures: [] })), code: 'MISSING_FIELD' },
    { given: 'no targets.json', input: file({ 'a.json': { version: 1 } }), code: 'MISSING_FIELD' },
    { given: 'meta as a list', input: file([]), code: 'MISSING_FIELD' },
    { given: 'an entry without a version', input: file({ 'targets.json': {} }), code: 'MISSING_FIELD' },
    {
      given: 'a delegation of version 0',
      input: file({ 'targets.json': { version: 1 }, a: { version: 0 } }),
      code: 'BAD_VERSION',
    },
    {
      given: 'two versions of one entry',
      input: file({ 'targets.json': { version: 1, vErsion: 2 } }),
      code: 'AMBIGUOUS_FIELD',
    },
    {
      given: 'a hash in upper case',
      input: file({ 'targets.json': { version: 1, hashes: { sha256: 'AB'.repeat(32) } } }),
      code: 'BAD_HEX',
    },
    { given: 'a second meta', input: file({ 'targets.json': { version: 1 } }, { Meta: {} }), code: 'AMBIGUOUS_FIELD' },
    {
      given: 'another type',
      input: file({ 'targets.json': { version: 1 } }, { _type: 'timestamp' }),
      code: 'MISSING_FIELD',
    },
    { given: 'two million bytes and one', input: Buffer.alloc(2_000_001, ' '), code: 'TOO_LARGE' },
  ])('refuses $given with $code', ({ input, code }) => {
    expect(verdict(() => parseSnapshot(input))).toBe(code);
  });

  test('names the entry that is at fault, printably', () => {
    const { message } = refusal(() => parseSnapshot(file({ 'targets.json': { version: 1 }, 'a\u001b.json': 1 })));
    expect(message).toBe('snapshot.json: signed.meta.a\\u001b.json is not an object.');
  });
});

const digest = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');
const entry = (json: object) => parseMetaFile(parseJson(Buffer.from(JSON.stringify(json)), 'f'), 'f');

describe('differs', () => {
  const bytes = TestRepository.healthy().newest('snapshot');
  const sha256 = digest('sha256', bytes);
  const sha512 = digest('sha512', bytes);
  const { length } = bytes;
  const other = '00'.repeat(32);
  test.each([
    { given: 'a version only', named: { version: 9 }, expected: undefined },
    { given: 'the length', named: { version: 1, length }, expected: undefined },
    { given: 'all hashes', named: { version: 1, length, hashes: { sha256, sha512 } }, expected: undefined },
    { given: 'an unknown hash too', named: { version: 1, hashes: { sha256, b: '00' } }, expected: undefined },
    { given: 'another length', named: { version: 1, length: 0 }, expected: `has ${length} bytes, not 0` },
    { given: 'another hash', named: { version: 1, hashes: { sha256: other } }, expected: 'has another sha256 hash' },
    {
      given: 'one hash of two',
      named: { version: 1, hashes: { sha512, sha256: other } },
      expected: 'has another sha256 hash',
    },
  ])('answers $expected to an entry with $given', ({ named, expected }) => {
    expect(differs(bytes, entry(named))).toBe(expected);
  });
});

describe('agrees', () => {
  const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)];
  test.each([
    { one: { version: 1 }, other: { version: 1 }, expected: true },
    { one: { version: 1 }, other: { version: 2 }, expected: false },
    { one: { version: 1, length: 5 }, other: { version: 1 }, expected: true },
    { one: { version: 1, length: 5 }, other: { version: 1, length: 6 }, expected: false },
    { one: { version: 1, hashes: { sha256: a } }, other: { version: 1 }, expected: true },
    { one: { version: 1, hashes: { sha256: a } }, other: { version: 1, hashes: { sha256: b } }, expected: false },
    { one: { version: 1, hashes: { sha256: a } }, other: { version: 1, hashes: { sha512: a + a } }, expected: true },
    {
      one: { version: 1, hashes: { sha256: a, sha512: a + a } },
      other: { version: 1, hashes: { sha512: b + b } },
      expected: false,
    },
  ])('is $expected for $one and $other, either way round ($#)', ({ one, other, expected }) => {
    expect([agrees(entry(one), entry(other)), agrees(entry(other), entry(one))]).toEqual([expected, expected]);
  });
});
