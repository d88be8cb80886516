import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { httpStore } from '../../lib/stores/http.ts';
import { deadAddress, HttpServer } from './http-server.ts';

const server = new HttpServer();
beforeAll(() => server.listen());
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
});

const body = '{"signed":{}}';
const get = (maxBytes = 1000) => httpStore(server.url).get('timestamp.json', maxBytes);
const textOf = async (maxBytes?: number) => Buffer.from((await get(maxBytes))!.bytes).toString();

describe('a read over HTTP', () => {
  test.each([
    { base: '', asks: '/timestamp.json' },
    { base: '/', asks: '/timestamp.json' },
    { base: '/tuf', asks: '/tuf/timestamp.json' },
    { base: '/tuf/', asks: '/tuf/timestamp.json' },
    { base: '/tuf/?a=b#c', asks: '/tuf/timestamp.json' },
  ])('asks for $asks below the address with "$base" at its end', async ({ base, asks }) => {
    server.answer = (_, response) => response.end(body);
    const found = await httpStore(server.url + base).get('timestamp.json', 1000);
    expect(Buffer.from(found!.bytes).toString()).toBe(body);
    expect(server.requests).toEqual([`GET ${asks}`]);
  });

  test('takes the ETag as the token', async () => {
    server.answer = (_, response) => response.setHeader('etag', '"abc"').end(body);
    expect((await get())!.token).toBe('"abc"');
  });

  test('takes the SHA-256 as the token where there is no ETag', async () => {
    server.answer = (_, response) => response.end('');
    expect((await get())!.token).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('follows a redirect', async () => {
    server.answer = ({ url }, response) =>
      url === '/moved' ? response.end(body) : response.writeHead(302, { location: '/moved' }).end();
    expect(await textOf()).toBe(body);
  });

  test('follows five redirects in a row, and no sixth', async () => {
    server.answer = ({ url = '' }, response) => {
      const left = Number(url.slice(1)) - 1;
      if (left < 0) response.end(body);
      else response.writeHead(302, { location: `/${left}` }).end();
    };
    const read = (count: number) => httpStore(server.url).get(String(count), 1000);
    expect(Buffer.from((await read(5))!.bytes).toString()).toBe(body);
    await expect(read(6)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('more than 5 times'),
    });
  });

  test.each([
    { to: 'another server', location: 'http://127.0.0.1:9/timestamp.json' },
    { to: 'what only a machine in a cloud can reach', location: 'http://169.254.169.254/latest/meta-data/' },
    { to: 'the same host by another port', location: 'http://localhost:9001/2018-06-01/runtime/invocation/next' },
    { to: 'a file', location: 'file:///etc/passwd' },
    { to: 'no address at all', location: 'http://[' },
  ])('follows no redirect to $to', async ({ location }) => {
    server.answer = (_, response) => response.writeHead(302, { location }).end();
    const message = `${server.url}/timestamp.json could not be read: it redirects to "${location}", and a redirect is followed by https only, or on the same server.`;
    await expect(get()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', message });
  });

  test('answers undefined for 404', async () => {
    server.answer = (_, response) => response.writeHead(404).end('<h1>Not found</h1>');
    expect(await get()).toBeUndefined();
  });

  test.each([
    { status: 401, code: 'ACCESS_DENIED' },
    { status: 403, code: 'ACCESS_DENIED' },
    { status: 204, code: 'STORE_UNREACHABLE' },
    { status: 304, code: 'STORE_UNREACHABLE' },
    { status: 410, code: 'STORE_UNREACHABLE' },
    { status: 429, code: 'STORE_UNREACHABLE' },
    { status: 500, code: 'STORE_UNREACHABLE' },
    { status: 503, code: 'STORE_UNREACHABLE' },
  ])('fails with $code for $status', async ({ status, code }) => {
    server.answer = (_, response) => response.writeHead(status).end();
    const message = `${server.url}/timestamp.json could not be read: the server answered ${status}.`;
    await expect(get()).rejects.toMatchObject({ name: 'FailureError', code, message });
  });

  test('fails with STORE_UNREACHABLE, and the reason, where nobody listens', async () => {
    const url = await deadAddress();
    const reading = httpStore(url).get('timestamp.json', 1000);
    await expect(reading).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringMatching(/timestamp\.json could not be read: .*ECONNREFUSED/),
      cause: expect.anything(),
    });
  });

  test('fails with STORE_UNREACHABLE for an answer that is cut off', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{', () => response.destroy());
    };
    await expect(get()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  test('fails with STORE_UNREACHABLE for a server that does not come to an end', async () => {
    const closed = server.drip({});
    const reading = httpStore(server.url, { timeoutMs: 100 }).get('timestamp.json', 1e9);
    await expect(reading).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('TimeoutError'),
    });
    await closed;
  });

  test('fails with STORE_UNREACHABLE for redirects that go round in a circle', async () => {
    server.answer = ({ url }, response) => response.writeHead(302, { location: url }).end();
    await expect(get()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });
});

describe('the size of an answer', () => {
  test('may be all that is allowed', async () => {
    server.answer = (_, response) => response.end(body);
    expect(await textOf(body.length)).toBe(body);
  });

  test.each([
    { given: 'that says it is too long', headers: { 'content-length': '100000000' } },
    { given: 'that does not say how long it is', headers: {} },
  ])('is refused with TOO_LARGE $given, and the connection is closed', async ({ headers }) => {
    const closed = server.drip(headers);
    await expect(get(50_000)).rejects.toMatchObject({
      name: 'RefusalError',
      code: 'TOO_LARGE',
      message: `${server.url}/timestamp.json is larger than 50000 bytes.`,
    });
    await closed;
  });

  test('counts after decoding: a small answer that unpacks to a large one is TOO_LARGE', async () => {
    server.answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(1e7)));
    await expect(get(100_000)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    server.answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(body));
    expect(await textOf()).toBe(body);
  });
});

describe('an address', () => {
  test.each(['updates.example.com', 'file:///srv/tuf', 'ftp://updates.example.com', ''])(
    'is refused that is not one of http or https: %j',
    (url) => {
      expect(() => httpStore(url)).toThrow('must begin with https:// or http://');
    },
  );

  test('is refused with a password in it, without repeating it', () => {
    const opening = () => httpStore('https://me:hunter2@updates.example.com');
    expect(opening).toThrow('must not contain a password');
    expect(opening).not.toThrow('hunter2');
  });

  test('is not left by a name', async () => {
    await expect(httpStore(server.url).get('../secret', 10)).rejects.toMatchObject({ code: 'UNEXPECTED' });
    expect(server.requests).toEqual([]);
  });
});
