import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeWithGoTuf } from './describe-with-go-tuf.ts';
import type { GoTufLoop, Passphrases } from './go-tuf.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const NOW = '2026-11-24T00:00:00Z';
const PASSPHRASES: Passphrases = {
  root: 'rootpw',
  targets: 'targetspw',
  snapshot: 'snapshotpw',
  timestamp: 'timestämp5#$#@',
};

await describeWithGoTuf('the go-tuf peer', (peer) => {
  let scratch: string;
  let dirs = 0;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'go-tuf-'));
  });
  afterAll(() => rm(scratch, { recursive: true }));

  const newDir = () => join(scratch, String(++dirs));
  async function copyOf(fixture: string): Promise<string> {
    const dir = newDir();
    await cp(join(FIXTURES, fixture), dir, { recursive: true });
    return dir;
  }
  async function clientOf(dir: string): Promise<string> {
    const state = newDir();
    await peer.clientInit(state, join(dir, 'repository', '1.root.json'));
    return state;
  }

  test.each([
    { fixture: 'go-tuf-v0.5.2', versions: { root: 1, targets: 2, snapshot: 2, timestamp: 3 }, targets: 3 },
    { fixture: 'rotated', versions: { root: 3, targets: 4, snapshot: 4, timestamp: 4 }, targets: 2 },
    { fixture: 'consistent', versions: { root: 1, targets: 3, snapshot: 3, timestamp: 4 }, targets: 3 },
    { fixture: 'plain-key', versions: { root: 1, targets: 1, snapshot: 1, timestamp: 1 }, targets: 0 },
    { fixture: 'ecdsa-key', versions: { root: 1, targets: 1, snapshot: 1, timestamp: 1 }, targets: 0 },
    { fixture: 'rsa-key', versions: { root: 1, targets: 1, snapshot: 1, timestamp: 1 }, targets: 0 },
  ])('accepts and re-signs the fixture $fixture', async ({ fixture, versions, targets }) => {
    const dir = await copyOf(fixture);
    const state = await clientOf(dir);
    const first = await peer.clientUpdate(state, join(dir, 'repository'), { now: NOW, targets: true });
    expect(first).toMatchObject({ ok: true, versions });
    expect(first.targets ?? []).toHaveLength(targets);
    await peer.timestamp(dir, { now: NOW, passphrases: PASSPHRASES });
    expect(await peer.clientUpdate(state, join(dir, 'repository'), { now: NOW })).toEqual({
      ok: true,
      versions: { ...versions, timestamp: versions.timestamp + 1 },
    });
  });

  test.each([65536, 131072])('cannot read a key file with scrypt N=%d, and writes such files', async (n) => {
    const dir = await copyOf(`scrypt-${String(n)}`);
    const options = { now: NOW, passphrases: PASSPHRASES };
    await expect(peer.timestamp(dir, options)).rejects.toThrow(/^encrypted: unexpected kdf parameters$/);
    await peer.reencrypt(join(dir, 'keys', 'timestamp.json'), 32768, PASSPHRASES);
    await peer.timestamp(dir, options);
  });

  test('remembers: it refuses a timestamp older than the one it has seen', async () => {
    const dir = await copyOf('go-tuf-v0.5.2');
    const state = await clientOf(dir);
    const old = await readFile(join(dir, 'repository', 'timestamp.json'));
    await peer.timestamp(dir, { now: NOW, passphrases: PASSPHRASES });
    await peer.clientUpdate(state, join(dir, 'repository'), { now: NOW });
    await writeFile(join(dir, 'repository', 'timestamp.json'), old);
    expect(await peer.clientUpdate(state, join(dir, 'repository'), { now: NOW })).toMatchObject({
      ok: false,
      error: 'tuf: failed to decode timestamp.json: version 3 is lower than current version 4',
    });
  });

  test('asks a server for the next root first, and gives up on any answer but 200 and 404', async () => {
    const dir = await copyOf('go-tuf-v0.5.2');
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(403).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const state = await clientOf(dir);
    const check = await peer
      .clientUpdate(state, `http://127.0.0.1:${String(port)}`, { now: NOW })
      .finally(() => server.close());
    expect(asked).toEqual(['/2.root.json']);
    expect(check.error).toMatch(/^tuf: failed to download 2\.root\.json: .* unexpected HTTP status 403$/);
  });

  test('makes, fills, rotates and lets expire a repository of its own', async () => {
    const dir = newDir();
    const now = '2031-05-01T00:00:00-03:00';
    const source = join(scratch, 'target');
    await writeFile(source, 'tiny\n');
    await peer.init(dir, { now, consistentSnapshot: true });
    const state = await clientOf(dir);
    await peer.add(dir, { source, version: '1', paths: ['orbit/linux/1/orbit', 'orbit/linux/stable/orbit'] }, { now });
    await peer.rotate(dir, 'timestamp', { now, keyType: 'ecdsa' });
    await peer.genKey(dir, 'timestamp', { now });
    await peer.setThreshold(dir, 'timestamp', 2, { now });
    const check = await peer.clientUpdate(state, join(dir, 'repository'), { now, targets: true });
    expect(check).toMatchObject({ ok: true, versions: { root: 4, targets: 3, snapshot: 5, timestamp: 5 } });
    expect(await readFile(join(dir, 'repository', 'timestamp.json'), 'utf8')).toContain('2031-05-15T00:00:00-03:00');

    await peer.setExpiry(dir, 'snapshot', '2020-01-01T00:00:00Z');
    await expect(peer.timestamp(dir, { now })).rejects.toThrow(
      /^make timestamp: tuf: insufficient signatures for snapshot\.json: expired at 2020-01-01 00:00:00 \+0000 UTC$/,
    );
  });

  test('publishes a threshold that its own keys cannot reach only when unchecked', async () => {
    const dir = await copyOf('plain-key');
    const { signed } = JSON.parse(await readFile(join(FIXTURES, 'rotated', 'repository', 'root.json'), 'utf8')) as {
      readonly signed: { readonly keys: Readonly<Record<string, object>> };
    };
    const [[keyId, publicKey] = ['', {}]] = Object.entries(signed.keys);
    expect(await peer.addKey(dir, 'timestamp', publicKey, { now: NOW })).toBe(keyId);
    await expect(peer.setThreshold(dir, 'timestamp', 2, { now: NOW })).rejects.toThrow('did not meet threshold');
    await peer.setThreshold(dir, 'timestamp', 2, { now: NOW, unchecked: true });
    const check = await peer.clientUpdate(await clientOf(dir), join(dir, 'repository'), { now: NOW });
    expect(check).toMatchObject({ ok: false, versions: { root: 3 } });
  });

  describe('its loop', () => {
    let loop: GoTufLoop;
    beforeAll(() => {
      loop = peer.loop();
    });
    afterAll(() => loop.close());

    test('checks for updates with a memory', async () => {
      const repository = join(FIXTURES, 'rotated', 'repository');
      const state = newDir();
      await loop.init(state, await readFile(join(repository, '1.root.json')));
      const checks = await Promise.all([
        loop.update(state, repository, { now: '2027-01-01T00:00:00Z' }),
        loop.update(state, repository, { now: new Date(NOW), targets: true }),
      ]);
      expect(checks).toMatchObject([
        { ok: false, error: 'tuf: failed to decode timestamp.json: expired at 2026-12-07 12:00:00 +0000 UTC' },
        { ok: true, versions: { root: 3, timestamp: 4 } },
      ]);
    });

    test('reads a verified timestamp, and says which file is at fault', async () => {
      const repository = join(FIXTURES, 'go-tuf-v0.5.2', 'repository');
      const root = await readFile(join(repository, 'root.json'));
      const timestamp = await readFile(join(repository, 'timestamp.json'));
      expect(await loop.read(root, 'timestamp', timestamp)).toMatchObject({
        ok: true,
        version: 3,
        expires: '2026-12-06T16:35:14Z',
        files: { 'snapshot.json': { version: 2, length: 529 } },
      });
      expect(await loop.read(root, 'snapshot', timestamp)).toMatchObject({ ok: false, at: 'file' });
      expect(await loop.read(Buffer.from('{'), 'timestamp', timestamp)).toMatchObject({ ok: false, at: 'root' });
    });

    test('shows that a verifier rounds numbers which a signer keeps', async () => {
      const { signing, verifying } = await loop.canonicalise(Buffer.from('{ "b": 9007199254740993, "a": "\\u00e9<" }'));
      expect(signing).toEqual({ ok: true, bytes: Buffer.from('{"a":"é<","b":9007199254740993}') });
      expect(verifying).toEqual({ ok: true, bytes: Buffer.from('{"a":"é<","b":9007199254740992}') });
    });
  });
});
