import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ServedRepository } from '../client/served.ts';
import { HttpServer } from '../stores/http-server.ts';
import { TestRepository } from '../tuf/repository.ts';
import { killedAtCall } from './killing.ts';
import { timekeeper, type Run, type RunOptions } from './timekeeper.ts';
import { FIXTURES, newPath } from './working-copy.ts';
import { filesBelow } from '../client/run.ts';

const servers: HttpServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

/** A fixture behind a file server. */
async function serveFixture(fixture: string): Promise<HttpServer> {
  const server = new HttpServer();
  server.answer = ({ url }, response) => {
    try {
      response.end(readFileSync(join(FIXTURES, fixture, 'repository', decodeURI(url!))));
    } catch {
      response.writeHead(404).end();
    }
  };
  await server.listen();
  servers.push(server);
  return server;
}

const rootOf = (fixture: string) => join(FIXTURES, fixture, 'repository', '1.root.json');

function jsonOf({ stdout, stderr, status }: Run): Record<string, unknown> & { status: number | null } {
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\{.*\}\n$/);
  return { status, ...(JSON.parse(stdout) as Record<string, unknown>) };
}

describe('fetch', () => {
  test.each([
    { fixture: 'go-tuf-v0.5.2', slash: '' },
    { fixture: 'go-tuf-v0.5.2', slash: '/' },
    { fixture: 'rotated', slash: '/' },
    { fixture: 'consistent', slash: '' },
  ])(
    'downloads what go-tuf published ($fixture, "$slash"), and again without a download',
    async ({ fixture, slash }) => {
      const server = await serveFixture(fixture);
      const [state, out] = [newPath(), newPath()];
      const name = 'osqueryd/linux/stable/osqueryd';
      const words = [
        'fetch',
        `${server.url}${slash}`,
        name,
        '--trusted-root',
        rootOf(fixture),
        '--state',
        state,
        '--out',
        out,
        '--json',
      ];
      const found = jsonOf(await timekeeper(words));
      const path = join(out, name);
      expect(Object.keys(found)).toEqual(['status', 'outcome', 'code', 'roles', 'targets']);
      expect(found).toMatchObject({ status: 0, outcome: 'done', code: null });
      expect(found.roles).toEqual(rolesOf(state));
      expect(found.targets).toEqual([{ name, path, length: readFileSync(path).length, downloaded: true }]);
      server.requests.length = 0;
      expect(jsonOf(await timekeeper(words))).toMatchObject({ status: 0, targets: [{ name, downloaded: false }] });
      expect(server.requests).toEqual([expect.stringMatching(/^GET \/\d\.root\.json$/), 'GET /timestamp.json']);
    },
  );

  test('shows a person the roles with the time that is left, and the files', async () => {
    const { url } = await serveFixture('rotated');
    const out = newPath();
    const run = await timekeeper([
      'fetch',
      url,
      'osqueryd/linux/stable/osqueryd',
      '--trusted-root',
      rootOf('rotated'),
      '--out',
      out,
    ]);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^Done: a client can update\.\n {2}root +version 3 +expires 2036-\S+ {2}\d+ days left\n/,
    );
    expect(run.stdout).toMatch(/ {2}timestamp +version 4 +expires 2026-12-07T12:00:00Z {2}13 days left\n/);
    expect(run.stdout).toContain(`Downloaded   ${join(out, 'osqueryd/linux/stable/osqueryd')}`);
  });

  test('keeps nothing without --state, and reads targets where --targets-url says', async () => {
    const metadata = await serveFixture('go-tuf-v0.5.2');
    const targets = await serveFixture('go-tuf-v0.5.2');
    const words = ['fetch', metadata.url, 'osqueryd/linux/stable/osqueryd', '--trusted-root', rootOf('go-tuf-v0.5.2')];
    const cwd = newPath();
    const run = await timekeeper([...words, '--targets-url', `${targets.url}/targets`, '--out', cwd, '--json']);
    expect(jsonOf(run)).toMatchObject({ status: 0 });
    expect(targets.requests).toEqual(['GET /targets/osqueryd/linux/stable/osqueryd']);
    expect(metadata.requests.some((line) => line.includes('/targets/'))).toBe(false);
    expect(Array.from(filesBelow(cwd).keys())).toEqual(['osqueryd/linux/stable/osqueryd']);
  });

  test.each<{
    given: string;
    words: (url: string) => readonly string[];
    options?: RunOptions;
    status: number;
    outcome: string;
    code: string;
  }>([
    {
      given: 'an unknown target',
      words: (url) => [url, 'missing', '--trusted-root', rootOf('rotated')],
      status: 1,
      outcome: 'refused',
      code: 'TARGET_UNKNOWN',
    },
    {
      given: 'a clock after the expiry',
      words: (url) => [url, '--trusted-root', rootOf('rotated')],
      options: { now: '2026-12-07T12:00:00Z' },
      status: 1,
      outcome: 'refused',
      code: 'METADATA_EXPIRED',
    },
    {
      given: 'the root of another repository',
      words: (url) => [url, '--trusted-root', rootOf('consistent')],
      status: 1,
      outcome: 'refused',
      code: 'ROOT_INVALID',
    },
    {
      given: 'a server that is not there',
      words: () => ['http://127.0.0.1:9', '--trusted-root', rootOf('rotated')],
      status: 3,
      outcome: 'failed',
      code: 'STORE_UNREACHABLE',
    },
    { given: 'no root', words: (url) => [url], status: 2, outcome: 'failed', code: 'USAGE' },
    {
      given: 'a root file that is missing',
      words: (url) => [url, '--trusted-root', '/nowhere/root.json'],
      status: 2,
      outcome: 'failed',
      code: 'USAGE',
    },
    {
      given: 'no address',
      words: () => ['somewhere', '--trusted-root', rootOf('rotated')],
      status: 2,
      outcome: 'failed',
      code: 'USAGE',
    },
  ])('with $given: exit $status, $outcome, $code', async ({ words, options = {}, status, outcome, code }) => {
    const { url } = await serveFixture('rotated');
    const found = jsonOf(await timekeeper(['fetch', ...words(url), '--json'], options));
    expect(found).toMatchObject({ status, outcome, code });
    expect(found).toMatchObject({
      targets: [],
      message: expect.stringMatching(/\.$/),
      remedy: expect.stringMatching(/\.$/),
    });
  });

  test.each([[['fetch']], [['fetch', 'http://127.0.0.1:9', '--unknown']]])('exits 2 for %j', async (words) => {
    expect(await timekeeper(words)).toMatchObject({ status: 2, stdout: '' });
  });

  test('says the same to a person on stderr, with what verified', async () => {
    const { url } = await serveFixture('rotated');
    const run = await timekeeper(['fetch', url, '../x', '--trusted-root', rootOf('rotated')]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(/^Refused \(TARGET_UNKNOWN\): .*\n {2}What to do: {2}.*\n {2}root +version 3/);
  });

  test('killed at any moment, leaves a state from which the next run goes on', async () => {
    const served = new ServedRepository(new TestRepository());
    servers.push(served.server);
    await served.server.listen();
    const { repository } = served;
    repository.root(1);
    const first = newPath();
    writeFileSync(first, repository.files.get('1.root.json')!);
    repository.root(2);
    repository.targets(1, served.lists({ x: 'content' }));
    repository.snapshot(1);
    repository.timestamp(1);
    const honest = new Set(Array.from(repository.files.values(), String));
    let kills = 0;
    for (let n = 1; ; n += 3) {
      const [state, out] = [newPath(), newPath()];
      const words = ['fetch', served.url, 'x', '--trusted-root', first, '--state', state, '--out', out, '--json'];
      const killed = await timekeeper(words, killedAtCall(n));
      if (killed.status === 0) break;
      kills++;
      const kept = Array.from(filesBelow(state)).filter(([name]) => name.endsWith('.json'));
      expect(kept.filter(([, bytes]) => !honest.has(String(bytes)))).toEqual([]);
      expect(filesBelow(out).get('x')).toBe(undefined);
      expect(jsonOf(await timekeeper(words))).toMatchObject({ status: 0, roles: { root: { version: 2 } } });
      expect(Array.from(filesBelow(state).keys())).toEqual([
        'root.json',
        'snapshot.json',
        'targets.json',
        'timestamp.json',
      ]);
    }
    expect(kills).toBeGreaterThan(10);
  }, 120_000);
});

function rolesOf(state: string): Record<string, unknown> {
  const files = Array.from(filesBelow(state)).filter(([name]) => name.endsWith('.json'));
  return Object.fromEntries(
    files.map(([name, bytes]) => {
      const { version, expires } = (JSON.parse(String(bytes)) as { signed: { version: number; expires: string } })
        .signed;
      return [name.replace(/\.json$/, ''), { version, expires: new Date(expires).toISOString().replace('.000Z', 'Z') }];
    }),
  );
}
