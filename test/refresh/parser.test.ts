import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Code } from '../../lib/contract/codes.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { rulesOf, type Case } from './cases.ts';
import { newRepository, type Repository } from './repository.ts';
import { idOf } from './signing.ts';

/** One way to write a file that clients could read in two ways, or not at all. It is tried on both files that a run reads. */
interface Writing {
  readonly given: string;
  readonly change: (r: Repository, file: string) => unknown;
  readonly code: Code;
  /** What the message has to name besides the file. */
  readonly names: RegExp;
}

const FILES = ['timestamp.json', 'snapshot.json'] as const;

/** Signed by the role's own key over what a lenient client reads: only our parser stands in the way. */
const signedText = (from: RegExp | string, to: string) => (r: Repository, file: string) =>
  r.resignText(file, (text) => replaced(text, from, to));

/** Changed after it was signed. */
const edited = (from: RegExp | string, to: string) => (r: Repository, file: string) => {
  r.edit(file, (text) => replaced(text, from, to));
};

function replaced(text: string, from: RegExp | string, to: string): string {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${String(from)} is not in ${text}`);
  return changed;
}

const VERSION = /"version":\d+/;
const EXPIRES = /"expires":"[^"]*"/;

/** Whoever wrote these may have signed what some client reads as a higher version: never healed over. */
const AMBIGUOUS: readonly Writing[] = [
  {
    given: '"version" twice, signed (19)',
    change: signedText(VERSION, '$&,"version":42'),
    code: 'DUPLICATE_KEY',
    names: /"version"/,
  },
  {
    given: '"signed" twice (20)',
    change: edited(/^\{("signed":.*),"signatures"/s, '{$1,$1,"signatures"'),
    code: 'DUPLICATE_KEY',
    names: /"signed"/,
  },
  {
    given: '"Version" besides "version", signed (21)',
    change: signedText(VERSION, '$&,"Version":42'),
    code: 'AMBIGUOUS_FIELD',
    names: /signed has a field "Version"/,
  },
  {
    given: '"ver\u017fion" besides "version", signed (22)',
    change: signedText(VERSION, '$&,"ver\u017fion":42'),
    code: 'AMBIGUOUS_FIELD',
    names: /signed has a field "ver\u017fion"/,
  },
  {
    given: '"Signed" besides "signed" (23)',
    change: edited(/^\{"signed":(.*),"signatures"/s, '{"signed":$1,"Signed":$1,"signatures"'),
    code: 'AMBIGUOUS_FIELD',
    names: /has a field "Signed"/,
  },
  {
    given: '"Signatures" besides "signatures"',
    change: edited(/,"signatures":/, ',"Signatures":[],"signatures":'),
    code: 'AMBIGUOUS_FIELD',
    names: /has a field "Signatures"/,
  },
  {
    given: 'the key id written "\u212aeyid" besides "keyid"',
    change: edited(/"keyid":/, '"\u212aeyid":"00","keyid":'),
    code: 'AMBIGUOUS_FIELD',
    names: /signatures\[0\] has a field/,
  },
  {
    given: '"Length" besides "length", signed',
    change: signedText(/"length":\d+/, '$&,"Length":9'),
    code: 'AMBIGUOUS_FIELD',
    names: /signed\.meta\..* has a field "Length"/,
  },
  {
    given: 'a version written 3.0, signed (24)',
    change: signedText(VERSION, '"version":9.0'),
    code: 'NUMBER_NOT_EXACT',
    names: /"9\.0"/,
  },
  {
    given: 'a version written 3e0, signed (25)',
    change: signedText(VERSION, '"version":9e0'),
    code: 'NUMBER_NOT_EXACT',
    names: /"9e0"/,
  },
  {
    given: 'a number that is -0, signed (26)',
    change: signedText(VERSION, '$&,"x":-0'),
    code: 'NUMBER_NOT_EXACT',
    names: /"-0"/,
  },
  {
    given: 'the version 2^53+1 where 2^53 was signed (27)',
    change: signedText(VERSION, '"version":9007199254740993'),
    code: 'NUMBER_NOT_EXACT',
    names: /9007199254740993/,
  },
  {
    given: 'the version 2^63-1',
    change: signedText(VERSION, '"version":9223372036854775807'),
    code: 'NUMBER_NOT_EXACT',
    names: /9223372036854775807/,
  },
  {
    given: 'an expiry with a 60th second, signed (37)',
    change: signedText(EXPIRES, '"expires":"2030-01-31T23:59:60Z"'),
    code: 'BAD_DATE',
    names: /signed\.expires is "2030-01-31T23:59:60Z"/,
  },
  {
    given: 'an expiry on the 30th of February, signed (38)',
    change: signedText(EXPIRES, '"expires":"2030-02-30T00:00:00Z"'),
    code: 'BAD_DATE',
    names: /signed\.expires is "2030-02-30/,
  },
  {
    given: 'an expiry at 24:00, signed',
    change: signedText(EXPIRES, '"expires":"2030-01-31T24:00:00Z"'),
    code: 'BAD_DATE',
    names: /signed\.expires is "2030-01-31T24/,
  },
  {
    given: 'the expiry "never", signed (39)',
    change: signedText(EXPIRES, '"expires":"never"'),
    code: 'BAD_DATE',
    names: /signed\.expires is "never"/,
  },
  {
    given: 'an expiry with milliseconds, signed (40)',
    change: signedText(EXPIRES, '"expires":"2030-01-31T00:00:00.123Z"'),
    code: 'BAD_DATE',
    names: /signed\.expires is .*\.123Z/,
  },
  {
    given: 'an expiry without a zone, signed (41)',
    change: signedText(EXPIRES, '"expires":"2030-01-31T00:00:00"'),
    code: 'BAD_DATE',
    names: /signed\.expires is "2030-01-31T00:00:00"/,
  },
  {
    given: 'an expiry with an offset of 24 hours, signed',
    change: signedText(EXPIRES, '"expires":"2030-01-31T00:00:00+24:00"'),
    code: 'BAD_DATE',
    names: /signed\.expires is .*\+24:00/,
  },
  {
    given: 'no expiry, signed',
    change: signedText(/"expires":"[^"]*",/, ''),
    code: 'MISSING_FIELD',
    names: /signed\.expires is missing/,
  },
  {
    given: 'the version null, signed',
    change: signedText(VERSION, '"version":null'),
    code: 'MISSING_FIELD',
    names: /signed\.version is not a number/,
  },
  {
    given: 'the version 0, signed',
    change: signedText(VERSION, '"version":0'),
    code: 'BAD_VERSION',
    names: /signed\.version is 0/,
  },
  {
    given: 'the version -1, signed',
    change: signedText(VERSION, '"version":-1'),
    code: 'BAD_VERSION',
    names: /signed\.version is -1/,
  },
  {
    given: 'a version below "__proto__" only, signed (36)',
    change: signedText(VERSION, '"__proto__":{"version":42}'),
    code: 'MISSING_FIELD',
    names: /signed\.version is missing/,
  },
  {
    given: 'the type of another role, signed',
    change: signedText(/"_type":"\w+"/, '"_type":"targets"'),
    code: 'MISSING_FIELD',
    names: /signed\._type is "targets"/,
  },
  {
    given: 'version 2.0 of the specification, signed',
    change: signedText(/"spec_version":"1.0"/, '"spec_version":"2.0"'),
    code: 'BAD_SPEC_VERSION',
    names: /signed\.spec_version is "2\.0"/,
  },
  {
    given: 'one key id twice (43)',
    change: edited(/"signatures":\[(.*)\]/, '"signatures":[$1,$1]'),
    code: 'REPEATED_KEYID',
    names: /two signatures with the key id/,
  },
  {
    given: 'a signature that is no hexadecimal number, of another key (44)',
    change: edited(/"signatures":\[/, '$&{"keyid":"00","sig":"zz"},'),
    code: 'BAD_HEX',
    names: /signatures\[0\]\.sig/,
  },
  {
    given: 'a signature with an odd number of digits',
    change: edited(/"sig":"[\da-f]/, '"sig":"'),
    code: 'BAD_HEX',
    names: /signatures\[0\]\.sig/,
  },
  {
    given: 'a hash in upper case, signed',
    change: signedText(/"sha256":"[^"]*"/, `"sha256":"${'A'.repeat(64)}"`),
    code: 'BAD_HEX',
    names: /signed\.meta\..*\.hashes.*"sha256"/,
  },
  {
    given: 'only md5 hashes, signed (68)',
    change: signedText(/"hashes":\{[^}]*\}/, '"hashes":{"md5":"d41d8cd98f00b204e9800998ecf8427e"}'),
    code: 'NO_KNOWN_HASH',
    names: /signed\.meta\..*\.hashes/,
  },
];

/** Nobody can have signed these on purpose, so a published timestamp like this is healed. */
const UNREADABLE: readonly Writing[] = [
  {
    given: 'the byte FF where U+FFFD was signed (28)',
    change: async (r, file) => {
      await signedText(VERSION, '$&,"x":"\ufffd"')(r, file);
      r.put(
        file,
        Buffer.from(Buffer.from(r.bytes(file)).toString('latin1').replace('\u00ef\u00bf\u00bd', '\u00ff'), 'latin1'),
      );
    },
    code: 'BAD_UTF8',
    names: /not valid UTF-8/,
  },
  {
    given: 'half of a surrogate pair where U+FFFD was signed (29)',
    change: async (r, file) => {
      await signedText(VERSION, '$&,"x":"\ufffd"')(r, file);
      r.edit(file, (text) => text.replace('\ufffd', '\\ud800'));
    },
    code: 'BAD_UTF8',
    names: /half of a surrogate pair/,
  },
  { given: 'a byte order mark (30)', change: edited(/^/, '\ufeff'), code: 'NOT_JSON', names: /character 0/ },
  { given: 'a letter behind the end (31)', change: edited(/$/, 'x'), code: 'NOT_JSON', names: /behind the value/ },
  {
    given: 'the file stored compressed (32)',
    change: (r, file) => {
      r.put(file, gzipSync(r.bytes(file)));
    },
    code: 'NOT_JSON',
    names: /compressed with gzip/,
  },
  {
    given: 'the file in UTF-16 (33)',
    change: (r, file) => {
      r.put(file, Buffer.from(`\ufeff${r.text(file)}`, 'utf16le'));
    },
    code: 'NOT_JSON',
    names: /UTF-16/,
  },
  {
    given: 'a list that nests 5,000 deep (34)',
    change: edited(VERSION, `$&,"x":${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    code: 'TOO_DEEP',
    names: /deeper than 32/,
  },
  {
    given: 'more bytes than clients read (35)',
    change: edited(VERSION, `$&,"x":"${'x'.repeat(2_000_000)}"`),
    code: 'TOO_LARGE',
    names: /bytes/,
  },
  {
    given: '"__proto__" with a version, added after it was signed (36)',
    change: edited(VERSION, '$&,"__proto__":{"version":42}'),
    code: 'SIGNATURE_INVALID',
    names: /no valid signature/,
  },
  {
    given: 'another version, changed after it was signed',
    change: edited(VERSION, '"version":42'),
    code: 'SIGNATURE_INVALID',
    names: /version 42\) has no valid signature/,
  },
];

const refusals = (writings: readonly Writing[], file: string): Case[] =>
  writings.map(({ given, change, code, names }) => ({
    given: `${given}, in ${file}`,
    arrange: (r) => change(r, file),
    answers: { outcome: 'refused', code },
    says: new RegExp(`^${file.replace('.', '\\.')}.*${names.source}`, names.flags),
  }));

describe('what two clients could read in two ways is refused, whoever signed it', () => {
  const refused = FILES.flatMap((file) => refusals(AMBIGUOUS, file));
  test.each(rulesOf(refused))('$rule', ({ expectIt }) => expectIt());
});

describe('a snapshot that no client can read is refused', () => {
  test.each(rulesOf(refusals(UNREADABLE, 'snapshot.json')))('$rule', ({ expectIt }) => expectIt());
});

describe('a timestamp that no client can read is healed at the second look', () => {
  const healed = UNREADABLE.filter(({ code }) => code !== 'TOO_LARGE').map(({ given, change, names }): Case => ({
    given,
    arrange: (r) => change(r, 'timestamp.json'),
    answers: { outcome: 'skipped', code: 'HEAL_WAITS' },
    says: new RegExp(`timestamp\\.json.*${names.source}`),
    later: [{ after: 1_800, answers: { outcome: 'signed', code: 'HEALED_GARBAGE', version: 5 } }],
  }));
  const sizes: readonly Case[] = [
    {
      given: 'a timestamp of 17 KiB, validly signed (35)',
      arrange: (r) => r.publishTimestamp({ change: (signed) => (signed.x = 'x'.repeat(17 * 1_024)) }),
      answers: { outcome: 'skipped', code: 'HEAL_WAITS' },
      says: /timestamp\.json has 1\d{4} bytes; a timestamp may have 16384/,
      later: [{ after: 1_800, answers: { outcome: 'signed', code: 'HEALED_GARBAGE', version: 5 } }],
    },
  ];
  test.each(rulesOf([...healed, ...sizes]))('$rule', ({ expectIt }) => expectIt());
});

describe('a timestamp that only some clients know what to do with is refused', () => {
  const refused: readonly Case[] = [
    {
      given: 'a timestamp that names a second file',
      arrange: (r) => r.publishTimestamp({ change: ({ meta }) => (meta['targets.json'] = { version: 1 }) }),
      answers: { outcome: 'refused', code: 'EXTRA_META' },
      says: /timestamp\.json: signed\.meta names "targets\.json"/,
    },
    {
      given: 'a timestamp that names no snapshot',
      arrange: (r) => r.publishTimestamp({ change: (signed) => (signed.meta = {}) }),
      answers: { outcome: 'refused', code: 'MISSING_FIELD' },
      says: /timestamp\.json: signed\.meta does not name snapshot\.json/,
    },
    {
      given: 'a snapshot that names no targets',
      arrange: (r) => r.resign('snapshot.json', (signed) => (signed.meta = {})),
      answers: { outcome: 'refused', code: 'MISSING_FIELD' },
      says: /snapshot\.json: signed\.meta does not name targets\.json/,
    },
    {
      // It cannot be replaced without reading it, and reading it has an end.
      given: 'a timestamp of 2 MiB',
      arrange: (r) => {
        r.put('timestamp.json', 'x'.repeat(2 * 1_024 * 1_024));
      },
      answers: { outcome: 'refused', code: 'TOO_LARGE' },
      says: /timestamp\.json is larger than/,
    },
  ];
  test.each(rulesOf(refused))('$rule', ({ expectIt }) => expectIt());
});

describe('what is unusual but clear is accepted, and what we write of it every client reads', () => {
  const forced = { wish: { force: true }, answers: { outcome: 'signed', code: 'SIGNED', version: 6 } } as const;
  const accepted: readonly Case[] = [
    {
      given: 'an expiry with the offset +05:30 (42)',
      arrange: (r) => r.publishTimestamp({ change: (signed) => (signed.expires = '2026-12-01T05:30:00+05:30') }),
      ...forced,
      holds: (r) => {
        expect(r.signedOf('timestamp.json').expires).toBe('2026-12-08T01:00:00Z');
      },
    },
    {
      given: 'an empty signature of another key (45)',
      arrange: async (r) => {
        await r.publishTimestamp();
        edited(/"signatures":\[/, `$&{"keyid":"${idOf(newEd25519Key())}","sig":""},`)(r, 'timestamp.json');
      },
      ...forced,
      holds: (r) => {
        expect(r.text('timestamp.json').match(/"keyid"/g)).toHaveLength(1);
      },
    },
    {
      given: 'signed fields that we do not know, with U+2028 and markup in them (46)',
      arrange: (r) =>
        r.publishTimestamp({ change: (signed) => (signed.x = { 'b\u2028': '<&>', a: [null, true, -1, '\\"'] }) }),
      ...forced,
      holds: (r) => {
        expect(r.text('timestamp.json')).toContain(
          '"x":{"b\\u2028":"\\u003c\\u0026\\u003e","a":[null,true,-1,"\\\\\\""]}',
        );
        expect(r.signedOf('timestamp.json').x).toEqual({ 'b\u2028': '<&>', a: [null, true, -1, '\\"'] });
      },
    },
    {
      given: 'a signed field "__proto__", which stays data (36)',
      arrange: (r) =>
        r.publishTimestamp().then(() => signedText(VERSION, '$&,"__proto__":{"version":42}')(r, 'timestamp.json')),
      ...forced,
      holds: (r) => {
        expect(r.text('timestamp.json')).toContain('"version":6,"__proto__":{"version":42}');
      },
    },
    {
      given: 'a field outside of what is signed, which is not kept',
      arrange: async (r) => {
        await r.publishTimestamp();
        edited(/^\{/, '{"unsigned":1,')(r, 'timestamp.json');
      },
      ...forced,
      holds: (r) => {
        expect(r.text('timestamp.json')).not.toContain('unsigned');
      },
    },
    {
      given: 'a type with a capital, which is written small',
      arrange: (r) => r.publishTimestamp({ change: (signed) => (signed._type = 'Timestamp') }),
      ...forced,
      warns: ['FOREIGN_TIMESTAMP', 'CAPITALISED_TYPE'],
      holds: (r) => {
        expect(r.signedOf('timestamp.json')._type).toBe('timestamp');
      },
    },
    {
      given: 'white space around everything',
      arrange: async (r) => {
        await r.publishTimestamp();
        r.edit('timestamp.json', (text) => `\n${JSON.stringify(JSON.parse(text), null, 2)}\r\n`);
      },
      ...forced,
    },
  ];
  test.each(rulesOf(accepted))('$rule', ({ expectIt }) => expectIt());
});

test('refuses to publish a timestamp that grew too large for clients, and leaves everything as it is', async () => {
  const r = await newRepository();
  // Raw it is small; written as go-tuf does, each of them takes six bytes.
  await r.publishTimestamp({ change: (signed) => (signed.x = '<'.repeat(5_000)) });
  const before = [r.hosting.contents(), r.state.contents()];
  const outcome = await r.run({ force: true });
  expect(outcome).toMatchObject({ outcome: 'refused', code: 'OUTPUT_TOO_LARGE' });
  expect(outcome.message).toMatch(/new timestamp\.json has 30\d{3} bytes; clients read at most 16384/);
  expect([r.hosting.contents(), r.state.contents()]).toEqual(before);
});
