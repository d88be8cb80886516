import { createPublicKey } from 'node:crypto';
import { isRefusal, UsageError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import { parseJson } from '../tuf/json.ts';
import { isUsable, parseKey, type PublicKey } from '../tuf/key.ts';
import { publicKeyOf } from './public-key.ts';
import { unreadable, withoutQuoting } from './unreadable.ts';

/** No more is read of a file with one public key: an RSA key of 4,096 bits takes less than 1,000. */
export const MAX_PUBLIC_KEY_BYTES = 16_384;

/**
 * Reads the public key of somebody else from a file: the JSON object as it stands in a root, as `timekeeper enroll` prints it; or PEM, as AWS KMS and OpenSSL
 * give it out. Nothing of what stands in it gets into an error: it may be the wrong file, with a private key in it.
 * @param name - the file, for messages
 * @throws UsageError if it is something else, or a key that no client should trust
 */
export function readPublicKeyFile(bytes: Uint8Array, name: string): PublicKey {
  const where = printable(name);
  try {
    return withoutQuoting(where, () => (isPem(bytes) ? fromPem(bytes, where) : fromJson(bytes, where)));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new UsageError(error.message, {
      remedy: 'Name a file with one public key: the JSON object that timekeeper enroll or updates generate-key prints, or PEM.', // prettier-ignore
    });
  }
}

const HEAD = '-----BEGIN';

function isPem(bytes: Uint8Array): boolean {
  return text(bytes).trimStart().startsWith(HEAD);
}

/** Node's reader takes a private key for its public half, and the first block of several for all. */
function fromPem(bytes: Uint8Array, where: string): PublicKey {
  const pem = text(bytes).trim();
  if (pem.includes('PRIVATE KEY')) throw unreadable(`${where} holds a private key, which must not leave its machine.`);
  if (!pem.startsWith(`${HEAD} PUBLIC KEY-----`) || pem.split(HEAD).length !== 2) {
    throw unreadable(`${where} is not one public key in PEM.`);
  }
  try {
    return publicKeyOf(createPublicKey(pem), where);
  } catch (error) {
    throw isRefusal(error) ? error : unreadable(`${where} cannot be read as a public key.`);
  }
}

const KEY = knownFields('keytype', 'scheme', 'keyid_hash_algorithms', 'keyval');
const KEY_VALUE = knownFields('public');

/** Every field counts for the key id, and go-tuf computes it from these alone: others would give two ids. */
function fromJson(bytes: Uint8Array, where: string): PublicKey {
  const fields = new Fields(parseJson(bytes, where), where, KEY);
  if (fields.has('encrypted')) throw unreadable(`${where} is a key file, with private keys in it.`);
  const value = new Fields(fields.object('keyval'), `${where}: keyval`, KEY_VALUE);
  if (value.has('private')) throw unreadable(`${where} holds a private key, which must not leave its machine.`);
  if (hasOthers(fields, KEY.names) || hasOthers(value, KEY_VALUE.names)) {
    throw unreadable(`${where} has fields that no public key in a root has.`);
  }
  const key = parseKey(fields.json, where);
  if (!isUsable(key)) throw unreadable(`${where} cannot be used: ${key.unusable}`);
  if (key.keytype !== 'ed25519' && !value.string('public').startsWith(HEAD)) {
    throw unreadable(`${where} is not in PEM, and clients of today would refuse the whole root.`);
  }
  return key;
}

function hasOthers({ json }: Fields, names: ReadonlySet<string>): boolean {
  return Array.from(json.keys()).some((name) => !names.has(name));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
