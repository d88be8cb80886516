import { describe, expect, test } from '@jest/globals';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { rulesOf, type Case } from './cases.ts';
import { listKey, newRepository, type Repository } from './repository.ts';

const HEAL_WAITS = { outcome: 'skipped', code: 'HEAL_WAITS' } as const;
const HALF_A_CHECK = 1_800; // seconds
const YEAR = 366 * 86_400; // seconds

/** What nobody can verify is looked at twice, half a check apart. */
const secondLook = [
  { after: HALF_A_CHECK - 1, answers: HEAL_WAITS },
  { after: 1, answers: { outcome: 'signed', code: 'HEALED_GARBAGE', version: 5 } },
  { answers: { outcome: 'skipped', code: 'NOT_DUE' } },
] as const;

describe('a published timestamp that is wrong is replaced by one with a higher version', () => {
  const wrong: readonly Case[] = [
    {
      given: 'a timestamp that is missing (1)',
      arrange: (r) => {
        r.remove('timestamp.json');
      },
      answers: { outcome: 'signed', code: 'HEALED_MISSING', version: 5 },
      says: /timestamp\.json is missing/,
    },
    {
      given: 'an older timestamp of our own (7)',
      arrange: async (r) => {
        const old = r.copy();
        await signTwice(r);
        r.restore(old, 'timestamp.json');
      },
      answers: { outcome: 'signed', code: 'HEALED_ROLLBACK', version: 7 },
      says: /timestamp\.json has version 4 .*version 6 .* known/,
    },
    {
      given: 'the timestamp that ours was to replace (7)',
      arrange: async (r) => {
        const old = r.copy();
        await r.signed({ force: true });
        r.restore(old, 'timestamp.json');
      },
      answers: { outcome: 'signed', code: 'HEALED_UNPUBLISHED', version: 6 },
      says: /Version 5 was signed but not published/,
    },
    {
      given: "our own timestamp from before one of somebody else's that we saw",
      arrange: async (r) => {
        const old = r.copy();
        await r.publishTimestamp({ version: 40 });
        await r.run();
        r.restore(old, 'timestamp.json');
      },
      answers: { outcome: 'signed', code: 'HEALED_ROLLBACK', version: 41 },
      says: /timestamp\.json has version 4 .*version 40 /,
    },
    {
      given: 'other bytes with the version of ours, validly signed (8)',
      arrange: (r) => r.publishTimestamp({ version: 4 }),
      answers: { outcome: 'signed', code: 'HEALED_COLLISION', version: 5 },
      says: /timestamp\.json with version 4/,
      warns: [], // the code says it
    },
    {
      given: 'other bytes with the version of one of somebody else that we saw (8)',
      arrange: async (r) => {
        await r.publishTimestamp({ version: 5 });
        await r.run();
        r.pass(1);
        await r.publishTimestamp({ version: 5 });
      },
      answers: { outcome: 'signed', code: 'HEALED_COLLISION', version: 6 },
    },
    {
      given: 'a lower version that names a newer snapshot, as a publish from a stale copy leaves it (9)',
      arrange: (r) => r.publish({ timestamp: 2 }),
      answers: { outcome: 'signed', code: 'HEALED_ROLLBACK', version: 5 },
      says: /version 2 and names snapshot 3/,
      signsAgain: 1, // for clients that saw it beside a stale snapshot
      holds: (r) => {
        expect(r.client().snapshot.version).toBe(3);
      },
    },
    {
      given: 'a higher version that names an older snapshot while the newest is there',
      arrange: async (r) => {
        const old = r.signedOf('timestamp.json').meta;
        await r.publish();
        await r.run();
        await r.resign('timestamp.json', (signed) => {
          signed.version = 9;
          signed.meta = old;
        });
      },
      answers: { outcome: 'signed', code: 'HEALED_ROLLBACK', version: 10 },
      says: /version 9 and names snapshot 2.* snapshot 3 /,
      signsAgain: 1,
      holds: (r) => {
        expect(r.client().snapshot.version).toBe(3);
      },
    },
    {
      given: 'our own timestamp under a root that removed the key which signed it (17)',
      arrange: async (r) => {
        r.source.keys = [await r.rotateTimestampKey()];
      },
      answers: { outcome: 'signed', code: 'HEALED_ROOT_CHANGED', version: 5 },
      says: /root no longer lists the key that signed timestamp\.json/,
    },
    {
      given: "somebody else's timestamp that we saw, under a root that removed the key which signed it",
      arrange: async (r) => {
        await r.publish();
        await r.run();
        r.source.keys = [await r.rotateTimestampKey()];
      },
      answers: { outcome: 'signed', code: 'HEALED_ROOT_CHANGED', version: 6 },
      signsAgain: 1,
      holds: (r) => {
        expect(r.client().snapshot.version).toBe(3);
      },
    },
    {
      given: 'a timestamp that was deleted between our reading and our writing (18)',
      arrange: (r) => {
        r.pass(4 * 86_400);
        deleteBeforePut(r);
      },
      racing: true,
      signatures: 2,
      answers: { outcome: 'signed', code: 'HEALED_MISSING', version: 6 },
    },
  ];
  test.each(rulesOf(wrong))('$rule', ({ expectIt }) => expectIt());
});

describe('what nobody can verify and the journal does not know is replaced at the second look', () => {
  const garbage: readonly Case[] = [
    {
      given: 'a timestamp of 0 bytes (3)',
      arrange: (r) => {
        r.put('timestamp.json', '');
      },
      answers: HEAL_WAITS,
      says: /timestamp\.json is not JSON: it is empty/,
      later: secondLook,
    },
    {
      given: 'a timestamp cut in half (4)',
      arrange: (r) => {
        r.edit('timestamp.json', (text) => text.slice(0, text.length / 2));
      },
      answers: HEAL_WAITS,
      says: /timestamp\.json is not JSON/,
      later: secondLook,
    },
    {
      given: 'an error page in its place (5)',
      arrange: (r) => {
        r.put('timestamp.json', '<!doctype html><title>503 Service Unavailable</title>');
      },
      answers: HEAL_WAITS,
      says: /timestamp\.json is not JSON: a value is expected \(character 0\)/,
      later: secondLook,
    },
    {
      given: 'a timestamp with one signature bit flipped (6)',
      arrange: (r) => {
        r.flipSignature('timestamp.json');
      },
      answers: HEAL_WAITS,
      says: /timestamp\.json \(version 4\) has no valid signature/,
      later: secondLook,
    },
    {
      given: 'a higher version signed by a stranger',
      arrange: (r) => r.publishTimestamp({ version: 5_000, keys: [newEd25519Key()] }),
      answers: HEAL_WAITS,
      says: /timestamp\.json \(version 5000\) has no valid signature/,
      later: secondLook,
    },
    {
      given: 'a timestamp that a thief signed with the key which the new root removed (16)',
      arrange: async (r) => {
        const old = r.signedOf('timestamp.json').meta;
        await r.publish();
        await r.signed({ force: true });
        r.source.keys = [await r.rotateTimestampKey()];
        await r.publishTimestamp({ version: 900_000, change: (signed) => (signed.meta = old) });
      },
      answers: HEAL_WAITS,
      says: /timestamp\.json \(version 900000\) has no valid signature/,
      later: [{ after: HALF_A_CHECK, answers: { outcome: 'signed', code: 'HEALED_GARBAGE', version: 7 } }],
      holds: (r) => {
        expect(r.client()).toMatchObject({ timestamp: { version: 7 }, snapshot: { version: 3 } });
      },
    },
    {
      given: 'a timestamp signed by fewer keys than the new root asks for',
      arrange: async (r) => {
        const second = newEd25519Key();
        await r.publishRoot((root) => {
          listKey(root, 'timestamp', r.keys.timestamp, second);
          root.roles.timestamp!.threshold = 2;
        });
        r.source.keys = [r.keys.timestamp, second];
        await r.publishTimestamp({ version: 5_000 });
      },
      answers: HEAL_WAITS,
      says: /timestamp\.json \(version 5000\) is signed by 1 different keys of the role timestamp; it takes 2/,
      later: secondLook.slice(0, 2),
    },
    {
      given: 'garbage that is forced',
      arrange: (r) => {
        r.flipSignature('timestamp.json');
      },
      wish: { force: true },
      answers: { outcome: 'signed', code: 'HEALED_GARBAGE', version: 5 },
    },
    {
      given: 'garbage in place of which the good timestamp comes back',
      arrange: (r) => {
        r.flipSignature('timestamp.json');
      },
      answers: HEAL_WAITS,
      later: [
        {
          after: HALF_A_CHECK,
          arrange: (r) => {
            r.flipSignature('timestamp.json');
          },
          answers: { outcome: 'skipped', code: 'NOT_DUE', version: 4 },
        },
        // Garbage that comes again is looked at twice again.
        {
          after: HALF_A_CHECK,
          arrange: (r) => {
            r.flipSignature('timestamp.json');
          },
          answers: HEAL_WAITS,
        },
      ],
    },
  ];
  test.each(rulesOf(garbage))('$rule', ({ expectIt }) => expectIt());
});

describe('what somebody else validly signed counts, within bounds', () => {
  const foreign: readonly Case[] = [
    {
      given: 'a timestamp that expired a year ago (11)',
      arrange: (r) => {
        r.pass(YEAR + 14 * 86_400);
      },
      answers: { outcome: 'signed', code: 'SIGNED', version: 5 },
      warns: [],
    },
    {
      given: "somebody else's timestamp that has expired (11)",
      arrange: (r) => r.publishTimestamp({ change: (signed) => (signed.expires = '2025-11-24T00:00:00Z') }),
      answers: { outcome: 'signed', code: 'SIGNED', version: 6 },
      warns: ['FOREIGN_TIMESTAMP'],
    },
    {
      given: 'a timestamp that expires in 2099 (12)',
      arrange: (r) => r.publishTimestamp({ change: (signed) => (signed.expires = '2099-01-01T00:00:00Z') }),
      answers: { outcome: 'signed', code: 'SIGNED', version: 6 },
      warns: ['FOREIGN_TIMESTAMP', 'LONG_LIVED_FOREIGN'],
    },
    {
      given: 'one that lives longer than ours would, within the bound',
      arrange: (r) => r.publishTimestamp({ change: (signed) => (signed.expires = '2026-12-20T00:00:00Z') }),
      wish: { force: true },
      answers: { outcome: 'signed', code: 'SIGNED', version: 6 },
      warns: ['FOREIGN_TIMESTAMP', 'SHORTER_THAN_CURRENT'],
    },
    {
      given: 'a version 1,001 ahead, forced (13)',
      arrange: (r) => r.publishTimestamp({ version: 1_005 }),
      wish: { force: true },
      answers: { outcome: 'signed', code: 'SIGNED', version: 1_006 },
      warns: ['FOREIGN_TIMESTAMP', 'VERSION_JUMPED'],
    },
    {
      given: 'a version 1,000 ahead, forced',
      arrange: (r) => r.publishTimestamp({ version: 1_004 }),
      wish: { force: true },
      answers: { outcome: 'signed', code: 'SIGNED', version: 1_005 },
      warns: ['FOREIGN_TIMESTAMP'],
    },
    {
      given: 'a version as far ahead as is allowed, forced',
      arrange: (r) => r.publishTimestamp({ version: 1_000_004 }),
      wish: { force: true },
      answers: { outcome: 'signed', code: 'SIGNED', version: 1_000_005 },
    },
    {
      given: 'a version one further (14)',
      arrange: (r) => r.publishTimestamp({ version: 1_000_005 }),
      answers: { outcome: 'refused', code: 'VERSION_JUMP' },
      says: /timestamp\.json has version 1000005; 4 is the highest known/,
    },
    {
      given: 'the last version that can be written exactly (15)',
      arrange: (r) => r.publishTimestamp({ version: Number.MAX_SAFE_INTEGER }),
      answers: { outcome: 'refused', code: 'VERSION_EXHAUSTED' },
      says: /timestamp\.json has version 9007199254740991/,
    },
    {
      given: 'the first version that leaves no room',
      arrange: (r) => {
        r.policy = { ...r.policy, maxVersionJump: Number.MAX_SAFE_INTEGER };
        return r.publishTimestamp({ version: 2 ** 53 - 1 - 2 ** 20 });
      },
      answers: { outcome: 'refused', code: 'VERSION_EXHAUSTED' },
      says: /timestamp\.json has version 9007199253692415/,
    },
    {
      given: 'the last version that leaves room, forced',
      arrange: (r) => {
        r.policy = { ...r.policy, maxVersionJump: Number.MAX_SAFE_INTEGER };
        return r.publishTimestamp({ version: 2 ** 53 - 2 - 2 ** 20 });
      },
      wish: { force: true },
      answers: { outcome: 'signed', code: 'SIGNED', version: 2 ** 53 - 1 - 2 ** 20 },
      later: [{ answers: { outcome: 'refused', code: 'VERSION_EXHAUSTED' } }],
    },
  ];
  test.each(rulesOf(foreign))('$rule', ({ expectIt }) => expectIt());
});

describe('both the timestamp and the snapshot put back', () => {
  const back: readonly Case[] = [
    {
      given: 'a lower version with the older snapshot that it names (10)',
      arrange: async (r) => {
        const old = r.copy();
        await r.publish();
        await r.signed({ force: true });
        r.restore(old, 'timestamp.json', 'snapshot.json', 'targets.json');
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_ROLLBACK' },
      says: /snapshot\.json has version 2; version 3 is endorsed/,
    },
  ];
  test.each(rulesOf(back))('$rule', ({ expectIt }) => expectIt());
});

test('a timestamp whose key the new root removed still stands in the outcome, as clients without that root take it', async () => {
  const r = await newRepository();
  await r.rotateTimestampKey();
  const outcome = await r.run();
  expect(outcome).toMatchObject({ code: 'KEY_NOT_IN_ROOT', version: 4, expires: '2026-12-08T00:00:00Z' });
});

test('a timestamp that nobody can verify has no version in the outcome, although the journal knows one', async () => {
  const r = await newRepository();
  r.flipSignature('timestamp.json');
  const none = { version: null, expires: null, effectiveExpiry: null };
  expect(await r.run()).toMatchObject({ code: 'HEAL_WAITS', ...none });
});

async function signTwice(r: Repository): Promise<void> {
  await r.signed({ force: true });
  r.pass(3_600);
  await r.signed({ force: true });
}

function deleteBeforePut(r: Repository): void {
  r.hosting.before = ({ do: what }) => {
    if (what !== 'putIf') return;
    r.remove('timestamp.json');
    r.hosting.before = () => undefined;
  };
}
