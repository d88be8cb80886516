import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { encodeJson } from '../../lib/tuf/encode-json.ts';
import { parseJson, type Json } from '../../lib/tuf/json.ts';
import { isUsable, parseKey, type PublicKey } from '../../lib/tuf/key.ts';
import { parseRoot } from '../../lib/tuf/root.ts';
import { metadataOf } from './fixtures.ts';
import { ecdsaKey, ed25519Key, pemOf, rsaKey, type KeyJson, type SigningKey } from './signing-key.ts';
import { verdict } from './verdict.ts';

const MESSAGE = Buffer.from('{"_type":"timestamp"}');
const P256 = ecdsaKey();
const RSA = rsaKey();
const P256_POINT = pointOf(P256);

function jsonOf(value: unknown): Json {
  return parseJson(Buffer.from(JSON.stringify(value)), 'f');
}

function usable(json: unknown): PublicKey {
  const key = parseKey(jsonOf(json), 'root.json: signed.keys["a"]');
  if (!isUsable(key)) throw new Error(key.unusable);
  return key;
}

function unusable(json: unknown): string {
  const key = parseKey(jsonOf(json), 'root.json: signed.keys["a"]');
  return isUsable(key) ? 'usable' : key.unusable;
}

const withValue = ({ json }: SigningKey, value: unknown): object => ({ ...json, keyval: { public: value } });

/** The uncompressed point, which very old go-tuf wrote in place of PEM. */
function pointOf({ json }: SigningKey): string {
  return createPublicKey(json.keyval.public).export({ format: 'der', type: 'spki' }).subarray(-65).toString('hex');
}

function derOf(pem: string): Buffer {
  return createPublicKey(pem).export({ format: 'der', type: 'spki' });
}

function armoured(der: Uint8Array, label = 'PUBLIC KEY'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

describe('a key verifies what its private half signed, and nothing else:', () => {
  const maximal = rsaKey({ saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN });
  test.each([
    { kind: 'ed25519', key: ed25519Key() },
    { kind: 'ed25519 in upper-case hexadecimal digits', key: upperCase(ed25519Key()) },
    { kind: 'ecdsa-sha2-nistp256', key: P256 },
    { kind: 'ecdsa on P-256', key: ecdsaKey('P-256', 'ecdsa') },
    { kind: 'ecdsa-sha2-nistp384, with SHA-384', key: ecdsaKey('P-384') },
    { kind: 'ecdsa on P-384, with SHA-384', key: ecdsaKey('P-384', 'ecdsa') },
    { kind: 'ecdsa as a bare point', key: { ...P256, json: withValue(P256, P256_POINT) } },
    { kind: 'rsa, salt as long as the digest (python-tuf, tough)', key: RSA },
    { kind: 'rsa, salt as long as fits (go-tuf)', key: maximal },
    { kind: 'rsa, no salt', key: rsaKey({ saltLength: 0 }) },
    { kind: 'rsa of 3072 bits', key: rsaKey({ bits: 3_072 }) },
    { kind: 'rsa with the exponent 3', key: rsaKey({ exponent: 3 }) },
  ])('$kind', ({ key }) => {
    const read = usable(key.json);
    const signature = key.sign(MESSAGE);
    expect(read.verifies(MESSAGE, signature)).toBe(true);
    expect(read.verifies(Buffer.from('another message'), signature)).toBe(false);
    const damaged = Buffer.from(signature);
    damaged[damaged.length - 1]! ^= 1;
    expect(read.verifies(MESSAGE, damaged)).toBe(false);
    expect(read.isWeak).toBe(false);
  });

  test('ecdsa-sha2-nistp384 is not verified with SHA-256', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const json = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp384', keyval: { public: pemOf(publicKey) } };
    expect(usable(json).verifies(MESSAGE, sign('sha256', MESSAGE, privateKey))).toBe(false);
  });

  test('rsa is not verified with the padding of PKCS #1 v1.5', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const json = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: pemOf(publicKey) } };
    expect(usable(json).verifies(MESSAGE, sign('sha256', MESSAGE, privateKey))).toBe(false);
  });

  test.each(['go-tuf-v0.5.2', 'ecdsa-key', 'rsa-key', 'rotated'])('all keys of the fixture %s', (fixture) => {
    const { keys } = parseRoot(metadataOf(fixture).get('root.json')!);
    expect(Array.from(keys.values()).every((key) => isUsable(key) && !key.isWeak)).toBe(true);
  });
});

describe('the content of a key is the same however it is written:', () => {
  const content = (json: unknown): string => usable(json).content;
  const ed = ed25519Key();
  const crlf = RSA.json.keyval.public.replaceAll('\n', '\r\n');
  test.each([
    { how: 'upper-case hexadecimal digits', one: ed.json, other: upperCase(ed).json },
    { how: 'without keyid_hash_algorithms', one: ed.json, other: { ...ed.json, keyid_hash_algorithms: undefined } },
    { how: 'with an unknown field', one: ed.json, other: { ...ed.json, 'x-tuf-on-ci-keyowner': '@a' } },
    { how: 'keytype ecdsa', one: P256.json, other: { ...P256.json, keytype: 'ecdsa' } },
    { how: 'PEM or point', one: P256.json, other: withValue(P256, P256_POINT) },
    { how: 'a point in upper case', one: P256.json, other: withValue(P256, `04${P256_POINT.slice(2).toUpperCase()}`) },
    { how: 'PEM without the last line break', one: RSA.json, other: withValue(RSA, RSA.json.keyval.public.trimEnd()) },
    { how: 'PEM with CR LF', one: RSA.json, other: withValue(RSA, crlf) },
    { how: 'PEM on one line', one: RSA.json, other: withValue(RSA, onOneLine(RSA.json.keyval.public)) },
  ])('$how', ({ one, other }) => {
    expect(content(other)).toBe(content(one));
  });

  test('and differs between any two keys', () => {
    const keys = [ed25519Key(), ed25519Key(), ecdsaKey(), ecdsaKey(), RSA, rsaKey(), ecdsaKey('P-384')];
    expect(new Set(keys.map(({ json }) => content(json))).size).toBe(keys.length);
  });
});

describe('a key cannot be used, without a word of its value, if it', () => {
  const { publicKey: ecPublic, privateKey: ecPrivate } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { privateKey: rsaPrivate } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pkcs8 = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
  const ed = ed25519Key();
  const pem = P256.json.keyval.public;
  test.each([
    { rule: 'is of an unknown type', json: { ...ed.json, keytype: 'ed448' } },
    { rule: 'is of an unknown scheme', json: { ...ed.json, scheme: 'ed25519ph' } },
    { rule: 'has a scheme of another type', json: { ...ed.json, scheme: 'ecdsa-sha2-nistp256' } },
    { rule: 'is called __proto__', json: { ...ed.json, keytype: '__proto__' } },
    { rule: 'has no keytype', json: { scheme: 'ed25519', keyval: ed.json.keyval } },
    { rule: 'has no keyval', json: { keytype: 'ed25519', scheme: 'ed25519' } },
    { rule: 'has a keyval that is a text', json: { ...ed.json, keyval: ed.json.keyval.public } },
    { rule: 'has no public half', json: { ...ed.json, keyval: { private: 'ab' } } },
    { rule: 'has a public half that is a number', json: withValue(ed, 1) },
    { rule: 'is one byte short', json: withValue(ed, ed.json.keyval.public.slice(2)) },
    { rule: 'has a digit too many', json: withValue(ed, `${ed.json.keyval.public}0`) },
    { rule: 'is not hexadecimal', json: withValue(ed, 'g'.repeat(64)) },
    { rule: 'is Ed25519 in PEM', json: withValue(ed, pemOf(generateKeyPairSync('ed25519').publicKey)) },
    { rule: 'is an EC private key', json: withValue(P256, pkcs8(ecPrivate)) },
    { rule: 'is a SEC 1 private key', json: withValue(P256, ecPrivate.export({ format: 'pem', type: 'sec1' })) },
    { rule: 'is an RSA private key', json: withValue(RSA, pkcs8(rsaPrivate)) },
    { rule: 'is a certificate', json: withValue(P256, armoured(certificate(), 'CERTIFICATE')) },
    { rule: 'stands behind a certificate', json: withValue(P256, armoured(certificate(), 'CERTIFICATE') + pem) },
    { rule: 'stands behind a private key', json: withValue(P256, pkcs8(ecPrivate) + pem) },
    { rule: 'stands before a second key', json: withValue(P256, pem + pemOf(ecPublic)) },
    { rule: 'stands behind other text', json: withValue(P256, `key:\n${pem}`) },
    { rule: 'stands behind white space', json: withValue(P256, ` ${pem}`) },
    { rule: 'has PEM headers', json: withValue(P256, pem.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')) },
    { rule: 'is PKCS #1 in place of SPKI', json: withValue(RSA, pkcs1(RSA)) },
    { rule: 'has bytes behind it', json: withValue(P256, armoured(Buffer.concat([derOf(pem), Buffer.alloc(3)]))) },
    { rule: 'has broken base64', json: withValue(P256, pem.replace('\nM', '\n=M')) },
    { rule: 'is empty PEM', json: withValue(P256, armoured(Buffer.alloc(0))) },
    { rule: 'is not PEM at all', json: withValue(P256, 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE') },
    { rule: 'is on another curve', json: { ...ecdsaKey('P-384').json, scheme: 'ecdsa-sha2-nistp256' } },
    { rule: 'is on P-256 and says P-384', json: { ...P256.json, keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp384' } },
    { rule: 'is a point and says P-384', json: { ...ecdsaKey('P-384').json, keyval: { public: P256_POINT } } },
    { rule: 'is a point that is not on the curve', json: withValue(P256, `04${'11'.repeat(64)}`) },
    { rule: 'is an RSA key and says ecdsa', json: withValue(P256, RSA.json.keyval.public) },
    { rule: 'is an EC key and says rsa', json: withValue(RSA, pem) },
    { rule: 'is rsa-pss by its own type', json: withValue(RSA, pemOf(pssKey())) },
    { rule: 'is an RSA key of 1024 bits', json: rsaKey({ bits: 1_024 }).json },
    { rule: 'is an RSA key with the exponent 1', json: withValue(RSA, exponent('AQ')) },
    { rule: 'is an RSA key with the exponent 0', json: withValue(RSA, exponent('AA')) },
    { rule: 'is an RSA key with an even exponent', json: withValue(RSA, exponent('EA')) },
  ])('$rule', ({ json }) => {
    const reason = unusable(json);
    expect(reason).not.toBe('usable');
    expect(reason).not.toMatch(/MFkw|MII|[\da-f]{40}/);
  });
});

describe('why a key cannot be used is said', () => {
  const ed = ed25519Key();
  test.each([
    {
      given: 'an unknown type',
      json: { ...ed.json, keytype: 'ed448' },
      says: 'root.json: signed.keys["a"] has keytype and scheme ed448/ed25519, which are not known here.',
    },
    {
      given: 'too few digits',
      json: withValue(ed, 'abcd'),
      says: 'root.json: signed.keys["a"].keyval.public is not 64 hexadecimal digits.',
    },
    {
      given: 'what OpenSSL has its own words for',
      json: withValue(P256, armoured(Buffer.from([0x30, 0]))),
      says: 'root.json: signed.keys["a"] cannot be read as a key.',
    },
  ])('of $given', ({ json, says }) => {
    expect(unusable(json)).toBe(says);
  });
});

describe('parseKey refuses', () => {
  const { json } = ed25519Key();
  test.each([
    { given: 'null', key: null, code: 'BAD_ROOT' },
    { given: 'a list', key: [json], code: 'BAD_ROOT' },
    { given: 'a text', key: 'ed25519', code: 'BAD_ROOT' },
    { given: 'a field in two cases', key: { ...json, Keyval: json.keyval }, code: 'AMBIGUOUS_FIELD' },
    { given: 'a field with U+212A for k', key: { ...json, '\u212aeytype': 'rsa' }, code: 'AMBIGUOUS_FIELD' },
    { given: 'a scheme in two cases', key: { ...json, Scheme: 'x' }, code: 'AMBIGUOUS_FIELD' },
    { given: 'hash algorithms in two cases', key: { ...json, KeyID_hash_algorithms: [] }, code: 'AMBIGUOUS_FIELD' },
    ...['Public', 'Private'].map((half) => ({
      given: `a half that is called ${half}`,
      key: { ...json, keyval: { ...json.keyval, [half]: '00' } },
      code: 'AMBIGUOUS_FIELD',
    })),
  ])('$given with $code', ({ key, code }) => {
    expect(verdict(() => parseKey(jsonOf(key), 'f'))).toBe(code);
  });
});

test('the key object stays as it was written, so that its id does not change', () => {
  const json: KeyJson & { readonly more: readonly number[] } = { more: [1], ...ed25519Key().json };
  expect(Buffer.from(encodeJson(usable(json).json)).toString()).toBe(JSON.stringify(json));
});

function upperCase(key: SigningKey): SigningKey {
  const json = { ...key.json, keyval: { public: key.json.keyval.public.toUpperCase() } };
  return { ...key, json };
}

function onOneLine(pem: string): string {
  return armoured(derOf(pem)).replace(/(?<=[^-])\n(?!-)/g, '');
}

function pkcs1({ json }: SigningKey): string {
  return createPublicKey(json.keyval.public).export({ format: 'pem', type: 'pkcs1' }).toString();
}

function pssKey(): KeyObject {
  return generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey;
}

function exponent(e: string): string {
  const jwk = createPublicKey(RSA.json.keyval.public).export({ format: 'jwk' });
  return pemOf(createPublicKey({ key: { ...jwk, e }, format: 'jwk' }));
}

/** Self-signed, for CN=a on P-256, made with openssl. Node would take the public key out of it. */
function certificate(): Buffer {
  const base64 = [
    'MIIBbzCCARWgAwIBAgIUWn/wYzz7gs9LZLx601FQL3D/46swCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjMyMjE5',
    'MDlaGA8yMTI2MTAzMDIyMTkwOVowDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLZxvApPoPPBhtsYuWW2',
    'edhbyrUVJ++yKDTJBquJmLFL3tka8XQOXZU2e5xHejjdyFp4bLycXCEGZgJlKILNIRyjUzBRMB0GA1UdDgQWBBSzpqKpMeuc6FfO',
    '8hEEQDkoMA7/jDAfBgNVHSMEGDAWgBSzpqKpMeuc6FfO8hEEQDkoMA7/jDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gA',
    'MEUCIDrTgyEYQKqGkGYHBv7oz4JbmHP8XO9WhShR7+OR4F0dAiEAjE3fADKYMoa935IvCoiF4dVaw5Lov3NV1i1WSlVPQXs=',
  ];
  return Buffer.from(base64.join(''), 'base64');
}
