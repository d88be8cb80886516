import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { readPublicKeyFile } from '../../lib/keys/public-key-file.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { OTHER_KEYS } from '../authoring/public-keys.ts';

const read = (text: string) => readPublicKeyFile(Buffer.from(text), 'key.json');
const [ed25519, p256, rsa] = OTHER_KEYS;

describe('the public key of somebody else', () => {
  test.each(OTHER_KEYS)(
    'of type $type is the same from JSON, as a root lists it, and from PEM',
    ({ json, pem, publicKey }) => {
      // prettier-ignore
      for (const text of [JSON.stringify(json), `${JSON.stringify(json, null, 2)}\n`, pem, `\n${pem}\n`]) {
      expect(keyId(read(text).json)).toBe(keyId(publicKey.json));
    }
    },
  );

  test('keeps its id where its maker leaves keyid_hash_algorithms out', () => {
    const json = { ...p256.json, keyid_hash_algorithms: undefined };
    expect(keyId(read(JSON.stringify(json)).json)).not.toBe(keyId(p256.publicKey.json));
    expect(read(JSON.stringify(json)).content).toBe(p256.publicKey.content);
  });
});

const privatePem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'pem', type: 'spki' }).toString(); // prettier-ignore
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'pem', type: 'spki' }).toString(); // prettier-ignore
const secret = 'c0ffee'.repeat(10);
const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const point = `04${Buffer.from(x!, 'base64url').toString('hex')}${Buffer.from(y!, 'base64url').toString('hex')}`;

describe('is refused, with nothing of the file in the message,', () => {
  test.each([
    { given: 'a private key in PEM', text: privatePem, says: 'holds a private key' },
    { given: 'a public key and a private one', text: ed25519.pem + privatePem, says: 'holds a private key' },
    { given: 'two public keys', text: ed25519.pem + rsa.pem, says: 'is not one public key in PEM' },
    {
      given: 'a certificate',
      text: ed25519.pem.replaceAll('PUBLIC KEY', 'CERTIFICATE'),
      says: 'is not one public key',
    },
    { given: 'damaged PEM', text: ed25519.pem.replace('MCow', 'MCox'), says: 'cannot be read as a public key' },
    { given: 'an RSA key of 1,024 bits', text: short, says: 'shorter than 2048 bits' },
    { given: 'a key on P-384', text: p384, says: 'of a kind that TUF clients do not know' },
    { given: 'a JSON key with its private half', text: JSON.stringify({ ...ed25519.json, keyval: { public: 'aa', private: secret } }), says: 'holds a private key' }, // prettier-ignore
    { given: 'a key file of go-tuf’s', text: JSON.stringify({ encrypted: true, data: { ciphertext: secret } }), says: 'is a key file' }, // prettier-ignore
    { given: 'a field more, for which go-tuf finds another id', text: JSON.stringify({ ...ed25519.json, comment: secret }), says: 'has fields that no public key' }, // prettier-ignore
    { given: 'a P-256 key as a bare point', text: JSON.stringify({ ...p256.json, keyval: { public: point } }), says: 'is not in PEM' }, // prettier-ignore
    { given: 'a key of an unknown type', text: JSON.stringify({ ...ed25519.json, keytype: 'sigstore-oidc' }), says: 'are not known here' }, // prettier-ignore
    { given: 'a number that is not exact', text: `{"keytype":1${secret.replace(/\D/g, '')}000000000000000000}`, says: 'NUMBER_NOT_EXACT' }, // prettier-ignore
    { given: 'a whole root', text: '{"signed":{},"signatures":[]}', says: 'key.json' },
    { given: 'nothing', text: '', says: 'key.json' },
  ])('$given', ({ text, says }) => {
    const refusing = () => read(text);
    expect(refusing).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(says) }));
    expect(refusing).not.toThrow(secret);
    expect(refusing).not.toThrow(privatePem.split('\n')[1]!);
  });
});
