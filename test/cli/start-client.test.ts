import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { newClients } from '../../lib/client/client-check.ts';
import { pinnedRoot } from '../../lib/cli/pinned-root.ts';
import { directoryStore } from '../../lib/stores/directory.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { NOW } from './timekeeper.ts';
import { copyOf, enrolledCopyOf, FIXTURES, type WorkingCopy } from './working-copy.ts';

const now = parseInstant(NOW, 'the clock');
const OLD = join(FIXTURES, 'go-tuf-v0.5.2', 'repository', 'timestamp.json');

function clientsOf(copy: WorkingCopy, root: Uint8Array | undefined = copy.bytes('repository', '1.root.json')) {
  return newClients(directoryStore(copy.repository), () => Promise.resolve(root));
}

test('a healthy repository can be updated from, with every role in it', async () => {
  expect(await clientsOf(copyOf('rotated'))(now)).toEqual({
    is: 'updated',
    at: now,
    roles: [
      { name: 'root', version: 3, expires: expect.any(Number) },
      { name: 'targets', version: 4, expires: expect.any(Number) },
      { name: 'snapshot', version: 4, expires: expect.any(Number) },
      { name: 'timestamp', version: 4, expires: parseInstant('2026-12-07T12:00:00Z', 'expiry') },
    ],
  });
});

test('a snapshot that was taken away or replaced stops those who come for the first time, not those who have it', async () => {
  const copy = copyOf();
  const check = clientsOf(copy);
  await check(now);
  const snapshot = copy.path('repository', 'snapshot.json');
  writeFileSync(snapshot, readFileSync(snapshot, 'utf8').replace('"sig":"', '"sIg":"')); // as long as it was
  expect(await check(now)).toMatchObject({ is: 'refused', who: 'new', code: 'SNAPSHOT_MISMATCH', roles: undefined });
  rmSync(snapshot);
  expect(await check(now)).toMatchObject({ is: 'refused', who: 'new', code: 'SNAPSHOT_MISSING' });
});

test('an older timestamp stops those who have seen a newer one, not those who come for the first time', async () => {
  const copy = await enrolledCopyOf();
  await copy.json(['resign', '--force']);
  const check = clientsOf(copy);
  await check(now);
  copyFileSync(OLD, copy.path('repository', 'timestamp.json'));
  const found = await check(now);
  expect(found).toMatchObject({ is: 'refused', who: 'returning', code: 'METADATA_ROLLBACK' });
  expect(found.roles).toHaveLength(4);
});

test('an expired role stops everybody, and all roles can be shown still', async () => {
  const found = await clientsOf(copyOf())(parseInstant('2027-01-01T00:00:00Z', 'the clock'));
  expect(found).toMatchObject({ is: 'refused', who: 'all', code: 'METADATA_EXPIRED' });
  expect(found.roles?.map(({ name }) => name)).toEqual(['root', 'targets', 'snapshot', 'timestamp']);
});

test('what cannot be read is no reason to distrust it', async () => {
  const copy = copyOf();
  rmSync(copy.path('repository', 'timestamp.json'));
  copyFileSync(OLD, copy.path('elsewhere'));
  const store = { get: () => Promise.reject(new TypeError('no network')) };
  const found = await newClients(store, () => Promise.resolve(copy.bytes('repository', '1.root.json')))(now);
  expect(found).toMatchObject({
    is: 'failed',
    who: 'all',
    code: 'UNEXPECTED',
    message: expect.not.stringContaining('network'),
  });
});

test('without a root there is nothing to begin from, until there is one', async () => {
  const copy = copyOf();
  const roots = [undefined, copy.bytes('repository', '1.root.json')];
  const check = newClients(directoryStore(copy.repository), () => Promise.resolve(roots.shift()));
  expect(await check(now)).toMatchObject({ is: 'failed', code: 'NO_BASELINE' });
  expect(await check(now)).toMatchObject({ is: 'updated' });
});

test('the pinned root is the one with which the state began, also after a rotation', async () => {
  const fresh = copyOf('rotated');
  expect(await pinnedRoot(directoryStore(fresh.path('.timekeeper')))).toBeUndefined();
  await fresh.json(['resign', '--trusted-root', 'repository/1.root.json']);
  const root = await pinnedRoot(directoryStore(fresh.path('.timekeeper')));
  expect(root).toEqual(new Uint8Array(fresh.bytes('repository', '1.root.json')));
});
