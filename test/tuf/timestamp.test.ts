import { describe, expect, test } from '@jest/globals';
import { parseTimestamp } from '../../lib/tuf/timestamp.ts';
import { verdict, refusal } from './verdict.ts';

const SHA256 = 'ab'.repeat(32);
const SHA512 = 'cd'.repeat(64);
const SNAPSHOT = `{"length":529,"hashes":{"sha512":"${SHA512}"},"version":2}`;
const META = `{"snapshot.json":${SNAPSHOT}}`;
const FIELDS = {
  _type: '"timestamp"',
  spec_version: '"1.0"',
  version: '3',
  expires: '"2026-12-06T16:35:14Z"',
  meta: META,
};

/** The text of `signed`. A field that is undefined is left out; further ones stand behind. */
function signedText(change: Readonly<Record<string, string | undefined>> = {}): string {
  const fields = Object.entries<string | undefined>({ ...FIELDS, ...change }).flatMap(([name, text]) =>
    text === undefined ? [] : [`${JSON.stringify(name)}:${text}`],
  );
  return `{${fields.join(',')}}`;
}

const file = (signed: string, signatures = '[{"keyid":"a","sig":"00ff"}]'): Buffer =>
  Buffer.from(`{"signed":${signed},"signatures":${signatures}}`);
const meta = (entry: string): Buffer => file(signedText({ meta: `{"snapshot.json":${entry}}` }));

test('parseTimestamp reads what go-tuf writes', () => {
  const bytes = file(signedText());
  const { snapshot, ...timestamp } = parseTimestamp(bytes);
  expect(timestamp).toMatchObject({
    file: 'timestamp.json',
    bytes,
    specVersion: '1.0',
    version: 3,
    expires: Date.parse('2026-12-06T16:35:14Z') / 1_000,
    isCapitalised: false,
    signatures: [{ keyid: 'a', bytes: Buffer.from('00ff', 'hex') }],
  });
  expect(snapshot).toMatchObject({ version: 2, length: 529 });
  expect(Array.from(snapshot.hashes)).toEqual([['sha512', SHA512]]);
});

describe('parseTimestamp reads', () => {
  test.each([
    { given: 'a snapshot with a version only (tuf-on-ci)', input: meta('{"version":2}') },
    { given: 'both hashes', input: meta(`{"version":2,"hashes":{"sha256":"${SHA256}","sha512":"${SHA512}"}}`) },
    {
      given: 'a hash that nobody knows beside one',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA256}","b":"00"}}`),
    },
    { given: 'a length of 0', input: meta('{"version":2,"length":0}') },
    { given: 'a custom field of the snapshot', input: meta('{"version":2,"custom":{"Version":7}}') },
    {
      given: 'unknown fields',
      input: file(signedText({ custom: '[1]', 'x-more': '{"version":1}', constructor: '1' })),
    },
    { given: '__proto__ as an unknown field', input: file(signedText({ ['__proto__']: '{"version":42}' })) },
    { given: 'three numbers in spec_version', input: file(signedText({ spec_version: '"1.0.34"' })) },
    { given: 'an offset in expires', input: file(signedText({ expires: '"2026-12-06T16:35:14+05:30"' })) },
    { given: 'the largest version', input: file(signedText({ version: '9007199254740991' })) },
    { given: 'no signatures', input: file(signedText(), '[]') },
    { given: 'an empty signature', input: file(signedText(), '[{"keyid":"a","sig":""}]') },
    { given: 'an unknown field of a signature', input: file(signedText(), '[{"keyid":"a","sig":"","method":"x"}]') },
    { given: 'unknown fields of the envelope', input: Buffer.from(`{"x":1,${file(signedText()).toString().slice(1)}`) },
    { given: 'escaped names of fields', input: file(signedText().replace('"version":3', '"ver\\u0073ion":3')) },
    { given: '16 KiB of white space', input: Buffer.from(file(signedText()).toString().padEnd(16_384)) },
  ])('$given', ({ input }) => {
    expect(verdict(() => parseTimestamp(input))).toBe('accepted');
  });

  test('a type with capitals, and says so', () => {
    expect(parseTimestamp(file(signedText({ _type: '"Timestamp"' }))).isCapitalised).toBe(true);
  });

  test('__proto__ without taking its fields for its own', () => {
    const without = file(signedText({ version: undefined, ['__proto__']: '{"version":42}' }));
    expect(verdict(() => parseTimestamp(without))).toBe('MISSING_FIELD');
  });
});

describe('parseTimestamp refuses', () => {
  const twin = (name: string, value = '42'): Buffer => file(signedText({ [name]: value }));
  const envelope = (text: string): Buffer => Buffer.from(`{${text},${file(signedText()).toString().slice(1)}`);
  test.each([
    // Two readings of one file (threat-model.md, 4.21).
    { given: 'a second version in upper case', input: twin('Version'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second version with U+017F for s', input: twin('ver\u017fion'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second expires in mixed case', input: twin('eXpires', '"x"'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second _type', input: twin('_Type', '"root"'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second spec_version', input: twin('SPEC_VERSION', '"1"'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second meta', input: twin('META', '{}'), code: 'AMBIGUOUS_FIELD' },
    {
      given: 'a second field with its name escaped',
      input: file(signedText().replace('{', '{"\\u0056ersion":9,')),
      code: 'AMBIGUOUS_FIELD',
    },
    {
      given: 'only a version in upper case',
      input: file(signedText({ version: undefined, VERSION: '3' })),
      code: 'AMBIGUOUS_FIELD',
    },
    { given: 'a second snapshot version', input: meta('{"version":2,"Version":9}'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second length', input: meta('{"version":2,"Length":9}'), code: 'AMBIGUOUS_FIELD' },
    { given: 'second hashes with U+017F', input: meta('{"version":2,"ha\u017fhes":{}}'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second signed', input: envelope('"Signed":{}'), code: 'AMBIGUOUS_FIELD' },
    { given: 'a second signed with U+017F', input: envelope('"\u017figned":{}'), code: 'AMBIGUOUS_FIELD' },
    { given: 'second signatures', input: envelope('"Signatures":[]'), code: 'AMBIGUOUS_FIELD' },
    {
      given: 'a second keyid with U+212A',
      input: file(signedText(), '[{"keyid":"a","\u212aeyid":"b","sig":""}]'),
      code: 'AMBIGUOUS_FIELD',
    },
    {
      given: 'a second sig',
      input: file(signedText(), '[{"keyid":"a","sig":"","Sig":"00"}]'),
      code: 'AMBIGUOUS_FIELD',
    },
    { given: 'version twice', input: file(signedText().replace('{', '{"version":9,')), code: 'DUPLICATE_KEY' },
    { given: 'signed twice', input: envelope('"signed":{}'), code: 'DUPLICATE_KEY' },
    {
      given: 'a key id with two signatures',
      input: file(signedText(), '[{"keyid":"a","sig":"00"},{"keyid":"a","sig":"01"}]'),
      code: 'REPEATED_KEYID',
    },
    {
      given: 'a key id twice, once escaped',
      input: file(signedText(), '[{"keyid":"a","sig":""},{"keyid":"\\u0061","sig":""}]'),
      code: 'REPEATED_KEYID',
    },
    // Numbers.
    { given: 'version 3.0', input: file(signedText({ version: '3.0' })), code: 'NUMBER_NOT_EXACT' },
    { given: 'version 3e0', input: file(signedText({ version: '3e0' })), code: 'NUMBER_NOT_EXACT' },
    { given: 'version -0', input: file(signedText({ version: '-0' })), code: 'NUMBER_NOT_EXACT' },
    { given: 'version 2^53+1', input: file(signedText({ version: '9007199254740993' })), code: 'NUMBER_NOT_EXACT' },
    {
      given: 'a number that is not exact anywhere',
      input: file(signedText({ custom: '[0.5]' })),
      code: 'NUMBER_NOT_EXACT',
    },
    { given: 'version 0', input: file(signedText({ version: '0' })), code: 'BAD_VERSION' },
    { given: 'version -1', input: file(signedText({ version: '-1' })), code: 'BAD_VERSION' },
    { given: 'version null', input: file(signedText({ version: 'null' })), code: 'MISSING_FIELD' },
    { given: 'version "3"', input: file(signedText({ version: '"3"' })), code: 'MISSING_FIELD' },
    { given: 'no version', input: file(signedText({ version: undefined })), code: 'MISSING_FIELD' },
    { given: 'snapshot version 0', input: meta('{"version":0}'), code: 'BAD_VERSION' },
    { given: 'no snapshot version', input: meta('{"length":529}'), code: 'MISSING_FIELD' },
    { given: 'a negative length', input: meta('{"version":2,"length":-1}'), code: 'MISSING_FIELD' },
    { given: 'length null', input: meta('{"version":2,"length":null}'), code: 'MISSING_FIELD' },
    // Dates; instant.test.ts has all forms.
    { given: 'expires never', input: file(signedText({ expires: '"never"' })), code: 'BAD_DATE' },
    { given: 'an empty expires', input: file(signedText({ expires: '""' })), code: 'BAD_DATE' },
    {
      given: 'expires with a fraction',
      input: file(signedText({ expires: '"2026-12-06T16:35:14.5Z"' })),
      code: 'BAD_DATE',
    },
    { given: 'no expires', input: file(signedText({ expires: undefined })), code: 'MISSING_FIELD' },
    { given: 'expires as a number', input: file(signedText({ expires: '1796574914' })), code: 'MISSING_FIELD' },
    // The other fields.
    { given: 'another type', input: file(signedText({ _type: '"snapshot"' })), code: 'MISSING_FIELD' },
    { given: 'a type with U+017F', input: file(signedText({ _type: '"time\u017ftamp"' })), code: 'MISSING_FIELD' },
    { given: 'no type', input: file(signedText({ _type: undefined })), code: 'MISSING_FIELD' },
    { given: 'no spec_version', input: file(signedText({ spec_version: undefined })), code: 'BAD_SPEC_VERSION' },
    { given: 'spec_version 2.0', input: file(signedText({ spec_version: '"2.0"' })), code: 'BAD_SPEC_VERSION' },
    { given: 'spec_version 1', input: file(signedText({ spec_version: '"1"' })), code: 'BAD_SPEC_VERSION' },
    { given: 'spec_version 1.0.0.0', input: file(signedText({ spec_version: '"1.0.0.0"' })), code: 'BAD_SPEC_VERSION' },
    { given: 'spec_version 1.x', input: file(signedText({ spec_version: '"1.x"' })), code: 'BAD_SPEC_VERSION' },
    {
      given: 'spec_version with a line break',
      input: file(signedText({ spec_version: '"1.0\\n"' })),
      code: 'BAD_SPEC_VERSION',
    },
    { given: 'spec_version as a number', input: file(signedText({ spec_version: '1' })), code: 'MISSING_FIELD' },
    { given: 'no meta', input: file(signedText({ meta: undefined })), code: 'MISSING_FIELD' },
    { given: 'meta as a list', input: file(signedText({ meta: '[]' })), code: 'MISSING_FIELD' },
    { given: 'meta without snapshot.json', input: file(signedText({ meta: '{}' })), code: 'MISSING_FIELD' },
    {
      given: 'meta with another snapshot.json only',
      input: file(signedText({ meta: `{"Snapshot.json":${SNAPSHOT}}` })),
      code: 'MISSING_FIELD',
    },
    {
      given: 'one more entry of meta',
      input: file(signedText({ meta: `{"snapshot.json":${SNAPSHOT},"root.json":{}}` })),
      code: 'EXTRA_META',
    },
    {
      given: '__proto__ in meta',
      input: file(signedText({ meta: `{"snapshot.json":${SNAPSHOT},"__proto__":{}}` })),
      code: 'EXTRA_META',
    },
    { given: 'an entry that is a number', input: meta('2'), code: 'MISSING_FIELD' },
    // Hashes and signatures.
    { given: 'no hash', input: meta('{"version":2,"hashes":{}}'), code: 'NO_KNOWN_HASH' },
    {
      given: 'only md5',
      input: meta('{"version":2,"hashes":{"md5":"00112233445566778899aabbccddeeff"}}'),
      code: 'NO_KNOWN_HASH',
    },
    { given: 'hashes null', input: meta('{"version":2,"hashes":null}'), code: 'MISSING_FIELD' },
    {
      given: 'a hash in upper case',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA256.toUpperCase()}"}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'a hash one digit short',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA256.slice(1)}"}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'a hash one byte short',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA256.slice(2)}"}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'a hash of another length',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA512}"}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'a hash that is not hexadecimal',
      input: meta(`{"version":2,"hashes":{"sha256":"${'zz'.repeat(32)}"}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'a hash with a line break',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA256}\\n"}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'an empty hash that nobody knows',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA256}","b":""}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'the other hash one byte short',
      input: meta(`{"version":2,"hashes":{"sha512":"${SHA512.slice(2)}"}}`),
      code: 'BAD_HEX',
    },
    { given: 'a hash that is a number', input: meta('{"version":2,"hashes":{"sha256":1}}'), code: 'BAD_HEX' },
    {
      given: 'a number for a hash that nobody knows',
      input: meta(`{"version":2,"hashes":{"sha256":"${SHA256}","b":12}}`),
      code: 'BAD_HEX',
    },
    {
      given: 'a signature that is not hexadecimal',
      input: file(signedText(), '[{"keyid":"a","sig":"zz"}]'),
      code: 'BAD_HEX',
    },
    {
      given: 'a signature with a digit too many',
      input: file(signedText(), '[{"keyid":"a","sig":"00f"}]'),
      code: 'BAD_HEX',
    },
    { given: 'a signature with a space', input: file(signedText(), '[{"keyid":"a","sig":"00 f"}]'), code: 'BAD_HEX' },
    { given: 'a signature without a key id', input: file(signedText(), '[{"sig":"00"}]'), code: 'MISSING_FIELD' },
    { given: 'a key id without a signature', input: file(signedText(), '[{"keyid":"a"}]'), code: 'MISSING_FIELD' },
    { given: 'a signature that is null', input: file(signedText(), '[null]'), code: 'MISSING_FIELD' },
    {
      given: 'signatures null, as go-tuf writes an unsigned file',
      input: file(signedText(), 'null'),
      code: 'MISSING_FIELD',
    },
    { given: 'signatures as an object', input: file(signedText(), '{}'), code: 'MISSING_FIELD' },
    // The envelope and the file.
    { given: 'no envelope', input: Buffer.from(signedText()), code: 'MISSING_FIELD' },
    { given: 'a list', input: Buffer.from('[]'), code: 'MISSING_FIELD' },
    { given: 'null', input: Buffer.from('null'), code: 'MISSING_FIELD' },
    { given: 'signed as a text', input: file('"e30="'), code: 'MISSING_FIELD' },
    { given: 'no signatures at all', input: Buffer.from(`{"signed":${signedText()}}`), code: 'MISSING_FIELD' },
    {
      given: '4,097 signatures in a small file',
      input: Buffer.from(`{"signed":${signedText()},"signatures":[${'0,'.repeat(4_096)}0]}`),
      code: 'TOO_LARGE',
    },
    { given: 'more than 16 KiB', input: Buffer.from(file(signedText()).toString().padEnd(16_385)), code: 'TOO_LARGE' },
  ])('$given with $code', ({ input, code }) => {
    expect(verdict(() => parseTimestamp(input))).toBe(code);
  });

  test('with a message that names file and field', () => {
    const { message, remedy } = refusal(() => parseTimestamp(meta('{"version":2,"length":"529"}')));
    expect(message).toBe('timestamp.json: signed.meta.snapshot.json.length is not a number.');
    expect(remedy).not.toBe('');
  });
});
