import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { keyFileSource } from '../../lib/keys/key-file-source.ts';
import { PASSPHRASE, readKeyFile } from './fixture-keys.ts';

const file = 'keys/timestamp.json';
const encrypted = await readKeyFile('go-tuf-v0.5.2');
const plain = await readKeyFile('plain-key');

describe('the fingerprint', () => {
  test("is the SHA-256 of the file's bytes, found out without the passphrase", async () => {
    const passphrase = jest.fn(() => Promise.resolve(PASSPHRASE));
    const source = keyFileSource({ read: () => Promise.resolve(encrypted), passphrase, file });
    await expect(source.fingerprint()).resolves.toBe(createHash('sha256').update(encrypted).digest('hex'));
    expect(passphrase).not.toHaveBeenCalled();
  });

  test('changes when the file is replaced', async () => {
    let bytes = encrypted;
    const source = keyFileSource({ read: () => Promise.resolve(bytes), passphrase: () => wait(0, PASSPHRASE), file });
    const before = await source.fingerprint();
    bytes = plain;
    await expect(source.fingerprint()).resolves.not.toBe(before);
  });

  test('is undefined where there is no file', async () => {
    const source = keyFileSource({
      read: () => Promise.resolve(undefined),
      passphrase: () => wait(0, PASSPHRASE),
      file,
    });
    await expect(source.fingerprint()).resolves.toBeUndefined();
  });
});

describe('opening', () => {
  test.each([{ eager: true }, { eager: false }])('gives the keys of the file (eager: $eager)', async ({ eager }) => {
    const source = keyFileSource({
      read: () => Promise.resolve(encrypted),
      passphrase: () => wait(0, PASSPHRASE),
      file,
      eager,
    });
    await expect(source.open([])).resolves.toMatchObject([{ publicKey: { keytype: 'ed25519' } }]);
  });

  test.each([{ eager: true }, { eager: false }])('says which file is missing (eager: $eager)', async ({ eager }) => {
    const source = keyFileSource({
      read: () => Promise.resolve(undefined),
      passphrase: () => wait(0, PASSPHRASE),
      file,
      eager,
    });
    await expect(source.open([])).rejects.toMatchObject({
      name: 'FailureError',
      code: 'KEY_FILE_MISSING',
      message: 'There is no key file keys/timestamp.json.',
    });
  });

  test('never asks for the passphrase of a plain or a missing file, unless eager', async () => {
    const passphrase = jest.fn(() => Promise.resolve(PASSPHRASE));
    await keyFileSource({ read: () => Promise.resolve(plain), passphrase, file }).open([]);
    await expect(
      keyFileSource({ read: () => Promise.resolve(undefined), passphrase, file }).open([]),
    ).rejects.toThrow();
    expect(passphrase).not.toHaveBeenCalled();
  });

  test('fetches file and passphrase in one round when eager', async () => {
    const steps: string[] = [];
    const step = async <T>(name: string, value: T) => {
      steps.push(`${name} starts`);
      await wait(10);
      steps.push(`${name} ends`);
      return value;
    };
    await keyFileSource({
      read: () => step('file', encrypted),
      passphrase: () => step('passphrase', PASSPHRASE),
      file,
      eager: true,
    }).open([]);
    expect(steps.slice(0, 2).sort()).toEqual(['file starts', 'passphrase starts']);
  });

  test.each([{ eager: true }, { eager: false }])('passes on what reading throws (eager: $eager)', async ({ eager }) => {
    const fails = () => Promise.reject(new Error('disk on fire'));
    const source = keyFileSource({ read: fails, passphrase: () => wait(0, PASSPHRASE), file, eager });
    await expect(source.open([])).rejects.toThrow('disk on fire');
  });
});
