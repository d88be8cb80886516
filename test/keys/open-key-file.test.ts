import { inspect } from 'node:util';
import { expect, jest, test } from '@jest/globals';
import { openKeyFile, sealKeyFile } from '../../lib/keys/key-file.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { encodeJson } from '../../lib/tuf/encode-json.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { PASSPHRASE, readKeyFile, readRole } from './fixture-keys.ts';
import { expectNoSecret } from './no-secret.ts';

const MESSAGE = Buffer.from('{"_type":"timestamp"}');

test.each([
  { fixture: 'go-tuf-v0.5.2', keytype: 'ed25519', scheme: 'ed25519' },
  { fixture: 'scrypt-65536', keytype: 'ed25519', scheme: 'ed25519' },
  { fixture: 'scrypt-131072', keytype: 'ed25519', scheme: 'ed25519' },
  { fixture: 'ecdsa-key', keytype: 'ecdsa-sha2-nistp256', scheme: 'ecdsa-sha2-nistp256' },
  { fixture: 'rsa-key', keytype: 'rsa', scheme: 'rsassa-pss-sha256' },
])('opens the $keytype key of $fixture as the key that the root lists', async ({ fixture, keytype, scheme }) => {
  const keys = await openKeyFile(await readKeyFile(fixture), PASSPHRASE);
  expect(keys.map(({ publicKey }) => publicKey)).toMatchObject([{ keytype, scheme, isWeak: false }]);
  const { keyids, keys: objects } = await readRole(fixture);
  expect(keys.map(({ publicKey }) => keyId(publicKey.json))).toEqual(keyids);
  expect(keys.map(({ publicKey }) => Buffer.from(encodeJson(publicKey.json)).toString())).toEqual(objects);
});

test.each([
  { fixture: 'go-tuf-v0.5.2', bytes: 64 },
  { fixture: 'rsa-key', bytes: 256 },
  { fixture: 'ecdsa-key', bytes: undefined }, // DER: it varies
])('signs with the key of $fixture what its public half verifies', async ({ fixture, bytes }) => {
  const [key] = await openKeyFile(await readKeyFile(fixture), PASSPHRASE);
  const signature = await key!.sign(MESSAGE);
  expect(signature).toHaveLength(bytes ?? signature.length);
  expect(key!.publicKey.verifies(MESSAGE, signature)).toBe(true);
  expect(key!.publicKey.verifies(Buffer.from('another message'), signature)).toBe(false);
});

test('opens all keys of a rotated file, the newest last', async () => {
  const keys = await openKeyFile(await readKeyFile('rotated'), PASSPHRASE);
  expect(keys).toHaveLength(2);
  const { keyids } = await readRole('rotated');
  expect(keyids).toEqual([keyId(keys[1]!.publicKey.json)]);
});

test('opens a plain file without asking for a passphrase', async () => {
  const ask = jest.fn(() => Promise.resolve(PASSPHRASE));
  const keys = await openKeyFile(await readKeyFile('plain-key'), ask);
  const { keyids } = await readRole('plain-key');
  expect(keys.map(({ publicKey }) => keyId(publicKey.json))).toEqual(keyids);
  expect(ask).not.toHaveBeenCalled();
});

test('asks once for the passphrase of an encrypted file', async () => {
  const ask = jest.fn(() => Promise.resolve(PASSPHRASE));
  await expect(openKeyFile(await readKeyFile('go-tuf-v0.5.2'), ask)).resolves.toHaveLength(1);
  expect(ask).toHaveBeenCalledTimes(1);
});

test('passes on what asking for the passphrase throws', async () => {
  const ask = () => Promise.reject(new Error('no such secret'));
  await expect(openKeyFile(await readKeyFile('go-tuf-v0.5.2'), ask)).rejects.toThrow('no such secret');
});

test('gives a key once that stands in the file twice', async () => {
  const key = newEd25519Key();
  await expect(openKeyFile(await sealKeyFile([key, key], undefined), PASSPHRASE)).resolves.toHaveLength(1);
});

test('is not made with more keys than are read again', async () => {
  const keys = Array.from({ length: 200 }, newEd25519Key);
  await expect(sealKeyFile(keys, undefined)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringMatching(/^The key file would have \d+ bytes; no more than 65536 are read\.$/),
  });
});

test('opens a key without a scheme, which go-tuf may leave out', async () => {
  const file = (await readKeyFile('plain-key')).toString().replace('"scheme": "ed25519",', '');
  await expect(openKeyFile(Buffer.from(file), PASSPHRASE)).resolves.toMatchObject([
    { publicKey: { scheme: 'ed25519' } },
  ]);
});

test('leaves the caller its file and its passphrase as they were', async () => {
  const file = await readKeyFile('go-tuf-v0.5.2');
  const passphrase = Buffer.from(PASSPHRASE);
  await openKeyFile(file, passphrase);
  expect(file).toEqual(await readKeyFile('go-tuf-v0.5.2'));
  expect(passphrase).toEqual(PASSPHRASE);
});

test.each([
  { fixture: 'go-tuf-v0.5.2', part: [0, 64] }, // the seed; the public half stands behind it
  { fixture: 'ecdsa-key', part: [0, 52] }, // PEM: head and number; the public half stands behind them
  { fixture: 'rsa-key', part: [-1_000] }, // PEM: primes and exponents; the public half stands before them
])('shows nothing secret of the key of $fixture when printed', async ({ fixture, part }) => {
  const [key] = await openKeyFile(await readKeyFile(fixture), PASSPHRASE);
  const value = key!.secretJson().get('keyval') as ReadonlyMap<string, string>;
  const text = value.get('private')!.replace(/-----[A-Z ]*-----|\s/g, '');
  expectNoSecret(key!, [text.slice(...part)]);
  expect(inspect(key)).toContain('publicKey');
});
