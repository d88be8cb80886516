import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Updater } from 'tuf-js';
import { withLock } from '../../lib/stores/lock.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import { describeWhere } from './describe-where.ts';
import { emptyFolder, endAll, fast, newRepository, start, versionOf, WORD } from './started.ts';
import { PASSPHRASE } from '../keys/fixture-keys.ts';
import { ask, findTerminal } from './terminal.ts';
import { copyOf, newPath } from './working-copy.ts';

const FIXED_CLOCK = new URL('./fixed-clock.mjs', import.meta.url).href;

afterEach(endAll);

describe('timekeeper start with a folder', () => {
  test('keeps it fresh for clients of another make', async () => {
    const folder = await newRepository();
    const started = await start(fast(folder)).ready();
    const state = emptyFolder();
    cpSync(join(folder, 'repository', '1.root.json'), join(state, 'root.json'));
    const metadataBaseUrl = `${started.url}tuf`;
    const version = () =>
      (JSON.parse(readFileSync(join(state, 'timestamp.json'), 'utf8')) as { signed: { version: number } }).signed
        .version;
    await new Updater({ metadataDir: state, metadataBaseUrl }).refresh();
    const first = version();
    await started.status((status) => versionOf(status) > first);
    await new Updater({ metadataDir: state, metadataBaseUrl }).refresh();
    expect(version()).toBeGreaterThan(first);
    expect(existsSync(join(folder, '.timekeeper', 'journal.json'))).toBe(true);
  });

  test('tells a wrong passphrase at the start, with what to do', async () => {
    const folder = await newRepository();
    const { status, stdout, stderr } = await start(fast(folder), undefined, {
      FLEET_TIMESTAMP_PASSPHRASE: 'wrong',
    }).end();
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^Refused \(KEY_UNREADABLE\): .*timestamp\.json cannot be decrypted: the passphrase is wrong.*\n {2}What to do: {2}Check the passphrase .*\n$/,
    );
  });

  test('tells a wrong passphrase at the start also where the repository is refused', async () => {
    const folder = await newRepository();
    await (await start(fast(folder)).ready()).stop();
    rmSync(join(folder, 'repository', 'snapshot.json'));
    const { status, stderr } = await start(fast(folder), undefined, { FLEET_TIMESTAMP_PASSPHRASE: 'wrong' }).end();
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('KEY_UNREADABLE'),
    });
  });

  test('asks for a root to trust before anything else', async () => {
    const folder = await newRepository();
    const words = ['start', folder, '--port', '0'];
    const { status, stderr } = await start(words, undefined, { FLEET_TIMESTAMP_PASSPHRASE: 'wrong' }).end();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Refused \(NO_BASELINE\): .*SHA-256 [0-9a-f]{64}.*\n {2}What to do: .*--trusted-root/);
    expect(existsSync(join(folder, '.timekeeper'))).toBe(false);
  });

  test.each([
    {
      given: 'a folder that is missing',
      words: ['start', 'nowhere'],
      status: 2,
      says: /no folder "nowhere"[^]*timekeeper start DIR\.\n$/,
    },
    {
      given: 'a folder without a repository',
      words: ['start', 'empty'],
      status: 2,
      says: /no TUF repository in "empty"/,
    },
    { given: '--fresh', words: ['start', 'real', '--fresh'], status: 2, says: /does nothing to a repository of yours/ },
    {
      given: 'a key file that is missing',
      words: ['start', 'real', '--key', 'none.json', '--trusted-root', 'real/repository/root.json'],
      status: 3,
      says: /KEY_FILE_MISSING/,
    },
    {
      given: 'a key file in the folder that is served',
      words: ['start', 'real/repository', '--state', 'state', '--key', 'real/repository/key.json'],
      status: 2,
      says: /key file lies inside/,
    },
    {
      given: 'a check that takes too long',
      words: ['start', 'real', '--check', '12 days'],
      status: 2,
      says: /plus one check/,
    },
    {
      given: 'a duration that is none',
      words: ['start', 'real', '--check', 'often'],
      status: 2,
      says: /--check is "often"/,
    },
    {
      given: 'a port that is none',
      words: ['start', '--port', '70000'],
      status: 2,
      says: /--port is not a number from 0 to 65535/,
    },
    {
      given: 'an address of another machine',
      words: ['start', '--host', '192.0.2.1'],
      status: 2,
      says: /cannot be listened on \(EADDRNOTAVAIL\)/,
    },
    {
      given: 'a key for the demonstration',
      words: ['start', '--key', 'x.json'],
      status: 2,
      says: /of its own[^]*timekeeper start DIR/,
    },
    { given: 'two folders', words: ['start', 'real', 'empty'], status: 2, says: /Too many arguments/ },
  ])('ends with status $status and one sentence on what to do, given $given', async ({ words, status, says }) => {
    // prettier-ignore
    const folder = emptyFolder();
    await newRepository(join(folder, 'real'));
    mkdirSync(join(folder, 'empty'));
    const run = await start(words, folder).end();
    expect(run.stderr).toMatch(says);
    expect(run.stderr).toMatch(/^\w+ \(\w+\): .*\n {2}What to do: {2}.*\n$/);
    expect(run).toMatchObject({ status, stdout: '' });
  });

  test('shows what goes wrong with its remedy, tries again, and says when it is over', async () => {
    const folder = await newRepository();
    const started = await start(fast(folder)).ready();
    const snapshot = join(folder, 'repository', 'snapshot.json');
    renameSync(snapshot, join(folder, 'away.json'));
    const broken = await started.status(({ verdict }) => verdict.level === 'bad');
    expect(broken.problems).toEqual([
      { code: 'SNAPSHOT_MISSING', message: expect.stringContaining('snapshot.json'), remedy: expect.stringContaining('Publish') },
    ]); // prettier-ignore
    expect(broken.verdict).toEqual({
      level: 'bad',
      word: 'Broken',
      sentence: 'New clients cannot update: they refuse what is published.',
      until: null,
    });
    expect(broken.roles).toHaveLength(4); // as they were last seen

    renameSync(join(folder, 'away.json'), snapshot);
    const healed = await started.status(({ verdict }) => verdict.word === 'Fresh');
    expect(healed.problems).toEqual([]);
    expect(healed.runs.map(({ code }) => code)).toContain('SNAPSHOT_MISSING');
    const { stdout } = await started.stop();
    expect(
      stdout.match(/Broken\. New clients cannot update: .*\(SNAPSHOT_MISSING\) What to do: Publish/g),
    ).toHaveLength(1);
  });

  test('heals what another puts back, and goes on', async () => {
    const folder = await newRepository();
    const timestamp = join(folder, 'repository', 'timestamp.json');
    const old = readFileSync(timestamp);
    const started = await start(fast(folder)).ready();
    const before = versionOf(await started.status((status) => versionOf(status) >= 3));
    writeFileSync(timestamp, old);
    const healed = await started.status(({ runs }) => runs.some(({ code }) => code === 'HEALED_ROLLBACK'));
    expect(versionOf(healed)).toBeGreaterThan(before);
    await started.status(({ verdict, problems }) => verdict.word === 'Fresh' && problems.length === 0);
  });

  test('signs at once what expired while it was away, by the rhythm of resign', async () => {
    const { folder } = copyOf(); // its timestamp ends on 2026-12-06
    const words = ['start', folder, '--port', '0', '--trusted-root', join(folder, 'repository', 'root.json')];
    const late = { TEST_CLOCK: '2027-03-01T00:00:00Z', NODE_OPTIONS: `--import ${FIXED_CLOCK}` };
    const started = await start(words, undefined, {
      FLEET_TIMESTAMP_PASSPHRASE: PASSPHRASE.toString(),
      ...late,
    }).ready();
    expect(await started.status()).toMatchObject({
      verdict: { word: 'Fresh', until: '2027-03-15T00:00:00Z' },
      rhythm: { validity: '14 days', resignAfter: '3 days', check: '1 minute' },
      runs: [{ code: 'SIGNED', times: 1 }],
    });
  });
});

describe('Ctrl-C', () => {
  test('that comes twice at once, as under npm, still ends it with status 0', async () => {
    const started = await start(fast(await newRepository())).ready();
    started.kill('SIGINT');
    started.kill('SIGINT');
    expect((await started.end()).status).toBe(0);
  });

  test('waits for the step under way; the second one does not', async () => {
    const folder = await newRepository();
    const started = await start(fast(folder)).ready();
    await withLock(join(folder, '.timekeeper'), 'run', async () => {
      await started.status(({ next }) => next.isChecking);
      started.kill('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(started.hasEnded).toBe(false);
      started.kill('SIGINT');
      expect((await started.end()).status).toBe(130);
    });
  });
});

describeWhere('timekeeper start on a terminal', 'Python for a pseudo-terminal', findTerminal(), (terminal) => {
  /** Ctrl-C after a while; at a clock at which the fixture's timestamp is due, so that the key is opened twice. */
  const options = { now: '2026-12-01T00:00:00Z', imports: [`data:text/javascript,setTimeout(()=>process.kill(process.pid,'SIGINT'),4000).unref()`] }; // prettier-ignore
  const words = ['start', '.', '--port', '0', '--trusted-root', 'repository/root.json'];

  test('asks for the passphrase once, at the start', async () => {
    const { screen, status } = await ask(terminal, words, `${PASSPHRASE.toString()}\r`, {
      ...options,
      cwd: copyOf().folder,
    });
    expect(screen).toContain('(SIGNED). Fresh.');
    expect(screen.match(/Enter timestamp key passphrase:.*\n/g)).toHaveLength(1);
    expect(status).toBe(0);
  });

  test('ends where it is wrong', async () => {
    const { screen, status } = await ask(terminal, words, 'wrong\r', { ...options, cwd: copyOf().folder });
    expect(screen).toContain('Refused (KEY_UNREADABLE)');
    expect(status).toBe(1);
  });
});

await describeWithGoTuf('for go-tuf', (peer) => {
  test('what start serves is a repository that can be updated from, again and again', async () => {
    const folder = await newRepository();
    const started = await start(fast(folder)).ready();
    const state = newPath();
    await peer.clientInit(state, join(folder, 'repository', '1.root.json'));
    const first = await peer.clientUpdate(state, `${started.url}tuf`, { targets: true });
    expect(first.error).toBeUndefined();
    await started.status((status) => versionOf(status) > first.versions.timestamp!);
    const second = await peer.clientUpdate(state, `${started.url}tuf/`); // as Orbit: a slash too many
    expect(second.error).toBeUndefined();
    expect(second.versions.timestamp).toBeGreaterThan(first.versions.timestamp!);
  });

  test('what is published into it meanwhile is kept fresh too', async () => {
    const folder = await newRepository();
    const started = await start(fast(folder)).ready();
    const source = newPath();
    writeFileSync(source, 'tiny\n');
    const passphrases = { root: WORD, targets: WORD, snapshot: WORD, timestamp: WORD };
    await peer.add(folder, { source, version: '1', paths: ['orbit/linux/1/orbit'] }, { passphrases });
    const published = await started.status((status) => versionOf(status, 'targets') === 2);
    const later = await started.status((status) => versionOf(status) > versionOf(published));
    expect(later.problems).toEqual([]);
    expect(await (await fetch(`${started.url}tuf/targets/orbit/linux/1/orbit`)).text()).toBe('tiny\n');
  });
});
