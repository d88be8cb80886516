import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openKeyFile, sealKeyFile } from '../../lib/keys/key-file.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { openBox, parseBox } from '../../lib/keys/scrypt-box.ts';
import { encodeJson } from '../../lib/tuf/encode-json.ts';
import { parseJson, type JsonObject } from '../../lib/tuf/json.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { PASSPHRASE, readKeyFile } from './fixture-keys.ts';

/** What is encrypted in a key file, as text. */
async function plaintext(file: Uint8Array, passphrase: Uint8Array): Promise<string> {
  const box = parseBox((parseJson(file, 'file') as JsonObject).get('data'), 'file');
  return Buffer.from((await openBox(box, passphrase))!).toString();
}

/** Salt, nonce and ciphertext are different in each file; all else has to be equal. */
function layout(file: Uint8Array): string {
  return Buffer.from(file)
    .toString()
    .replace(/"[\w+/]{22,}=*"/g, '"(base64)"');
}

test.each(['go-tuf-v0.5.2', 'rotated', 'ecdsa-key', 'rsa-key'])(
  "writes the keys of %s again as go-tuf's bytes, under another passphrase",
  async (fixture) => {
    const file = await readKeyFile(fixture);
    const again = await sealKeyFile(await openKeyFile(file, PASSPHRASE), Buffer.from('another'));
    expect(layout(again)).toBe(layout(file));
    expect(await plaintext(again, Buffer.from('another'))).toBe(await plaintext(file, PASSPHRASE));
  },
);

test("writes the plain file as go-tuf's bytes", async () => {
  const file = await readKeyFile('plain-key');
  const again = await sealKeyFile(await openKeyFile(file, PASSPHRASE), undefined);
  expect(Buffer.from(again).toString()).toBe(file.toString());
});

test('never writes two files alike: salt and nonce are new each time', async () => {
  const key = newEd25519Key();
  const files = await Promise.all([1, 2].map(() => sealKeyFile([key], PASSPHRASE)));
  const [first, second] = files.map((file) =>
    Buffer.from(file)
      .toString()
      .match(/"[\w+/]{22,}=*"/g)!,
  );
  expect(first).toHaveLength(3);
  expect(first!.filter((text) => second!.includes(text))).toEqual([]);
});

test('can be opened with the passphrase, whatever its bytes', async () => {
  const passphrases = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.string({ unit: 'binary', minLength: 1 }).map((text) => Buffer.from(text, 'utf8')),
  );
  await fc.assert(
    fc.asyncProperty(passphrases, async (passphrase) => {
      const key = newEd25519Key();
      const opened = await openKeyFile(await sealKeyFile([key], passphrase), passphrase);
      expect(opened.map(({ publicKey }) => publicKey.content)).toEqual([key.publicKey.content]);
    }),
    { numRuns: 15 }, // two scrypts each
  );
});

test('never writes under an empty passphrase, which go-tuf tries on every file unasked', async () => {
  await expect(sealKeyFile([newEd25519Key()], Buffer.of())).rejects.toMatchObject({
    name: 'UsageError',
    message: 'The passphrase of a key file must not be empty.',
  });
});

test('a part of the keys can be written under another passphrase, as enroll does', async () => {
  const [old, current] = await openKeyFile(await readKeyFile('rotated'), PASSPHRASE);
  const file = await sealKeyFile([current!], Buffer.from('another'));
  const opened = await openKeyFile(file, Buffer.from('another'));
  expect(opened.map(({ publicKey }) => publicKey.content)).toEqual([current!.publicKey.content]);
  expect(current!.publicKey.content).not.toBe(old!.publicKey.content);
});

test('a new key is an Ed25519 key with the four fields that its key id is computed from', async () => {
  const key = newEd25519Key();
  const { public: point } = JSON.parse(Buffer.from(encodeJson(key.publicKey.json.get('keyval')!)).toString()) as {
    readonly public: string;
  };
  expect(Buffer.from(encodeJson(key.publicKey.json)).toString()).toBe(
    `{"keytype":"ed25519","scheme":"ed25519","keyid_hash_algorithms":["sha256","sha512"],"keyval":{"public":"${point}"}}`,
  );
  expect(point).toMatch(/^[\da-f]{64}$/);
  expect(keyId(key.publicKey.json)).toMatch(/^[\da-f]{64}$/);
  const message = Buffer.from('{"_type":"root"}');
  expect(key.publicKey.verifies(message, await key.sign(message))).toBe(true);
  expect(newEd25519Key().publicKey.content).not.toBe(key.publicKey.content);
});
