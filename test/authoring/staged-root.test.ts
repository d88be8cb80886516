import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readStagedRoot, signStaged, stagedFile, tally } from '../../lib/authoring/staged-root.ts';
import { readKeyFile } from '../../lib/keys/key-file.ts';
import type { PrivateKey } from '../../lib/keys/private-key.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { parseJson, type JsonObject } from '../../lib/tuf/json.ts';
import { parseKey, type PublicKey } from '../../lib/tuf/key.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { parseRoot } from '../../lib/tuf/root.ts';
import { Client } from '../cli/working-copy.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { Role } from '../peers/go-tuf.ts';
import { OTHER_KEYS } from './public-keys.ts';
import { contentOf, NOW, ours } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'staged-root-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const now = parseInstant(NOW, 'now');
const published = (folder: string, name: string) => readFileSync(join(folder, 'repository', name));
const rootOf = (folder: string) => parseRoot(published(folder, 'root.json'));

function keysIn(folder: string, role: Role = 'root'): readonly PrivateKey[] {
  const file = readKeyFile(readFileSync(join(folder, 'keys', `${role}.json`)), 'keys/root.json');
  return file.is === 'plain' ? file.keys : [];
}

/** What a holder does, who knows the newest root and has his own key file. */
async function signed(bytes: Uint8Array, holder: string, knows = folder): Promise<Uint8Array> {
  const staged = readStagedRoot(bytes, 'next-root.json', rootOf(knows), now);
  return stagedFile(await signStaged(staged, keysIn(holder), 'keys/root.json'));
}

/** Of the key in somebody's key file, as a root lists it. */
function publicHalf(holder: string): string {
  const keyval = keysIn(holder)[0]?.publicKey.json.get('keyval') as ReadonlyMap<string, string>;
  return keyval.get('public')!;
}

interface Signed {
  readonly keys: Record<string, Record<string, unknown>>;
  readonly roles: Record<string, { readonly keyids: string[]; readonly threshold: number }>;
}

/** A change of what a staged root says, as one of its text. */
const inSigned = (change: (signed: Signed) => void) => (text: string) => {
  const file = JSON.parse(text) as { readonly signed: Signed };
  change(file.signed);
  return JSON.stringify(file);
};

/** Under a second id, which is right for what is written there: go-tuf counts by ids. */
function listAliceTwice({ keys, roles }: Signed): void {
  const listed = keys[keyId(keysIn(holders.alice)[0]!.publicKey.json)]!;
  const key = Object.fromEntries(Object.entries(listed).filter(([name]) => name !== 'keyid_hash_algorithms'));
  const id = keyId(parseJson(Buffer.from(JSON.stringify(key)), 'a key') as JsonObject);
  keys[id] = key;
  roles.root!.keyids.push(id);
}

/** Changes the text of a staged root. */
const edited = (bytes: Uint8Array, change: (text: string) => string) => Buffer.from(change(Buffer.from(bytes).toString())); // prettier-ignore

let original: string;
let folder: string;
let remembering: Client;
const holders = { alice: newPlace(), bob: newPlace(), carol: newPlace() };
const stranger = newPlace();

/** A root that takes two of three holders, none of whom has another one's key; the keys of the other roles are at home. */
beforeAll(async () => {
  original = newPlace();
  await ours.init(original, { random: 'init' });
  for (const [name, holder] of Object.entries(holders)) await ours.generateKey(holder, 'root', { random: name });
  await ours.generateKey(stranger, 'root', { random: 'stranger' });
  const keys = Object.values(holders).map((holder) => keysIn(holder)[0]!.publicKey);
  const staged = await ours.stageRoot(original, {
    added: keys.map((key) => ({ role: 'root', key })),
    revoked: rootOf(original).roles.root.keyids.map((id) => ({ role: 'root', id })),
    thresholds: new Map([['root', 2]]),
  });
  folder = original;
  const first = await signed(stagedFile(staged), original); // the old key, and two of the new ones
  await ours.publishRoot(original, [await signed(await signed(first, holders.alice), holders.bob)]);
  rmSync(join(original, 'keys', 'root.json'));
});
beforeEach(() => {
  folder = newPlace();
  cpSync(original, folder, { recursive: true });
  remembering = new Client(published(folder, '1.root.json'));
  remembering.update(join(folder, 'repository'));
});

const kms = OTHER_KEYS[1].publicKey;
const stagedKey = async () => stagedFile(await ours.stageRoot(folder, { added: [{ role: 'timestamp', key: kms }] }));

function expectFollowed(version: number): void {
  expect(remembering.update(join(folder, 'repository')).root.version).toBe(version);
  expect(new Client(published(folder, '1.root.json')).update(join(folder, 'repository')).root.version).toBe(version);
}

describe('a root that takes two of three holders', () => {
  test('is staged without any key, and nothing is published by it', async () => {
    const before = contentOf(folder);
    const bytes = await stagedKey();
    expect(parseRoot(bytes)).toMatchObject({ version: 3, signatures: [] });
    expect(contentOf(folder)).toEqual(before);
  });

  test.each([
    { order: 'Alice, then Bob', names: ['alice', 'bob'] },
    { order: 'Bob, then Alice', names: ['bob', 'alice'] },
    { order: 'Carol, then Bob, then Alice', names: ['carol', 'bob', 'alice'] },
  ] as const)('is published once they have signed in turn: $order', async ({ names }) => {
    let bytes: Uint8Array = await stagedKey();
    for (const name of names) bytes = await signed(bytes, holders[name]);
    const changed = await ours.publishRoot(folder, [bytes]);

    expect(changed?.again).toEqual([]);
    expect(rootOf(folder).roles.timestamp.keyids).toContain(keyId(kms.json));
    expect(published(folder, '3.root.json')).toEqual(published(folder, 'root.json'));
    const ids = parseRoot(published(folder, 'root.json')).signatures.map(({ keyid }) => keyid);
    expect(ids).toHaveLength(names.length);
    expect(ids).toEqual(ids.toSorted());
    expectFollowed(3);
  });

  test('is published from copies that each has signed for himself, in any order, to the same bytes', async () => {
    const staged = await stagedKey();
    const copies = [await signed(staged, holders.carol), await signed(staged, holders.alice)] as const;
    await ours.publishRoot(folder, copies);
    const bytes = published(folder, 'root.json');
    expectFollowed(3);

    folder = newPlace();
    cpSync(original, folder, { recursive: true });
    await ours.publishRoot(folder, [copies[1], copies[0], staged, copies[1]]);
    expect(published(folder, 'root.json')).toEqual(bytes);
  });

  test('is published with what has to be signed again, by the keys of those roles alone', async () => {
    for (const role of ['targets', 'snapshot']) rmSync(join(folder, 'keys', `${role}.json`));
    const key = await ours.generateKey(folder, 'timestamp', { random: 'new' });
    const old = rootOf(folder).roles.timestamp.keyids[0]!;
    const staged = await ours.stageRoot(folder, { added: [{ role: 'timestamp', key }], revoked: [{ role: 'timestamp', id: old }] }); // prettier-ignore
    const bytes = await signed(await signed(stagedFile(staged), holders.alice), holders.bob);
    const changed = await ours.publishRoot(folder, [bytes]);
    expect(changed?.again).toEqual(['timestamp']);
    expectFollowed(3);
  });

  test('signed twice by one holder is signed once', async () => {
    const once = await signed(await stagedKey(), holders.alice);
    expect(await signed(once, holders.alice)).toEqual(once);
    await expect(ours.publishRoot(folder, [once, once])).rejects.toMatchObject({ code: 'THRESHOLD_NOT_MET' });
  });

  test('says who has signed and who is missing, by the old root and by the new', async () => {
    const key = keysIn(stranger)[0]!.publicKey;
    const staged = await ours.stageRoot(folder, { added: [{ role: 'root', key }], thresholds: new Map([['root', 3]]) });
    const id = keyId(keysIn(holders.alice)[0]!.publicKey.json);
    expect(tally(staged, [id])).toMatchObject([
      { version: 2, threshold: 2, signed: [id], isReached: false },
      { version: 3, threshold: 3, signed: [id], isReached: false },
    ]);
    const bytes = await signed(await signed(stagedFile(staged), holders.alice), holders.bob);
    const refused = { code: 'THRESHOLD_NOT_MET', message: expect.stringMatching(/of the root keys of version 3 it has 2, and takes 3/) }; // prettier-ignore
    await expect(ours.publishRoot(folder, [bytes])).rejects.toMatchObject(refused);
    await ours.publishRoot(folder, [bytes, await signed(stagedFile(staged), stranger)]);
    expectFollowed(3);
  });

  test('counts a holder whose key gets another id, by the old root and by the new', async () => {
    const { json } = keysIn(holders.alice)[0]!.publicKey;
    const old = keyId(json);
    const key = parseKey(new Map([...json].filter(([name]) => name !== 'keyid_hash_algorithms')), 'a key') as PublicKey;
    const staged = await ours.stageRoot(folder, { revoked: [{ role: 'root', id: old }], added: [{ role: 'root', key }] }); // prettier-ignore
    await ours.publishRoot(folder, [await signed(await signed(stagedFile(staged), holders.alice), holders.bob)]);
    expectFollowed(3);
  });

  test('that is published already is no error: the command may be run again', async () => {
    const bytes = await signed(await signed(await stagedKey(), holders.alice), holders.bob);
    await ours.publishRoot(folder, [bytes]);
    const before = contentOf(folder);
    expect(await ours.publishRoot(folder, [bytes])).toBeUndefined();
    expect(contentOf(folder)).toEqual(before);
  });
});

describe('nothing is signed and nothing published', () => {
  test('by a key that is no root key', async () => {
    const refused = signed(await stagedKey(), stranger);
    await expect(refused).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('no key that is a root key of version 2 or of version 3') }); // prettier-ignore
  });

  test('of a file that is to follow another root than the one that is trusted', async () => {
    const stale = await stagedKey();
    const bytes = await signed(await signed(await stagedKey(), holders.alice), holders.bob);
    await ours.publishRoot(folder, [bytes]);
    const refused = { code: 'STAGED_ROOT_REFUSED', message: expect.stringContaining('has version 3, and version 4 is what follows') }; // prettier-ignore
    await expect(signed(edited(stale, (text) => text.replace('2036-', '2037-')), holders.alice)).rejects.toMatchObject(refused); // prettier-ignore
    const other = edited(stale, (text) => text.replace('2036-', '2037-'));
    await expect(ours.publishRoot(folder, [other])).rejects.toMatchObject(refused);
  });

  const changes: readonly { change: string; edit: (text: string) => string }[] = [
    { change: 'the expiry', edit: (text) => text.replace('2036-', '2035-') },
    { change: 'a threshold', edit: (text) => text.replace('"threshold":2', '"threshold":1') },
    { change: 'the specification', edit: (text) => text.replace('"spec_version":"1.0"', '"spec_version":"1.0.1"') },
    { change: 'a field that nobody knows', edit: (text) => text.replace('"signed":{', '"signed":{"x":1,') },
    { change: 'a signature', edit: (text) => text.replace(/"sig":"(.)/, (_, digit) => `"sig":"${digit === '0' ? '1' : '0'}`) }, // prettier-ignore
  ];
  test.each(changes)('of a file in which $change was changed after a holder signed', async ({ edit }) => {
    const bytes = edited(await signed(await stagedKey(), holders.alice), edit);
    const refused = { code: 'STAGED_ROOT_REFUSED', message: expect.stringMatching(/is not what the holder of the key .* signed/) }; // prettier-ignore
    await expect(signed(bytes, holders.bob)).rejects.toMatchObject(refused);
    await expect(ours.publishRoot(folder, [bytes])).rejects.toMatchObject(refused);
  });

  test('of any file in which one byte of what is signed was changed after a holder signed', async () => {
    const bytes = Buffer.from(await signed(await stagedKey(), holders.alice));
    const end = bytes.indexOf('"signatures"');
    for (let at = 0; at < end; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      const outcome = await signed(changed, holders.bob).then(
        () => 'signed',
        (error: unknown) => (error as Error).name,
      );
      expect({ at, outcome }).toEqual({ at, outcome: 'RefusalError' });
    }
  });

  test.each([
    { given: 'another key under the id of one', edit: (text: string) => text.replace(publicHalf(holders.alice), publicHalf(stranger)), says: /which is not that key's id/ }, // prettier-ignore
    { given: 'a threshold that its keys do not reach', edit: (text: string) => text.replace('"threshold":2', '"threshold":4'), says: /would need 4 signatures, and have 3 keys/ }, // prettier-ignore
    { given: 'consistent snapshots all at once', edit: (text: string) => text.replace('"consistent_snapshot":false', '"consistent_snapshot":true'), says: /changes consistent_snapshot/ }, // prettier-ignore
    { given: 'an expiry that is past', edit: (text: string) => text.replace('2036-', '2016-'), says: /has expired/ },
    { given: 'a holder listed twice', edit: inSigned(listAliceTwice), says: /The role root lists one key twice/ },
    { given: 'a key taken out of sight', edit: inSigned(({ keys }) => { Reflect.deleteProperty(keys, keyId(keysIn(holders.bob)[0]!.publicKey.json)); }), says: /lists the key [0-9a-f]+, which is not there/ }, // prettier-ignore
    { given: 'a fifth role', edit: inSigned(({ roles }) => { roles.mirrors = { keyids: [], threshold: 1 }; }), says: /mirrors/ }, // prettier-ignore
  ])('of a file with $given', async ({ edit, says }) => {
    const bytes = edited(await stagedKey(), edit);
    const refused = { code: 'STAGED_ROOT_REFUSED', message: expect.stringMatching(says) };
    await expect(signed(bytes, holders.alice)).rejects.toMatchObject(refused);
    await expect(ours.publishRoot(folder, [bytes])).rejects.toMatchObject(refused);
  });

  test('of copies that are not the same root', async () => {
    const [one, two] = [await stagedKey(), stagedFile(await ours.stageRoot(folder))];
    const refused = ours.publishRoot(folder, [await signed(one, holders.alice), await signed(two, holders.bob)]);
    await expect(refused).rejects.toMatchObject({ code: 'STAGED_ROOT_REFUSED', message: expect.stringContaining('is another root than') }); // prettier-ignore
  });

  test('of a file that somebody signed whose key no root lists', async () => {
    const id = keyId(keysIn(stranger)[0]!.publicKey.json);
    const bytes = edited(await signed(await stagedKey(), holders.alice), (text) => text.replace(/"keyid":"[0-9a-f]{64}"/, `"keyid":"${id}"`)); // prettier-ignore
    await expect(ours.publishRoot(folder, [bytes])).rejects.toMatchObject({ code: 'STAGED_ROOT_REFUSED', message: expect.stringContaining('a root key neither of version 2 nor of version 3') }); // prettier-ignore
  });
});

await describeWithGoTuf('a client of go-tuf v0.5.2', (peer) => {
  test('follows every root of the ceremony, from the first and with a memory', async () => {
    const [begun, remembers] = [newPlace(), newPlace()];
    for (const state of [begun, remembers]) await peer.clientInit(state, join(folder, 'repository', '1.root.json'));
    await peer.clientUpdate(remembers, join(original, 'repository'), { now: NOW });
    for (const [index, { publicKey }] of OTHER_KEYS.entries()) {
      const staged = stagedFile(await ours.stageRoot(folder, { added: [{ role: 'timestamp', key: publicKey }] }));
      await ours.publishRoot(folder, [await signed(staged, holders.alice), await signed(staged, holders.carol)]);
      const { ok, versions } = await peer.clientUpdate(remembers, join(folder, 'repository'), { now: NOW });
      expect({ ok, root: versions.root }).toEqual({ ok: true, root: 3 + index });
    }
    const { ok, versions } = await peer.clientUpdate(begun, join(folder, 'repository'), { now: NOW });
    expect({ ok, root: versions.root }).toEqual({ ok: true, root: 5 });
  });
});
