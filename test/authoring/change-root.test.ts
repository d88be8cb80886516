import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RootChanges } from '../../lib/authoring/changed-root.ts';
import { readKeyFile } from '../../lib/keys/key-file.ts';
import { parseKey, type PublicKey } from '../../lib/tuf/key.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { parseRoot } from '../../lib/tuf/root.ts';
import { Client } from '../cli/working-copy.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { Role } from '../peers/go-tuf.ts';
import { OTHER_KEYS } from './public-keys.ts';
import { contentOf, NOW, ours, WORDS } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'change-root-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const [other, ...others] = OTHER_KEYS.map(({ publicKey }) => publicKey) as [PublicKey, ...PublicKey[]];
const published = (folder: string, name: string) => readFileSync(join(folder, 'repository', name));
const rootOf = (folder: string) => parseRoot(published(folder, 'root.json'));
const idOf = (folder: string, role: Role) => rootOf(folder).roles[role].keyids[0]!;
const versions = (folder: string) =>
  Object.fromEntries((['root', 'targets', 'snapshot', 'timestamp'] as const).map((role) => [role, versionIn(published(folder, `${role}.json`))])); // prettier-ignore
const versionIn = (bytes: Buffer) => (JSON.parse(bytes.toString()) as { signed: { version: number } }).signed.version;

let original: string;
let folder: string;
let remembering: Client;
beforeAll(async () => {
  original = newPlace();
  await ours.init(original, { random: 'init' });
});
beforeEach(() => {
  folder = newPlace();
  cpSync(original, folder, { recursive: true });
  remembering = new Client(published(folder, '1.root.json'));
  remembering.update(join(folder, 'repository'));
});

/** Both a client that knows what was there, and one that begins from the first root. */
function expectFollowed(): void {
  const { root } = remembering.update(join(folder, 'repository'));
  expect(root.version).toBe(rootOf(folder).version);
  const begun = new Client(published(folder, '1.root.json')).update(join(folder, 'repository'));
  expect(begun.root.sha256).toBe(root.sha256);
}

describe('a changed root is published, and signed again is only what does not hold under it:', () => {
  test.each<{ change: string; changes: () => RootChanges; again: readonly string[] }>([
    { change: 'a key more for the timestamp', changes: () => ({ added: [{ role: 'timestamp', key: other }] }), again: [] }, // prettier-ignore
    { change: 'three keys more for the root', changes: () => ({ added: OTHER_KEYS.map(({ publicKey }) => ({ role: 'root', key: publicKey })) }), again: [] }, // prettier-ignore
    { change: 'a new expiry and nothing else', changes: () => ({}), again: [] },
  ])('$change', async ({ changes, again }) => {
    const changed = await ours.changeRoot(folder, changes(), { now: '2026-11-25T00:00:00Z' });

    expect(changed.again).toEqual(again);
    expect(versions(folder)).toEqual({ root: 2, targets: 1, snapshot: 1, timestamp: 1 });
    expect(published(folder, '2.root.json')).toEqual(published(folder, 'root.json'));
    expect(rootOf(folder).signed.get('expires')).toBe('2036-11-22T00:00:00Z');
    expectFollowed();
  });

  test.each<{ role: Role; again: readonly Role[] }>([
    { role: 'targets', again: ['targets', 'snapshot', 'timestamp'] },
    { role: 'snapshot', again: ['snapshot', 'timestamp'] },
    { role: 'timestamp', again: ['timestamp'] },
    { role: 'root', again: [] },
  ])('a key of the role $role is taken out, after another was made', async ({ role, again }) => {
    const old = idOf(folder, role);
    await ours.addNewKey(folder, role, {}, { random: 'new' });
    expect(versions(folder)).toEqual({ root: 2, targets: 1, snapshot: 1, timestamp: 1 });
    const changed = await ours.changeRoot(folder, { revoked: [{ role, id: old }] });

    expect(changed.again).toEqual(again);
    expect(rootOf(folder).roles[role].keyids).not.toContain(old);
    expect(rootOf(folder).keys.has(old)).toBe(false);
    const version = (name: Role) => (again.includes(name) ? 2 : 1);
    expect(versions(folder)).toEqual({ root: 3, targets: version('targets'), snapshot: version('snapshot'), timestamp: version('timestamp') }); // prettier-ignore
    expectFollowed();
  });

  test('a key that has signed nothing is taken out', async () => {
    await ours.changeRoot(folder, { added: [{ role: 'snapshot', key: other }] });
    const { again } = await ours.changeRoot(folder, { revoked: [{ role: 'snapshot', id: keyId(other.json) }] });

    expect(again).toEqual([]);
    expect(versions(folder)).toEqual({ root: 3, targets: 1, snapshot: 1, timestamp: 1 });
    expectFollowed();
  });

  test('a threshold that what is published does not reach', async () => {
    await ours.addNewKey(folder, 'snapshot', {}, { random: 'second' });
    const { again } = await ours.changeRoot(folder, { thresholds: new Map([['snapshot', 2]]) });

    expect(again).toEqual(['snapshot', 'timestamp']);
    expect(rootOf(folder).roles.snapshot.threshold).toBe(2);
    expectFollowed();
  });

  test('with consistent snapshots, under its number', async () => {
    folder = newPlace();
    await ours.init(folder, { random: 'consistent', consistentSnapshots: true });
    remembering = new Client(published(folder, '1.root.json'));
    const old = idOf(folder, 'snapshot');
    await ours.addNewKey(folder, 'snapshot', {}, { random: 'new' });
    await ours.changeRoot(folder, { revoked: [{ role: 'snapshot', id: old }] });
    expect(published(folder, '2.snapshot.json')).toEqual(published(folder, 'snapshot.json'));
    expectFollowed();
  });

  test('so no key has to be at hand but those that sign', async () => {
    for (const role of ['targets', 'snapshot', 'timestamp']) rmSync(join(folder, 'keys', `${role}.json`));
    await ours.changeRoot(folder, { added: [{ role: 'timestamp', key: other }] });
    expectFollowed();
  });

  test('and what had expired stays so, which a person is told', async () => {
    const told: string[] = [];
    await ours.changeRoot(folder, { added: [{ role: 'timestamp', key: other }] }, { now: '2027-01-01T00:00:00Z', told }); // prettier-ignore
    expect(told).toEqual([expect.stringMatching(/^timestamp\.json expired at 2026-12-08T00:00:00Z, and clients refuse it/)]); // prettier-ignore
  });
});

test('a new key is appended to its role’s key file, which keeps the others', async () => {
  const { key } = await ours.addNewKey(folder, 'targets', { thresholds: new Map([['targets', 2]]) }, { random: 'new' });
  const file = readKeyFile(readFileSync(join(folder, 'keys', 'targets.json')), 'keys/targets.json');
  const ids = file.is === 'plain' ? file.keys.map(({ publicKey }) => keyId(publicKey.json)) : [];
  expect(ids).toEqual(rootOf(folder).roles.targets.keyids);
  expect(ids[1]).toBe(keyId(key.json));
  expectFollowed();
});

test('a key that no root lists yet is made without a repository', async () => {
  const holder = newPlace();
  const key = await ours.generateKey(holder, 'root', { random: 'holder', passphrases: WORDS });
  expect(Object.keys(contentOf(holder))).toEqual(['keys', 'keys/root.json']);
  await ours.changeRoot(folder, { added: [{ role: 'root', key }] });
  expect(rootOf(folder).roles.root.keyids).toContain(keyId(key.json));
});

/** A point for which anybody can sign. */
const weak = parseKey(
  new Map<string, string | ReadonlyMap<string, string>>([['keytype', 'ed25519'], ['scheme', 'ed25519'], ['keyval', new Map([['public', `01${'00'.repeat(31)}`]])]]), // prettier-ignore
  'weak',
) as PublicKey;
const deprecated = parseKey(new Map([...others[0]!.json, ['keytype', 'ecdsa']]), 'deprecated') as PublicKey;

describe('nothing is changed, and said what to do, by', () => {
  test.each<{ given: string; changes: (at: string) => RootChanges; says: RegExp; remedy: RegExp }>([
    { given: 'a key that another role has', changes: (at) => ({ added: [{ role: 'timestamp', key: rootOf(at).keys.get(idOf(at, 'root')) as PublicKey }] }), says: /would be in the role root and in the role timestamp/, remedy: /a key of its own/ }, // prettier-ignore
    { given: 'one key for two roles', changes: () => ({ added: [{ role: 'timestamp', key: other }, { role: 'snapshot', key: other }] }), says: /in the role/, remedy: /a key of its own/ }, // prettier-ignore
    { given: 'a key that the role has', changes: (at) => ({ added: [{ role: 'root', key: rootOf(at).keys.get(idOf(at, 'root')) as PublicKey }] }), says: /has this key already/, remedy: /another key/ }, // prettier-ignore
    { given: 'a key for which anybody can sign', changes: () => ({ added: [{ role: 'timestamp', key: weak }] }), says: /for which anybody can sign/, remedy: /Use a key of type/ }, // prettier-ignore
    { given: 'a key for which go-tuf v0.5.2 refuses the whole root', changes: () => ({ added: [{ role: 'timestamp', key: deprecated }] }), says: /go-tuf v0.5.2 refuses the whole root/, remedy: /ecdsa-sha2-nistp256/ }, // prettier-ignore
    { given: 'a threshold above the number of keys', changes: () => ({ thresholds: new Map([['targets', 2]]) }), says: /role targets would need 2 signatures, and have 1 key:/, remedy: /add-key targets/ }, // prettier-ignore
    { given: 'a threshold that nobody at hand reaches', changes: () => ({ added: [{ role: 'targets', key: other }], thresholds: new Map([['targets', 2]]) }), says: /keys\/targets\.json holds 1 of the keys of the role targets; it takes 2/, remedy: /have one of them sign|one of them signs elsewhere/ }, // prettier-ignore
    { given: 'the last key of a role', changes: (at) => ({ revoked: [{ role: 'targets', id: idOf(at, 'targets') }] }), says: /left without a key/, remedy: /add-key targets/ }, // prettier-ignore
    { given: 'a key that the role has not', changes: (at) => ({ revoked: [{ role: 'targets', id: idOf(at, 'root') }] }), says: /The role targets has no key/, remedy: /Name the whole id of one that it has: [0-9a-f]{64}/ }, // prettier-ignore
    { given: 'a key that has signed, where no other is at hand', changes: (at) => ({ added: [{ role: 'timestamp', key: other }], revoked: [{ role: 'timestamp', id: idOf(at, 'timestamp') }] }), says: /keys\/timestamp\.json holds no key that root\.json \(version 2\) lists/, remedy: /fetch the newest timestamp\.json/ }, // prettier-ignore
    { given: 'a root that takes more root keys than are at hand', changes: () => ({ added: [{ role: 'root', key: other }], thresholds: new Map([['root', 2]]) }), says: /takes 2 of the root keys of version 2, and keys\/root\.json holds 1/, remedy: /stage-root/ }, // prettier-ignore
  ])('$given', async ({ changes, says, remedy }) => {
    const before = contentOf(folder);
    const refused = ours.changeRoot(folder, changes(folder));

    await expect(refused).rejects.toMatchObject({ message: expect.stringMatching(says), remedy: expect.stringMatching(remedy) }); // prettier-ignore
    expect(contentOf(folder)).toEqual(before);
  });

  test('a root that takes more root keys than are at hand, with a new key: the key file stays too', async () => {
    const before = contentOf(folder);
    await expect(ours.addNewKey(folder, 'targets', { thresholds: new Map([['root', 3]]) })).rejects.toThrow(/need 3/);
    expect(contentOf(folder)).toEqual(before);
  });
});

await describeWithGoTuf('with the same keys and clock, a changed root is equal to go-tuf’s', (peer) => {
  let their: string;
  const begin = () => {
    [folder, their] = [newPlace(), newPlace()];
    for (const copy of [folder, their]) cpSync(original, copy, { recursive: true });
  };
  const expectSameRoots = (version: number) => {
    for (const name of ['root.json', `${version}.root.json`]) {
      expect(published(folder, name).toString()).toBe(published(their, name).toString());
    }
    expect(contentOf(folder)['repository/root.json']).toBe(contentOf(their)['repository/root.json']); // the mode too
  };
  const expectGoTufFollows = async () => {
    const states = [newPlace(), newPlace()] as const;
    for (const [state, begun] of [
      [states[0], original],
      [states[1], folder],
    ] as const) {
      // prettier-ignore
      await peer.clientInit(state, join(folder, 'repository', '1.root.json'));
      await peer.clientUpdate(state, join(begun, 'repository'), { now: NOW });
      const { ok, versions: seen } = await peer.clientUpdate(state, join(folder, 'repository'), { now: NOW });
      expect({ ok, root: seen.root }).toEqual({ ok: true, root: rootOf(folder).version });
    }
  };

  test.each(OTHER_KEYS)('after a key of type $type was added to each role', async ({ json, publicKey }) => {
    for (const role of ['root', 'targets', 'snapshot', 'timestamp'] as const) {
      begin();
      const id = await peer.addKey(their, role, json, { now: NOW });
      await ours.changeRoot(folder, { added: [{ role, key: publicKey }] });
      expect(id).toBe(keyId(publicKey.json));
      expectSameRoots(2);
    }
    await expectGoTufFollows();
  });

  test('after a key was made, the threshold was raised, and an old key was revoked', async () => {
    for (const role of ['root', 'snapshot', 'timestamp'] as const) {
      // go-tuf does not sign targets.json again, and stops
      begin();
      const unchecked = true; // go-tuf's own steps between one root and the next would refuse to commit
      const old = idOf(folder, role);
      await peer.genKey(their, role, { now: NOW, random: 'one', unchecked });
      await ours.addNewKey(folder, role, {}, { random: 'one' });
      expectSameRoots(2);
      expect(contentOf(folder)[`keys/${role}.json`]).toBe(contentOf(their)[`keys/${role}.json`]);
      await expectGoTufFollows();

      await peer.setThreshold(their, role, 2, { now: NOW, unchecked });
      await ours.changeRoot(folder, { thresholds: new Map([[role, 2]]) });
      expectSameRoots(3);
      await expectGoTufFollows();

      await peer.setThreshold(their, role, 1, { now: NOW, unchecked });
      await ours.changeRoot(folder, { thresholds: new Map([[role, 1]]) });
      await peer.revokeKey(their, role, old, { now: NOW, unchecked });
      await ours.changeRoot(folder, { revoked: [{ role, id: old }] });
      expectSameRoots(5);
      await expectGoTufFollows();
    }
  });

  test('and go-tuf works on where we changed who signs', async () => {
    begin();
    const old = idOf(folder, 'timestamp');
    await ours.addNewKey(folder, 'timestamp', {}, { random: 'timestamp' });
    await ours.changeRoot(folder, { revoked: [{ role: 'timestamp', id: old }], added: [{ role: 'root', key: other }] });
    await ours.addNewKey(folder, 'snapshot', { thresholds: new Map([['snapshot', 2]]) }, { random: 'snapshot' });
    await peer.timestamp(folder, { now: NOW });
    await expectGoTufFollows();
    for (const role of ['root', 'timestamp'] as const) {
      await peer.rotate(folder, role, { now: NOW });
      await expectGoTufFollows();
    }
    expect(rootOf(folder)).toMatchObject({ version: 6, roles: { snapshot: { threshold: 2 } } });
    expect(rootOf(folder).roles.root.keyids).toContain(keyId(other.json)); // its private half is elsewhere
  });

  test('in a key file with a passphrase too', async () => {
    const [one, two] = [newPlace(), newPlace()];
    for (const place of [one, two]) await ours.init(place, { random: 'init', passphrases: WORDS });
    await ours.addNewKey(one, 'root', {}, { random: 'r', passphrases: WORDS });
    await peer.genKey(two, 'root', { now: NOW, random: 'r', passphrases: WORDS });
    expect(published(one, 'root.json')).toEqual(published(two, 'root.json'));
    expect(contentOf(one)['keys/root.json']).toBe(contentOf(two)['keys/root.json']);
  });
});
