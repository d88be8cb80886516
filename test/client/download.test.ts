import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { download } from '../../lib/client/download.ts';
import { TestRepository } from '../tuf/repository.ts';
import { Client } from './run.ts';
import { ServedRepository, targetOf } from './served.ts';

const CONTENT = 'content of a target';

const open: ServedRepository[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ server }) => server.close())));

/** A repository that lists files, and serves them if not said otherwise. */
async function serve(files: Readonly<Record<string, string>>, isServed = true): Promise<ServedRepository> {
  const served = new ServedRepository(new TestRepository());
  const { repository } = served;
  repository.root(1);
  repository.targets(1, served.lists(files, isServed));
  repository.snapshot(1);
  repository.timestamp(1);
  await served.server.listen();
  open.push(served);
  return served;
}

describe('a target', () => {
  test('is put under its own path, with the folders that takes', async () => {
    const served = await serve({ 'a/b/c': CONTENT, 'ü ?#%&+.txt': 'x', empty: '' });
    const client = new Client();
    const names = ['a/b/c', 'ü ?#%&+.txt', 'empty'];
    const { code, targets } = await client.fetch(served, names);
    expect(code).toBe('done');
    expect(targets).toEqual(
      names.map((name, at) => ({
        name,
        path: join(client.out, name),
        length: [CONTENT.length, 1, 0][at],
        downloaded: true,
      })),
    );
    expect(client.got()).toEqual(
      new Map(Object.entries({ 'a/b/c': CONTENT, empty: '', 'ü ?#%&+.txt': 'x' }).map(([k, v]) => [k, Buffer.from(v)])),
    );
  });

  test('that is there already is not downloaded again; one that differs is', async () => {
    const served = await serve({ x: CONTENT });
    const client = new Client();
    await client.fetch(served, ['x']);
    const again = await client.fetch(served, ['x', 'x']);
    expect(again.targets.map(({ downloaded }) => downloaded)).toEqual([false, false]);
    expect(again.asked).not.toContain('targets/x');
    writeFileSync(join(client.out, 'x'), CONTENT.toUpperCase());
    expect((await client.fetch(served, ['x'])).targets).toMatchObject([{ downloaded: true }]);
    expect(client.got().get('x')!.toString()).toBe(CONTENT);
  });

  test('that no role lists is refused; those before it are there, those after it are not asked for', async () => {
    const served = await serve({ x: CONTENT, y: CONTENT });
    const client = new Client();
    const found = await client.fetch(served, ['x', 'missing', 'y']);
    expect(found).toMatchObject({ code: 'TARGET_UNKNOWN', targets: [{ name: 'x' }] });
    expect(Array.from(client.got().keys())).toEqual(['x']);
    expect(found.asked.at(-1)).toBe('targets/x');
  });

  test('that is listed with unknown hashes only is refused and not asked for; the others are not', async () => {
    const served = await serve({ x: CONTENT });
    served.repository.targets(2, (signed) => {
      served.lists({ x: CONTENT })(signed);
      signed.targets.odd = { length: 1, hashes: { 'sha3-256': '00' } };
    });
    served.repository.snapshot(2);
    served.repository.timestamp(2);
    const found = await new Client().fetch(served, ['x', 'odd']);
    expect(found).toMatchObject({ code: 'NO_KNOWN_HASH', roles: { targets: 2 }, targets: [{ name: 'x' }] });
    expect(found.asked.at(-1)).toBe('targets/x');
  });

  test.each([['sha256'], ['sha512'], ['sha512', 'sha256'], ['sha3-256', 'sha512']])(
    'is checked by every hash that is known: %s %s',
    async (...algorithms) => {
      const served = await serve({});
      served.targets.set('x', Buffer.from(CONTENT));
      const list = (change: (hashes: Record<string, string>) => void, version: number) => {
        served.repository.targets(version, (signed) => {
          const target = targetOf(CONTENT, algorithms) as { hashes: Record<string, string> };
          change(target.hashes);
          signed.targets.x = target;
        });
        served.repository.snapshot(version);
        served.repository.timestamp(version);
      };
      list(() => undefined, 2);
      expect(await new Client().fetch(served, ['x'])).toMatchObject({ code: 'done' });
      const last = algorithms.at(-1)!;
      list((hashes) => (hashes[last] = hashes[last]!.replace(/^../, (two) => (two === '00' ? '01' : '00'))), 3);
      expect(await new Client().fetch(served, ['x'])).toMatchObject({ code: 'TARGET_FILE_MISMATCH' });
    },
  );

  test.each(['../x', 'a/../../x', '/etc/x', 'a//x', 'a/', '.', '..', 'a/./x', 'a\\x', 'a\u0000x', 'a\nx', ''])(
    'named %j is refused although it is listed, and nothing is asked for or written',
    async (name) => {
      const served = await serve({ [name]: CONTENT });
      const client = new Client();
      const found = await client.fetch(served, [name]);
      expect(found).toMatchObject({ code: 'TARGET_PATH_UNSAFE' });
      expect(found.asked.at(-1)).toBe('targets.json');
      expect(readdirSync(dirname(client.out))).toEqual(['state']);
    },
  );

  test('named %2e%2e or with a colon stays below the folder and below the address', async () => {
    const served = await serve({ '%2e%2e/x': CONTENT, 'http:evil': CONTENT });
    const client = new Client();
    const { asked, code } = await client.fetch(served, ['%2e%2e/x', 'http:evil']);
    expect({ code, asked: asked.slice(4) }).toEqual({
      code: 'done',
      asked: ['targets/%252e%252e/x', 'targets/http%3Aevil'],
    });
    expect(Array.from(client.got().keys())).toEqual(['%2e%2e/x', 'http:evil']);
  });

  test('is not put through a symbolic link that leads out of the folder', async () => {
    const served = await serve({ 'a/x': CONTENT, x: CONTENT });
    const client = new Client();
    const elsewhere = join(dirname(client.out), 'elsewhere');
    mkdirSync(elsewhere);
    mkdirSync(client.out);
    symlinkSync(elsewhere, join(client.out, 'a'));
    expect(await client.fetch(served, ['a/x'])).toMatchObject({ code: 'TARGET_PATH_UNSAFE' });
    symlinkSync(join(elsewhere, 'x'), join(client.out, 'x'));
    expect(await client.fetch(served, ['x'])).toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

describe('a bad download', () => {
  type Fault = Parameters<ServedRepository['faults']['set']>[1];
  const faults: readonly { given: string; code: string; fault: Fault }[] = [
    { given: '404', code: 'TARGET_FILE_MISSING', fault: 404 },
    { given: '403', code: 'TARGET_FILE_MISSING', fault: 403 },
    { given: '500', code: 'STORE_UNREACHABLE', fault: 500 },
    { given: '401', code: 'ACCESS_DENIED', fault: 401 },
    { given: 'other bytes', code: 'TARGET_FILE_MISMATCH', fault: (_, to) => to.end('CONTENT of a target') },
    { given: 'too few bytes', code: 'TARGET_FILE_MISMATCH', fault: (_, to) => to.end('content') },
    { given: 'nothing', code: 'TARGET_FILE_MISMATCH', fault: (_, to) => to.end() },
    { given: 'one byte more', code: 'TARGET_FILE_MISMATCH', fault: (_, to) => to.end(`${CONTENT}!`) },
    {
      given: 'bytes without end',
      code: 'TARGET_FILE_MISMATCH',
      fault: (_, to) => {
        const timer = setInterval(() => to.write('x'.repeat(100_000)), 1);
        to.on('close', () => {
          clearInterval(timer);
        });
      },
    },
    {
      given: 'an answer that is cut off',
      code: 'STORE_UNREACHABLE',
      fault: (_, to) => {
        to.writeHead(200, { 'content-length': String(CONTENT.length) }).write('content', () => to.destroy());
      },
    },
    {
      given: 'a redirect in a circle',
      code: 'STORE_UNREACHABLE',
      fault: ({ url }, to) => to.writeHead(302, { location: url }).end(),
    },
    {
      given: 'a small answer that unpacks to a large one',
      code: 'TARGET_FILE_MISMATCH',
      fault: (_, to) => to.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(1e7))),
    },
  ];

  test.each(faults)('($given) ends with $code and leaves no debris', async ({ code, fault }) => {
    const served = await serve({ 'd/x': CONTENT });
    served.faults.set('targets/d/x', fault);
    const client = new Client();
    expect(await client.fetch(served, ['d/x'])).toMatchObject({ code, targets: [] });
    expect(readdirSync(dirname(client.out))).toEqual(['state']);
  });

  test.each(faults)('($given) leaves the old file', async ({ fault }) => {
    const served = await serve({ x: CONTENT });
    const client = new Client();
    mkdirSync(client.out);
    writeFileSync(join(client.out, 'x'), 'old');
    served.faults.set('targets/x', fault);
    await client.fetch(served, ['x']);
    expect(client.got()).toEqual(new Map([['x', Buffer.from('old')]]));
  });

  test.each([
    { given: 'hangs', patience: { idleMs: 50 }, every: 100_000 },
    { given: 'drips', patience: { idleMs: 150, slowest: 1_000_000 }, every: 40 },
  ])('by a server that $given ends with STORE_UNREACHABLE', async ({ patience, every }) => {
    const served = await serve({ x: CONTENT });
    served.faults.set('targets/x', (_, response) => {
      response.write('c');
      const timer = setInterval(() => response.write('o'), every);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    const client = new Client();
    const target = targetOf(CONTENT) as { length: number; hashes: Record<string, string> };
    const named = { length: target.length, hashes: new Map(Object.entries(target.hashes)) };
    const places = { url: `${served.url}/targets`, folder: client.out, consistentSnapshot: false };
    await expect(download('x', named, places, patience)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('TimeoutError'),
    });
    expect(client.got().size).toBe(0);
  });

  test('is not one that was redirected, or compressed although nobody asked for it', async () => {
    const served = await serve({ x: CONTENT, y: CONTENT });
    served.faults.set('targets/x', (_, to) => to.writeHead(302, { location: '/m/targets/moved' }).end());
    served.targets.set('moved', Buffer.from(CONTENT));
    served.faults.set('targets/y', (_, to) => to.setHeader('content-encoding', 'gzip').end(gzipSync(CONTENT)));
    expect(await new Client().fetch(served, ['x', 'y'])).toMatchObject({ code: 'done' });
  });
});
