import { scrypt, type ScryptOptions } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import type { Json, JsonObject } from '../tuf/json.ts';
import { systemRandom, type Random } from './random.ts';
import { unreadable } from './unreadable.ts';

/** Something encrypted under a passphrase, whose parameters are ones that we are willing to compute with. */
export interface ScryptBox {
  readonly n: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const WRITTEN_N = 32_768; // go-tuf v0.5.2, and so fleetctl, reads no other
const KNOWN_N: readonly number[] = [WRITTEN_N, 65_536, 131_072]; // go-tuf v0.6.0 to v0.7.0 write the second and read all three
const R = 8;
const P = 1;
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const KEY_BYTES = 32;
const TAG_BYTES = 16; // Poly1305

const BOX = knownFields('kdf', 'cipher', 'ciphertext');
const KDF = knownFields('name', 'params', 'salt');
const PARAMS = knownFields('N', 'r', 'p');
const CIPHER = knownFields('name', 'nonce');

/**
 * Reads a box. Takes no memory for scrypt: a bomb is refused here, before anybody is asked for a passphrase.
 * @param where - the file and the field, for messages
 * @throws RefusalError KDF_REFUSED, KEY_UNREADABLE, and the parser's codes
 * @see go-tuf v0.5.2, encrypted/encrypted.go
 */
export function parseBox(json: Json | undefined, where: string): ScryptBox {
  const box = new Fields(json, where, BOX);
  const kdf = new Fields(box.object('kdf'), box.path('kdf'), KDF);
  const n = knownN(kdf, where);
  const cipher = new Fields(box.object('cipher'), box.path('cipher'), CIPHER);
  const cipherName = cipher.string('name');
  if (cipherName !== 'nacl/secretbox') {
    throw unreadable(`${where} is encrypted with ${quote(cipherName)}, not with nacl/secretbox.`);
  }
  const ciphertext = base64(box, 'ciphertext');
  if (ciphertext.length < TAG_BYTES) throw unreadable(`${box.path('ciphertext')} is cut off.`);
  return { n, salt: base64(kdf, 'salt', SALT_BYTES), nonce: base64(cipher, 'nonce', NONCE_BYTES), ciphertext };
}

function knownN(kdf: Fields, where: string): number {
  const name = kdf.string('name');
  if (name !== 'scrypt')
    throw new RefusalError('KDF_REFUSED', `${where} is encrypted with ${quote(name)}, not scrypt.`);
  const params = new Fields(kdf.object('params'), kdf.path('params'), PARAMS);
  const [n, r, p] = [params.integer('N'), params.integer('r'), params.integer('p')];
  if (KNOWN_N.includes(n) && r === R && p === P) return n;
  throw new RefusalError(
    'KDF_REFUSED',
    `${where} wants scrypt with N=${n}, r=${r}, p=${p}; only N=${KNOWN_N.join(', ')} with r=${R}, p=${P} are computed.`,
  );
}

function base64(fields: Fields, name: string, length?: number): Uint8Array {
  const text = fields.string(name);
  const bytes = Buffer.from(text, 'base64'); // skips what is not base64, so the way back shows whether all of it was
  if (bytes.toString('base64') !== text) throw unreadable(`${fields.path(name)} is not base64.`);
  if (length === undefined || bytes.length === length) return bytes;
  throw unreadable(`${fields.path(name)} has ${bytes.length} bytes, not ${length}.`);
}

/**
 * Decrypts, with one scrypt off the main thread.
 * @returns undefined if the passphrase is wrong or the box is damaged, which look the same
 */
export async function openBox(box: ScryptBox, passphrase: Uint8Array): Promise<Uint8Array | undefined> {
  const { key, cipher } = await keyAndCipher(passphrase, box.salt, box.n);
  try {
    return cipher(key, box.nonce).decrypt(box.ciphertext);
  } catch {
    return undefined;
  } finally {
    key.fill(0);
  }
}

/** Encrypts as go-tuf v0.5.2 does, into the JSON of a key file's `data`. Salt, then nonce, are asked of `random` before anything is waited for. */
export async function sealBox(
  plaintext: Uint8Array,
  passphrase: Uint8Array,
  random: Random = systemRandom,
): Promise<JsonObject> {
  const salt = random(SALT_BYTES);
  const nonce = random(NONCE_BYTES);
  const { key, cipher } = await keyAndCipher(passphrase, salt, WRITTEN_N);
  const ciphertext = cipher(key, nonce).encrypt(plaintext);
  key.fill(0);
  const params = object(['N', WRITTEN_N], ['r', R], ['p', P]);
  return object(
    ['kdf', object(['name', 'scrypt'], ['params', params], ['salt', base64Of(salt)])],
    ['cipher', object(['name', 'nacl/secretbox'], ['nonce', base64Of(nonce)])],
    ['ciphertext', base64Of(ciphertext)],
  );
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function object(...members: readonly (readonly [string, Json])[]): JsonObject {
  return new Map(members);
}

/** The cipher (Node has no XSalsa20) is loaded while scrypt runs elsewhere: it costs no time, and none where nothing is encrypted. */
async function keyAndCipher(passphrase: Uint8Array, salt: Uint8Array, n: number) {
  const [key, { xsalsa20poly1305 }] = await Promise.all([
    derive(passphrase, salt, n),
    import('@noble/ciphers/salsa.js'),
  ]);
  return { key, cipher: xsalsa20poly1305 };
}

function derive(passphrase: Uint8Array, salt: Uint8Array, n: number): Promise<Buffer> {
  // Node's default limit is 32 MiB, which N=32768 already needs for its table alone.
  const options: ScryptOptions = { N: n, r: R, p: P, maxmem: 128 * n * R + 1_048_576 };
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, KEY_BYTES, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
