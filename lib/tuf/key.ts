import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import { Fields, knownFields, parseHex } from './fields.ts';
import type { Json, JsonObject } from './json.ts';
import { isWeakPoint } from './weak-point.ts';

/** A public key that can verify. */
export interface PublicKey {
  /** The key object as the root has it: its key id is computed from this. */
  readonly json: JsonObject;
  readonly keytype: string;
  readonly scheme: string;
  /** What the key is, whatever it is called: equal for two spellings of one key. Thresholds are counted by it. */
  readonly content: string;
  /** A small-order point: one signature fits every message, so it counts for nothing. */
  readonly isWeak: boolean;
  verifies(message: Uint8Array, signature: Uint8Array): boolean;
}

/** A key that nobody can verify with here. Some clients refuse the whole root for it. */
export interface UnusableKey {
  readonly json: JsonObject;
  readonly unusable: string;
}

const KEY = knownFields('keytype', 'scheme', 'keyid_hash_algorithms', 'keyval');
const KEY_VALUE = knownFields('public', 'private');

/**
 * Reads a key of a root or of a delegation.
 * @param where - the file and the key id, for messages
 * @returns an unusable key, with the reason, where its type or value is not understood
 * @throws RefusalError BAD_ROOT if it is not even an object; AMBIGUOUS_FIELD
 * @see TUF specification, section 4.2.2
 */
export function parseKey(json: Json, where: string): PublicKey | UnusableKey {
  if (!(json instanceof Map)) throw new RefusalError('BAD_ROOT', `${where} is not an object.`);
  const fields = new Fields(json, where, KEY);
  try {
    const value = new Fields(fields.object('keyval'), `${where}.keyval`, KEY_VALUE);
    return publicKey(fields.json, fields.string('keytype'), fields.string('scheme'), value.string('public'), where);
  } catch (error) {
    if (error instanceof RefusalError && error.code === 'AMBIGUOUS_FIELD') throw error;
    return {
      json: fields.json,
      unusable: error instanceof RefusalError ? error.message : `${where} cannot be read as a key.`,
    };
  }
}

/** Whether a key can verify. */
export function isUsable(key: PublicKey | UnusableKey): key is PublicKey {
  return !('unusable' in key);
}

function publicKey(json: JsonObject, keytype: string, scheme: string, value: string, where: string): PublicKey {
  const type = `${keytype}/${scheme}`;
  switch (type) {
    case 'ed25519/ed25519':
      return ed25519(json, value, where);
    case 'ecdsa/ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp256/ecdsa-sha2-nistp256':
      return ecdsa(json, keytype, scheme, value, 'P-256', 'sha256');
    case 'ecdsa/ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp384/ecdsa-sha2-nistp384':
      return ecdsa(json, keytype, scheme, value, 'P-384', 'sha384');
    case 'rsa/rsassa-pss-sha256':
      return rsaPss(json, value);
    default:
      throw new RefusalError('BAD_ROOT', `${where} has keytype and scheme ${type}, which are not known here.`);
  }
}

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex'); // RFC 8410: the bytes before the 32 of the key
const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'); // RFC 5480: before the 65 of the point

function ed25519(json: JsonObject, value: string, where: string): PublicKey {
  const point = parseHex(value, `${where}.keyval.public`, 64);
  // Made an OpenSSL key only where it verifies: a root lists more keys than a run asks.
  const key = { key: Buffer.concat([ED25519_SPKI, point]), format: 'der', type: 'spki' } as const;
  return {
    json,
    keytype: 'ed25519',
    scheme: 'ed25519',
    content: `ed25519:${Buffer.from(point).toString('hex')}`,
    isWeak: isWeakPoint(point),
    verifies: (message, signature) => verify(null, message, key, signature),
  };
}

function ecdsa(
  json: JsonObject,
  keytype: string,
  scheme: string,
  value: string,
  curve: string,
  hash: string,
): PublicKey {
  const key = pemOrPoint(value);
  const { crv, x, y } = key.export({ format: 'jwk' });
  if (crv !== curve) throw new RefusalError('BAD_ROOT', `A key of scheme ${scheme} is not on the curve ${curve}.`);
  return {
    json,
    keytype,
    scheme,
    content: `ecdsa:${crv}:${String(x)}:${String(y)}`,
    isWeak: false,
    verifies: (message, signature) => verify(hash, message, { key, dsaEncoding: 'der' }, signature),
  };
}

/** go-tuf below v0.3 wrote the bare point in hexadecimal digits; everybody else writes PEM. */
function pemOrPoint(value: string): KeyObject {
  if (!/^04[\da-fA-F]{128}$/.test(value)) return pem(value);
  return createPublicKey({ key: Buffer.concat([P256_SPKI, Buffer.from(value, 'hex')]), format: 'der', type: 'spki' });
}

const PEM = /^-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z\d+/=\r\n]+)-----END PUBLIC KEY-----\s*$/;

/**
 * Reads one public key in PEM and nothing else. Node's own reader would also take a private key, a certificate, or the
 * second of two blocks, and ignore what follows the key; clients do so in part.
 */
function pem(value: string): KeyObject {
  const base64 = (PEM.exec(value)?.[1] ?? '').replace(/[\r\n]/g, '');
  const der = Buffer.from(base64, 'base64');
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (key.export({ format: 'der', type: 'spki' }).toString('base64') !== base64) {
    throw new RefusalError('BAD_ROOT', 'A PEM public key is not written in the one usual way.');
  }
  return key;
}

const MIN_RSA_BITS = 2_048; // below it, NIST SP 800-131A does not allow signatures

function rsaPss(json: JsonObject, value: string): PublicKey {
  const key = pem(value);
  const { n, e } = key.export({ format: 'jwk' });
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS) {
    throw new RefusalError('BAD_ROOT', `An RSA key is shorter than ${MIN_RSA_BITS} bits.`);
  }
  // With the exponent 1 a signature is its own message: anybody can sign. OpenSSL verifies it, Go doesn't.
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    throw new RefusalError('BAD_ROOT', `An RSA key has the public exponent ${publicExponent}.`);
  }
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO; // signers differ: the digest's length, or the longest that fits
  return {
    json,
    keytype: 'rsa',
    scheme: 'rsassa-pss-sha256',
    content: `rsa:${String(n)}:${String(e)}`,
    isWeak: false,
    verifies: (message, signature) => verify('sha256', message, { key, padding, saltLength }, signature),
  };
}
