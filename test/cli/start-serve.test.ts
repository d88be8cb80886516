import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { publishedNames } from '../../lib/cli/serve-file.ts';
import { NO_PROGRESS } from '../../lib/cli/progress.ts';
import { serveStatus, type StatusServer } from '../../lib/cli/status-server.ts';
import { statusOf } from '../../lib/cli/status-model.ts';
import { hours, minutes, seconds, type Instant } from '../../lib/tuf/instant.ts';
import { emptyFolder } from './started.ts';

const SETTING = {
  title: 'here',
  isDemonstration: false,
  policy: { validity: hours(1), resignAfter: minutes(1), check: seconds(10) },
  rhythm: { validity: '1 hour', resignAfter: '1 minute', check: '10 seconds' },
  addresses: { page: 'http://page/', repository: 'http://page/tuf/' },
};

let folder: string;
let server: StatusServer;
beforeAll(async () => {
  folder = emptyFolder();
  const repository = join(folder, 'repository');
  mkdirSync(join(repository, 'targets', '.hidden'), { recursive: true });
  mkdirSync(join(repository, 'keys'));
  mkdirSync(join(repository, 'folder.json'));
  mkdirSync(join(folder, 'keys'));
  for (const file of [
    'repository/timestamp.json',
    'repository/a%2Fb.json',
    'repository/notes.txt',
    'repository/.timestamp.json.0123456789abcdef.tmp',
    'repository/.hidden.json',
    'repository/keys/timestamp.json',
    'repository/targets/tool v1',
    'repository/targets/index.html',
    'repository/targets/.hidden/file',
    'keys/timestamp.json',
  ])
    writeFileSync(join(folder, file), `the content of ${file}`);
  writeFileSync(join(repository, 'empty.json'), '');
  symlinkSync(join(folder, 'keys', 'timestamp.json'), join(repository, 'link.json'));
  symlinkSync('tool v1', join(repository, 'targets', 'stable'));
  execFileSync('mkfifo', [join(repository, 'pipe.json')]);
  const status = () => statusOf(NO_PROGRESS, SETTING, 0 as Instant);
  server = await serveStatus({ repository, status }, '127.0.0.1', 0);
});
afterAll(() => server.close());

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** Asks with exactly this path: fetch would tidy it up. */
async function ask(
  path: string,
  { method = 'GET', headers = {}, port = server.port }: { method?: string; headers?: object; port?: number } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { ...headers } }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode, body, headers: response.headers });
      }, reject);
    });
    asked.on('error', reject).end();
  });
}

describe('the repository that start serves', () => {
  test.each([
    ['/tuf/timestamp.json', 'repository/timestamp.json'],
    ['/tuf//timestamp.json', 'repository/timestamp.json'],
    ['/tuf/timestamp.json?x=1', 'repository/timestamp.json'],
    ['/tuf/a%2Fb.json', 'repository/a%2Fb.json'],
    ['/tuf/targets/tool%20v1', 'repository/targets/tool v1'],
    ['/tuf/targets/stable', 'repository/targets/tool v1'],
    ['/tuf/targets/index.html', 'repository/targets/index.html'],
  ])('has %s', async (path, file) => {
    const { status, body, headers } = await ask(path);
    expect({ status, body }).toEqual({ status: 200, body: `the content of ${file}` });
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(headers['content-type']).toBe(path.includes('json') ? 'application/json' : 'application/octet-stream');
  });

  test.each([
    '/tuf/',
    '/tuf/targets',
    '/tuf/targets/',
    '/tuf/2.root.json',
    '/tuf/timestamp',
    '/tuf/notes.txt',
    '/tuf/folder.json',
    '/tuf/pipe.json',
    '/tuf/link.json',
    '/tuf/.hidden.json',
    '/tuf/%2ehidden.json',
    '/tuf/.timestamp.json.0123456789abcdef.tmp',
    '/tuf/.timekeeper/journal.json',
    '/tuf/keys/timestamp.json',
    '/tuf/targets/.hidden/file',
    '/tuf/targets/../keys/timestamp.json',
    '/tuf/../keys/timestamp.json',
    '/tuf/..%2fkeys%2ftimestamp.json',
    '/tuf/%2e%2e/keys/timestamp.json',
    '/tuf/%2e%2e%2fkeys%2ftimestamp.json',
    '/tuf/targets/%2e%2e/%2e%2e/keys/timestamp.json',
    '/tuf/targets/..%5c..%5ckeys%5ctimestamp.json',
    '/tuf/%252e%252e/keys/timestamp.json',
    '/tuf/timestamp.json%00',
    '/tuf/%',
    `/tuf/${'x'.repeat(5_000)}.json`,
    '/tuf/timestamp.json/x',
    '/keys/timestamp.json',
    '/tuf',
    '/favicon.ico',
    '//tuf/timestamp.json',
  ])('answers 404 to %s', async (path) => {
    const { status, body } = await ask(path);
    expect({ status, isContent: body.includes('content of') }).toEqual({ status: 404, isContent: false });
  });

  test('answers HEAD like GET, without the content', async () => {
    const [get, head] = await Promise.all([ask('/tuf/timestamp.json'), ask('/tuf/timestamp.json', { method: 'HEAD' })]);
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe(String(get.body.length));
    expect((await ask('/tuf/2.root.json', { method: 'HEAD' })).status).toBe(404);
  });

  test('has empty files too', async () => {
    expect(await ask('/tuf/empty.json')).toMatchObject({ status: 200, body: '' });
  });

  test('gives the whole file to who asks for a part, even for one that makes no sense', async () => {
    const { status, body } = await ask('/tuf/timestamp.json', { headers: { Range: 'bytes=5-2' } });
    expect({ status, body }).toEqual({ status: 200, body: 'the content of repository/timestamp.json' });
  });

  test('never gives a length that does not fit the content, however often a file is replaced', async () => {
    const path = join(folder, 'repository', 'changing.json');
    const replace = (size: number) => {
      writeFileSync(`${path}.new`, 'x'.repeat(size));
      renameSync(`${path}.new`, path);
    };
    replace(1);
    const answers: Promise<Answer>[] = [];
    for (let size = 2; size < 200; size++) {
      answers.push(ask('/tuf/changing.json'));
      await new Promise(setImmediate);
      replace(size);
    }
    for (const { status, body, headers } of await Promise.all(answers)) {
      expect({ status, length: headers['content-length'] }).toEqual({ status: 200, length: String(body.length) });
    }
  });
});

describe('the server of start', () => {
  test('has the page, which may run what stands in it and nothing else', async () => {
    const { status, body, headers } = await ask('/');
    expect(status).toBe(200);
    expect(body).toBe(readFileSync(new URL('../../lib/cli/status-page.html', import.meta.url), 'utf8'));
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'sha256-\S{44}'; style-src 'sha256-\S{44}'; connect-src 'self'; /,
    );
    expect(body).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  });

  test('has the status, new each time', async () => {
    const { body, headers } = await ask('/status.json');
    expect(JSON.parse(body)).toMatchObject({ title: 'here', verdict: { word: 'Starting' }, runs: [], roles: [] });
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])(
    'lets nobody change anything by %s',
    async (method) => {
      const { status, headers } = await ask('/tuf/timestamp.json', { method });
      expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD' });
      expect(readFileSync(join(folder, 'repository', 'timestamp.json'), 'utf8')).toBe(
        'the content of repository/timestamp.json',
      );
    },
  );

  test.each([
    { host: 'evil.example', status: 421 },
    { host: '127.0.0.1.evil.example', status: 421 },
    { host: 'localhost', status: 200 },
    { host: 'localhost:8787', status: 200 },
    { host: '[::1]:8787', status: 200 },
    { host: '127.0.0.1', status: 200 },
  ])('answers $status to a browser that takes it for "$host"', async ({ host, status }) => {
    expect((await ask('/status.json', { headers: { Host: host } })).status).toBe(status);
  });

  test('answers to any name where it was started for other machines', async () => {
    const open = await serveStatus(
      { repository: folder, status: () => statusOf(NO_PROGRESS, SETTING, 0 as Instant) },
      '0.0.0.0',
      0,
    );
    expect(open.url).toBe(`http://127.0.0.1:${open.port}`);
    const { status } = await ask('/status.json', { headers: { Host: 'updates.example' }, port: open.port });
    expect(status).toBe(200);
    await open.close();
  });
});

test('the names that a path can mean are metadata and targets, as they stand and decoded', () => {
  expect(publishedNames('a%2Fb.json')).toEqual(['a%2Fb.json']);
  expect(publishedNames('targets/a%20b')).toEqual(['targets/a%20b', 'targets/a b']);
  expect(publishedNames('root.json')).toEqual(['root.json']);
  expect(publishedNames('%zz.json')).toEqual(['%zz.json']);
  expect(publishedNames('')).toEqual([]);
});
