import { generateKeyPairSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openKeyFile, sealKeyFile } from '../../lib/keys/key-file.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { readKeyFile } from './fixture-keys.ts';
import { expectNoSecret, rejection } from './no-secret.ts';
import { plainText, sealedText } from './sealed.ts';

const FILE = 'keys/timestamp.json';
const WORDS = 'Xylophon-Quark-Zwölf';
const PASSPHRASE = Buffer.from(WORDS);

/** One key as a key file has it, its private half in the clear. */
interface Entry {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyid_hash_algorithms: readonly string[];
  readonly keyval: { readonly public: string; readonly private: string };
}

async function newEntry(): Promise<Entry> {
  const file = Buffer.from(await sealKeyFile([newEd25519Key()], undefined)).toString();
  return (JSON.parse(file) as { readonly data: readonly [Entry] }).data[0];
}

const entry = await newEntry();
const other = await newEntry();
const SEED = entry.keyval.private.slice(0, 64);
const SECRETS = [WORDS, SEED];

async function expectUnreadable(opening: Promise<unknown>, says: RegExp, secrets = SECRETS): Promise<void> {
  const error = await rejection(opening);
  expect(error).toMatchObject({ name: 'RefusalError', code: 'KEY_UNREADABLE' });
  expect(error.message).toMatch(says);
  expect(error.message.startsWith(FILE)).toBe(true);
  expectNoSecret(error, secrets);
}

interface Box {
  readonly kdf: { readonly name: string; readonly params: object; readonly salt: string };
  readonly cipher: { readonly name: string; readonly nonce: string };
  readonly ciphertext: string;
}

describe('an encrypted key file', () => {
  let healthy: string;
  let box: Box;
  beforeAll(async () => {
    healthy = (await sealedText(JSON.stringify([entry]), PASSPHRASE)).toString();
    box = (JSON.parse(healthy) as { readonly data: Box }).data;
  });

  const withBox = (changes: Partial<Box>) =>
    Buffer.from(JSON.stringify({ encrypted: true, data: { ...box, ...changes } }));
  const withParams = (params: object) => withBox({ kdf: { ...box.kdf, params } });
  const reversed = (base64: string) => Buffer.from(base64, 'base64').reverse().toString('base64');
  const cut = (base64: string, bytes: number) => Buffer.from(base64, 'base64').subarray(0, bytes).toString('base64');

  test('opens while nothing is broken', async () => {
    await expect(openKeyFile(Buffer.from(healthy), PASSPHRASE, FILE)).resolves.toHaveLength(1);
  });

  test.each([
    { given: 'a wrong passphrase', passphrase: 'Xylophon-Quark-Elf', says: /the passphrase is wrong, or/ },
    { given: 'a newline at its end', passphrase: `${WORDS}\n`, says: /the passphrase ends in a newline/ },
    { given: 'a newline of Windows at its end', passphrase: `${WORDS}\r\n`, says: /the passphrase ends in a newline/ },
    { given: 'an empty passphrase', passphrase: '', says: /the passphrase is empty/ },
  ])('is refused with $given, and the message shows nothing of it', async ({ passphrase, says }) => {
    await expectUnreadable(openKeyFile(Buffer.from(healthy), Buffer.from(passphrase), FILE), says, [
      ...SECRETS,
      ...(passphrase === '' ? [] : [passphrase]),
    ]);
  });

  test.each([
    { given: 'N=2^30', params: { N: 2 ** 30, r: 8, p: 1 } },
    { given: 'N=2^14', params: { N: 2 ** 14, r: 8, p: 1 } },
    { given: 'N=2^18', params: { N: 2 ** 18, r: 8, p: 1 } },
    { given: 'N=40000, no power of two', params: { N: 40_000, r: 8, p: 1 } },
    { given: 'N=0', params: { N: 0, r: 8, p: 1 } },
    { given: 'p=1000', params: { N: 32_768, r: 8, p: 1_000 } },
    { given: 'r=1024', params: { N: 32_768, r: 1_024, p: 1 } },
  ])('with scrypt $given is refused at once, and nobody is asked for the passphrase', async ({ params }) => {
    const ask = jest.fn(() => Promise.resolve(PASSPHRASE));
    const file = withParams(params);
    const before = performance.now();
    const error = await rejection(openKeyFile(file, ask, FILE));
    // scrypt itself would take longer even with N=2^15, or complain about memory.
    expect(performance.now() - before).toBeLessThan(50);
    expect(error).toMatchObject({ name: 'RefusalError', code: 'KDF_REFUSED' });
    expect(error.message).toContain(FILE);
    expect(error.message).toMatch(/only N=32768, 65536, 131072 with r=8, p=1/);
    expect(ask).not.toHaveBeenCalled();
  });

  test('with another KDF than scrypt is refused as KDF_REFUSED', async () => {
    const opening = openKeyFile(withBox({ kdf: { ...box.kdf, name: 'argon2id' } }), PASSPHRASE, FILE);
    await expect(opening).rejects.toMatchObject({
      code: 'KDF_REFUSED',
      message: expect.stringContaining('"argon2id"'),
    });
  });

  test.each([
    { given: 'N=2^60', file: () => withParams({ N: 2 ** 60, r: 8, p: 1 }), says: /NUMBER_NOT_EXACT/ },
    { given: 'N as a text', file: () => withParams({ N: '32768', r: 8, p: 1 }), says: /params\.N is not a number/ },
    { given: 'no p', file: () => withParams({ N: 32_768, r: 8 }), says: /params\.p is missing/ },
    {
      given: 'another cipher',
      file: () => withBox({ cipher: { ...box.cipher, name: 'aes' } }),
      says: /"aes", not with nacl/,
    },
    {
      given: 'a salt of 31 bytes',
      file: () => withBox({ kdf: { ...box.kdf, salt: cut(box.kdf.salt, 31) } }),
      says: /salt has 31 bytes, not 32/,
    },
    {
      given: 'a nonce of 12 bytes',
      file: () => withBox({ cipher: { ...box.cipher, nonce: cut(box.cipher.nonce, 12) } }),
      says: /nonce has 12 bytes, not 24/,
    },
    {
      given: 'a salt without its padding',
      file: () => withBox({ kdf: { ...box.kdf, salt: box.kdf.salt.replace('=', '') } }),
      says: /salt is not base64/,
    },
    {
      given: 'a newline in the ciphertext',
      file: () => withBox({ ciphertext: `${box.ciphertext}\n` }),
      says: /ciphertext is not base64/,
    },
    {
      given: 'a box of 15 bytes',
      file: () => withBox({ ciphertext: cut(box.ciphertext, 15) }),
      says: /ciphertext is cut off/,
    },
    {
      given: 'a box cut in half',
      file: () => withBox({ ciphertext: cut(box.ciphertext, 200) }),
      says: /or the file is damaged/,
    },
    {
      given: 'a changed box',
      file: () => withBox({ ciphertext: reversed(box.ciphertext) }),
      says: /or the file is damaged/,
    },
    {
      given: 'another salt',
      file: () => withBox({ kdf: { ...box.kdf, salt: reversed(box.kdf.salt) } }),
      says: /or the file is damaged/,
    },
    { given: 'no box', file: () => Buffer.from('{"encrypted": true}'), says: /data is not an object/ },
    { given: 'half of the file', file: () => Buffer.from(healthy.slice(0, 200)), says: /is not JSON: it ends/ },
    { given: 'nothing in it', file: () => Buffer.from(''), says: /is not JSON: it is empty/ },
    { given: 'an error page', file: () => Buffer.from('<html>'), says: /is not JSON: a value is expected/ },
    {
      given: 'a key in PEM',
      file: () => Buffer.from('-----BEGIN PRIVATE KEY-----\n'),
      says: /is a key in PEM; what is read/,
    },
    { given: 'a key in DER', file: () => Buffer.of(0x30, 0x2e, 0x02), says: /is a key in DER; what is read/ },
    { given: 'compressed bytes', file: () => gzipSync(healthy), says: /compressed with gzip/ },
    { given: 'the byte FF', file: () => Buffer.of(0x22, 0xff, 0x22), says: /not valid UTF-8/ },
    { given: 'lists in lists', file: () => Buffer.from('['.repeat(100)), says: /nests deeper/ },
    {
      given: '64 KiB and one',
      file: () => Buffer.from(healthy.padEnd(65_537)),
      says: /has 65537 bytes.*at most 65536/,
    },
    { given: 'no word on encryption', file: () => Buffer.from('{"data": []}'), says: /encrypted is missing/ },
    { given: '"true"', file: () => Buffer.from('{"encrypted": "true"}'), says: /encrypted is not true or false/ },
    {
      given: 'data twice',
      file: () => Buffer.from(healthy.replace('"data"', '"data": [], "data"')),
      says: /DUPLICATE_KEY/,
    },
    { given: 'Data and data', file: () => Buffer.from(healthy.replace('{', '{"Data": [],')), says: /AMBIGUOUS_FIELD/ },
  ])('with $given is refused', async ({ file, says }) => {
    await expectUnreadable(openKeyFile(file(), PASSPHRASE, FILE), says);
  });

  test('with a root in place of keys is refused, and its field is named', async () => {
    const root = Buffer.from('{"signed":{"_type":"root"},"signatures":[]}');
    await expectUnreadable(openKeyFile(root, PASSPHRASE, FILE), /encrypted is missing/);
  });

  test('of 64 KiB is read', async () => {
    await expect(openKeyFile(Buffer.from(healthy.padEnd(65_536)), PASSPHRASE, FILE)).resolves.toHaveLength(1);
  });
});

describe.each([
  { kind: 'encrypted', write: (text: string) => sealedText(text, PASSPHRASE) },
  { kind: 'plain', write: (text: string) => Promise.resolve(plainText(text)) },
])('in a key file that is $kind', ({ write }) => {
  const p384 = generateKeyPairSync('ec', {
    namedCurve: 'secp384r1',
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'sec1' },
  });
  const p256 = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'sec1' },
  });
  const locked = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: WORDS },
  });
  const rsa1024 = generateKeyPairSync('rsa', {
    modulusLength: 1_024,
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'pkcs1' },
  });
  const ecdsa = { keytype: 'ecdsa-sha2-nistp256', scheme: 'ecdsa-sha2-nistp256' };
  const keyval = (half: { publicKey: string; privateKey: string }) => ({
    keyval: { private: half.privateKey, public: half.publicKey },
  });
  const withValue = (changes: Partial<Entry['keyval']>) => ({ ...entry, keyval: { ...entry.keyval, ...changes } });

  test.each([
    { given: 'no key at all', keys: [], says: /holds no key/ },
    { given: 'an object in place of the list', keys: entry, says: /a list/ },
    { given: 'null in place of the list', keys: null, says: /a list/ },
    { given: 'a text in place of a key', keys: [entry, SEED], says: /key 2 is not an object/ },
    { given: 'a key without halves', keys: [{ ...entry, keyval: undefined }], says: /key 1\.keyval is missing/ },
    {
      given: 'a key without its private half',
      keys: [withValue({ private: undefined as never })],
      says: /private is mis/,
    },
    { given: 'a key without its public half', keys: [withValue({ public: undefined as never })], says: /do not match/ },
    {
      given: 'the public half of another key',
      keys: [withValue({ public: other.keyval.public })],
      says: /do not match/,
    },
    {
      given: 'a private half that ends in another public half',
      keys: [withValue({ private: SEED + other.keyval.public })],
      says: /key 1 has halves that do not match/,
    },
    {
      given: 'the seed of another key',
      keys: [withValue({ private: other.keyval.private.slice(0, 64) + entry.keyval.public })],
      says: /do not match/,
    },
    { given: 'the seed alone', keys: [withValue({ private: SEED })], says: /private is not 128 hexadecimal digits/ },
    {
      given: 'a private half that is not hexadecimal',
      keys: [withValue({ private: entry.keyval.private.replace(/.$/, 'x') })],
      says: /private is not 128 hexadecimal digits/,
    },
    {
      given: 'a broken key behind a good one',
      keys: [entry, withValue({ private: '' })],
      says: /key 2\.keyval\.private is not 128/,
    },
    {
      given: 'a key of a type that cannot sign here',
      keys: [{ ...entry, keytype: 'sphincs-shake-128s' }],
      says: /key 1 is of type sphincs-shake-128s/,
    },
    { given: 'a secret in place of the type', keys: [{ ...entry, keytype: SEED }], says: /no proper name/ },
    { given: 'another scheme', keys: [{ ...entry, scheme: 'ed25519ph' }], says: /not of the type that it says/ },
    { given: 'hexadecimal in place of PEM', keys: [{ ...entry, ...ecdsa }], says: /cannot be read as a private key/ },
    {
      given: 'a P-384 key called P-256',
      keys: [{ ...ecdsa, ...keyval(p384) }],
      says: /of a kind that TUF clients do not/,
    },
    {
      given: 'a P-256 key called RSA',
      keys: [{ keytype: 'rsa', scheme: 'rsassa-pss-sha256', ...keyval(p256) }],
      says: /not of the type that it says/,
    },
    {
      given: 'a PEM key with a passphrase',
      keys: [{ ...ecdsa, ...keyval(locked) }],
      says: /cannot be read as a private/,
    },
    {
      given: 'an RSA key of 1024 bits',
      keys: [{ keytype: 'rsa', scheme: 'rsassa-pss-sha256', ...keyval(rsa1024) }],
      says: /shorter than 2048 bits/,
    },
  ])('$given is refused', async ({ keys, says }) => {
    const secrets = [...SECRETS, other.keyval.private.slice(0, 64), ...[p384, p256, locked, rsa1024].map(pemBody)];
    await expectUnreadable(openKeyFile(await write(JSON.stringify(keys)), PASSPHRASE, FILE), says, secrets);
  });

  const digits = '7'.repeat(128);

  test.each([
    {
      given: 'a private half that is a number',
      text: JSON.stringify([withValue({ private: digits })]).replace(`"${digits}"`, digits),
      secret: digits,
      says: /NUMBER_NOT_EXACT/,
    },
    { given: 'a secret twice as a name', text: `[{"${SEED}": 1, "${SEED}": 2}]`, secret: SEED, says: /DUPLICATE_KEY/ },
    {
      given: 'a field that go-tuf reads as another',
      text: JSON.stringify([{ ...entry, Keyval: SEED }]),
      secret: SEED,
      says: /AMBIGUOUS_FIELD/,
    },
    {
      given: 'a half in which a field is ambiguous',
      text: JSON.stringify([withValue({ Public: SEED } as never)]),
      secret: SEED,
      says: /AMBIGUOUS_FIELD/,
    },
  ])('$given is refused without a word of it', async ({ text, secret, says }) => {
    await expectUnreadable(openKeyFile(await write(text), PASSPHRASE, FILE), says, [...SECRETS, secret]);
  });
});

test.each([
  { given: 'nothing at all', text: '', says: /decrypted, is not JSON/ },
  { given: 'a secret alone', text: `x${SEED}`, says: /decrypted, is not JSON/ },
  { given: 'a secret that begins like a number', text: `1e9${SEED}`, says: /NUMBER_NOT_EXACT/ },
  { given: 'a secret cut short', text: `[{"private": "${SEED}`, says: /decrypted, is not JSON/ },
])('$given, encrypted, is refused without a word of it', async ({ text, says }) => {
  await expectUnreadable(openKeyFile(await sealedText(text, PASSPHRASE), PASSPHRASE, FILE), says);
});

test('the message names the file that was given, fit to be printed', async () => {
  const opening = openKeyFile(Buffer.from('{'), PASSPHRASE, 'keys/\u001b[31mred.json');
  await expect(opening).rejects.toThrow('keys/\\u001b[31mred.json');
});

test("the real files of go-tuf are refused with another role's passphrase", async () => {
  await expectUnreadable(openKeyFile(await readKeyFile('go-tuf-v0.5.2'), Buffer.from('snapshotpw'), FILE), /wrong, or/);
});

function pemBody({ privateKey }: { readonly privateKey: string }): string {
  return privateKey.replace(/-----[A-Z ]*-----/g, '').replace(/\s/g, '');
}
