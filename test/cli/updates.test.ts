import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { contentOf, ours } from '../authoring/updates.ts';
import { describeWhere } from './describe-where.ts';
import { killedAtCall } from './killing.ts';
import { commandLine, environment, timekeeper, type Run, type RunOptions } from './timekeeper.ts';
import { findTerminal } from './terminal.ts';
import { Client, differences, newPath, WorkingCopy } from './working-copy.ts';

const PASSPHRASES = { root: 'for root', targets: 'for targets', snapshot: 'for snapshot', timestamp: 'for timestamp' };
const WORDS = Object.fromEntries(
  Object.entries(PASSPHRASES).map(([role, word]) => [`FLEET_${role.toUpperCase()}_PASSPHRASE`, word]),
);

let encrypted: string;
let plain: string;
let source: string;
beforeAll(async () => {
  [encrypted, plain, source] = [newPath(), newPath(), newPath()];
  await ours.init(encrypted, { passphrases: PASSPHRASES });
  await ours.init(plain);
  writeFileSync(source, 'an artefact');
});

function copyOf(folder: string): WorkingCopy {
  const copy = newPath();
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true }); // a dead lock is a link
  return new WorkingCopy(copy);
}

const run = (copy: WorkingCopy, words: readonly string[], options: RunOptions = {}): Promise<Run> =>
  copy.run(['updates', ...words], { passphrase: null, ...options });
const addingVersion = (version: string, ...more: readonly string[]) => ['add', '--target', source, '--name', 'orbit', '--platform', 'linux', '--version', version, ...more]; // prettier-ignore
const adding = (...more: readonly string[]) => addingVersion('1.0.0', ...more);
const versionsOf = (copy: WorkingCopy) => ['targets', 'snapshot', 'timestamp'].map((role) => copy.signed(`${role}.json`).version); // prettier-ignore
const targetsIn = (copy: WorkingCopy) =>
  (JSON.parse(copy.bytes('repository', 'targets.json').toString()) as { signed: { targets: Record<string, { custom: object }> } }).signed.targets; // prettier-ignore

function putFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

describe('timekeeper updates', () => {
  test('init makes a repository where there is none, says the keys’ ids, and takes the environment’s passphrases', async () => {
    const folder = newPath();
    const { status, stdout, stderr } = await timekeeper(['updates', 'init', '--path', folder], { env: WORDS });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const line = (role: string) => `Generated ${role} key with ID: [0-9a-f]{64}\n`;
    expect(stdout).toMatch(new RegExp(`^${['root', 'targets', 'snapshot', 'timestamp'].map(line).join('')}$`));
    const copy = new WorkingCopy(folder);
    expect((await run(copy, ['rotate', 'root'], { env: WORDS })).status).toBe(0); // all four open
    expect(new Client(copy.bytes('repository', '1.root.json')).update(copy.repository).root.version).toBe(2);
  });

  test('roots prints root.json and a newline, to the byte', async () => {
    const copy = copyOf(plain);
    const { status, stdout } = await run(copy, ['roots']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${copy.bytes('repository', 'root.json').toString()}\n` });
  });

  test('timestamp says nothing, and signs for as long as it is told', async () => {
    const copy = copyOf(encrypted);
    expect(await run(copy, ['timestamp'], { env: WORDS })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(copy.signed()).toMatchObject({ version: 2, expires: '2026-12-08T00:00:00Z' });
    await run(copy, ['timestamp', '--timestamp-validity', '2 hours'], { env: WORDS });
    expect(copy.signed()).toMatchObject({ version: 3, expires: '2026-11-24T02:00:00Z' });
  });

  test('add takes tags one by one and with commas', async () => {
    const copy = copyOf(plain);
    expect(await run(copy, adding('-t', '1.0,1', '--tag', 'stable'))).toEqual({ status: 0, stdout: '', stderr: '' });
    const paths = ['1.0.0', '1.0', '1', 'stable'].map((tag) => `orbit/linux/${tag}/orbit`);
    expect(Object.keys(targetsIn(copy))).toEqual(paths);
    for (const path of paths) {
      expect(targetsIn(copy)[path]).toMatchObject({ length: 11, custom: { version: '1.0.0' } });
      expect(readFileSync(join(copy.repository, 'targets', path), 'utf8')).toBe('an artefact');
      expect(statSync(join(copy.repository, 'targets', path)).nlink).toBe(1); // fleetctl writes in place
    }
  });

  test('remove says what it removed, by version and tag or by path', async () => {
    const copy = copyOf(plain);
    await run(copy, adding('-t', '1,stable,edge'));
    const { status, stdout, stderr } = await run(copy, ['remove', '--name', 'orbit', '--platform', 'linux', '--version', '1.0.0', '-t', '1']); // prettier-ignore
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'Removed orbit/linux/1.0.0/orbit\nRemoved orbit/linux/1/orbit\n' }); // prettier-ignore
    expect(stderr).toBe(
      'Clients still get the same content as "orbit/linux/edge/orbit", "orbit/linux/stable/orbit".\n',
    );
    expect(await run(copy, ['remove', 'orbit/linux/edge/orbit', '--targets-validity', '2 days'])).toMatchObject({ status: 0, stdout: 'Removed orbit/linux/edge/orbit\n' }); // prettier-ignore
    expect(Object.keys(targetsIn(copy))).toEqual(['orbit/linux/stable/orbit']);
    expect(copy.signed('targets.json').expires).toBe('2026-11-26T00:00:00Z');
    expect(readdirSync(join(copy.repository, 'targets', 'orbit', 'linux'))).toEqual(['stable']);
  });

  test('list shows which tags lead to which version, without a key, and changes nothing', async () => {
    const copy = copyOf(encrypted);
    expect((await run(copy, ['list'])).stdout).toBe('targets.json version 1, until 2029-11-23T00:00:00Z, lists no targets.\n'); // prettier-ignore
    await run(copy, adding('-t', '1.0,stable,edge'), { env: WORDS });
    writeFileSync(source, 'a newer artefact');
    await run(copy, addingVersion('1.1.0', '-t', 'edge'), { env: WORDS });
    await run(copy, ['remove', 'orbit/linux/1.1.0/orbit'], { env: WORDS });
    writeFileSync(source, 'an artefact');
    const before = copy.tree();
    expect(await run(copy, ['list'])).toEqual({
      status: 0,
      stdout: `targets.json version 4, until 2029-11-23T00:00:00Z

NAME   PLATFORM  VERSION  TAGS         FILE   BYTES
orbit  linux     1.0.0    1.0, stable  orbit     11
orbit  linux     1.1.0 *  edge         orbit     16

* Only its tags lead to it: clients that ask for this very version get something else, or nothing.
`,
      stderr: '',
    });
    const { stdout } = await run(copy, ['list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 4,
      artefacts: [
        { name: 'orbit', platform: 'linux', version: '1.0.0', isListedByVersion: true, tags: ['1.0', 'stable'], length: 11, hashes: { sha512: expect.any(String) } }, // prettier-ignore
        { version: '1.1.0', isListedByVersion: false, tags: ['edge'], file: 'orbit' },
      ],
      others: [],
    });
    expect(copy.tree()).toEqual(before);
  });

  test('add takes a whole folder in one commit, with tags for all that is in it', async () => {
    const copy = copyOf(plain);
    const paths = ['orbit/linux/1.0.0/orbit', 'orbit/windows/1.0.0/orbit.exe', 'osqueryd/linux/5.0.0/osqueryd'];
    for (const path of paths) putFile(copy.path('build', path), path);
    expect(await run(copy, ['add', '--folder', 'build', '-t', 'stable'])).toEqual({ status: 0, stdout: '', stderr: '' }); // prettier-ignore
    expect(Object.keys(targetsIn(copy))).toEqual(paths.flatMap((path) => [path, path.replace(/\d\.0\.0/, 'stable')]).sort()); // prettier-ignore
    expect(targetsIn(copy)['osqueryd/linux/stable/osqueryd']).toMatchObject({ custom: { version: '5.0.0' } });
    expect(readFileSync(join(copy.repository, 'targets', 'orbit/windows/stable/orbit.exe'), 'utf8')).toBe(paths[1]);
    expect(versionsOf(copy)).toEqual([2, 2, 2]);
    new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
  });

  test('add takes a list in one commit, each line with tags of its own', async () => {
    const copy = copyOf(plain);
    const line = (name: string, tags: readonly string[]) => JSON.stringify({ target: source, name, platform: 'linux', version: '1.0.0', tags }); // prettier-ignore
    writeFileSync(copy.path('release.jsonl'), `${line('orbit', ['stable'])}\n${line('nudge', [])}\n`);
    expect(await run(copy, ['add', '--list', 'release.jsonl'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(Object.keys(targetsIn(copy))).toEqual(['nudge/linux/1.0.0/nudge', 'orbit/linux/1.0.0/orbit', 'orbit/linux/stable/orbit']); // prettier-ignore
    expect(versionsOf(copy)).toEqual([2, 2, 2]);
  });

  test('every role’s life is an option, with fleetctl’s values if it is not given', async () => {
    const copy = copyOf(plain);
    await run(copy, ['rotate', 'targets', '--root-validity', '10 days', '--targets-validity', '9 days', '--snapshot-validity', '8 days'], { env: WORDS }); // prettier-ignore
    const expiries = ['root', 'targets', 'snapshot', 'timestamp'].map((role) => copy.signed(`${role}.json`).expires);
    expect(expiries.map((date) => date.slice(0, 10))).toEqual(['2026-12-04', '2026-12-03', '2026-12-02', '2026-12-08']);
  });

  test('rotate says the new key’s id, and keeps the old key in the file', async () => {
    const copy = copyOf(encrypted);
    const { status, stdout } = await run(copy, ['rotate', 'timestamp'], { env: WORDS });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^Generated timestamp key with ID: [0-9a-f]{64}\n$/) }); // prettier-ignore
    expect(copy.bytes('keys', 'timestamp.json').length).toBeGreaterThan(1_200);
  });

  test('extend says until when the role lives now, for as long as it is told', async () => {
    const copy = copyOf(encrypted);
    const { status, stdout } = await run(copy, ['extend', 'root', '--root-validity', '4000 days'], { env: WORDS });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'root.json is version 2 now, and lives until 2037-11-06T00:00:00Z\n' }); // prettier-ignore
    await run(copy, ['extend', 'targets', '--targets-validity', '1100 days', '--timestamp-validity', '15 days'], { env: WORDS }); // prettier-ignore
    const expiries = ['targets', 'snapshot', 'timestamp'].map((role) => copy.signed(`${role}.json`).expires.slice(0, 10)); // prettier-ignore
    expect(expiries).toEqual(['2029-11-28', '2029-11-23', '2026-12-09']);
  });

  test('change-passphrase encrypts a key file anew, and changes nothing else', async () => {
    const copy = copyOf(encrypted);
    const before = copy.tree();
    const env = { ...WORDS, FLEET_TIMESTAMP_NEW_PASSPHRASE: 'a better one' };
    expect(await run(copy, ['change-passphrase', 'timestamp'], { env })).toEqual({ status: 0, stdout: 'keys/timestamp.json has its new passphrase\n', stderr: '' }); // prettier-ignore
    expect(differences(before, copy.tree())).toEqual(['keys/timestamp.json']);
    expect((await run(copy, ['timestamp'], { env: WORDS })).stderr).toContain('passphrase from FLEET_TIMESTAMP_PASSPHRASE is invalid'); // prettier-ignore
    expect((await run(copy, ['timestamp'], { env: { FLEET_TIMESTAMP_PASSPHRASE: 'a better one' } })).status).toBe(0);
  });

  test('change-passphrase works where there are keys and no repository; only --plain takes a passphrase away', async () => {
    const copy = copyOf(encrypted);
    for (const name of ['repository', 'staged']) rmSync(copy.path(name), { recursive: true });
    const { status, stdout } = await run(copy, ['change-passphrase', 'root', '--plain'], { env: WORDS });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'keys/root.json has no passphrase now: whoever reads the file can sign\n' }); // prettier-ignore
    expect(copy.bytes('keys', 'root.json').toString()).toContain('"encrypted": false');
    expect((await run(copy, ['change-passphrase', 'root'], { env: { FLEET_ROOT_NEW_PASSPHRASE: 'back again' } })).status).toBe(0); // prettier-ignore
    expect(copy.bytes('keys', 'root.json').toString()).toContain('"encrypted": true');
    expect(readdirSync(copy.folder)).toEqual(['keys']);
  });

  test('keeps the modes of the files that it replaces', async () => {
    const copy = copyOf(plain);
    chmodSync(copy.path('repository', 'timestamp.json'), 0o664);
    await run(copy, ['timestamp']);
    expect(statSync(copy.path('repository', 'timestamp.json')).mode & 0o777).toBe(0o664);
  });
});

describe('an error is said in fleetctl’s words, with exit status 1, and changes nothing:', () => {
  test.each([
    { given: 'a folder with a repository', words: ['init'], says: 'repo already initialized: .' },
    { given: 'no repository', words: ['timestamp', '--path', 'elsewhere'], says: 'repo not initialized: elsewhere' },
    { given: 'no repository', words: ['roots', '--path', 'elsewhere'], says: 'repo not initialized: elsewhere' },
    { given: 'no role', words: ['rotate'], says: 'role must be provided' },
    { given: 'two roles', words: ['rotate', 'root', 'targets'], says: 'role must be provided' },
    { given: 'an unknown role', words: ['rotate', 'mirror'], says: 'There is no role "mirror"' },
    { given: 'no flags', words: ['add'], says: 'Required flags "target, name, platform, version" not set' },
    { given: 'one flag missing', words: ['add', '--target', 'x', '--name', 'x', '--platform', 'x'], says: 'Required flag "version" not set' }, // prettier-ignore
    { given: 'no repository', words: ['list', '--path', 'elsewhere'], says: 'repo not initialized: elsewhere' },
    { given: 'no role', words: ['extend'], says: "Missing required argument 'role'." },
    { given: 'an unknown role', words: ['extend', 'mirror'], says: 'There is no role "mirror"' },
    { given: 'the one role that is not extended', words: ['extend', 'timestamp'], says: 'A timestamp is not extended, only signed again.' }, // prettier-ignore
    { given: 'a life that is no longer', words: ['extend', 'root'], says: 'root.json lives until 2036-11-21T00:00:00Z already' }, // prettier-ignore
    { given: 'no repository', words: ['extend', 'root', '--path', 'elsewhere'], says: 'repo not initialized: elsewhere' }, // prettier-ignore
    { given: 'an unknown role', words: ['change-passphrase', 'mirror'], says: 'There is no role "mirror"' },
    { given: 'no keys', words: ['change-passphrase', 'root', '--path', 'elsewhere'], says: 'no keys in elsewhere' },
    { given: 'an empty new passphrase', words: ['change-passphrase', 'root'], env: { ...WORDS, FLEET_ROOT_NEW_PASSPHRASE: '' }, says: 'passphrase must not be empty' }, // prettier-ignore
    { given: 'nobody to ask for the new one', words: ['change-passphrase', 'root'], says: 'The passphrase of the root key is not known' }, // prettier-ignore
    { given: 'a wrong old passphrase', words: ['change-passphrase', 'root'], env: { FLEET_ROOT_PASSPHRASE: 'wrong', FLEET_ROOT_NEW_PASSPHRASE: 'new' }, says: 'root passphrase from FLEET_ROOT_PASSPHRASE is invalid' }, // prettier-ignore
    { given: 'nothing to remove', words: ['remove'], says: 'It takes paths of targets, or --name, --platform and a --version or --tag.' }, // prettier-ignore
    { given: 'half of what names a version', words: ['remove', '--name', 'orbit', '--version', '1'], says: 'It takes paths' }, // prettier-ignore
    { given: 'a path and half of what names a version', words: ['remove', 'orbit/linux/1/orbit', '--name', 'orbit'], says: 'It takes paths' }, // prettier-ignore
    { given: 'a path that is not listed', words: ['remove', 'orbit/linux/1/orbit'], says: 'targets.json does not list "orbit/linux/1/orbit".' }, // prettier-ignore
    { given: 'no repository', words: ['remove', 'x', '--path', 'elsewhere'], says: 'repo not initialized: elsewhere' },
    { given: 'a flag that there is not', words: ['timestamp', '--force'], says: "Unknown option '--force'." },
    { given: 'no file', words: ['add', '--target', 'none', '--name', 'x', '--platform', 'x', '--version', '1'], says: 'none in . could not be read: ENOENT' }, // prettier-ignore
    { given: 'a list and a file', words: ['add', '--list', 'x', '--target', 'x'], says: '--target cannot stand beside --list.' }, // prettier-ignore
    { given: 'a list and tags for all', words: ['add', '--list', 'x', '-t', 'stable'], says: '--tag cannot stand beside --list.' }, // prettier-ignore
    { given: 'a list and a folder', words: ['add', '--list', 'x', '--folder', 'x'], says: '--folder cannot stand beside --list.' }, // prettier-ignore
    { given: 'a folder and a version', words: ['add', '--folder', 'x', '--version', '1'], says: '--version cannot stand beside --folder.' }, // prettier-ignore
    { given: 'no list', words: ['add', '--list', 'none'], says: 'There is no file "none", which --list names.' },
    { given: 'a list that is none', words: ['add', '--list', 'keys/root.json'], says: 'keys/root.json, line 1' },
    { given: 'no folder', words: ['add', '--folder', 'none'], says: 'none in . could not be listed: ENOENT' },
    { given: 'a folder of something else', words: ['add', '--folder', '.'], says: 'keys/root.json in . is not at NAME/PLATFORM/VERSION/FILE' }, // prettier-ignore
    { given: 'a wrong passphrase', words: ['timestamp'], env: { ...WORDS, FLEET_TIMESTAMP_PASSPHRASE: 'wrong' }, says: 'timestamp passphrase from FLEET_TIMESTAMP_PASSPHRASE is invalid' }, // prettier-ignore
    { given: 'an empty passphrase', words: ['timestamp'], env: { ...WORDS, FLEET_TIMESTAMP_PASSPHRASE: '' }, says: 'passphrase must not be empty' }, // prettier-ignore
    { given: 'nobody to ask', words: ['timestamp'], env: {}, says: 'The passphrase of the timestamp key is not known' },
    { given: 'no life', words: ['timestamp', '--timestamp-validity', 'for ever'], says: '--timestamp-validity is "for ever"' }, // prettier-ignore
  ])('$words, given $given', async ({ words, env = WORDS, says }) => {
    const copy = copyOf(encrypted);
    const before = contentOf(copy.folder);
    const { status, stdout, stderr } = await run(copy, words, { env });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`Error: ${says}`);
    expect(stderr).toMatch(/\n {2}What to do: {2}\S.*\.? \([A-Z_]+\)\n$/);
    expect(contentOf(copy.folder)).toEqual(before);
  });

  test('of a list with one file that is not there, of which nothing is published', async () => {
    const copy = copyOf(plain);
    const line = (target: string, name: string) => JSON.stringify({ target, name, platform: 'linux', version: '1' });
    writeFileSync(copy.path('release.jsonl'), `${line(source, 'orbit')}\n${line('none', 'nudge')}\n`);
    const before = contentOf(copy.folder);
    const { status, stderr } = await run(copy, ['add', '--list', 'release.jsonl']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('none in . could not be read: ENOENT') }); // prettier-ignore
    expect(contentOf(copy.folder)).toEqual(before);
  });

  test.each(['timestamp', 'snapshot', 'targets'])('%s key not found', async (role) => {
    const copy = copyOf(plain);
    rmSync(copy.path('keys', `${role}.json`));
    const { status, stderr } = await run(copy, adding());
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(new RegExp(`^Error: ${role} key not found\n`)) }); // prettier-ignore
  });

  test('of a repository that clients refuse, with its code', async () => {
    const copy = copyOf(plain);
    rmSync(copy.path('repository', 'timestamp.json'));
    const { status, stderr } = await run(copy, ['timestamp']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^Error: timestamp\.json is missing\.\n.*\(TIMESTAMP_MISSING\)\n$/) }); // prettier-ignore
  });
});

describe('two commands at once', () => {
  test('do one after the other', async () => {
    const copy = copyOf(plain);
    const runs = await Promise.all([1, 2, 3].map((n) => run(copy, adding('-t', `tag-${n}`))));
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(copy.signed('targets.json').version).toBe(4);
    expect(Object.keys(targetsIn(copy))).toHaveLength(4);
  });
});

test('a version that a re-sign recorded and never published is not used a second time', async () => {
  const copy = copyOf(plain);
  await copy.json(['resign', '--force', '--trusted-root', 'repository/1.root.json']);
  const before = copy.timestamp;
  const { version } = await copy.json(['resign', '--force']);
  copy.timestamp = before; // as if it had been killed in between
  expect((await run(copy, ['timestamp'])).status).toBe(0);
  expect(copy.signed().version).toBe(version! + 1);
  expect(await copy.json(['resign', '--force'])).toMatchObject({ code: 'SIGNED', version: version! + 2 });
});

describe('what an interrupted add had begun', () => {
  let interrupted: string;

  /** Kills an add after its intent is recorded and before it ends. */
  beforeAll(async () => {
    for (let n = 60; ; n += 3) {
      const copy = copyOf(plain);
      await run(copy, adding(), killedAtCall(n));
      interrupted = copy.folder;
      if (existsSync(copy.path('.timekeeper', 'update', 'intent.json'))) return;
    }
  });

  test('is finished by the next command, which says so', async () => {
    const copy = copyOf(interrupted);
    const { status, stderr } = await run(copy, ['timestamp']);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'Finished what a command that was interrupted had begun.\n',
    });
    expect(Object.keys(targetsIn(copy))).toEqual(['orbit/linux/1.0.0/orbit']);
    expect(copy.signed().version).toBe(3);
  });

  test('is finished by a re-sign', async () => {
    const copy = copyOf(interrupted);
    const { status } = await copy.run(['resign', '--force', '--trusted-root', 'repository/1.root.json']);
    expect(status).toBe(0);
    expect(Object.keys(targetsIn(copy))).toEqual(['orbit/linux/1.0.0/orbit']);
    expect(copy.signed().version).toBe(3);
    expect(readdirSync(copy.path('.timekeeper')).sort()).toEqual(['journal.json', 'root-chain.json']);
  });

  test('is left alone where somebody published a whole repository meanwhile', async () => {
    const copy = copyOf(interrupted);
    const other = copyOf(plain);
    await ours.timestamp(other.folder);
    await ours.timestamp(other.folder);
    rmSync(copy.repository, { recursive: true });
    renameSync(other.repository, copy.repository);
    const { status, stderr } = await run(copy, ['timestamp']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('somebody else published meanwhile') }); // prettier-ignore
    expect(copy.signed().version).toBe(4);
    expect(targetsIn(copy)).toEqual({});
  });

  test('that had moved a tag already puts it back where it gives way to what somebody published meanwhile', async () => {
    const before = copyOf(plain);
    const file = newPath();
    const words = ['add', '--target', file, '--name', 'orbit', '--platform', 'linux', '--version', '1', '-t', 'stable'];
    writeFileSync(file, 'the first');
    expect((await run(before, words)).status).toBe(0);
    const other = copyOf(before.folder);
    await ours.timestamp(other.folder);
    writeFileSync(file, 'the second');
    const tag = (copy: WorkingCopy) => copy.bytes('repository', 'targets', 'orbit', 'linux', 'stable', 'orbit').toString(); // prettier-ignore
    let copy = before;
    for (let n = 40; tag(copy) === 'the first'; n++) {
      copy = copyOf(before.folder);
      const { status } = await run(copy, words, killedAtCall(n));
      expect(status).toBeNull();
    }
    copy.timestamp = other.timestamp;
    expect((await run(copy, ['timestamp'])).stderr).toContain('somebody else published meanwhile');
    expect(tag(copy)).toBe('the first');
    expect(copy.signed().version).toBe(other.signed().version + 1);
  });

  test('is refused where what somebody published meanwhile does not fit together', async () => {
    const copy = copyOf(interrupted);
    const other = copyOf(plain);
    await ours.add(other.folder, { file: source, name: 'x', platform: 'y', version: 'z', tags: [] });
    cpSync(join(other.repository, 'snapshot.json'), join(copy.repository, 'snapshot.json'));
    const { status, stderr } = await run(copy, ['timestamp']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/somebody else wrote .*\(UNFINISHED_WORK\)/s) }); // prettier-ignore
  });
});

describeWhere('on a terminal', 'Python 3 for a pseudo-terminal', findTerminal(), (terminal) => {
  const typing = (copy: WorkingCopy, words: readonly string[], typed: readonly string[]) => {
    const shell = ['sh', '-c', 'cd "$0" && exec "$@"', copy.folder];
    return terminal.converse([...shell, ...commandLine(['updates', ...words])], typed, environment({ passphrase: null })); // prettier-ignore
  };

  test('asks again when the passphrase is wrong, and shows nothing of it', async () => {
    const copy = copyOf(encrypted);
    const { status, screen, raw } = await typing(copy, ['timestamp'], ['nonsense', 'for timestamp']);
    expect(screen).toContain('Failed to decrypt timestamp key. Try again.');
    expect(status).toBe(0);
    expect(raw).not.toMatch(/nonsense|for timestamp/);
    expect(copy.signed().version).toBe(2);
  });

  test('change-passphrase asks for the old one, and for the new one twice', async () => {
    const copy = copyOf(encrypted);
    const typed = ['wrong', 'for root', 'better', 'bitter', 'better', 'better'];
    const { status, screen, raw } = await typing(copy, ['change-passphrase', 'root'], typed);
    expect(screen).toMatch(/Enter root key passphrase:.*Try again.*Enter new root key passphrase:.*Repeat new root key passphrase:.*do not match.*Enter new/s); // prettier-ignore
    expect(status).toBe(0);
    expect(raw).not.toMatch(/for root|better|bitter/);
    expect((await run(copy, ['extend', 'root', '--root-validity', '4000 days'], { env: { FLEET_ROOT_PASSPHRASE: 'better' } })).status).toBe(0); // prettier-ignore
  });

  test('asks for a new passphrase twice, and again if the two differ', async () => {
    const copy = new WorkingCopy(newPath());
    mkdirSync(copy.folder);
    const typed = ['one', 'two', 'one root', 'one root', 'b', 'b', 'c', 'c', 'd', 'd'];
    const { status, screen } = await typing(copy, ['init'], typed);
    expect(screen).toMatch(
      /Enter root key passphrase:.*Repeat root key passphrase:.*The entered passphrases do not match/s,
    );
    expect(status).toBe(0);
    const env = { FLEET_ROOT_PASSPHRASE: 'one root', FLEET_TARGETS_PASSPHRASE: 'b', FLEET_SNAPSHOT_PASSPHRASE: 'c', FLEET_TIMESTAMP_PASSPHRASE: 'd' }; // prettier-ignore
    expect((await run(copy, ['rotate', 'snapshot'], { env })).status).toBe(0);
  });
});
