import { describe, expect, test } from '@jest/globals';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { rulesOf, type Case } from './cases.ts';
import { newRepository } from './repository.ts';
import { entryOf, publicJson, idOf } from './signing.ts';

const DAY = 86_400; // seconds
const force = { force: true };
const signed = { outcome: 'signed', code: 'SIGNED', version: 5 } as const;
const versionOnly = (_bytes: Uint8Array, version: number) => ({ version });

describe('only the snapshot that is endorsed is signed over', () => {
  const snapshots: readonly Case[] = [
    {
      given: 'a snapshot that is missing (63)',
      arrange: (r) => {
        r.remove('snapshot.json');
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_MISSING' },
      says: /snapshot\.json is missing; version 2/,
    },
    {
      given: 'one space added to the snapshot (64)',
      arrange: (r) => {
        r.edit('snapshot.json', (text) => `${text} `);
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_MISMATCH' },
      says: /snapshot\.json \(version 2\) is not the endorsed one: it has \d+ bytes, not \d+/,
    },
    {
      given: 'another snapshot of the same version and length, validly signed',
      arrange: (r) => r.resign('snapshot.json', (one) => (one.expires = one.expires.replace(/..Z/, '01Z'))),
      answers: { outcome: 'refused', code: 'SNAPSHOT_MISMATCH' },
      says: /snapshot\.json \(version 2\) is not the endorsed one: it has another sha512 hash/,
    },
    {
      given: 'an older snapshot put back (65)',
      arrange: async (r) => {
        const old = r.copy();
        await r.publish();
        await r.signed({ force: true });
        r.restore(old, 'snapshot.json', 'targets.json');
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_ROLLBACK' },
      says: /snapshot\.json has version 2; version 3 is endorsed/,
    },
    {
      given: 'a newer snapshot that no timestamp names yet (66)',
      arrange: async (r) => {
        await r.publishTargets();
        await r.publishSnapshot();
      },
      answers: { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' },
      says: /snapshot\.json has version 3, but no timestamp names it; version 2 is endorsed/,
      later: [
        { after: 7_199, wish: force, answers: { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' } },
        { after: 1, answers: { outcome: 'refused', code: 'SNAPSHOT_NOT_ENDORSED' } },
        { arrange: (r) => r.publishTimestamp(), answers: { outcome: 'skipped', code: 'NOT_DUE', version: 5 } },
      ],
    },
    {
      given: 'a newer snapshot beside a missing timestamp',
      arrange: async (r) => {
        await r.publishSnapshot();
        r.remove('timestamp.json');
      },
      answers: { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' },
      says: /snapshot\.json has version 3/,
      later: [{ after: 7_200, answers: { outcome: 'refused', code: 'SNAPSHOT_NOT_ENDORSED' } }],
    },
    {
      given: 'other bytes of the same version where the timestamp gives the version only (67)',
      options: { entry: versionOnly },
      arrange: (r) => r.resign('snapshot.json', (one) => (one.expires = '2029-01-01T00:00:00Z')),
      answers: { outcome: 'refused', code: 'EQUIVOCATION' },
      says: /snapshot\.json has version 2 like the one that is known, but other contents/,
    },
    {
      given: "somebody else's timestamp that gives another hash to the version that is endorsed",
      arrange: async (r) => {
        await r.resign('snapshot.json', (one) => (one.expires = '2029-01-01T00:00:00Z'));
        await r.publishTimestamp();
      },
      answers: { outcome: 'refused', code: 'EQUIVOCATION' },
      says: /timestamp\.json names snapshot version 2 with another hash/,
    },
    {
      given: 'a snapshot signed by a stranger',
      arrange: (r) => r.resign('snapshot.json', () => undefined, [newEd25519Key()]),
      answers: { outcome: 'refused', code: 'SIGNATURE_INVALID' },
      says: /snapshot\.json \(version 2\) has no valid signature of the role snapshot/,
    },
    {
      given: 'a snapshot signed by fewer keys than the new root asks for',
      arrange: (r) => {
        const second = newEd25519Key();
        return r.publishRoot((root) => {
          root.keys[idOf(second)] = publicJson(second);
          root.roles.snapshot = { keyids: [...root.roles.snapshot!.keyids, idOf(second)], threshold: 2 };
        });
      },
      answers: { outcome: 'refused', code: 'THRESHOLD_NOT_MET' },
      says: /snapshot\.json \(version 2\) is signed by 1 different keys of the role snapshot; it takes 2/,
    },
    {
      given: "another repository's valid files in this one's place (74)",
      arrange: async (r) => {
        const other = await newRepository({ consistent: false });
        for (const file of ['timestamp.json', 'snapshot.json', 'targets.json']) r.put(file, other.bytes(file));
      },
      answers: { outcome: 'refused', code: 'SIGNATURE_INVALID' },
      says: /snapshot\.json \(version 2\) has no valid signature of the role snapshot/,
    },
    {
      given: 'a snapshot that has expired (69)',
      arrange: (r) => {
        r.pass(1_001 * DAY);
      },
      answers: signed,
      warns: ['SNAPSHOT_EXPIRED'],
      client: 'METADATA_EXPIRED',
    },
    {
      given: 'a snapshot that expires within a month',
      arrange: (r) => {
        r.pass(980 * DAY);
      },
      answers: signed,
      warns: ['SNAPSHOT_EXPIRES_SOON'],
    },
    {
      given: 'targets metadata that are missing, which are not even asked for (70)',
      arrange: (r) => {
        r.remove('targets.json');
      },
      wish: force,
      answers: signed,
      holds: (r) => {
        expect(r.log).not.toContain('hosting get targets.json');
        expect(r.clientRefuses(new Map([['root.json', r.bytes('1.root.json')]]))).toBe('TARGETS_MISSING');
      },
    },
  ];
  test.each(rulesOf(snapshots))('$rule', ({ expectIt }) => expectIt());
});

describe('the entry of the endorsed snapshot stays as it is', () => {
  test.each([
    { given: 'the version only', entry: versionOnly },
    { given: 'SHA-512 only', entry: withOnly('sha512') },
    { given: 'SHA-256 only', entry: withOnly('sha256') },
    { given: 'length, two hashes and one that we cannot check', entry: withUnknown },
  ])('keeps $given', async ({ entry }) => {
    const r = await newRepository({ entry });
    expect(await r.signed(force)).toMatchObject({ version: 5 });
    const expected = entry(r.bytes('snapshot.json'), 2);
    expect(JSON.stringify(r.signedOf('timestamp.json').meta)).toBe(JSON.stringify({ 'snapshot.json': expected }));
  });
});

function withOnly(algorithm: 'sha256' | 'sha512') {
  return (bytes: Uint8Array, version: number) => ({
    version,
    hashes: { [algorithm]: entryOf(bytes, version).hashes![algorithm]! },
  });
}

function withUnknown(bytes: Uint8Array, version: number) {
  const entry = entryOf(bytes, version);
  return { ...entry, hashes: { 'blake2b-256': '00', ...entry.hashes } };
}
