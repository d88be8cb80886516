import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { days } from '../../lib/tuf/instant.ts';
import { Client } from '../cli/working-copy.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import { contentOf, NOW, ours, WORDS } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'extend-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const ROLES = ['root', 'targets', 'snapshot'] as const;
const LATER = '2026-12-01T00:00:00Z';

let repository: string;
beforeAll(async () => {
  repository = newPlace();
  await ours.init(repository, { random: 'init' });
  const file = newPlace();
  writeFileSync(file, 'one');
  await ours.add(repository, { file, name: 'orbit', platform: 'linux', version: '1', tags: ['stable'] });
});

function copyOf(folder: string): string {
  const copy = newPlace();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const bytesIn = (folder: string, name: string) => readFileSync(join(folder, 'repository', name));
const changed = (folder: string) => {
  const [before, after] = [contentOf(repository), contentOf(folder)];
  return Object.keys(after).filter((name) => after[name] !== before[name]);
};

describe('a role that is extended', () => {
  test.each([
    { role: 'root', files: ['repository/2.root.json', 'repository/root.json'], until: '2036-11-28' },
    { role: 'targets', files: ['repository/snapshot.json', 'repository/targets.json', 'repository/timestamp.json'], until: '2029-11-30' }, // prettier-ignore
    { role: 'snapshot', files: ['repository/snapshot.json', 'repository/timestamp.json'], until: '2029-11-30' },
  ] as const)(
    '$role: these files change, $files, and in them nothing but versions and expiries',
    async ({ role, files, until }) => {
      // prettier-ignore
      const folder = copyOf(repository);
      const client = new Client(bytesIn(repository, '1.root.json'));
      const before = client.update(join(repository, 'repository'));
      const { version } = await ours.extend(folder, role, { now: LATER });
      expect(changed(folder)).toEqual(files);
      const after = client.update(join(folder, 'repository'), LATER);
      const metadata = role === 'targets' ? after.targets.get('targets')! : after[role];
      const old = role === 'targets' ? before.targets.get('targets')! : before[role];
      expect([version, metadata.version]).toEqual([old.version + 1, old.version + 1]);
      const [unlike, like] = [metadata, old].map(({ signed }) => new Map(signed)) as [Map<string, unknown>, Map<string, unknown>]; // prettier-ignore
      expect(unlike.get('expires')).toBe(`${until}T00:00:00Z`);
      for (const name of ['version', 'expires']) for (const map of [unlike, like]) map.delete(name);
      expect(unlike).toEqual(like);
    },
  );

  test('needs no key but those that sign', async () => {
    const root = copyOf(repository);
    for (const role of ['targets', 'snapshot', 'timestamp']) rmSync(join(root, 'keys', `${role}.json`));
    await ours.extend(root, 'root', { now: LATER });
    const snapshot = copyOf(repository);
    for (const role of ['root', 'targets']) rmSync(join(snapshot, 'keys', `${role}.json`));
    await ours.extend(snapshot, 'snapshot', { now: LATER });
    await expect(ours.extend(snapshot, 'targets', { now: LATER })).rejects.toThrow('targets key not found');
    await expect(ours.extend(snapshot, 'root', { now: LATER })).rejects.toThrow('root key not found');
  });

  test('may have expired, root first; what is next is said', async () => {
    const folder = copyOf(repository);
    const now = '2037-01-01T00:00:00Z';
    for (const role of ['targets', 'snapshot'] as const) {
      await expect(ours.extend(folder, role, { now })).rejects.toThrow(/^root\.json \(version 1\) expired at/);
    }
    const told: string[] = [];
    await ours.extend(folder, 'root', { now, told });
    expect(told).toEqual(['Clients refuse targets.json too, which expired at 2029-11-23T00:00:00Z: next, timekeeper updates extend targets.']); // prettier-ignore
    await expect(ours.extend(folder, 'snapshot', { now })).rejects.toThrow(/^targets\.json \(version 2\) expired at/);
    await ours.extend(folder, 'targets', { now });
    new Client(bytesIn(folder, '1.root.json')).update(join(folder, 'repository'), now);
  });

  test('root, where only the timestamp has expired besides: that is said', async () => {
    const told: string[] = [];
    await ours.extend(copyOf(repository), 'root', { now: '2027-01-01T00:00:00Z', told });
    expect(told.join()).toMatch(/^Clients refuse timestamp\.json too, .*: next, timekeeper updates timestamp\.$/);
  });

  test.each(ROLES)('%s does not get a shorter life by mistake', async (role) => {
    const folder = copyOf(repository);
    await ours.extend(folder, role, { now: LATER });
    const before = contentOf(folder);
    await expect(ours.extend(folder, role, { now: LATER })).rejects.toThrow(/ lives until .* already/);
    expect(contentOf(folder)).toEqual(before);
  });

  test.each(ROLES)('%s gets no life that clients could not read', async (role) => {
    const folder = copyOf(repository);
    const before = contentOf(folder);
    for (const years of [8_000, 30_000, 900_000]) {
      const refusal = { name: 'UsageError', message: `--${role}-validity leads to no date between now and the year 9999.` }; // prettier-ignore
      await expect(ours.extend(folder, role, { now: LATER, validity: { [role]: days(365 * years) } })).rejects.toMatchObject(refusal); // prettier-ignore
    }
    expect(contentOf(folder)).toEqual(before);
  });

  test('root is not signed by a key that the root does not list', async () => {
    const folder = copyOf(repository);
    cpSync(join(folder, 'keys', 'targets.json'), join(folder, 'keys', 'root.json'));
    const before = contentOf(folder);
    await expect(ours.extend(folder, 'root', { now: LATER })).rejects.toMatchObject({ code: 'KEY_NOT_IN_ROOT' });
    expect(contentOf(folder)).toEqual(before);
  });

  test('root whose other holders are elsewhere: what they do is said', async () => {
    const folder = copyOf(repository);
    await ours.addNewKey(folder, 'root', { thresholds: new Map([['root', 2]]) });
    const keys = JSON.parse(readFileSync(join(folder, 'keys', 'root.json'), 'utf8')) as { readonly data: readonly unknown[] }; // prettier-ignore
    writeFileSync(join(folder, 'keys', 'root.json'), JSON.stringify({ ...keys, data: keys.data.slice(0, 1) }));
    const before = contentOf(folder);
    const refusal = { code: 'THRESHOLD_NOT_MET', message: expect.stringContaining('timekeeper updates stage-root') };
    await expect(ours.extend(folder, 'root', { now: LATER })).rejects.toMatchObject(refusal);
    expect(contentOf(folder)).toEqual(before);
  });
});

await describeWithGoTuf('go-tuf v0.5.2', (peer) => {
  test.each([
    { keys: 'plain', passphrases: {}, consistentSnapshots: false },
    { keys: 'encrypted, consistent snapshots', passphrases: WORDS, consistentSnapshots: true },
  ])(
    'writes the same, to the byte, after a rotation too, and its client follows: $keys',
    async ({ passphrases, consistentSnapshots }) => {
      // prettier-ignore
      const our = newPlace();
      await ours.init(our, { random: 'init', passphrases, consistentSnapshots });
      await ours.rotate(our, 'root', { random: 'rotated', passphrases });
      const [their, state] = [copyOf(our), newPlace()];
      await peer.clientInit(state, join(our, 'repository', '1.root.json'));
      await peer.clientUpdate(state, join(our, 'repository'), { now: NOW });
      const expiries = {
        root: '2036-11-28T00:00:00Z',
        targets: '2029-11-30T00:00:00Z',
        snapshot: '2029-12-01T00:00:00Z',
      };
      for (const role of ROLES) {
        const now = role === 'snapshot' ? '2026-12-02T00:00:00Z' : LATER;
        await ours.extend(our, role, { now, passphrases });
        await peer.setExpiry(their, role, expiries[role], { now, passphrases });
        expect(contentOf(our)).toEqual(contentOf(their));
        const check = await peer.clientUpdate(state, join(our, 'repository'), { now });
        expect(check).toMatchObject({ ok: true });
      }
    },
  );

  test('accepts a root that was extended after it had expired, from the first root on', async () => {
    const folder = copyOf(repository);
    const now = '2037-01-01T00:00:00Z';
    const state = newPlace();
    await peer.clientInit(state, join(folder, 'repository', '1.root.json'));
    expect(await peer.clientUpdate(state, join(folder, 'repository'), { now })).toMatchObject({ ok: false });
    await ours.extend(folder, 'root', { now });
    await ours.extend(folder, 'targets', { now });
    expect(await peer.clientUpdate(state, join(folder, 'repository'), { now })).toMatchObject({ ok: true });
  });
});
