import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FIXTURES } from '../cli/working-copy.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { Passphrases, Role } from '../peers/go-tuf.ts';
import { contentOf, NOW, ours, WORDS } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'passphrase-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

let encrypted: string;
let plain: string;
beforeAll(async () => {
  [encrypted, plain] = [newPlace(), newPlace()];
  await ours.init(encrypted, { random: 'init', passphrases: WORDS });
  await ours.rotate(encrypted, 'timestamp', { random: 'rotated', passphrases: WORDS }); // a file with two keys
  await ours.init(plain, { random: 'init' });
});

function copyOf(folder: string): string {
  const copy = newPlace();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const NEW = 'neu & geheim';
const keyFile = (folder: string, role: Role) => readFileSync(join(folder, 'keys', `${role}.json`), 'utf8');

describe('a key file whose passphrase is changed', () => {
  test.each([
    { from: 'encrypted', to: 'plain', isPlain: true },
    { from: 'plain', to: 'encrypted', isPlain: false },
  ] as const)('becomes $to that was $from, and its keys sign as before', async ({ from, isPlain }) => {
    const folder = copyOf(from === 'plain' ? plain : encrypted);
    const given = { passphrases: from === 'plain' ? {} : WORDS };
    await ours.changePassphrase(folder, 'timestamp', { ...given, newPassphrase: NEW, isPlain });
    expect(keyFile(folder, 'timestamp')).toContain(`"encrypted": ${!isPlain}`);
    await ours.timestamp(folder, { passphrases: isPlain ? {} : { timestamp: NEW } });
  });

  test('is a plain one already: nothing is done', async () => {
    const folder = copyOf(plain);
    const before = contentOf(folder);
    await expect(ours.changePassphrase(folder, 'root', { isPlain: true })).rejects.toThrow('keys/root.json has no passphrase.'); // prettier-ignore
    expect(contentOf(folder)).toEqual(before);
  });

  test('stays as it is if the new passphrase is empty, or the old one wrong', async () => {
    const folder = copyOf(encrypted);
    const before = contentOf(folder);
    await expect(ours.changePassphrase(folder, 'root', { passphrases: WORDS })).rejects.toThrow('must not be empty');
    await expect(ours.changePassphrase(folder, 'root', { newPassphrase: NEW })).rejects.toThrow('is invalid');
    expect(contentOf(folder)).toEqual(before);
  });

  test('keeps its mode', async () => {
    const folder = copyOf(encrypted);
    chmodSync(join(folder, 'keys', 'root.json'), 0o640);
    await ours.changePassphrase(folder, 'root', { passphrases: WORDS, newPassphrase: NEW });
    expect(statSync(join(folder, 'keys', 'root.json')).mode & 0o777).toBe(0o640);
  });

  test('is for nobody else to read any more, whatever its mode was', async () => {
    const folder = copyOf(encrypted);
    chmodSync(join(folder, 'keys', 'root.json'), 0o644);
    await ours.changePassphrase(folder, 'root', { passphrases: WORDS, newPassphrase: NEW });
    expect(statSync(join(folder, 'keys', 'root.json')).mode & 0o777).toBe(0o640);
  });
});

await describeWithGoTuf('go-tuf v0.5.2', (peer) => {
  test('changes a passphrase to the same bytes, and reads ours', async () => {
    const [our, their] = [copyOf(encrypted), copyOf(encrypted)];
    for (const role of ['timestamp', 'root'] as const) {
      await ours.changePassphrase(our, role, { passphrases: WORDS, newPassphrase: NEW, random: role });
      await peer.changePassphrase(their, role, NEW, { passphrases: WORDS, random: role });
      expect(contentOf(our)).toEqual(contentOf(their));
    }
    const passphrases: Passphrases = { ...WORDS, timestamp: NEW, root: NEW };
    await peer.rotate(our, 'timestamp', { now: NOW, passphrases });
  });

  test('reads a key file that a newer go-tuf wrote once its passphrase was changed, even to the same', async () => {
    const folder = copyOf(join(FIXTURES, 'scrypt-65536'));
    await expect(peer.timestamp(folder, { now: NOW, passphrases: WORDS })).rejects.toThrow();
    await ours.changePassphrase(folder, 'timestamp', { passphrases: WORDS, newPassphrase: WORDS.timestamp });
    await peer.timestamp(folder, { now: NOW, passphrases: WORDS });
  });
});
