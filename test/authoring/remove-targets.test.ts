import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { unneededFiles, type Listed } from '../../lib/authoring/unneeded-files.ts';
import { Client } from '../cli/working-copy.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import { contentOf, NOW, ours, WORDS } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'remove-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** A repository with two versions of one program, of which the older one was in a channel before the newer one was. */
async function repository(consistentSnapshots: boolean, passphrases = {}): Promise<string> {
  const folder = newPlace();
  const given = { passphrases, random: 'made' };
  await ours.init(folder, { ...given, consistentSnapshots });
  for (const version of ['1', '2']) {
    const file = newPlace();
    writeFileSync(file, `version ${version}`);
    const tags = version === '1' ? ['stable', 'edge'] : ['stable'];
    await ours.add(folder, { file, name: 'orbit', platform: 'linux', version, tags }, given);
  }
  return folder;
}

let plain: string;
beforeAll(async () => {
  plain = await repository(false);
});

function copyOf(folder: string): string {
  const copy = newPlace();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const targetsOf = (folder: string) => {
  const client = new Client(readFileSync(join(folder, 'repository', '1.root.json')));
  return Array.from(client.update(join(folder, 'repository')).targets.get('targets')!.targets.keys());
};
const filesIn = (folder: string) =>
  readdirSync(join(folder, 'repository', 'targets'), { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => !entry.isDirectory()); // prettier-ignore

describe('what is removed', () => {
  test('is named by its path, or by the folder of a version or a tag, and its files go', async () => {
    const folder = copyOf(plain);
    expect(await ours.remove(folder, { paths: ['/orbit/linux/1/orbit'], folders: ['orbit/linux/edge'] })).toEqual([
      'orbit/linux/1/orbit',
      'orbit/linux/edge/orbit',
    ]);
    expect(targetsOf(folder)).toEqual(['orbit/linux/2/orbit', 'orbit/linux/stable/orbit']);
    expect(readdirSync(join(folder, 'repository', 'targets', 'orbit', 'linux')).sort()).toEqual(['2', 'stable']);
  });

  test('can be all there is', async () => {
    const folder = copyOf(plain);
    await ours.remove(folder, { folders: ['orbit'] });
    expect(targetsOf(folder)).toEqual([]);
    expect(filesIn(folder)).toEqual([]);
  });

  test('does not take along what only begins like it, nor a file that was never listed', async () => {
    const folder = copyOf(plain);
    writeFileSync(join(folder, 'repository', 'targets', 'orbit', 'linux', '1', 'notes'), 'somebody’s');
    await ours.remove(folder, { folders: ['orbit/linux/1'] });
    expect(targetsOf(folder)).toHaveLength(3);
    expect(existsSync(join(folder, 'repository', 'targets', 'orbit', 'linux', '1', 'notes'))).toBe(true);
  });

  test('may have lost its file before', async () => {
    const folder = copyOf(plain);
    rmSync(join(folder, 'repository', 'targets', 'orbit', 'linux', '1'), { recursive: true });
    await ours.remove(folder, { folders: ['orbit/linux/1'] });
    expect(targetsOf(folder)).toHaveLength(3);
  });

  test('is said to be still there under the names that have the same content', async () => {
    const told: string[] = [];
    await ours.remove(copyOf(plain), { paths: ['orbit/linux/1/orbit'] }, { told });
    expect(told).toEqual(['Clients still get the same content as "orbit/linux/edge/orbit".']);
  });

  test('may have expired, as may what is signed anew', async () => {
    const folder = copyOf(plain);
    await ours.remove(folder, { folders: ['orbit/linux/1'] }, { now: '2031-01-01T00:00:00Z' });
    const client = new Client(readFileSync(join(folder, 'repository', '1.root.json')));
    expect(client.update(join(folder, 'repository'), '2031-01-02T00:00:00Z').targets.get('targets')!.targets.size).toBe(3); // prettier-ignore
  });
});

describe('nothing is changed, given', () => {
  test.each([
    { given: 'a path that is not listed', unwanted: { paths: ['orbit/linux/1/orbit', 'orbit/linux/9/orbit'] }, code: 'TARGET_UNKNOWN', says: 'targets.json does not list "orbit/linux/9/orbit".' }, // prettier-ignore
    { given: 'a version that is not listed', unwanted: { folders: ['orbit/linux/1', 'orbit/macos/1'] }, code: 'TARGET_UNKNOWN', says: 'targets.json does not list "orbit/macos/1/".' }, // prettier-ignore
    { given: 'the beginning of a version', unwanted: { folders: ['orbit/linux/s'] }, code: 'TARGET_UNKNOWN', says: /does not list/ }, // prettier-ignore
    { given: 'an expired root', unwanted: { folders: ['orbit'] }, now: '2037-01-01T00:00:00Z', code: 'METADATA_EXPIRED', says: /^root\.json/ }, // prettier-ignore
  ])('$given', async ({ unwanted, now = NOW, code, says }) => {
    const folder = copyOf(plain);
    const before = contentOf(folder);
    const run = ours.remove(folder, unwanted, { now });
    await expect(run).rejects.toMatchObject({ code });
    await expect(run).rejects.toThrow(says);
    expect(contentOf(folder)).toEqual(before);
  });

  test('a wrong passphrase', async () => {
    const folder = await repository(false, WORDS);
    const before = contentOf(folder);
    const run = ours.remove(folder, { folders: ['orbit'] }, { passphrases: { ...WORDS, snapshot: 'wrong' } });
    await expect(run).rejects.toThrow('snapshot passphrase is invalid');
    expect(contentOf(folder)).toEqual(before);
  });
});

describe('a file that is needed stays:', () => {
  const [one, two] = ['a'.repeat(128), 'b'.repeat(128)];
  const listed = (path: string, sha512 = one, length = 1): Listed[number] => [path, { length, hashes: new Map([['sha512', sha512]]) }]; // prettier-ignore
  const folderWith = (...files: readonly string[]) => {
    const folder = newPlace();
    for (const file of files) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), 'x');
    }
    return folder;
  };

  test('of a target that another role lists too', () => {
    const folder = folderWith('a/x', 'a/y');
    expect(unneededFiles(folder, [listed('a/x'), listed('a/y')], [listed('a/x')], false)).toEqual(['a/y']);
  });

  test('of a target that is listed with a slash before it and without', () => {
    expect(unneededFiles(folderWith('a/x'), [listed('/a/x')], [listed('a/x')], false)).toEqual([]);
    expect(unneededFiles(folderWith('a/x'), [listed('/a/x')], [], false)).toEqual(['a/x']);
  });

  test('where a link gives it a second name, of a file or of a folder; the link itself is not needed', () => {
    const folder = folderWith('1/x', '2/x');
    symlinkSync('1', join(folder, 'stable'));
    mkdirSync(join(folder, 'edge'));
    symlinkSync('../2/x', join(folder, 'edge', 'x'));
    expect(unneededFiles(folder, [listed('1/x')], [listed('stable/x')], false)).toEqual([]);
    expect(unneededFiles(folder, [listed('stable/x')], [listed('1/x')], false)).toEqual([]);
    expect(unneededFiles(folder, [listed('2/x')], [listed('edge/x')], false)).toEqual([]);
    expect(unneededFiles(folder, [listed('edge/x')], [listed('2/x')], false)).toEqual(['edge/x']);
  });

  test('of another target in the same folder, with consistent snapshots; what the removed one was before goes too', () => {
    const folder = folderWith(`a/${one}.x`, `a/${two}.x`, `a/${one}.y`, 'a/x', `a/readme.x`, `a/${one}.z.x`);
    expect(unneededFiles(folder, [listed('a/x')], [listed('a/y')], true).toSorted()).toEqual([`a/${one}.x`, `a/${two}.x`]); // prettier-ignore
    expect(unneededFiles(folder, [listed('a/x', two)], [listed('a/x', one)], true)).toEqual([`a/${two}.x`]);
  });

  test('where the path would lead out of the folder', () => {
    const folder = folderWith('repository/targets/x', 'keys/root.json');
    const removed = ['../../keys/root.json', 'y/../x', '//x', ''].map((path) => listed(path));
    expect(unneededFiles(join(folder, 'repository', 'targets'), removed, [], false)).toEqual([]);
  });
});

await describeWithGoTuf('go-tuf v0.5.2', (peer) => {
  test.each([
    { keys: 'encrypted', passphrases: WORDS, consistentSnapshots: false },
    { keys: 'plain', passphrases: {}, consistentSnapshots: false },
    { keys: 'plain, consistent snapshots', passphrases: {}, consistentSnapshots: true },
  ])(
    'removes the same files and writes the same ones, to the byte; its client, which saw it all, follows: $keys',
    async ({ passphrases, consistentSnapshots }) => {
      const our = await repository(consistentSnapshots, passphrases);
      const their = copyOf(our);
      const state = newPlace();
      await peer.clientInit(state, join(our, 'repository', '1.root.json'));
      const follow = () => peer.clientUpdate(state, join(our, 'repository'), { now: NOW, targets: true });
      expect(await follow()).toMatchObject({ ok: true });
      for (const paths of [
        ['orbit/linux/1/orbit', 'orbit/linux/edge/orbit'],
        ['orbit/linux/stable/orbit'],
        ['orbit/linux/2/orbit'],
      ]) {
        await ours.remove(our, { paths }, { passphrases });
        await peer.remove(their, paths, { now: NOW, passphrases });
        expect(contentOf(our)).toEqual(contentOf(their));
        const { ok, targets } = await follow();
        expect(ok).toBe(true);
        expect(targets).not.toEqual(expect.arrayContaining(paths));
      }
      expect(filesIn(our)).toEqual([]);
    },
  );
});
