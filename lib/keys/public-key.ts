import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Json, JsonObject } from '../tuf/json.ts';
import { isUsable, parseKey, type PublicKey } from '../tuf/key.ts';
import { unreadable } from './unreadable.ts';

/** The signature schemes in which we can sign. */
export type Scheme = 'ed25519' | 'ecdsa-sha2-nistp256' | 'rsassa-pss-sha256';

/** go-tuf v0.5.2 refuses a whole root for keytype `ecdsa`, so P-256 keys get the newer name, which is also the scheme's. */
const KEYTYPES: Readonly<Record<Scheme, string>> = {
  ed25519: 'ed25519',
  'ecdsa-sha2-nistp256': 'ecdsa-sha2-nistp256',
  'rsassa-pss-sha256': 'rsa',
};

/** The scheme in which a key signs; undefined if none that TUF clients know. */
export function schemeOf(key: KeyObject): Scheme | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return 'ed25519';
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ecdsa-sha2-nistp256';
  return type === 'rsa' ? 'rsassa-pss-sha256' : undefined;
}

/**
 * A public key as a TUF key object, with the fields that go-tuf gives it: the key id depends on each of them.
 * @see go-tuf v0.5.2, pkg/keys (PublicData): keyid_hash_algorithms is always there, and always these two
 */
function tufKey(key: KeyObject, scheme: Scheme): JsonObject {
  const value =
    scheme === 'ed25519' ? ed25519Point(key).toString('hex') : key.export({ format: 'pem', type: 'spki' }).toString();
  return new Map<string, Json>([...keyHead(scheme), ['keyval', new Map([['public', value]])]]);
}

/** The fields that stand before `keyval`, in public and in private keys. */
export function keyHead(scheme: Scheme): readonly (readonly [string, Json])[] {
  return [
    ['keytype', KEYTYPES[scheme]],
    ['scheme', scheme],
    ['keyid_hash_algorithms', ['sha256', 'sha512']],
  ];
}

/** The 32 bytes of an Ed25519 key: what stands last in its SPKI form (RFC 8410). */
export function ed25519Point(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}

/**
 * Makes a public key that can verify.
 * @param where - the file or the KMS key, for messages
 * @throws RefusalError KEY_UNREADABLE for a key that signs in no scheme that clients know, or is too short
 */
export function publicKeyOf(key: KeyObject, where: string): PublicKey {
  const scheme = schemeOf(key);
  if (scheme === undefined) throw unreadable(`${where} is a key of a kind that TUF clients do not know.`);
  const parsed = parseKey(tufKey(key, scheme), where);
  if (!isUsable(parsed)) throw unreadable(`${where} cannot be used: ${parsed.unusable}`);
  return parsed;
}

/** What `key.type` of the configuration says about a key in AWS KMS. */
export type KmsKeyType = 'kms-ed25519' | 'kms-p256' | 'kms-rsa';

/** The scheme in which a KMS key of a type signs. */
export const KMS_SCHEMES: Readonly<Record<KmsKeyType, Scheme>> = {
  'kms-ed25519': 'ed25519',
  'kms-p256': 'ecdsa-sha2-nistp256',
  'kms-rsa': 'rsassa-pss-sha256',
};

/**
 * Makes a TUF key object, as it goes into a root, of a public key as KMS gives it out.
 * @param der - the SubjectPublicKeyInfo (SPKI) in DER
 * @throws RefusalError KEY_UNREADABLE if it is no key, or one of another type
 */
export function tufKeyFromSpki(der: Uint8Array, type: KmsKeyType): JsonObject {
  return publicKeyFromSpki(der, type, 'The key').json;
}

/** The same as a key that can verify. `where` is the KMS key, for messages. */
export function publicKeyFromSpki(der: Uint8Array, type: KmsKeyType, where: string): PublicKey {
  const key = spki(der, where);
  const scheme = schemeOf(key);
  if (scheme === KMS_SCHEMES[type]) return publicKeyOf(key, where);
  throw unreadable(`${where} is not of type ${type}: it signs in ${scheme ?? 'no scheme that TUF clients know'}.`);
}

function spki(der: Uint8Array, where: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    throw unreadable(`${where} cannot be read as a public key.`);
  }
}
