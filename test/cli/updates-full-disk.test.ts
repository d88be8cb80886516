import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { contentOf, ours } from '../authoring/updates.ts';
import { describeWhere } from './describe-where.ts';
import { KILL_EVERY, killedAtCall } from './killing.ts';
import { findMounts } from './mounts.ts';
import { timekeeper } from './timekeeper.ts';
import { WORDS } from './updates-scene.ts';
import { Client, newPath, WorkingCopy } from './working-copy.ts';

const PASSPHRASES = { root: 'r', targets: 's', snapshot: 't', timestamp: 'u' };
const PAGE = 4_096; // bytes
const PATIENCE = 200_000; // ms

let repository: string;
let source: string;
beforeAll(async () => {
  [repository, source] = [newPath(), newPath()];
  writeFileSync(source, Buffer.alloc(3 * PAGE, 'the first'));
  await ours.init(repository);
  await ours.add(repository, { file: source, name: 'orbit', platform: 'linux', version: '1', tags: ['stable'] });
  writeFileSync(source, Buffer.alloc(4 * PAGE, 'the second'));
});

const MOUNTING = 'a user who may mount in a name space of his own, and /proc';

describeWhere('on a full disk, however little room there is,', MOUNTING, findMounts(), (mounts) => {
  afterAll(() => {
    mounts.end();
  });

  test.each([
    { command: 'add', words: () => ['add', '--target', source, '--name', 'orbit', '--platform', 'linux', '--version', '2', '-t', 'stable'] }, // prettier-ignore
    { command: 'rotate timestamp', words: () => ['rotate', 'timestamp'] },
    { command: 'rotate root', words: () => ['rotate', 'root'] },
    { command: 'timestamp', words: () => ['timestamp'] },
  ])(
    '$command is done whole or not at all, and the next command goes on',
    async ({ words }) => {
      const statuses: (number | null)[] = [];
      for (let pages = 0; statuses.at(-1) !== 0; pages++) {
        const disk = await mounts.inMemory('512k');
        const copy = new WorkingCopy(join(disk, 'copy'));
        cpSync(repository, copy.folder, { recursive: true });
        const client = new Client(copy.bytes('repository', '1.root.json'));
        client.update(copy.repository);
        const before = contentOf(copy.folder);

        fill(join(disk, 'filling'), pages);
        const { status, stderr } = await timekeeper(['updates', ...words(), '--path', copy.folder], { env: WORDS, cwd: '/' }); // prettier-ignore
        statuses.push(status);
        client.update(copy.repository);
        expect(status === 0 || /^Error: .*ENOSPC: no space left on device.*\(STORE_FULL\)\n$/s.test(stderr)).toBe(true);
        expect(status === 0 || JSON.stringify(contentOf(copy.folder)) === JSON.stringify(before)).toBe(true);

        rmSync(join(disk, 'filling'));
        await ours.timestamp(copy.folder, { passphrases: PASSPHRASES });
        client.update(copy.repository);
      }
      expect(statuses.length).toBeGreaterThan(2);
      if (process.env.MEASURE) console.log(`${words().join(' ')}: ${statuses.length - 1} times full`);
    },
    PATIENCE,
  );

  test(
    'init makes a whole repository or nothing, and is done the next time',
    async () => {
      const init = (folder: string) => timekeeper(['updates', 'init', '--path', folder], { env: WORDS, cwd: '/' });
      const statuses: (number | null)[] = [];
      for (let pages = 0; statuses.at(-1) !== 0; pages++) {
        const disk = await mounts.inMemory('512k');
        const copy = new WorkingCopy(join(disk, 'copy'));
        mkdirSync(copy.folder);
        fill(join(disk, 'filling'), pages);
        const { status, stderr } = await init(copy.folder);
        statuses.push(status);
        expect(status === 0 || /^Error: .*ENOSPC: no space left on device.*\(STORE_FULL\)\n$/s.test(stderr)).toBe(true);
        expect(status === 0 ? readdirSync(copy.path('keys')).length : readdirSync(copy.folder).length).toBe(
          status === 0 ? 4 : 0,
        );

        rmSync(join(disk, 'filling'));
        expect((await init(copy.folder)).status).toBe(status === 0 ? 1 : 0);
        new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
      }
      expect(statuses.length).toBeGreaterThan(2);
      if (process.env.MEASURE) console.log(`init: ${statuses.length - 1} times full`);
    },
    PATIENCE,
  );
});

describeWhere('where keys and repository lie on file systems of their own', MOUNTING, findMounts(), (mounts) => {
  afterAll(() => {
    mounts.end();
  });

  test('everything works as on one, and nothing is left over', async () => {
    const [keys, published] = [await mounts.inMemory('1m'), await mounts.inMemory('1m')];
    const copy = onDisks(keys, published);
    await ours.rotate(copy.folder, 'timestamp', { random: 'other disk' });
    await ours.add(copy.folder, { file: source, name: 'orbit', platform: 'linux', version: '2', tags: ['stable'] });
    const { timestamp, root } = new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
    expect([timestamp.version, root.version]).toEqual([4, 2]);
    expect(readdirSync(copy.folder).sort()).toEqual(['keys', 'repository', 'staged']);
    expect([...readdirSync(keys), ...readdirSync(published)].filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(copy.path('repository', 'targets', 'orbit', 'linux', 'stable', 'orbit'))).toEqual(readFileSync(source)); // prettier-ignore
  });

  test.each([
    { command: 'rotate timestamp', words: () => ['rotate', 'timestamp'] },
    { command: 'add', words: () => ['add', '--target', source, '--name', 'orbit', '--platform', 'linux', '--version', '2', '-t', 'stable'] }, // prettier-ignore
    { command: 'change-passphrase root', words: () => ['change-passphrase', 'root'] },
  ])(
    '$command may be killed at any call: the next command finishes or undoes it, no key is lost, and nothing is left over',
    async ({ words }) => {
      const [keys, published] = [await mounts.inMemory('1m'), await mounts.inMemory('1m')];
      const env = { ...WORDS, FLEET_ROOT_NEW_PASSPHRASE: 'new' };
      for (let n = 1, status: number | null = null; status === null; n += KILL_EVERY) {
        const copy = onDisks(keys, published);
        const options = { cwd: '/', ...killedAtCall(n, env) };
        ({ status } = await timekeeper(['updates', ...words(), '--path', copy.folder], options));
        const next = await timekeeper(['updates', 'timestamp', '--path', copy.folder], { env, cwd: '/' });
        expect({ n, status: next.status }).toEqual({ n, status: 0 });
        new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
        for (const role of ['root', 'targets', 'snapshot', 'timestamp']) expect(copy.bytes('keys', `${role}.json`).length).toBeGreaterThan(100); // prettier-ignore
        const left = [...readdirSync(keys), ...readdirSync(published, { recursive: true, encoding: 'utf8' })];
        expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
        expect(existsSync(copy.path('.timekeeper', 'update'))).toBe(false);
      }
    },
    PATIENCE,
  );

  test('a full stick with the keys keeps a rotation from being done, and nothing else', async () => {
    const [keys, published] = [await mounts.inMemory('64k'), await mounts.inMemory('1m')];
    const copy = onDisks(keys, published);
    const before = contentOf(copy.folder);
    fill(join(keys, 'filling'), 0);
    const rotated = await timekeeper(['updates', 'rotate', 'timestamp', '--path', copy.folder], { env: WORDS, cwd: '/' }); // prettier-ignore
    expect(rotated).toMatchObject({ status: 1, stderr: expect.stringContaining('(STORE_FULL)') });
    rmSync(join(keys, 'filling'));
    expect(contentOf(copy.folder)).toEqual(before);
    fill(join(keys, 'filling'), 0);
    const signed = await timekeeper(['updates', 'timestamp', '--path', copy.folder], { env: WORDS, cwd: '/' });
    expect(signed).toMatchObject({ status: 0, stderr: '' });
  });
});

/** A working copy whose keys and repository are what a mounted file system holds. */
function onDisks(keys: string, published: string): WorkingCopy {
  const copy = new WorkingCopy(newPath());
  cpSync(repository, copy.folder, { recursive: true });
  for (const [name, disk] of [['keys', keys], ['repository', published]] as const) {
    for (const old of readdirSync(disk)) rmSync(join(disk, old), { recursive: true });
    cpSync(copy.path(name), disk, { recursive: true });
    rmSync(copy.path(name), { recursive: true });
    symlinkSync(disk, copy.path(name));
  } // prettier-ignore
  return copy;
}

/** Fills a disk up but for some pages. */
function fill(path: string, pages: number): void {
  const page = Buffer.alloc(PAGE);
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, page);
  } catch {
    closeSync(file); // it is full
  }
  truncateSync(path, Math.max(0, statSync(path).size - pages * PAGE));
}
