import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { EXPIRED, TestRepository, type SignedJson } from '../tuf/repository.ts';
import { ed25519Key } from '../tuf/signing-key.ts';
import { Client } from './run.ts';
import { delegates, ServedRepository } from './served.ts';

const ROOT = '2.root.json';
const ALL = [ROOT, 'timestamp.json', 'snapshot.json', 'targets.json'];
const KEPT = ['root.json', 'snapshot.json', 'targets.json', 'timestamp.json'];
const expired = (signed: SignedJson) => {
  signed.expires = EXPIRED;
};

const open: ServedRepository[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ server }) => server.close())));

async function serve(repository = TestRepository.healthy()): Promise<ServedRepository> {
  const served = new ServedRepository(repository);
  await served.server.listen();
  open.push(served);
  return served;
}

/** A client that has refreshed from version 1 of everything. */
async function updated(): Promise<{ served: ServedRepository; repository: TestRepository; client: Client }> {
  const served = await serve();
  const client = new Client();
  expect(await client.fetch(served)).toMatchObject({ code: 'done', asked: ALL });
  return { served, repository: served.repository, client };
}

const versionOf = (bytes: Buffer | undefined) =>
  (JSON.parse(bytes!.toString()) as { signed: { version: number } }).signed.version;

describe('the trusted root', () => {
  test('is stored byte for byte, before anything is asked for', async () => {
    const served = await serve();
    served.faults.set(ROOT, 500);
    const client = new Client();
    client.root = Buffer.concat([served.repository.files.get('1.root.json')!, Buffer.from('\n ')]);
    expect(await client.fetch(served)).toMatchObject({ code: 'STORE_UNREACHABLE', asked: [ROOT], roles: { root: 1 } });
    expect(client.kept()).toEqual(new Map([['root.json', client.root]]));
  });

  test.each([
    { given: 'garbage', change: () => Buffer.from('{'), code: 'NOT_JSON' },
    {
      given: 'one that its keys did not sign',
      change: (bytes: Buffer) => Buffer.from(bytes.toString().replace('"version":1', '"version":7')),
      code: 'ROOT_INVALID',
    },
  ])('is refused if it is $given: no request is made, nothing is stored', async ({ change, code }) => {
    const served = await serve();
    const client = new Client();
    client.root = change(served.repository.files.get('1.root.json')!);
    expect(await client.fetch(served)).toMatchObject({ code, asked: [], roles: {} });
    expect(client.kept().size).toBe(0);
  });

  test('is not looked at once the state has a root.json, which is refused if it is invalid', async () => {
    const { served, client } = await updated();
    client.root = Buffer.from('{');
    expect(await client.fetch(served)).toMatchObject({ code: 'done' });
    writeFileSync(join(client.state, 'root.json'), '{');
    client.root = served.repository.files.get('1.root.json')!;
    expect(await client.fetch(served)).toMatchObject({ code: 'NOT_JSON', asked: [] });
  });
});

describe('the state', () => {
  test('has the exact bytes under the names of the contract, and nothing else', async () => {
    const { repository, client } = await updated();
    expect(client.kept()).toEqual(
      new Map(KEPT.map((name) => [name, repository.files.get(name === 'root.json' ? '1.root.json' : name)!])),
    );
  });

  test.each([
    { role: 'timestamp', kept: ['root.json'] },
    { role: 'snapshot', kept: ['root.json', 'timestamp.json'] },
    { role: 'targets', kept: ['root.json', 'snapshot.json', 'timestamp.json'] },
  ] as const)('keeps what verified before $role, which did not', async ({ role, kept }) => {
    const served = await serve(new TestRepository());
    const { repository } = served;
    repository.root(1);
    const thief = [ed25519Key()];
    repository.targets(1, undefined, 'targets', role === 'targets' ? thief : repository.keys.targets);
    repository.snapshot(1, undefined, role === 'snapshot' ? thief : repository.keys.snapshot);
    repository.timestamp(1, undefined, role === 'timestamp' ? thief : repository.keys.timestamp);
    const client = new Client();
    expect(await client.fetch(served)).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(Array.from(client.kept().keys())).toEqual(kept);
  });

  test.each(['timestamp', 'snapshot', 'targets'] as const)('keeps no expired %s', async (role) => {
    const { served, repository, client } = await updated();
    const before = client.kept().get(`${role}.json`);
    repository.targets(2, role === 'targets' ? expired : undefined);
    repository.snapshot(2, role === 'snapshot' ? expired : undefined);
    repository.timestamp(2, role === 'timestamp' ? expired : undefined);
    expect(await client.fetch(served)).toMatchObject({ code: 'METADATA_EXPIRED' });
    expect(client.kept().get(`${role}.json`)).toEqual(before);
  });

  test('keeps every root of a chain, expired ones too; expiry is judged after it', async () => {
    const { served, repository, client } = await updated();
    repository.root(2, expired);
    repository.root(3);
    expect(await client.fetch(served)).toMatchObject({
      code: 'done',
      asked: [ROOT, '3.root.json', '4.root.json', 'timestamp.json'],
    });
    repository.root(4, expired);
    expect(await client.fetch(served)).toMatchObject({
      code: 'METADATA_EXPIRED',
      asked: ['4.root.json', '5.root.json'],
      roles: { root: 4 },
    });
    expect(client.kept().get('root.json')).toEqual(repository.files.get('4.root.json'));
    expect(versionOf(client.kept().get('timestamp.json'))).toBe(1);
  });

  test('keeps the stored timestamp when another one of its version is served: done', async () => {
    const { served, repository, client } = await updated();
    const before = client.kept();
    repository.timestamp(1, (signed) => {
      signed.meta['snapshot.json']!.version = 100;
    });
    expect(await client.fetch(served)).toMatchObject({ code: 'done', asked: [ROOT, 'timestamp.json'] });
    expect(client.kept()).toEqual(before);
  });

  test('that has expired still counts against a rollback', async () => {
    const served = await serve(new TestRepository());
    const { repository } = served;
    repository.root(1);
    const soon = (signed: SignedJson) => {
      signed.expires = '2026-11-25T00:00:00Z';
    };
    repository.targets(5);
    repository.snapshot(5, soon);
    repository.timestamp(5, soon);
    const client = new Client();
    expect(await client.fetch(served)).toMatchObject({ code: 'done' });
    repository.timestamp(4);
    const later = (Date.parse('2026-12-01T00:00:00Z') / 1_000) as Parameters<Client['fetch']>[2];
    expect(await client.fetch(served, [], later)).toMatchObject({ code: 'METADATA_ROLLBACK' });
    repository.targets(4);
    repository.snapshot(6);
    repository.timestamp(6);
    expect(await client.fetch(served, [], later)).toMatchObject({ code: 'METADATA_ROLLBACK' });
    expect(versionOf(client.kept().get('timestamp.json'))).toBe(6);
    expect(versionOf(client.kept().get('snapshot.json'))).toBe(5);
  });

  test('that fails under the new root counts as absent', async () => {
    const { served, repository, client } = await updated();
    repository.publish(9);
    await client.fetch(served);
    repository.keys.timestamp = [ed25519Key()];
    repository.keys.snapshot = [ed25519Key()];
    repository.root(2);
    repository.publish(1);
    expect(await client.fetch(served)).toMatchObject({
      code: 'done',
      asked: [ROOT, '3.root.json', 'timestamp.json', 'snapshot.json', 'targets.json'],
      roles: { root: 2, timestamp: 1, snapshot: 1, targets: 1 },
    });
  });

  test('forgets at once what a key signed that a new root takes away: being cut off there does no harm', async () => {
    const { served, repository, client } = await updated();
    repository.publish(9);
    await client.fetch(served);
    repository.keys.snapshot = [ed25519Key()];
    repository.root(2);
    served.faults.set('3.root.json', 503);
    expect(await client.fetch(served)).toMatchObject({ code: 'STORE_UNREACHABLE', roles: { root: 2 } });
    expect(Array.from(client.kept().keys())).toEqual(['root.json', 'targets.json']);
    served.faults.clear();
    repository.targets(1);
    repository.snapshot(1);
    repository.timestamp(10);
    expect(await client.fetch(served)).toMatchObject({ code: 'done', roles: { root: 2, timestamp: 10, snapshot: 1 } });
  });

  test.each(['timestamp.json', 'snapshot.json', 'targets.json'])('in which %s is garbage is mended', async (name) => {
    const { served, repository, client } = await updated();
    writeFileSync(join(client.state, name), 'garbage');
    const rest = name === 'timestamp.json' ? [] : [name];
    expect(await client.fetch(served)).toMatchObject({ code: 'done', asked: [ROOT, 'timestamp.json', ...rest] });
    expect(client.kept().get(name)).toEqual(repository.files.get(name));
  });

  test('of a refresh that stopped is where the next one goes on', async () => {
    const { served, repository, client } = await updated();
    repository.publish(2);
    served.faults.set('snapshot.json', 503);
    expect(await client.fetch(served)).toMatchObject({ code: 'STORE_UNREACHABLE', roles: { timestamp: 2 } });
    served.faults.clear();
    expect(await client.fetch(served)).toMatchObject({ code: 'done', asked: ALL, roles: { targets: 2 } });
  });

  test('holds a delegated role whose name is no file name', async () => {
    const served = await serve(new TestRepository());
    const { repository } = served;
    repository.root(1);
    const names = ['../up', 'a/b', '?', 'ü'];
    repository.delegations = { targets: names };
    repository.targets(1, delegates(repository, ...names.map((name) => ({ name }))));
    for (const name of names) repository.targets(1, undefined, name);
    repository.snapshot(1);
    repository.timestamp(1);
    const client = new Client();
    const { asked, code } = await client.fetch(served, ['x']);
    expect(code).toBe('TARGET_UNKNOWN');
    const files = ['..%2Fup.json', 'a%2Fb.json', '%3F.json', '%C3%BC.json'];
    expect(asked.slice(4)).toEqual(files);
    expect(Array.from(client.kept().keys())).toEqual(expect.arrayContaining(files));
    expect(client.kept().size).toBe(8);
  });
});

describe('requests', () => {
  test('are one for the next root and one for the timestamp if nothing is new', async () => {
    const { served, client } = await updated();
    expect(await client.fetch(served)).toMatchObject({ code: 'done', asked: [ROOT, 'timestamp.json'] });
  });

  test.each([403, 404])('for the next root end with %d', async (status) => {
    const served = await serve();
    served.faults.set(ROOT, status);
    expect(await new Client().fetch(served)).toMatchObject({ code: 'done', asked: ALL });
  });

  test.each([
    { file: 'timestamp.json', code: 'TIMESTAMP_MISSING' },
    { file: 'snapshot.json', code: 'SNAPSHOT_MISSING' },
    { file: 'targets.json', code: 'TARGETS_MISSING' },
  ])('for $file: 404 and 403 are refused with $code, other answers fail, none is repeated', async ({ file, code }) => {
    const served = await serve();
    for (const status of [404, 403, 401, 400, 429, 500, 503, 204]) {
      served.faults.set(file, status);
      const found = await new Client().fetch(served);
      expect(found.code).toBe(
        [404, 403].includes(status) ? code : status === 401 ? 'ACCESS_DENIED' : 'STORE_UNREACHABLE',
      );
      expect(found.asked.filter((name) => name === file)).toHaveLength(1);
      expect(found.asked.at(-1)).toBe(file);
    }
  });

  test('ask for no compression, and are GET', async () => {
    const served = await serve();
    const seen: unknown[] = [];
    served.faults.set(ROOT, ({ headers, method }, response) => {
      seen.push(method, headers['accept-encoding']);
      response.writeHead(404).end();
    });
    await new Client().fetch(served);
    expect(seen).toEqual(['GET', 'identity']);
  });

  test('with consistent snapshots have versions and hashes in them', async () => {
    const served = await serve(new TestRepository());
    const { repository } = served;
    repository.isConsistent = true;
    repository.root(1);
    repository.targets(3, served.lists({ 'd/a': 'content' }, false));
    repository.snapshot(4);
    repository.timestamp(5);
    const hash = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';
    served.targets.set(`d/${hash}.a`, Buffer.from('content'));
    const client = new Client();
    expect(await client.fetch(served, ['d/a'])).toMatchObject({
      code: 'done',
      asked: [ROOT, 'timestamp.json', '4.snapshot.json', '3.targets.json', `targets/d/${hash}.a`],
    });
    expect(client.got()).toEqual(new Map([['d/a', Buffer.from('content')]]));
    expect(Array.from(client.kept().keys())).toEqual(KEPT);
  });
});
