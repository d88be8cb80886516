import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { looselyCanonical } from './loose-json.ts';

/** A public key as roots list it. */
export interface KeyJson {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyid_hash_algorithms?: readonly string[];
  readonly keyval: { readonly public: string };
}

/** A key pair that signs, made anew in each run. */
export interface SigningKey {
  readonly json: KeyJson;
  readonly id: string;
  sign(message: Uint8Array): Buffer;
}

/** The kind that fleetctl makes. */
export function ed25519Key(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  return keyPair('ed25519', 'ed25519', point, (message) => sign(null, message, privateKey));
}

/** A key on a NIST curve, in PEM. */
export function ecdsaKey(curve: 'P-256' | 'P-384' = 'P-256', keytype?: string): SigningKey {
  const scheme = curve === 'P-256' ? 'ecdsa-sha2-nistp256' : 'ecdsa-sha2-nistp384';
  const hash = curve === 'P-256' ? 'sha256' : 'sha384';
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return keyPair(keytype ?? scheme, scheme, pemOf(publicKey), (message) => sign(hash, message, privateKey));
}

/** An RSA key that signs with PSS. Without a length, the salt is as long as the digest. */
export function rsaKey({
  bits = 2_048,
  exponent = 65_537,
  saltLength = constants.RSA_PSS_SALTLEN_DIGEST,
} = {}): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent });
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return keyPair('rsa', 'rsassa-pss-sha256', pemOf(publicKey), (message) =>
    sign('sha256', message, { key: privateKey, padding, saltLength }),
  );
}

/** The key object with the id that go-tuf gives it. */
export function keyIdOf(json: KeyJson): string {
  return createHash('sha256').update(looselyCanonical(json)).digest('hex');
}

function keyPair(
  keytype: string,
  scheme: string,
  value: string,
  signWith: (message: Uint8Array) => Buffer,
): SigningKey {
  const json = { keytype, scheme, keyid_hash_algorithms: ['sha256', 'sha512'], keyval: { public: value } };
  return { json, id: keyIdOf(json), sign: signWith };
}

export function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' }).toString();
}
