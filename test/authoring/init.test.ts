import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Updater } from 'tuf-js';
import { initRepository } from '../../lib/authoring/init.ts';
import { openKeyFile } from '../../lib/keys/key-file.ts';
import { refreshClient } from '../../lib/tuf/client.ts';
import type { RoleType } from '../../lib/tuf/envelope.ts';
import { hours, parseInstant, type Instant } from '../../lib/tuf/instant.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';

const NOW = '2026-11-24T00:00:00Z';
const now = parseInstant(NOW, 'the clock');
const ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;
const WORDS = { root: 'rootpw', targets: 'targetspw', snapshot: 'snapshotpw', timestamp: 'timestämp5#$#@' };
const FILES = ['1.root.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json'];

const passphrases = { root: bytes('root'), targets: bytes('targets'), snapshot: bytes('snapshot'), timestamp: bytes('timestamp') }; // prettier-ignore
function bytes(role: RoleType): Uint8Array {
  return Buffer.from(WORDS[role], 'utf8');
}

let scratch: string;
let made = 0;
const newPlace = () => join(scratch, String(++made));
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'init-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function newRepository(): Promise<string> {
  const folder = newPlace();
  await initRepository(folder, { passphrases }, now);
  return folder;
}

describe('a new repository', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await newRepository();
  });
  const metadata = (name: string) => readFile(join(folder, 'repository', name));
  const signed = async (name: string) =>
    (JSON.parse(await readFile(join(folder, 'repository', name), 'utf8')) as { readonly signed: object }).signed;

  test('has the files and modes that fleetctl makes', async () => {
    expect((await readdir(folder)).sort()).toEqual(['keys', 'repository', 'staged']);
    expect((await readdir(join(folder, 'repository'))).sort()).toEqual(FILES);
    expect(await readdir(join(folder, 'staged'))).toEqual(['targets']);
    expect(await readdir(join(folder, 'staged', 'targets'))).toEqual([]);
    for (const role of ROLES) expect((await stat(join(folder, 'keys', `${role}.json`))).mode & 0o777).toBe(0o600);
  });

  test('holds no key in plain, and opens with its passphrases only', async () => {
    for (const role of ROLES) {
      const file = await readFile(join(folder, 'keys', `${role}.json`));
      expect(file.toString()).toContain('"N": 32768');
      const [key] = await openKeyFile(file, passphrases[role]);
      expect(await signed('root.json')).toMatchObject({
        roles: { [role]: { keyids: [keyId(key!.publicKey.json)], threshold: 1 } },
      });
      await expect(openKeyFile(file, Buffer.from('wrong'))).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
    }
  });

  test('expires as late as fleetctl has it', async () => {
    expect(await signed('root.json')).toMatchObject({ version: 1, expires: '2036-11-21T00:00:00Z' });
    expect(await signed('targets.json')).toMatchObject({ version: 1, expires: '2029-11-23T00:00:00Z' });
    expect(await signed('snapshot.json')).toMatchObject({ version: 1, expires: '2029-11-23T00:00:00Z' });
    expect(await signed('timestamp.json')).toMatchObject({ version: 1, expires: '2026-12-08T00:00:00Z' });
    expect(await metadata('1.root.json')).toEqual(await metadata('root.json'));
  });

  test('is accepted by our own client, until the timestamp expires', async () => {
    const files = new Map(await Promise.all(FILES.map(async (name) => [name, await metadata(name)] as const)));
    const check = (at: Instant) => {
      const walk = refreshClient(new Map([['root.json', files.get('1.root.json')!]]), at);
      let step = walk.next();
      while (step.done !== true) step = walk.next(step.value.do === 'fetch' ? files.get(step.value.file) : undefined);
      return step.value;
    };
    expect(check(now).timestamp.version).toBe(1);
    expect(() => check(parseInstant('2026-12-08T00:00:00Z', 'the clock'))).toThrow(
      'timestamp.json (version 1) expired',
    );
  });
});

test('is accepted by the client of tuf-js', async () => {
  const folder = newPlace();
  await initRepository(folder, { passphrases }, Math.floor(Date.now() / 1000) as Instant); // tuf-js has a clock of its own
  const repository = join(folder, 'repository');
  const server = createServer((request, response) => {
    readFile(join(repository, request.url ?? '')).then(
      (file) => response.end(file),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const state = newPlace();
  await mkdir(state);
  await writeFile(join(state, 'root.json'), await readFile(join(repository, '1.root.json')));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const updater = new Updater({ metadataDir: state, metadataBaseUrl: url, targetBaseUrl: url });
  await updater.refresh().finally(() => {
    server.close();
    server.closeAllConnections();
  });
  expect((await readdir(state)).sort()).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
});

test('gives the first timestamp the life that is asked for', async () => {
  const folder = newPlace();
  await initRepository(folder, { passphrases, timestampValidity: hours(1) }, now);
  const timestamp = await readFile(join(folder, 'repository', 'timestamp.json'), 'utf8');
  expect(timestamp).toContain('"expires":"2026-11-24T01:00:00Z"');
});

test('uses an empty folder that is there, and never one with something in it', async () => {
  const folder = newPlace();
  await mkdir(folder);
  await initRepository(folder, { passphrases }, now);
  const before = await readFile(join(folder, 'repository', 'root.json'));
  const again = initRepository(folder, { passphrases }, now);
  await expect(again).rejects.toMatchObject({ code: 'USAGE' });
  expect(await readFile(join(folder, 'repository', 'root.json'))).toEqual(before);

  const file = newPlace();
  await writeFile(file, 'mine');
  await expect(initRepository(file, { passphrases }, now)).rejects.toMatchObject({ code: 'USAGE' });
  expect(await readFile(file, 'utf8')).toBe('mine');
});

test('leaves nothing behind when it cannot be made whole', async () => {
  const parent = newPlace();
  await mkdir(parent);
  const empty = { ...passphrases, timestamp: new Uint8Array() };
  await expect(initRepository(join(parent, 'new'), { passphrases: empty }, now)).rejects.toMatchObject({
    code: 'USAGE',
  });
  expect(await readdir(parent)).toEqual([]);
  await expect(initRepository(join(parent, 'missing', 'new'), { passphrases }, now)).rejects.toMatchObject({
    code: 'STORE_UNREACHABLE',
  });
  expect(await readdir(parent)).toEqual([]);
});

await describeWithGoTuf('for go-tuf', (peer) => {
  /** Keys, signatures and hashes differ from one repository to the next; all else must not. */
  const shape = (file: Buffer) => file.toString().replace(/[0-9a-f]{64,}/g, (hex) => `(${hex.length} digits)`);

  test('a new repository is to the byte what go-tuf makes', async () => {
    const [ours, theirs] = [await newRepository(), newPlace()];
    await peer.init(theirs, { now: NOW, passphrases: WORDS });
    for (const name of FILES.map((file) => join('repository', file))) {
      expect(shape(await readFile(join(ours, name)))).toBe(shape(await readFile(join(theirs, name))));
    }
    for (const folder of ['keys', 'repository', 'staged', join('staged', 'targets')]) {
      const [our, their] = await Promise.all([stat(join(ours, folder)), stat(join(theirs, folder))]);
      expect((await readdir(join(ours, folder))).sort()).toEqual((await readdir(join(theirs, folder))).sort());
      expect(our.mode).toBe(their.mode);
    }
  });

  test('it can be updated from, and worked on with every key', async () => {
    const folder = await newRepository();
    const state = newPlace();
    await peer.clientInit(state, join(folder, 'repository', '1.root.json'));
    const versions = async () => {
      const check = await peer.clientUpdate(state, join(folder, 'repository'), { now: NOW, targets: true });
      expect(check.error).toBeUndefined();
      return check.versions;
    };
    expect(await versions()).toEqual({ root: 1, targets: 1, snapshot: 1, timestamp: 1 });

    await peer.timestamp(folder, { now: NOW, passphrases: WORDS });
    expect(await versions()).toEqual({ root: 1, targets: 1, snapshot: 1, timestamp: 2 });

    const source = join(scratch, 'target');
    await writeFile(source, 'tiny\n');
    const target = { source, version: '1', paths: ['orbit/linux/stable/orbit'] };
    await peer.add(folder, target, { now: NOW, passphrases: WORDS });
    await peer.rotate(folder, 'timestamp', { now: NOW, passphrases: WORDS });
    expect(await versions()).toEqual({ root: 2, targets: 3, snapshot: 3, timestamp: 4 });
  });
});
