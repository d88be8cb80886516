import { describe, expect, test } from '@jest/globals';
import { FailureError } from '../../lib/contract/errors.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { enroll } from '../../lib/refresh/enroll.ts';
import { rulesOf, type Case } from './cases.ts';
import { listKey, newRepository, type Repository } from './repository.ts';
import { idOf, publicJson } from './signing.ts';

const force = { force: true };
const signed = { outcome: 'signed', code: 'SIGNED', version: 5 } as const;

describe('a new root is followed only along the chain of signatures', () => {
  const other = newEd25519Key();
  const chain: readonly Case[] = [
    {
      given: 'a new root signed by the old keys and its own',
      arrange: (r) =>
        r.publishRoot(
          (root) => {
            listKey(root, 'root', other);
          },
          [r.keys.root, other],
        ),
      wish: force,
      answers: signed,
      warns: [],
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1, 2]);
        expect(r.client().root.version).toBe(2);
      },
    },
    {
      given: 'root version 3 without version 2, which no client finds (47)',
      arrange: (r) => r.publishRoot((root) => (root.version = 3), [r.keys.root], '3.root.json'),
      wish: force,
      answers: signed,
      warns: [],
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1]);
      },
    },
    {
      given: 'a new root signed by the old keys only (48)',
      arrange: (r) =>
        r.publishRoot((root) => {
          listKey(root, 'root', other);
        }),
      answers: { outcome: 'refused', code: 'ROOT_INVALID' },
      says: /2\.root\.json is not signed by a threshold of its own root keys/,
      holds: noneKept,
    },
    {
      given: 'a new root signed by its own keys only (49)',
      arrange: (r) =>
        r.publishRoot(
          (root) => {
            listKey(root, 'root', other);
          },
          [other],
        ),
      answers: { outcome: 'refused', code: 'ROOT_INVALID' },
      says: /2\.root\.json is not signed by a threshold of the root keys of version 1/,
      holds: noneKept,
    },
    {
      given: 'a 2.root.json with version 3 inside (50)',
      arrange: (r) => r.publishRoot((root) => (root.version = 3), [r.keys.root], '2.root.json'),
      answers: { outcome: 'refused', code: 'ROOT_INVALID' },
      says: /2\.root\.json has version 3, not 2/,
      holds: noneKept,
    },
    {
      given: 'a 2.root.json that is the root we have',
      arrange: (r) => {
        r.put('2.root.json', r.bytes('1.root.json'));
      },
      answers: { outcome: 'refused', code: 'ROOT_INVALID' },
      says: /2\.root\.json has version 1, not 2/,
    },
    {
      given: 'a good root and a bad one behind it: the good one is kept first',
      arrange: async (r) => {
        await r.publishRoot();
        await r.publishRoot(undefined, [other]);
      },
      answers: { outcome: 'refused', code: 'ROOT_INVALID' },
      says: /3\.root\.json/,
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1, 2]);
      },
    },
    {
      given: 'a bad root that is put right',
      arrange: (r) => r.publishRoot(undefined, [other]),
      answers: { outcome: 'refused', code: 'ROOT_INVALID' },
      says: /2\.root\.json/,
      later: [
        {
          arrange: async (r) => {
            r.put('root.json', r.bytes('1.root.json'));
            await r.publishRoot();
          },
          wish: force,
          answers: signed,
        },
      ],
    },
    {
      given: '33 new roots, of which one run keeps 32 (56)',
      arrange: async (r) => {
        for (let root = 0; root < 33; root++) await r.publishRoot();
      },
      answers: { outcome: 'failed', code: 'TOO_MANY_ROOTS' },
      says: /More than 32 new roots.*version 33 is kept/,
      later: [{ wish: force, answers: signed }],
      holds: (r) => {
        expect(keptRoots(r)).toHaveLength(34);
      },
    },
    {
      given: '32 new roots',
      arrange: async (r) => {
        for (let root = 0; root < 32; root++) await r.publishRoot();
      },
      wish: force,
      answers: signed,
    },
    {
      given: 'a new root of 513 KB (57)',
      arrange: (r) => r.publishRoot((root) => (root.x = 'x'.repeat(513_000))),
      answers: { outcome: 'refused', code: 'TOO_LARGE' },
      says: /2\.root\.json is larger than 512000 bytes/,
    },
    {
      given: 'a storage that will not say whether there is a new root (58)',
      arrange: (r) => {
        failReading(r, '2.root.json', new FailureError('ACCESS_DENIED', '2.root.json may not be read.'));
      },
      answers: { outcome: 'failed', code: 'ROOT_PROBE' },
      says: /Whether 2\.root\.json exists could not be found out: 2\.root\.json may not be read\.$/,
    },
    {
      given: 'a storage that does not answer when asked for the root after a new one',
      arrange: async (r) => {
        await r.publishRoot();
        failReading(r, '3.root.json', new FailureError('STORE_UNREACHABLE', 'No answer.'));
      },
      answers: { outcome: 'failed', code: 'ROOT_PROBE' },
      says: /Whether 3\.root\.json exists/,
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1, 2]);
      },
    },
    {
      given: 'a good root and one of 513 KB behind it: the good one is kept first',
      arrange: async (r) => {
        await r.publishRoot();
        await r.publishRoot((root) => (root.x = 'x'.repeat(513_000)));
      },
      answers: { outcome: 'refused', code: 'TOO_LARGE' },
      says: /3\.root\.json is larger than 512000 bytes/,
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1, 2]);
      },
    },
  ];
  test.each(rulesOf(chain))('$rule', ({ expectIt }) => expectIt());
});

describe('a root that was seen is never unseen', () => {
  const hidden: readonly Case[] = [
    {
      given: 'a root that is hidden after we saw it (51)',
      arrange: async (r) => {
        await r.publishRoot();
        await r.run();
        r.remove('2.root.json', 'root.json');
      },
      wish: force,
      answers: signed,
      warns: ['ROOT_HIDDEN'],
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1, 2]);
      },
    },
    {
      given: 'another root of the version that we saw',
      arrange: async (r) => {
        const old = r.copy();
        await r.publishRoot();
        await r.run();
        r.restore(old, 'root.json');
        await r.publishRoot((root) => (root.x = 1));
      },
      wish: force,
      answers: signed,
      warns: ['ROOT_HIDDEN'],
    },
    {
      given: 'something too large to be read in place of the root that we keep',
      arrange: (r) => {
        r.put('1.root.json', ' '.repeat(512_001));
      },
      wish: force,
      answers: signed,
      warns: ['ROOT_HIDDEN'],
    },
    {
      given: 'a root without our key, also when it is hidden again (52)',
      arrange: (r) =>
        r.publishRoot((root) => {
          listKey(root, 'timestamp', newEd25519Key());
        }),
      answers: { outcome: 'refused', code: 'KEY_NOT_IN_ROOT' },
      says: /Root version 2 does not list our key for the timestamp role; it lists [\da-f]{16}/,
      later: [
        {
          arrange: (r) => {
            r.remove('2.root.json');
          },
          answers: { outcome: 'refused', code: 'KEY_NOT_IN_ROOT' },
        },
      ],
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1, 2]);
        expect(r.source.openings).toBe(0);
      },
    },
    {
      given: 'a key file whose new key the root does not list',
      arrange: (r) => {
        r.source.keys = [newEd25519Key()];
      },
      wish: force,
      opens: true,
      answers: { outcome: 'refused', code: 'KEY_NOT_IN_ROOT' },
      says: /Root version 1 does not list our key/,
      later: [
        {
          arrange: (r) => {
            r.source.keys = [newEd25519Key(), r.keys.timestamp];
          },
          wish: force,
          answers: signed,
        },
      ],
    },
  ];
  test.each(rulesOf(hidden))('$rule', ({ expectIt }) => expectIt());
});

test('a root that was kept is not unseen, although an older chain is put back and the repository hides the root', async () => {
  const r = await newRepository();
  const older = r.state.objects.get('root-chain.json')!;
  await r.publishRoot();
  await r.run();
  expect(r.journal()).toMatchObject({ newestRoot: { version: 2 } });
  r.state.objects.set('root-chain.json', older);
  r.remove('2.root.json');
  const outcome = await r.run(force);
  expect(outcome).toMatchObject({ outcome: 'refused', code: 'ROOT_CHAIN_INVALID' });
  expect(outcome.message).toBe('root-chain.json ends with version 1, but version 2 was kept already.');
});

test('a new root is kept although the snapshot is too large to be read', async () => {
  const r = await newRepository();
  r.put('snapshot.json', ' '.repeat(2_000_001));
  await r.publishRoot();
  expect(await r.run(force)).toMatchObject({ outcome: 'refused', code: 'TOO_LARGE' });
  expect(keptRoots(r)).toEqual([1, 2]);
});

test('a dry run keeps no root, and so does not claim that it is kept', async () => {
  const r = await newRepository();
  await r.publishRoot();
  await r.run({ dryRun: true });
  expect(r.journal()).toMatchObject({ newestRoot: { version: 1 } });
  expect(keptRoots(r)).toEqual([1]);
});

test.each([
  {
    given: 'no',
    arrange: (r: Repository) => {
      r.remove('1.root.json');
    },
    says: 'is missing from',
  },
  {
    given: 'another',
    arrange: (r: Repository) => {
      r.edit('1.root.json', (text) => `${text} `);
    },
    says: 'is another one in',
  },
])('says so where the repository has $given root of the version that is kept', async ({ arrange, says }) => {
  const r = await newRepository();
  arrange(r);
  const { warnings } = await r.run();
  expect(warnings).toMatchObject([
    { code: 'ROOT_HIDDEN', message: expect.stringContaining(`1.root.json ${says}`) as unknown },
  ]);
});

describe('what a root says of keys and thresholds is judged by the bytes of the keys', () => {
  const odd: readonly Case[] = [
    {
      given: 'one key under two ids at threshold 2 (53)',
      arrange: (r) =>
        r.publishRoot((root) => {
          const { keytype, scheme, keyval } = publicJson(r.keys.timestamp) as Record<string, unknown>;
          root.keys.second = { keytype, scheme, keyval };
          root.roles.timestamp = { keyids: [idOf(r.keys.timestamp), 'second'], threshold: 2 };
        }),
      answers: { outcome: 'refused', code: 'THRESHOLD_NOT_MET' },
      says: /Root version 2 asks for 2 timestamp keys, but lists only 1 different/,
    },
    {
      given: 'a threshold of 2 where we hold one of two keys',
      arrange: (r) =>
        r.publishRoot((root) => {
          listKey(root, 'timestamp', r.keys.timestamp, newEd25519Key());
          root.roles.timestamp!.threshold = 2;
        }),
      answers: { outcome: 'refused', code: 'THRESHOLD_NOT_MET' },
      says: /Root version 2 asks for 2 timestamp keys; we hold 1/,
    },
    {
      given: 'a threshold of 2 where we hold both keys, and both sign',
      arrange: (r) => {
        const second = newEd25519Key();
        r.source.keys = [r.keys.timestamp, second];
        return r.publishRoot((root) => {
          listKey(root, 'timestamp', r.keys.timestamp, second);
          root.roles.timestamp!.threshold = 2;
        });
      },
      answers: { outcome: 'signed', code: 'HEALED_ROOT_CHANGED', version: 5 },
      signatures: 2,
    },
    {
      given: 'a threshold that only the identity point would meet (54)',
      arrange: (r) =>
        r.publishRoot((root) => {
          listWeakKey(root);
          root.roles.timestamp!.threshold = 2;
        }),
      answers: { outcome: 'refused', code: 'THRESHOLD_NOT_MET' },
      says: /Root version 2 asks for 2 timestamp keys, but lists only 1/,
    },
    {
      given: 'a timestamp with the signature that fits every message under the identity point (54)',
      arrange: async (r) => {
        await r.publishRoot(listWeakKey);
        await r.publishTimestamp({ version: 5_000, keys: [] });
        r.edit('timestamp.json', (text) =>
          text.replace('"signatures":[', `$&{"keyid":"weak","sig":"01${'00'.repeat(63)}"}`),
        );
      },
      answers: { outcome: 'skipped', code: 'HEAL_WAITS' },
      warns: ['WEAK_KEY'],
      says: /timestamp\.json \(version 5000\) has no valid signature/,
    },
    {
      given: 'a key of a type that nobody knows (55)',
      arrange: (r) =>
        r.publishRoot((root) => (root.keys.odd = { keytype: 'sphincs', scheme: 'x', keyval: { public: '00' } })),
      wish: force,
      answers: signed,
      warns: ['CLIENTS_MAY_REFUSE_ROOT'],
    },
    {
      given: 'a key that no role uses and that is no hexadecimal number',
      arrange: (r) =>
        r.publishRoot((root) => (root.keys.odd = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: 'zz' } })),
      wish: force,
      answers: signed,
      warns: ['CLIENTS_MAY_REFUSE_ROOT'],
    },
    {
      given: 'a role that the specification does not know',
      arrange: (r) => r.publishRoot((root) => (root.roles.mirrors = root.roles.targets!)),
      wish: force,
      answers: signed,
      warns: ['CLIENTS_MAY_REFUSE_ROOT'],
    },
    {
      given: 'consistent_snapshot null',
      arrange: (r) => r.publishRoot((root) => Object.assign(root, { consistent_snapshot: null })),
      answers: { outcome: 'refused', code: 'BAD_ROOT' },
      says: /2\.root\.json: signed\.consistent_snapshot is neither/,
    },
    {
      given: 'consistent_snapshot left out, which means false',
      arrange: (r) =>
        r.publishRoot((root) => {
          delete root.consistent_snapshot;
        }),
      wish: force,
      answers: signed,
    },
    {
      given: 'a threshold of 0',
      arrange: (r) => r.publishRoot((root) => (root.roles.timestamp!.threshold = 0)),
      answers: { outcome: 'refused', code: 'BAD_ROOT' },
      says: /2\.root\.json: signed\.roles\.timestamp\.threshold is 0/,
    },
    {
      given: 'a threshold of 1.5',
      arrange: (r) => r.publishRoot((root) => (root.roles.timestamp!.threshold = 1.5)),
      answers: { outcome: 'refused', code: 'NUMBER_NOT_EXACT' },
      says: /2\.root\.json has the number "1\.5"/,
    },
    {
      given: 'a role without keys',
      arrange: (r) => r.publishRoot((root) => (root.roles.timestamp!.keyids = [])),
      answers: { outcome: 'refused', code: 'BAD_ROOT' },
      says: /2\.root\.json: signed\.roles\.timestamp\.keyids is empty/,
    },
    {
      given: 'a key id that a role lists twice',
      arrange: (r) => r.publishRoot((root) => root.roles.timestamp!.keyids.push(idOf(r.keys.timestamp))),
      answers: { outcome: 'refused', code: 'BAD_ROOT' },
      says: /2\.root\.json: signed\.roles\.timestamp\.keyids has a key id twice/,
    },
    {
      given: 'a root without a snapshot role',
      arrange: (r) =>
        r.publishRoot((root) => {
          delete root.roles.snapshot;
        }),
      answers: { outcome: 'refused', code: 'BAD_ROOT' },
      says: /2\.root\.json: signed\.roles has no role snapshot/,
    },
    {
      given: 'our key in the role of targets too (61)',
      arrange: (r) =>
        r.publishRoot((root) => {
          listKey(root, 'targets', r.keys.targets, r.keys.timestamp);
        }),
      wish: force,
      answers: signed,
      warns: ['KEY_IN_OTHER_ROLE'],
    },
    {
      given: 'a root that has expired (59)',
      arrange: (r) => r.publishRoot((root) => (root.expires = '2026-11-23T00:00:00Z')),
      wish: force,
      answers: signed,
      warns: ['ROOT_EXPIRED'],
      client: 'METADATA_EXPIRED',
    },
    {
      given: 'a root that expires this second',
      arrange: (r) => r.publishRoot((root) => (root.expires = '2026-11-24T01:00:00Z')),
      wish: force,
      answers: signed,
      warns: ['ROOT_EXPIRED'],
      client: 'METADATA_EXPIRED',
    },
    {
      given: 'a root that expires in 30 days',
      arrange: (r) => r.publishRoot((root) => (root.expires = '2026-12-24T01:00:00Z')),
      wish: force,
      answers: signed,
      warns: ['ROOT_EXPIRES_SOON'],
    },
    {
      given: 'a root that expires a second later than that',
      arrange: (r) => r.publishRoot((root) => (root.expires = '2026-12-24T01:00:01Z')),
      wish: force,
      answers: signed,
      warns: [],
    },
    {
      given: 'a root that lists in another role a key that nobody can use, and one that it does not have',
      arrange: (r) =>
        r.publishRoot((root) => {
          const { timestamp } = r.keys;
          root.keys['aa'.repeat(32)] = { ...publicJson(timestamp), scheme: 'of tomorrow' };
          root.roles.targets!.keyids.push('aa'.repeat(32), 'bb'.repeat(32));
        }),
      wish: force,
      answers: signed,
    },
    {
      given: 'a root that turns consistent snapshots on: the versioned name is judged from then on (60)',
      arrange: async (r) => {
        await r.publishRoot((root) => (root.consistent_snapshot = true));
        r.put('2.snapshot.json', r.bytes('snapshot.json'));
        r.put('2.targets.json', r.bytes('targets.json'));
        r.put('snapshot.json', 'not looked at');
      },
      wish: force,
      answers: signed,
    },
    {
      given: 'a root that turns consistent snapshots on, without the versioned snapshot (60)',
      arrange: (r) => r.publishRoot((root) => (root.consistent_snapshot = true)),
      answers: { outcome: 'refused', code: 'SNAPSHOT_MISSING' },
      says: /2\.snapshot\.json is missing; version 2/,
    },
    {
      given: 'a root that turns consistent snapshots off (60)',
      options: { consistent: true },
      arrange: async (r) => {
        await r.publishRoot((root) => (root.consistent_snapshot = false));
        r.remove('2.snapshot.json');
      },
      wish: force,
      answers: signed,
    },
  ];
  test.each(rulesOf(odd))('$rule', ({ expectIt }) => expectIt());

  test('refuses at enrolment a key that targets has too (61)', async () => {
    const r = await newRepository();
    await r.publishRoot((root) => {
      listKey(root, 'targets', r.keys.targets, r.keys.timestamp);
    });
    const before = r.state.contents();
    await expect(enrolAgain(r)).rejects.toMatchObject({
      code: 'KEY_IN_OTHER_ROLE',
      message: expect.stringContaining('Root version 2 lists our key for the role targets') as unknown,
    });
    expect(r.state.contents()).toEqual(before);
    expect(r.source.signatures).toBe(0);
  });

  test('enrols where the root lists the key once', async () => {
    const r = await newRepository();
    expect(await enrolAgain(r)).toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
  });
});

describe('a chain that is missing in the state begins at the pin', () => {
  const begun: readonly Case[] = [
    {
      given: 'another root in place of the pinned one',
      arrange: async (r) => {
        r.state.objects.delete('root-chain.json');
        await r.resign('1.root.json', (root) => (root.x = 1));
      },
      answers: { outcome: 'refused', code: 'ROOT_PIN_MISMATCH' },
      says: /is not the pinned root/,
    },
    {
      given: 'the pinned root and one more, both of them there',
      arrange: async (r) => {
        await r.publishRoot();
        await r.run();
        r.state.objects.delete('root-chain.json');
      },
      wish: force,
      answers: signed,
      warns: [],
      holds: (r) => {
        expect(keptRoots(r)).toEqual([1, 2]);
      },
    },
  ];
  test.each(rulesOf(begun))('$rule', ({ expectIt }) => expectIt());
});

function keptRoots(r: Repository): readonly number[] {
  const { roots } = JSON.parse(r.state.contents()['root-chain.json']!) as { roots: string[] };
  return roots.map((root) => (JSON.parse(root) as { signed: { version: number } }).signed.version);
}

function noneKept(r: Repository): void {
  expect(keptRoots(r)).toEqual([1]);
}

function failReading(r: Repository, file: string, failure: FailureError): void {
  r.hosting.before = ({ do: what, name }) => {
    if (what === 'get' && name === file) throw failure;
  };
}

/** The identity point beside our key. */
function listWeakKey(root: Parameters<typeof listKey>[0]): void {
  root.keys.weak = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: `01${'00'.repeat(31)}` } };
  root.roles.timestamp!.keyids.push('weak');
}

function enrolAgain(r: Repository) {
  const enrolment = {
    repository: 'tests',
    again: true,
    acceptVersion: undefined,
    acceptSnapshot: undefined,
    allowSharedSnapshotKey: false,
  };
  const places = { hosting: r.hosting, state: r.state, keys: r.source };
  return enroll(enrolment, places, { ...r.trust, trustedRoot: r.bytes('1.root.json') }, r.policy, r.now);
}
