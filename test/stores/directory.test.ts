import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type DirectoryOptions, directoryStore } from '../../lib/stores/directory.ts';
import { newOwner } from '../../lib/stores/lock-owner.ts';
import type { Store, Token } from '../../lib/stores/store.ts';
import { Child, program, run } from './child.ts';

const NAME = 'timestamp.json';
const old = Buffer.from('{"old":true}');
const young = Buffer.from('{"young":true}');

let all: string;
let top: string;
let folder: string;
let state: string;
let store: Store;
beforeAll(() => {
  all = mkdtempSync(join(tmpdir(), 'directory-'));
  chmodSync(all, 0o755); // children that aren't root come in
});
afterAll(() => {
  rmSync(all, { recursive: true });
});
beforeEach(() => {
  top = mkdtempSync(join(all, 'top-'));
  chmodSync(top, 0o755);
  folder = join(top, 'repository');
  state = join(top, '.timekeeper');
  mkdirSync(folder);
  mkdirSync(state);
  store = directoryStore(folder, { lockFolder: state });
});

const inFolder = (name = NAME) => join(folder, name);
const content = (name = NAME) => readFileSync(inFolder(name), 'utf8');
const tokenNow = async (): Promise<Token> => (await store.get(NAME, 1000))!.token;

describe('get', () => {
  test.each([0, 1, 4096, 65_535, 65_536, 65_537, 300_000])('reads %d bytes whole', async (length) => {
    const bytes = Buffer.alloc(length, 'ab');
    writeFileSync(inFolder(), bytes);
    const found = await store.get(NAME, length);
    expect(Buffer.compare(found!.bytes, bytes)).toBe(0);
  });

  test('gives equal tokens to equal contents only', async () => {
    writeFileSync(inFolder('a.json'), old);
    writeFileSync(inFolder('b.json'), old);
    writeFileSync(inFolder('c.json'), young);
    const [a, b, c] = await Promise.all(['a.json', 'b.json', 'c.json'].map((name) => store.get(name, 1000)));
    expect(a!.token).toBe(b!.token);
    expect(a!.token).not.toBe(c!.token);
  });

  test.each([
    { given: 'no such file', name: 'root.json' },
    { given: 'no such folder', where: 'missing' },
    { given: 'a file in place of the folder', where: 'repository/file' },
  ])('answers undefined for $given', async ({ name = NAME, where = 'repository' }) => {
    writeFileSync(inFolder('file'), '');
    expect(await directoryStore(join(top, where)).get(name, 1000)).toBeUndefined();
  });

  test.each([
    {
      given: 'a file one byte too long',
      make: () => {
        writeFileSync(inFolder(), 'x'.repeat(11));
      },
    },
    {
      given: 'a huge file, without reading it',
      make: () => {
        writeFileSync(inFolder(), '');
        truncateSync(inFolder(), 2 ** 40);
      },
    },
  ])('refuses $given with TOO_LARGE', async ({ make }) => {
    make();
    await expect(store.get(NAME, 10)).rejects.toMatchObject({
      name: 'RefusalError',
      code: 'TOO_LARGE',
      message: `timestamp.json in ${folder} is larger than 10 bytes.`,
    });
  });

  test('refuses a file with TOO_LARGE that does not say how long it is', async () => {
    if (!existsSync('/proc/self/smaps')) return; // the sizes in /proc are 0
    await expect(directoryStore('/proc/self').get('smaps', 100)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  test.each([
    {
      given: 'a symbolic link',
      make: (path: string) => {
        symlinkSync('snapshot.json', path);
      },
    },
    {
      given: 'a link to nowhere',
      make: (path: string) => {
        symlinkSync('nowhere', path);
      },
    },
    {
      given: 'a folder',
      make: (path: string) => {
        mkdirSync(path);
      },
    },
    {
      given: 'a pipe that nobody writes to',
      make: (path: string) => {
        execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
      },
    },
  ])('fails with STORE_UNREACHABLE for $given in place of the file, and so does putIf', async ({ make }) => {
    writeFileSync(inFolder('snapshot.json'), old);
    make(inFolder());
    const failure = {
      code: 'STORE_UNREACHABLE',
      message: expect.stringMatching(`timestamp.json in ${folder} is a .*, not a file`),
    };
    await expect(store.get(NAME, 1000)).rejects.toMatchObject(failure);
    await expect(store.putIf(NAME, young, 'absent')).rejects.toMatchObject(failure);
    expect(content('snapshot.json')).toBe(old.toString());
    expect(readdirSync(folder)).toEqual(['snapshot.json', NAME]);
  });

  test('creates nothing, in no folder', async () => {
    const reader = directoryStore(join(top, 'elsewhere'), { create: true, lockFolder: join(top, 'lock') });
    expect([await reader.get(NAME, 1000), await reader.list()]).toEqual([undefined, []]);
    expect(readdirSync(top).sort()).toEqual(['.timekeeper', 'repository']);
  });
});

describe('a name', () => {
  test.each(['..', '.', '../secret', 'a/b', '/etc/passwd', '', 'a\0b', 'a\\b', '%2e%2E', '.%2e', 'ä', 'a b'])(
    'is refused that leads out of the folder or cannot be ours: %j',
    async (name) => {
      await expect(store.get(name, 10)).rejects.toMatchObject({ code: 'UNEXPECTED' });
      await expect(store.putIf(name, young, 'absent')).rejects.toMatchObject({ code: 'UNEXPECTED' });
    },
  );

  test.each(['timestamp.json', '2.root.json', '%2F..%2Frole.json', 'a..b.json', '9.role~1.json', 'A_b-c'])(
    'is taken as it is: %j',
    async (name) => {
      expect(await store.putIf(name, young, 'absent')).toBe('stored');
      expect(content(name)).toBe(young.toString());
    },
  );
});

describe('putIf', () => {
  test.each([
    { given: 'the content is what was read', before: old, expected: 'its token', answer: 'stored' },
    { given: 'there is no file and none is expected', before: undefined, expected: 'absent', answer: 'stored' },
    { given: 'the content is another', before: old, expected: 'another token', answer: 'changed' },
    { given: 'a file is there that was absent', before: old, expected: 'absent', answer: 'changed' },
    { given: 'the file is gone', before: undefined, expected: 'another token', answer: 'changed' },
  ] as const)('answers $answer when $given', async ({ before, expected, answer }) => {
    writeFileSync(inFolder(), young);
    const another = await tokenNow();
    rmSync(inFolder());
    if (before) writeFileSync(inFolder(), before);
    const tokens = { absent: 'absent', 'another token': another, 'its token': before && (await tokenNow()) } as const;
    expect(await store.putIf(NAME, Buffer.from('new'), tokens[expected]!)).toBe(answer);
    const stands = answer === 'stored' ? 'new' : before?.toString();
    expect(existsSync(inFolder()) ? content() : undefined).toBe(stands);
  });

  test('leaves nothing in the repository but the file, and nothing in the state', async () => {
    await store.putIf(NAME, old, 'absent');
    await store.putIf(NAME, young, await tokenNow());
    await store.putIf(NAME, old, 'absent');
    expect(readdirSync(folder)).toEqual([NAME]);
    expect(readdirSync(state)).toEqual([]);
  });

  test.each([
    { given: 'a new file', options: {}, mode: 0o644 },
    { given: 'a new file of the state', options: { mode: 0o600 }, mode: 0o600 },
    { given: 'a file that was 0600', before: 0o600, options: {}, mode: 0o600 },
    { given: 'a file that was 0664, whatever the umask', before: 0o664, options: { mode: 0o600 }, mode: 0o664 },
    { given: 'a file that nobody may write', before: 0o444, options: {}, mode: 0o444 },
  ])('leaves $given with its mode', async ({ before, options, mode }) => {
    if (before !== undefined) {
      writeFileSync(inFolder(), old);
      chmodSync(inFolder(), before);
    }
    const expected = before === undefined ? 'absent' : await tokenNow();
    await directoryStore(folder, options).putIf(NAME, young, expected);
    expect((statSync(inFolder()).mode & 0o7777).toString(8)).toBe(mode.toString(8));
    expect(content()).toBe(young.toString());
  });

  test('run by root, leaves the file to whom it belongs', async () => {
    if (process.getuid?.() !== 0) return; // nobody else can give files away
    writeFileSync(inFolder(), old);
    chownSync(inFolder(), 1234, 5678);
    await store.putIf(NAME, young, await tokenNow());
    expect(lstatSync(inFolder())).toMatchObject({ uid: 1234, gid: 5678 });
  });

  test('makes a missing folder only if told to, for its owner alone', async () => {
    const path = join(top, 'new');
    const refused = directoryStore(path).putIf('journal.json', young, 'absent');
    await expect(refused).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(existsSync(path)).toBe(false);
    await directoryStore(path, { create: true, mode: 0o600 }).putIf('journal.json', young, 'absent');
    expect((statSync(path).mode & 0o777).toString(8)).toBe('700');
    expect(readdirSync(path)).toEqual(['journal.json']);
  });

  test('does not make a repository that is missing, nor leave a state folder that was', async () => {
    const nowhere = directoryStore(join(top, 'no'), { lockFolder: join(top, 'lock') });
    await expect(nowhere.putIf(NAME, young, 'absent')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(readdirSync(top).sort()).toEqual(['.timekeeper', 'repository']);
  });

  test('removes what a killed run left of the same file, and only that', async () => {
    const ours = '.timestamp.json.0123456789abcdef.tmp';
    const others = ['.hidden.tmp', '.timestamp.json.0123.tmp', 'timestamp.json.0123456789abcdef.tmp', 'x.json', '.notes.0123456789abcdef.tmp']; // prettier-ignore
    for (const name of [ours, ...others]) writeFileSync(inFolder(name), '');
    expect(await store.list()).not.toContain(ours);
    await store.putIf(NAME, young, 'absent');
    expect(readdirSync(folder).sort()).toEqual([...others, NAME].sort());
  });

  test('lets one of many puts win that started from the same content', async () => {
    await store.putIf(NAME, old, 'absent');
    const token = await tokenNow();
    const puts = Array.from({ length: 8 }, (_, i) => store.putIf(NAME, Buffer.from(`put ${i}`), token));
    const answers = await Promise.all(puts);
    expect(answers.filter((answer) => answer === 'stored')).toHaveLength(1);
    expect(content()).toBe(`put ${answers.indexOf('stored')}`);
  });

  test('fails with LOCKED while another process is putting, and leaves everything as it is', async () => {
    symlinkSync(JSON.stringify(newOwner()), join(state, 'put.lock'));
    const waiting = directoryStore(folder, { lockFolder: state, timeoutMs: 20 }).putIf(NAME, young, 'absent');
    await expect(waiting).rejects.toMatchObject({ code: 'LOCKED' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('list', () => {
  test('names the files, and neither folders, links nor what is not ours to see', async () => {
    mkdirSync(inFolder('targets'));
    symlinkSync('1.root.json', inFolder('root.json'));
    for (const name of ['1.root.json', NAME]) writeFileSync(inFolder(name), '');
    expect([...(await store.list())].sort()).toEqual(['1.root.json', NAME]);
  });

  test('does not name the lock of the same folder', async () => {
    const own = directoryStore(state);
    symlinkSync(JSON.stringify(newOwner()), join(state, 'run.lock'));
    await own.putIf('journal.json', young, 'absent');
    expect(await own.list()).toEqual(['journal.json']);
  });

  test('fails with STORE_UNREACHABLE for a file in place of the folder', async () => {
    writeFileSync(inFolder('file'), '');
    const listing = directoryStore(inFolder('file')).list();
    await expect(listing).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('file in '),
    });
  });
});

/** Does one thing to a store in a process of its own and prints what came of it. */
const ONCE = `
  import { directoryStore } from './directory.ts';
  const [, , call, folder, options, size = '14'] = process.argv;
  const store = directoryStore(folder, JSON.parse(options));
  const { token = 'absent' } = (call === 'putIf' && (await store.get('timestamp.json', 1e6))) || {};
  const bytes = Buffer.alloc(Number(size), 'y');
  const calls = { get: () => store.get('timestamp.json', 1e6), putIf: () => store.putIf('timestamp.json', bytes, token), list: () => store.list() };
  console.log(await calls[call]().then(JSON.stringify, ({ code, message }) => code + ': ' + message));
`;

describe('a disk', () => {
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const once = (call: string, options: DirectoryOptions = {}) =>
    run(program(all, 'once', ONCE), [call, folder, JSON.stringify(options)], nobody).line();

  test.each([
    {
      call: 'get',
      given: 'a file that may not be read',
      protect: () => {
        chmodSync(inFolder(), 0);
      },
    },
    {
      call: 'get',
      given: 'a folder that may not be entered',
      protect: () => {
        chmodSync(folder, 0);
      },
    },
    {
      call: 'list',
      given: 'a folder that may not be read',
      protect: () => {
        chmodSync(folder, 0o311);
      },
    },
    {
      call: 'putIf',
      given: 'a folder that may not be written',
      protect: () => {
        chmodSync(folder, 0o555);
      },
    },
  ])('answers ACCESS_DENIED to $call for $given', async ({ call, protect }) => {
    writeFileSync(inFolder(), old);
    chmodSync(state, 0o777);
    protect();
    const said = await once(call, { lockFolder: state });
    chmodSync(folder, 0o755);
    expect(said).toMatch(/^ACCESS_DENIED: .+ in .+ could not be \w+: EACCES: permission denied\.$/);
    chmodSync(inFolder(), 0o644);
    expect([content(), readdirSync(folder), readdirSync(state)]).toEqual([old.toString(), [NAME], []]);
  });

  test('answers ACCESS_DENIED to putIf where the lock may not be made', async () => {
    chmodSync(state, 0o555);
    expect(await once('putIf', { lockFolder: state })).toMatch('ACCESS_DENIED: put.lock in ');
  });

  test.each([
    { call: 'symlinkSync', code: 'ENOSPC', answer: 'STORE_FULL' },
    { call: 'writeSync', code: 'ENOSPC', answer: 'STORE_FULL' },
    { call: 'writeSync', code: 'EDQUOT', answer: 'STORE_FULL' },
    { call: 'fsyncSync', code: 'EIO', answer: 'STORE_UNREACHABLE' },
    { call: 'fsyncSync', code: 'ENOSPC', answer: 'STORE_FULL' },
    { call: 'renameSync', code: 'EIO', answer: 'STORE_UNREACHABLE' },
  ])('that breaks in $call with $code makes putIf answer $answer and leave nothing', async ({ call, code, answer }) => {
    writeFileSync(inFolder(), old);
    const path = program(all, 'once-faulty', ONCE, { faulty: true });
    const env = { FAIL: call, FAIL_CODE: code };
    const said = await run(path, ['putIf', folder, JSON.stringify({ lockFolder: state })], { env }).line();
    expect(said).toMatch(`${answer}: `);
    expect([content(), readdirSync(folder), readdirSync(state)]).toEqual([old.toString(), [NAME], []]);
  });

  test('that somebody writes to without a lock, while putIf flushes, makes it answer changed', async () => {
    writeFileSync(inFolder(), old);
    const path = program(all, 'once-faulty', ONCE, { faulty: true });
    const env = { MEDDLE: inFolder() };
    expect(await run(path, ['putIf', folder, '{}'], { env }).line()).toBe('"changed"');
    expect([content(), readdirSync(folder)]).toEqual(['meddled', [NAME]]);
  });

  // A file system of our own that ends with the process: needs no root where users may make namespaces.
  const mounting = [
    '-c',
    `unshare -rm sh -c 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"' "$@"`,
    'sh',
    'sh',
  ];
  const canMount = () => {
    try {
      execFileSync('sh', [...mounting, 'size=64k', folder, 'true'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };

  test('that is really full makes putIf answer STORE_FULL, keep the old content and leave no temporary file', async () => {
    if (!canMount()) return;
    const path = program(all, 'once', ONCE);
    const put = (size: number) => `'${process.execPath}' '${path}' putIf '${folder}' '{}' ${size}`;
    const script = `${put(14)} && ${put(200_000)} && ls -A '${folder}' && wc -c < '${inFolder()}'`;
    const child = new Child('sh', [...mounting, 'size=64k', folder, 'sh', '-c', script]);
    const said = [await child.line(), await child.line(), await child.line(), await child.line()];
    expect(said).toEqual(['"stored"', expect.stringMatching(/^STORE_FULL: .*ENOSPC/), NAME, '14']);
  });

  test('that is really mounted read-only makes putIf answer ACCESS_DENIED', async () => {
    if (!canMount()) return;
    const path = program(all, 'once', ONCE);
    const child = new Child('sh', [...mounting, 'ro', folder, process.execPath, path, 'putIf', folder, '{}']);
    expect(await child.line()).toMatch(/^ACCESS_DENIED: .*EROFS/);
  });
});

describe('a put that is killed', () => {
  const PUTS = `
    import { directoryStore } from './directory.ts';
    const [, , folder, state] = process.argv;
    const store = directoryStore(folder, { lockFolder: state });
    for (let i = 0; ; i++) {
      const now = await store.get('timestamp.json', 1e6);
      await store.putIf('timestamp.json', Buffer.from(JSON.stringify({ i, filler: 'x'.repeat(20_000) })), now?.token ?? 'absent');
      console.log(i);
    }
  `;

  test('anywhere leaves a whole file, and the next put clears up', async () => {
    const path = program(all, 'puts', PUTS, { faulty: true });
    for (let i = 0; i < 30; i++) {
      await run(path, [folder, state], { env: { KILL_ONE_IN: '12' } }).end();
      const left = existsSync(inFolder()) ? content() : '{"filler":"not yet"}';
      expect(JSON.parse(left)).toHaveProperty('filler');
    }
    const now = await store.get(NAME, 1e6);
    expect(await store.putIf(NAME, young, now?.token ?? 'absent')).toBe('stored');
    expect([readdirSync(folder), content()]).toEqual([[NAME], young.toString()]);
    expect(readdirSync(state)).not.toContain('put.lock');
  });

  test('never shows a reader half a file', async () => {
    const child = run(program(all, 'puts', PUTS), [folder, state]);
    await child.line();
    for (let i = 0; i < 300; i++) {
      const { bytes } = (await store.get(NAME, 1e6))!;
      expect(() => JSON.parse(Buffer.from(bytes).toString()) as unknown).not.toThrow();
      await sleep(0);
    }
    child.kill();
    await child.end();
  });
});
