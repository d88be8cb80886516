import { UsageError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { COMPACT, encodeJson } from '../tuf/encode-json.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import { isArray, parseJson, type Json } from '../tuf/json.ts';
import { parsePrivateKey, type PrivateKey } from './private-key.ts';
import { systemRandom, type Random } from './random.ts';
import { openBox, parseBox, sealBox, type ScryptBox } from './scrypt-box.ts';
import { unreadable, withoutQuoting } from './unreadable.ts';

/** No more is read of a key file: one key takes 807 bytes, and each rotation adds one. */
export const MAX_KEY_FILE_BYTES = 65_536;

/** A passphrase, or how to get it. It is asked for only if the file is encrypted, and only after all else was checked. */
export type Passphrase = Uint8Array | (() => Promise<Uint8Array>);

const KEY_FILE = knownFields('encrypted', 'data');

/**
 * Opens a key file of go-tuf's, encrypted or plain. Nothing of what stands in it, nor of the passphrase, gets into an error.
 * @param bytes - the whole file
 * @param file - its name, for messages
 * @returns its keys, in the order of the file, each once; after a rotation the older ones are among them
 * @throws RefusalError KDF_REFUSED, KEY_UNREADABLE; and what asking for the passphrase throws
 * @see go-tuf v0.5.2, local_store.go (loadPrivateKeys)
 */
export async function openKeyFile(
  bytes: Uint8Array,
  passphrase: Passphrase,
  file = 'keys/timestamp.json',
): Promise<readonly PrivateKey[]> {
  const keyFile = readKeyFile(bytes, file);
  if (keyFile.is === 'plain') return keyFile.keys;
  const given = typeof passphrase === 'function' ? await passphrase() : passphrase;
  const keys = await keyFile.open(given);
  if (keys === undefined) throw unreadable(`${printable(file)} cannot be decrypted: ${whyNot(given)}`);
  return keys;
}

/** A key file that was read as far as that goes without a passphrase. */
export type KeyFile =
  | { readonly is: 'plain'; readonly keys: readonly PrivateKey[] }
  | {
      readonly is: 'encrypted';
      /** @returns undefined if the passphrase is wrong or the file is damaged, which look the same */
      open(passphrase: Uint8Array): Promise<readonly PrivateKey[] | undefined>;
    };

/**
 * Reads a key file for somebody who may try more than one passphrase.
 * @throws RefusalError KDF_REFUSED, KEY_UNREADABLE
 */
export function readKeyFile(bytes: Uint8Array, file: string): KeyFile {
  const name = printable(file);
  const data = withoutQuoting(name, () => parseKeyFile(bytes, name));
  if ('plain' in data) return { is: 'plain', keys: withoutQuoting(name, () => parseKeys(data.plain, name)) };
  return {
    is: 'encrypted',
    async open(passphrase) {
      const plaintext = await openBox(data.box, passphrase);
      if (plaintext === undefined) return undefined;
      try {
        return withoutQuoting(name, () => parseKeys(parseJson(plaintext, `${name}, decrypted,`), name));
      } finally {
        plaintext.fill(0);
      }
    },
  };
}

/** How other tools keep their keys. */
const FOREIGN = [
  { is: 'PEM', begins: Buffer.from('-----BEGIN ') },
  { is: 'DER', begins: Buffer.from([0x30]) }, // a sequence; a key file of go-tuf's begins with a brace
];

function parseKeyFile(bytes: Uint8Array, name: string): { readonly box: ScryptBox } | { readonly plain: Json } {
  if (bytes.length > MAX_KEY_FILE_BYTES) {
    throw unreadable(`${name} has ${bytes.length} bytes; a key file has at most ${MAX_KEY_FILE_BYTES}.`);
  }
  const foreign = FOREIGN.find(({ begins }) => begins.every((byte, index) => bytes[index] === byte));
  if (foreign !== undefined) {
    throw unreadable(
      `${name} is a key in ${foreign.is}; what is read are key files as go-tuf and fleetctl write them.`,
    );
  }
  const fields = new Fields(parseJson(bytes, name), name, KEY_FILE);
  return fields.boolean('encrypted')
    ? { box: parseBox(fields.json.get('data'), `${name}: data`) }
    : { plain: fields.array('data') };
}

const NEWLINES: ReadonlySet<number | undefined> = new Set([0x0a, 0x0d]);

function whyNot(passphrase: Uint8Array): string {
  if (passphrase.length === 0) return 'the passphrase is empty.';
  if (NEWLINES.has(passphrase.at(-1))) return 'the passphrase ends in a newline, which may not belong to it.';
  return 'the passphrase is wrong, or the file is damaged.';
}

function parseKeys(json: Json, name: string): readonly PrivateKey[] {
  if (!isArray(json)) throw unreadable(`${name} does not hold a list of keys.`);
  if (json.length === 0) throw unreadable(`${name} holds no key.`);
  const keys = json.map((item, index) => parsePrivateKey(item, `${name}: key ${index + 1}`));
  // A key that stands there twice would sign twice, which clients refuse.
  return Array.from(new Map(keys.map((key) => [key.publicKey.content, key])).values());
}

const INDENTED = { ...COMPACT, indent: '\t' };

/**
 * Writes a key file that fleetctl reads: scrypt with N=32768, and the layout of go-tuf v0.5.2 to the byte.
 * @param passphrase - undefined for a plain file
 * @throws UsageError if the passphrase is empty: fleetctl refuses it, and go-tuf tries it on every file unasked, so it would protect nothing
 * @see go-tuf v0.5.2, local_store.go (SaveSigner)
 */
export async function sealKeyFile(
  keys: readonly PrivateKey[],
  passphrase: Uint8Array | undefined,
  random: Random = systemRandom,
): Promise<Uint8Array> {
  const list = keys.map((key) => key.secretJson());
  if (passphrase === undefined) return keyFile(false, list);
  if (passphrase.length === 0) throw new UsageError('The passphrase of a key file must not be empty.');
  const plaintext = encodeJson(list, INDENTED);
  try {
    return keyFile(true, await sealBox(plaintext, passphrase, random));
  } finally {
    plaintext.fill(0);
  }
}

function keyFile(encrypted: boolean, data: Json): Uint8Array {
  const members: readonly (readonly [string, Json])[] = [
    ['encrypted', encrypted],
    ['data', data],
  ];
  const bytes = encodeJson(new Map(members), { ...INDENTED, ending: '\n' });
  if (bytes.length <= MAX_KEY_FILE_BYTES) return bytes;
  throw new UsageError(`The key file would have ${bytes.length} bytes; no more than ${MAX_KEY_FILE_BYTES} are read.`, {
    remedy: 'Take keys out of it that no root lists any more. Nothing was changed.',
  });
}
