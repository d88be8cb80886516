import { constants, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { Fields, knownFields, parseHex } from '../tuf/fields.ts';
import type { Json, JsonObject } from '../tuf/json.ts';
import { isUsable, parseKey, type PublicKey } from '../tuf/key.ts';
import { ed25519Point, keyHead, publicKeyOf, schemeOf, type Scheme } from './public-key.ts';
import { systemRandom, type Random } from './random.ts';
import type { Signer } from './signer.ts';
import { unreadable } from './unreadable.ts';

/** A private key in this process. Printing it shows the public half only. */
export class PrivateKey implements Signer {
  readonly publicKey: PublicKey;
  readonly #key: KeyObject;
  readonly #scheme: Scheme;

  /**
   * @param where - the file and the key in it, for messages
   * @throws RefusalError KEY_UNREADABLE for a key that signs in no scheme that clients know
   */
  constructor(key: KeyObject, where = 'The key') {
    const scheme = schemeOf(key);
    if (scheme === undefined) throw unreadable(`${where} is a key of a kind that TUF clients do not know.`);
    this.publicKey = publicKeyOf(createPublicKey(key), where);
    this.#key = key;
    this.#scheme = scheme;
  }

  sign(message: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(signature(this.#scheme, this.#key, message));
  }

  /**
   * The private key as a key file has it: a secret.
   * @see go-tuf v0.5.2, pkg/keys (MarshalPrivateKey): the two halves stand in another order in each key type
   */
  secretJson(): JsonObject {
    const halves = this.#scheme === 'ed25519' ? ed25519Halves(this.#key) : pemHalves(this.#key, this.#scheme);
    return new Map<string, Json>([...keyHead(this.#scheme), ['keyval', new Map(halves)]]);
  }
}

/** Makes an Ed25519 key, the kind that fleetctl makes. Its seed is what is asked of `random` (RFC 8032, section 5.1.5). */
export function newEd25519Key(random: Random = systemRandom): PrivateKey {
  const seed = random(32);
  const key = new PrivateKey(fromSeed(seed, 'The new key'));
  seed.fill(0);
  return key;
}

function signature(scheme: Scheme, key: KeyObject, message: Uint8Array): Uint8Array {
  switch (scheme) {
    case 'ed25519':
      return sign(null, message, key);
    case 'ecdsa-sha2-nistp256':
      return sign('sha256', message, { key, dsaEncoding: 'der' });
    case 'rsassa-pss-sha256':
      // go-tuf makes the salt as long as fits and verifies any length; tough and older python-tuf want the digest's.
      return sign('sha256', message, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
  }
}

const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex'); // RFC 8410: the bytes before the 32 of the seed

/** Go's private key is the seed and the public key behind it. */
function ed25519Halves(key: KeyObject): [string, string][] {
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  const point = ed25519Point(createPublicKey(key)).toString('hex');
  const seed = pkcs8.subarray(-32).toString('hex');
  pkcs8.fill(0);
  return [
    ['public', point],
    ['private', seed + point],
  ];
}

function pemHalves(key: KeyObject, scheme: Scheme): [string, string][] {
  const type = scheme === 'rsassa-pss-sha256' ? 'pkcs1' : 'sec1';
  return [
    ['private', key.export({ format: 'pem', type }).toString()],
    ['public', createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()],
  ];
}

const KEY = knownFields('keytype', 'scheme', 'keyid_hash_algorithms', 'keyval');
const KEY_VALUE = knownFields('public', 'private');

/**
 * Reads one key of a key file. The public half is worked out of the private one, and has to be what the file says.
 * @param where - the file and the key in it, for messages
 * @throws RefusalError KEY_UNREADABLE, and the parser's codes
 */
export function parsePrivateKey(json: Json, where: string): PrivateKey {
  const fields = new Fields(json, where, KEY);
  const keytype = fields.string('keytype');
  const scheme = fields.has('scheme') ? fields.string('scheme') : undefined;
  const value = new Fields(fields.object('keyval'), `${where}.keyval`, KEY_VALUE);
  const key = new PrivateKey(keyObject(keytype, value, where), where);
  const { publicKey } = key;
  if (publicKey.keytype !== keytype || publicKey.scheme !== (scheme ?? publicKey.scheme)) {
    throw unreadable(`${where} is not of the type that it says.`);
  }
  const said = parseKey(new Map([...publicKey.json, ['keyval', value.json]]), where);
  if (!isUsable(said) || said.content !== publicKey.content) throw unreadable(`${where} has halves that do not match.`);
  return key;
}

function keyObject(keytype: string, value: Fields, where: string): KeyObject {
  switch (keytype) {
    case 'ed25519':
      return ed25519(value, where);
    case 'ecdsa-sha2-nistp256':
    case 'rsa':
      return privateKey({ key: value.string('private'), format: 'pem' }, where);
    default:
      throw unreadable(`${where} is of ${typeName(keytype)}, with which nothing can be signed here.`);
  }
}

/** A type is named only if it is short: something else may have got into its place. */
function typeName(keytype: string): string {
  return /^[\w-]{1,30}$/.test(keytype) ? `type ${keytype}` : 'a type with no proper name';
}

function ed25519(value: Fields, where: string): KeyObject {
  const bytes = parseHex(value.string('private'), value.path('private'), 128);
  const key = fromSeed(bytes.subarray(0, 32), where);
  const isWhole = ed25519Point(createPublicKey(key)).equals(bytes.subarray(32));
  bytes.fill(0);
  if (!isWhole) throw unreadable(`${where} has halves that do not match.`);
  return key;
}

function fromSeed(seed: Uint8Array, where: string): KeyObject {
  const pkcs8 = Buffer.concat([ED25519_PKCS8, seed]);
  const key = privateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }, where);
  pkcs8.fill(0);
  return key;
}

/** OpenSSL's and Node's messages may quote the input, so none is passed on. */
function privateKey(input: Parameters<typeof createPrivateKey>[0], where: string): KeyObject {
  try {
    return createPrivateKey(input);
  } catch {
    throw unreadable(`${where} cannot be read as a private key.`);
  }
}
