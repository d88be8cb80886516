import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Status } from '../../lib/cli/status-model.ts';
import { deadAddress, HttpServer } from '../stores/http-server.ts';
import { pinOf } from '../watch/observed.ts';
import type { Run } from './timekeeper.ts';
import { copyOf, enrolledCopyOf, type WorkingCopy } from './working-copy.ts';

const ROOT = ['--trusted-root', 'repository/1.root.json'];
const FRESH = { level: 'good', word: 'Fresh', until: '2026-12-06T16:35:14Z' };

/** What `--json` printed: one object and nothing else. */
function statusOf({ stdout }: Run): Status {
  expect(stdout).toMatch(/^\{.*\}\n$/);
  return JSON.parse(stdout) as Status;
}

const codesOf = (list: Status['problems']) => list.map(({ code }) => code);

describe('status of a folder', () => {
  test('tells in plain words until when clients can update, every role, and what happens next', async () => {
    const copy = await enrolledCopyOf();
    const { status, stdout } = await copy.run(['status'], { passphrase: null });
    expect(status).toBe(0);
    expect(stdout).toBe(`Fresh. Clients can update until 2026-12-06T16:35:14Z (in 13 days).
  root         version 1      until 2036-11-19T16:35:13Z (in 3649 days)
  targets      version 2      until 2029-11-21T16:35:13Z (in 1094 days)
  snapshot     version 2      until 2029-11-21T16:35:14Z (in 1094 days)
  timestamp    version 3      until 2026-12-06T16:35:14Z (in 13 days)
  Next signature due: 2026-11-25T16:35:14Z (in 2 days)
  Signed again after 3 days, each time for 14 days; checked every 1 hour.
  Looked at: ${copy.repository}
`);
  });

  test('prints the same as one object, and changes nothing', async () => {
    const copy = await enrolledCopyOf();
    const before = copy.tree();
    const run = await copy.run(['status', '.', '--json']);
    expect(run.status).toBe(0);
    expect(statusOf(run)).toMatchObject({
      verdict: FRESH,
      problems: [],
      warnings: [],
      roles: [{ name: 'root' }, { name: 'targets' }, { name: 'snapshot' }, { name: 'timestamp', state: 'fresh' }],
      next: { isChecking: false, checkAt: null, signatureDueAt: '2026-11-25T16:35:14Z' },
      client: { ok: true },
    });
    expect(copy.tree()).toEqual(before);
  });

  test('that nobody has enrolled is judged from a root that one vouches for', async () => {
    const copy = copyOf();
    const without = await copy.run(['status', '.']);
    expect(without).toMatchObject({ status: 1, stdout: '' });
    expect(without.stderr).toMatch(/^Refused \(NO_BASELINE\): No root is trusted yet\./m);
    const run = await copy.run(['status', '.', ...ROOT, '--json']);
    expect([run.status, statusOf(run).verdict]).toEqual([0, expect.objectContaining(FRESH)]);
    expect(existsSync(copy.path('.timekeeper'))).toBe(false);
  });

  const file = (copy: WorkingCopy, name: string) => copy.path('repository', name);
  test.each<{
    given: string;
    now?: string;
    arrange?: (copy: WorkingCopy) => void;
    level: string;
    codes: readonly string[];
    soon?: readonly string[];
    exit: number;
  }>([
    { given: 'a signature that is due', now: '2026-11-25T18:00:00Z', level: 'good', codes: [], exit: 0 },
    {
      given: 'a signature that is two checks late',
      now: '2026-11-25T19:00:00Z',
      level: 'warning',
      codes: ['TIMESTAMP_STALE'],
      exit: 1,
    },
    {
      given: 'three days left',
      now: '2026-12-03T00:00:00Z',
      level: 'warning',
      codes: ['TIMESTAMP_EXPIRES_SOON', 'TIMESTAMP_STALE'],
      exit: 1,
    },
    {
      given: 'an expired timestamp',
      now: '2026-12-06T16:35:14Z',
      level: 'bad',
      codes: ['TIMESTAMP_EXPIRED', 'TIMESTAMP_STALE'],
      exit: 1,
    },
    {
      given: 'a snapshot in its last month',
      now: '2029-11-01T00:00:00Z',
      level: 'bad',
      codes: ['TIMESTAMP_EXPIRED', 'TIMESTAMP_STALE'],
      soon: ['SNAPSHOT_EXPIRES_SOON', 'TARGETS_EXPIRE_SOON'],
      exit: 1,
    },
    {
      given: 'no timestamp',
      arrange: (copy) => {
        rmSync(file(copy, 'timestamp.json'));
      },
      level: 'bad',
      codes: ['NEW_CLIENT_FAILS', 'HEALED_MISSING'],
      exit: 1,
    },
    {
      given: 'no snapshot',
      arrange: (copy) => {
        rmSync(file(copy, 'snapshot.json'));
      },
      level: 'bad',
      codes: ['SNAPSHOT_MISSING', 'NEW_CLIENT_FAILS'],
      exit: 1,
    },
    {
      given: 'a root beyond a gap',
      arrange: (copy) => {
        writeFileSync(file(copy, '3.root.json'), '{}');
      },
      level: 'warning',
      codes: ['ROOT_GAP'],
      exit: 1,
    },
  ])(
    'tells what is wrong and ends with status $exit: $given',
    async ({ now, arrange, level, codes, soon = [], exit }) => {
      // prettier-ignore
      const copy = await enrolledCopyOf();
      arrange?.(copy);
      const run = await copy.run(['status', '.', '--json'], { passphrase: null, ...(now !== undefined && { now }) });
      expect(run.status).toBe(exit);
      const status = statusOf(run);
      expect([status.verdict.level, codesOf(status.problems), codesOf(status.warnings)]).toEqual([level, codes, soon]);
      const plain = await copy.run(['status', '.'], { passphrase: null, ...(now !== undefined && { now }) });
      for (const { code, remedy } of status.problems) {
        expect(plain.stdout).toContain(`  Wrong (${code}): `);
        expect(plain.stdout).toContain(`    What to do: ${remedy}\n`);
      }
    },
  );

  test('whose journal is damaged is refused: no root is trusted then', async () => {
    const copy = await enrolledCopyOf();
    writeFileSync(copy.path('.timekeeper', 'journal.json'), '{}');
    const run = await copy.run(['status', '.', '--json']);
    expect(run.status).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({ outcome: 'refused', code: 'JOURNAL_INVALID' });
    const vouched = await copy.run(['status', '.', ...ROOT, '--json']);
    expect([vouched.status, statusOf(vouched).verdict.word]).toEqual([1, 'Not signing']);
    expect(codesOf(statusOf(vouched).problems)).toEqual(['JOURNAL_INVALID']);
  });

  test.each([
    { given: 'a folder that is missing', words: ['status', './nowhere'], says: /There is no folder "\.\/nowhere"/ },
    { given: 'a name that nobody configured', words: ['status', 'orbit'], says: /There is no folder "orbit"/ },
    {
      given: 'a URL without a root',
      words: ['status', 'https://example.com/'],
      says: /Of a URL no root is known here/,
    },
    { given: 'another scheme', words: ['status', 'ftp://example.com/', ...ROOT], says: /must begin with https/ },
    { given: 'a duration that is none', words: ['status', '.', '--check', 'soon'], says: /--check is "soon"/ },
    { given: 'a validity that cannot be', words: ['status', '.', '--validity', '40 days'], says: /31 days/ },
    { given: 'a mode that is none', words: ['status', '.', '--mode', 'fast'], says: /refresh, advance/ },
    { given: 'a configuration that is missing', words: ['status', 'orbit', '--config', 'no.json'], says: /no file "no\.json"/ }, // prettier-ignore
  ])('ends with status 2 given $given', async ({ words, says }) => {
    const copy = await enrolledCopyOf();
    const run = await copy.run(words);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toMatch(says);
    expect(run.stderr).toMatch(/What to do: {2}\S/);
  });

  test('ends with status 3 when the page cannot be written', async () => {
    const copy = await enrolledCopyOf();
    const run = await copy.run(['status', '.', '--html', 'nowhere/status.html']);
    expect(run.status).toBe(3);
    expect(run.stderr).toMatch(/status\.html in nowhere could not be written/);
  });
});

describe('status over HTTP', () => {
  const server = new HttpServer();
  let copy: WorkingCopy;
  beforeAll(async () => {
    copy = copyOf();
    await server.listen();
    server.answer = ({ url = '' }, response) => {
      const file = copy.path('repository', url.replace(/^\/tuf\//, ''));
      if (existsSync(file)) response.writeHead(200).end(readFileSync(file));
      else response.writeHead(404).end();
    };
  });
  afterAll(() => server.close());

  const configure = (repositories: object) => {
    writeFileSync(copy.path('timekeeper.json'), JSON.stringify({ name: 'updates', repositories }));
  };
  const orbit = () => ({
    bucket: 'existing',
    url: `${server.url}/tuf/`,
    key: { type: 'go-tuf-file' },
    root: pinOf(copy.bytes('repository', '1.root.json')),
  });

  test('of a URL is told from a root that one vouches for; each file is asked for once', async () => {
    server.requests.length = 0;
    const run = await copy.run(['status', `${server.url}/tuf/`, ...ROOT, '--json']);
    expect([run.status, statusOf(run).verdict]).toEqual([0, expect.objectContaining(FRESH)]);
    expect(statusOf(run).next.signatureDueAt).toBe('2026-11-25T16:35:14Z');
    expect(new Set(server.requests).size).toBe(server.requests.length);
    expect(server.requests.every((request) => request.startsWith('GET '))).toBe(true);
  });

  test('of a configured name begins with the pin and the durations of timekeeper.json', async () => {
    configure({ orbit: { ...orbit(), resignAfter: '1 day' } });
    for (const words of [['status', 'orbit'], ['status']]) {
      const run = await copy.run([...words, '--json']);
      const status = statusOf(run);
      expect([run.status, status.title, status.rhythm.resignAfter]).toEqual([1, 'orbit', '1 day']);
      expect(codesOf(status.problems)).toEqual(['TIMESTAMP_STALE']); // signed 31 hours ago, in this configuration too long
    }
  });

  test('of a configured name whose pinned root is another one is bad', async () => {
    configure({ orbit: { ...orbit(), root: { version: 1, sha256: 'ab'.repeat(32) } } });
    const run = await copy.run(['status', 'orbit', '--json']);
    expect(run.status).toBe(1);
    expect(codesOf(statusOf(run).problems)).toEqual(['PINNED_ROOT_MISSING']);
  });

  test('asks which one is meant where the configuration lists several', async () => {
    configure({
      orbit: orbit(),
      agents: {
        ...orbit(),
        bucket: 'another',
        url: 'https://agents.example.com/',
        root: { version: 1, sha256: 'ab'.repeat(32) },
      },
    });
    const run = await copy.run(['status']);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/lists orbit, agents\..*\n.*Name one of them/s);
  });

  test('of a server that is not there could not be found out', async () => {
    const run = await copy.run(['status', await deadAddress(), ...ROOT]);
    expect(run).toMatchObject({ status: 3, stdout: '' });
    expect(run.stderr).toMatch(/^Failed \(STORE_UNREACHABLE\): /m);
  });
});
