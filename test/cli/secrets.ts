import { expect } from '@jest/globals';
import { openBox, parseBox } from '../../lib/keys/scrypt-box.ts';
import { isObject, parseJson } from '../../lib/tuf/json.ts';
import { PASSPHRASE, readKeyFile } from '../keys/fixture-keys.ts';

/** Of each kind one: the ordinary one, two keys in a file, a plain file, ECDSA, RSA. */
const FIXTURES = ['go-tuf-v0.5.2', 'rotated', 'plain-key', 'ecdsa-key', 'rsa-key'];
const PIECE = 12; // characters of a private key; ids and hashes that are public share no more by chance

let secrets: Promise<readonly string[]> | undefined;

/** Looks through a text for the passphrase of the fixtures' timestamp keys, their private halves, and pieces of both. */
export async function expectNothingSecret(output: string): Promise<void> {
  secrets ??= Promise.all(FIXTURES.map(privateHalves)).then((found) => [...passphrasePieces(), ...found.flat()]);
  expect((await secrets).filter((secret) => output.includes(secret))).toEqual([]);
}

function passphrasePieces(): readonly string[] {
  const text = PASSPHRASE.toString();
  const telling = pieces(text, 6).filter((piece) => !'timestamp'.includes(piece));
  return [...telling, PASSPHRASE.toString('base64'), encodeURIComponent(text), '5#$#@'];
}

async function privateHalves(fixture: string): Promise<readonly string[]> {
  const file = JSON.parse((await readKeyFile(fixture)).toString()) as { encrypted: boolean; data: unknown };
  const keys = file.encrypted ? await decrypted(fixture) : file.data;
  return (keys as { keyval: { private: string } }[]).flatMap(({ keyval }) => {
    // Ed25519: 64 hex digits of the seed, then the public half. Else PEM (ECDSA: JSON with PEM in it).
    if (/^[0-9a-f]{128}$/.test(keyval.private)) {
      const seed = keyval.private.slice(0, 64);
      return [...pieces(seed, PIECE), ...pieces(Buffer.from(seed, 'hex').toString('base64'), PIECE)];
    }
    const lines = keyval.private.split(/\\n|\n/).filter((line) => /^[A-Za-z0-9+/=]{24,}$/.test(line));
    return lines.flatMap((line) => pieces(line, 24));
  });
}

async function decrypted(fixture: string): Promise<unknown> {
  const json = parseJson(await readKeyFile(fixture), fixture);
  const plaintext = await openBox(parseBox(isObject(json) ? json.get('data') : undefined, fixture), PASSPHRASE);
  return JSON.parse(Buffer.from(plaintext!).toString());
}

function pieces(secret: string, length: number): readonly string[] {
  return Array.from({ length: secret.length - length + 1 }, (_, start) => secret.slice(start, start + length));
}
