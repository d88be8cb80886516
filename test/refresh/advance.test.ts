import { describe, expect, test } from '@jest/globals';
import { RefusalError } from '../../lib/contract/errors.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { rulesOf, type Case } from './cases.ts';
import { newRepository, type Repository } from './repository.ts';
import { entryOf, idOf, publicJson, sign, type EntryJson, type Signed } from './signing.ts';

const CHECK = 3_600; // seconds
const DAY = 86_400; // seconds
const force = { force: true };
const policy = { mode: 'advance' } as const;
const options = { policy };
const delegating = { policy, delegations: ['a', 'b/c!'] };
const notDue = { outcome: 'skipped', code: 'NOT_DUE' } as const;
const inProgress = { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' } as const;
const signed = (version: number) => ({ outcome: 'signed', code: 'SIGNED', version }) as const;
const refused = <C extends string>(code: C) => ({ outcome: 'refused', code }) as const;

/** What the publisher of an advance-mode repository does: everything but the timestamp. */
async function publishWithoutTimestamp(r: Repository): Promise<void> {
  await r.publishTargets();
  await r.publishSnapshot();
}

function namesSnapshot(version: number) {
  return (r: Repository) => {
    expect(r.client().snapshot.version).toBe(version);
  };
}

describe('advance mode endorses a newer snapshot that a client who knew the last one would take', () => {
  const newer: readonly Case[] = [
    { given: 'nothing new', options, arrange: () => undefined, answers: notDue, warns: [] },
    {
      given: 'a newer snapshot that no timestamp names (66)',
      options,
      arrange: publishWithoutTimestamp,
      answers: signed(5),
      says: /snapshot\.json version 3 is newer and passed every check/,
      warns: [],
      signsAgain: 1,
      holds: namesSnapshot(3),
    },
    {
      given: 'a snapshot several versions newer',
      options,
      arrange: async (r) => {
        for (let publish = 0; publish < 3; publish++) await publishWithoutTimestamp(r);
      },
      answers: signed(5),
      signsAgain: 1,
      holds: namesSnapshot(5),
    },
    {
      given: 'a newer snapshot of the same targets',
      options,
      arrange: (r) => r.publishSnapshot(),
      answers: signed(5),
      signsAgain: 1,
    },
    {
      given: 'a newer snapshot beside a missing timestamp',
      options,
      arrange: async (r) => {
        await publishWithoutTimestamp(r);
        r.remove('timestamp.json');
      },
      answers: { outcome: 'signed', code: 'HEALED_MISSING', version: 5 },
      signsAgain: 1,
      holds: namesSnapshot(3),
    },
    {
      given: "a newer snapshot than the one that somebody else's timestamp names",
      options,
      arrange: async (r) => {
        await r.publish();
        await publishWithoutTimestamp(r);
      },
      answers: signed(6),
      warns: ['FOREIGN_TIMESTAMP'],
      signsAgain: 1,
      holds: namesSnapshot(4),
    },
    {
      given: 'a newer snapshot with a new delegation',
      options: delegating,
      arrange: async (r) => {
        await r.publishTargets(3, (one) => {
          delegateTo(one, 'd', r);
        });
        r.put('d.json', await sign(delegatedRole(r), [r.keys.targets]));
        await r.publishSnapshot({ change: ({ meta }) => (meta['d.json'] = r.entryFor('d.json')) });
      },
      answers: signed(5),
      signsAgain: 1,
      holds: (r) => {
        expect(Array.from(r.client().targets.keys())).toEqual(['targets', 'a', 'b/c!', 'd']);
      },
    },
    {
      given: 'a newer snapshot with more delegations than are read at once',
      options: { policy, delegations: Array.from({ length: 40 }, (_, index) => `role-${index}`) },
      arrange: publishWithoutTimestamp,
      answers: signed(5),
      signsAgain: 1,
    },
    {
      given: 'a newer snapshot found by its versioned name',
      options: { ...options, consistent: true },
      arrange: async (r) => {
        const old = r.copy();
        await publishWithoutTimestamp(r);
        await publishWithoutTimestamp(r);
        r.restore(old, 'snapshot.json', 'targets.json');
      },
      answers: signed(5),
      says: /version 4 is newer/,
      signsAgain: 1,
      holds: namesSnapshot(4),
    },
    {
      given: 'file names that only look like newer snapshots',
      options: { ...options, consistent: true },
      arrange: (r) => {
        for (const name of [
          '9.snapshot.json.bak',
          'x9.snapshot.json',
          `${'9'.repeat(16)}.snapshot.json`,
          '9.targets.json',
        ])
          r.put(name, '');
      },
      answers: notDue,
    },
    {
      given: 'a snapshot that gives no hashes, and a newer one that gives some',
      options: { ...options, entry: (_bytes, version) => ({ version }) },
      arrange: publishWithoutTimestamp,
      answers: signed(5),
      signsAgain: 1,
      holds: (r) => {
        // What the timestamp did not give of the old snapshot, it does not give of the new one.
        expect(r.signedOf('timestamp.json').meta).toEqual({ 'snapshot.json': { version: 3 } });
      },
    },
  ];
  test.each(rulesOf(newer))('$rule', ({ expectIt }) => expectIt());
});

describe('advance mode refuses a newer snapshot in which something goes back', () => {
  const back: readonly Case[] = [
    {
      given: 'targets whose version goes back (71)',
      options,
      arrange: async (r) => {
        await r.publishTargets(1);
        await r.publishSnapshot();
      },
      answers: refused('METADATA_ROLLBACK'),
      says: /targets\.json has version 1, lower than the known 2/,
    },
    {
      given: 'a delegation whose version goes back',
      options: delegating,
      arrange: (r) => r.publishSnapshot({ change: ({ meta }) => (meta['a.json']!.version = 1) }),
      answers: refused('METADATA_ROLLBACK'),
      says: /a\.json has version 1, lower than the known 2/,
    },
    {
      given: 'a delegation that is gone (72)',
      options: delegating,
      arrange: (r) =>
        r.publishSnapshot({
          change: ({ meta }) => {
            delete meta['a.json'];
          },
        }),
      answers: refused('METADATA_ROLLBACK'),
      says: /snapshot\.json \(version 3\) no longer lists "a\.json"/,
    },
    {
      given: 'a hash algorithm that was dropped (73)',
      options,
      arrange: (r) =>
        r.publishSnapshot({
          change: ({ meta }) => {
            delete meta['targets.json']!.hashes!.sha512;
          },
        }),
      answers: refused('METADATA_ROLLBACK'),
      says: /snapshot\.json no longer gives the sha512 hash of targets\.json/,
    },
    {
      given: 'a hash algorithm that was dropped of a role with an odd name',
      options: { policy, delegations: ['\u001b'] },
      arrange: (r) =>
        r.publishSnapshot({
          change: ({ meta }) => {
            delete meta['\u001b.json']!.hashes!.sha512;
          },
        }),
      answers: refused('METADATA_ROLLBACK'),
      says: /snapshot\.json no longer gives the sha512 hash of \\u001b\.json/,
    },
    {
      given: 'all hashes dropped',
      options,
      arrange: (r) =>
        r.publishSnapshot({
          change: ({ meta }) => {
            delete meta['targets.json']!.hashes;
          },
        }),
      answers: refused('METADATA_ROLLBACK'),
      says: /snapshot\.json no longer gives the sha512 hash/,
    },
    {
      given: 'targets put back after a publish that advance mode endorsed',
      options,
      arrange: async (r) => {
        await publishWithoutTimestamp(r);
        await r.signed();
        await r.publishTargets(2);
        await r.publishSnapshot();
      },
      answers: refused('METADATA_ROLLBACK'),
      says: /targets\.json has version 2, lower than the known 3/,
    },
    {
      given: 'targets put back after a publish with fleetctl',
      options,
      arrange: async (r) => {
        await r.publish();
        await r.run();
        await r.publishTargets(2);
        await r.publishSnapshot();
      },
      answers: refused('METADATA_ROLLBACK'),
      says: /targets\.json has version 2, lower than the known 3/,
    },
    {
      given: 'an older snapshot',
      options,
      arrange: async (r) => {
        const old = r.copy();
        await publishWithoutTimestamp(r);
        await r.signed();
        r.restore(old, 'snapshot.json', 'targets.json');
      },
      answers: refused('SNAPSHOT_ROLLBACK'),
      says: /snapshot\.json has version 2; version 3 is endorsed/,
    },
    {
      given: 'other bytes of the endorsed version',
      options,
      arrange: (r) => r.resign('snapshot.json', (one) => (one.x = 1)),
      answers: refused('SNAPSHOT_MISMATCH'),
      says: /snapshot\.json \(version 2\) is not the endorsed one/,
    },
    {
      given: 'other bytes of the endorsed version, which the timestamp gives by version only',
      options: { ...options, entry: (_bytes, version) => ({ version }) },
      arrange: (r) => r.resign('snapshot.json', (one) => (one.x = 1)),
      answers: refused('EQUIVOCATION'),
      says: /snapshot\.json has version 2 like the one that is known/,
    },
    {
      given: 'a newer snapshot that has expired',
      options,
      arrange: (r) => r.publishSnapshot({ change: (one) => (one.expires = '2026-11-24T01:00:00Z') }),
      answers: refused('METADATA_EXPIRED'),
      says: /snapshot\.json version 3 expired at 2026-11-24T01:00:00Z/,
    },
    {
      given: 'a newer snapshot that a stranger signed',
      options,
      arrange: (r) => r.publishSnapshot({ keys: [newEd25519Key()] }),
      answers: refused('SIGNATURE_INVALID'),
      says: /snapshot\.json \(version 3\) has no valid signature/,
    },
    {
      given: 'a newer snapshot that the key of targets signed',
      options,
      arrange: (r) => r.publishSnapshot({ keys: [r.keys.targets] }),
      answers: refused('SIGNATURE_INVALID'),
      says: /snapshot\.json \(version 3\) has no valid signature/,
    },
    {
      given: 'garbage below the highest versioned name',
      options: { ...options, consistent: true },
      arrange: (r) => {
        r.put('9.snapshot.json', '');
      },
      answers: refused('NOT_JSON'),
      says: /9\.snapshot\.json is not JSON/,
    },
    {
      given: 'an older snapshot below a higher versioned name',
      options: { ...options, consistent: true },
      arrange: async (r) => {
        await publishWithoutTimestamp(r);
        await r.signed();
        r.put('9.snapshot.json', r.bytes('2.snapshot.json'));
      },
      answers: refused('SNAPSHOT_ROLLBACK'),
      says: /9\.snapshot\.json has version 2; version 3/,
    },
  ];
  test.each(rulesOf(back))('$rule', ({ expectIt }) => expectIt());
});

describe('advance mode endorses nothing without the targets metadata that belongs to it', () => {
  const targets: readonly Case[] = [
    {
      given: 'targets that are missing (70)',
      options,
      arrange: (r) => {
        r.remove('targets.json');
      },
      answers: refused('TARGETS_MISSING'),
      says: /targets\.json is missing; the snapshot names it/,
    },
    {
      given: 'a newer snapshot whose targets are not there yet',
      options: { ...options, consistent: true },
      arrange: async (r) => {
        await publishWithoutTimestamp(r);
        r.remove('3.targets.json');
      },
      answers: inProgress,
      says: /3\.targets\.json is missing/,
      later: [
        { after: CHECK - 1, wish: force, answers: inProgress },
        { after: 1, answers: refused('TARGETS_MISSING') },
      ],
    },
    {
      given: 'a newer snapshot beside the old targets',
      options,
      arrange: async (r) => {
        const old = r.copy();
        await publishWithoutTimestamp(r);
        r.restore(old, 'targets.json');
      },
      answers: inProgress,
      says: /targets\.json is not the one that the snapshot names/,
      later: [{ after: CHECK, answers: refused('TARGETS_MISMATCH') }],
    },
    {
      given: 'newer, longer targets beside the snapshot that is endorsed',
      options,
      arrange: (r) => r.publishTargets(3, (one) => (one.x = 'longer')),
      answers: inProgress,
      says: /targets\.json is not the one that the snapshot names: it has more than \d+ bytes/,
      later: [{ arrange: (r) => r.publishSnapshot(), answers: signed(5) }],
    },
    {
      given: 'targets changed by one byte',
      options,
      arrange: (r) => {
        r.edit('targets.json', (text) => text.replace('"targets":{}', '"targets":[]'));
      },
      answers: inProgress,
      says: /targets\.json is not the one that the snapshot names: it has another sha512 hash/,
      later: [{ after: CHECK, answers: refused('TARGETS_MISMATCH') }],
    },
    {
      given: 'a snapshot that gives another version than its targets have',
      options,
      arrange: (r) => r.publishSnapshot({ change: ({ meta }) => (meta['targets.json']!.version = 9) }),
      answers: inProgress,
      says: /targets\.json has version 2, not 9/,
      later: [{ after: CHECK, answers: refused('TARGETS_MISMATCH') }],
    },
    {
      given: 'a newer snapshot of targets that a stranger signed',
      options,
      arrange: async (r) => {
        await r.publishTargets();
        await r.resign('targets.json', () => undefined, [newEd25519Key()]);
        await r.publishSnapshot();
      },
      answers: refused('SIGNATURE_INVALID'),
      says: /targets\.json \(version 3\) has no valid signature of the role targets/,
    },
    {
      given: 'a newer snapshot of targets that have expired',
      options,
      arrange: async (r) => {
        await r.publishTargets(3, (one) => (one.expires = '2026-11-24T01:00:00Z'));
        await r.publishSnapshot();
      },
      answers: refused('METADATA_EXPIRED'),
      says: /targets\.json \(version 3\) expired at 2026-11-24T01:00:00Z/,
    },
    {
      given: 'targets that expire under the snapshot that is endorsed',
      options,
      arrange: async (r) => {
        await r.publishTargets(3, (one) => (one.expires = '2026-11-25T00:00:00Z'));
        await r.publishSnapshot();
        await r.signed();
        r.pass(DAY);
      },
      wish: force,
      answers: signed(6),
      warns: ['TARGETS_EXPIRED'],
      client: 'METADATA_EXPIRED',
      signsAgain: 0,
    },
    {
      given: 'targets that expire within a month',
      options,
      arrange: async (r) => {
        await r.publishTargets(3, (one) => (one.expires = '2026-12-20T00:00:00Z'));
        await r.publishSnapshot();
      },
      answers: signed(5),
      warns: ['TARGETS_EXPIRE_SOON'],
      signsAgain: 1,
    },
    {
      given: 'targets that are no JSON, named so by a newer snapshot',
      options,
      arrange: async (r) => {
        const garbage = Buffer.from('garbage');
        await r.publishSnapshot({ change: ({ meta }) => (meta['targets.json'] = entryOf(garbage, 3)) });
        r.put('targets.json', garbage);
      },
      answers: refused('NOT_JSON'),
      says: /targets\.json is not JSON/,
    },
    {
      given: 'a delegated role that is missing',
      options: delegating,
      arrange: (r) => {
        r.remove('b%2Fc!.json');
      },
      answers: refused('TARGETS_MISSING'),
      says: /b%2Fc!\.json is missing/,
    },
    {
      given: 'a delegated role that a stranger signed, named so by a newer snapshot',
      options: delegating,
      arrange: async (r) => {
        await r.resign('a.json', () => undefined, [newEd25519Key()]);
        await r.publishSnapshot();
      },
      answers: refused('SIGNATURE_INVALID'),
      says: /a\.json \(version 2\) has no valid signature of the role a/,
    },
    {
      given: 'a role delegated by a delegated role, signed by a stranger',
      options: delegating,
      arrange: async (r) => {
        await delegateFurther(r, newEd25519Key());
      },
      answers: refused('SIGNATURE_INVALID'),
      says: /d\.json \(version 1\) has no valid signature of the role d/,
    },
    {
      given: 'a role delegated by a delegated role',
      options: delegating,
      arrange: (r) => delegateFurther(r, r.keys.targets),
      answers: signed(5),
      signsAgain: 1,
      holds: (r) => {
        expect(Array.from(r.client().targets.keys())).toEqual(['targets', 'a', 'd', 'b/c!']);
      },
    },
    {
      given: 'a role that two delegate to each other',
      options: delegating,
      arrange: async (r) => {
        await r.resign('a.json', (one) => {
          one.version = 3;
          delegateTo(one, 'b/c!', r);
        });
        await r.resign('b%2Fc!.json', (one) => {
          one.version = 3;
          delegateTo(one, 'a', r);
        });
        await r.publishSnapshot();
      },
      answers: signed(5),
      signsAgain: 1,
    },
    {
      given: 'a role in the snapshot to which nobody delegates, with no file',
      options,
      arrange: (r) => r.publishSnapshot({ change: ({ meta }) => (meta['nobody.json'] = { version: 1 }) }),
      answers: signed(5),
      signsAgain: 1,
    },
    {
      given: 'a delegation with the name of the timestamp role',
      options,
      arrange: async (r) => {
        await r.publishTargets(3, (one) => {
          delegateTo(one, 'timestamp', r);
        });
        await r.publishSnapshot();
      },
      answers: refused('BAD_ROOT'),
      says: /targets\.json: signed\.delegations\.roles\[0\] has the name "timestamp"/,
    },
  ];
  test.each(rulesOf(targets))('$rule', ({ expectIt }) => expectIt());
});

test('a newer snapshot is not known as the endorsed one before a signature says so', async () => {
  const r = await newRepository(options);
  await r.signed(force);
  await r.publish();
  await publishWithoutTimestamp(r);
  expect(await r.run()).toMatchObject({ outcome: 'skipped', code: 'TOO_SOON' });
  expect(r.journal()).toMatchObject({ seen: { version: 6 }, snapshot: { version: 2 } });
});

describe('of targets no more is read than clients read', () => {
  const MOST = 64 * 1_024 * 1_024; // bytes

  test.each([
    { given: 'no length', length: undefined, asked: MOST },
    { given: 'a length', length: 100, asked: 100 },
    { given: 'a length that nobody reads', length: MOST + 1, asked: MOST },
  ])('where the snapshot gives $given', async ({ length, asked }) => {
    const r = await newRepository(options);
    await r.publishSnapshot({
      change: ({ meta }) => (meta['targets.json'] = { ...meta['targets.json']!, length } as EntryJson),
    });
    const most: number[] = [];
    const get = r.hosting.get.bind(r.hosting);
    r.hosting.get = (name, maxBytes) => {
      if (name === 'targets.json') most.push(maxBytes);
      return get(name, maxBytes);
    };
    await r.run();
    expect(most).toEqual([asked]);
  });

  test.each([
    { given: 'another file than the one of 64 MiB that the snapshot names', length: MOST, code: 'PUBLISH_IN_PROGRESS' },
    { given: 'too large where the snapshot names more than 64 MiB', length: MOST + 1, code: 'TOO_LARGE' },
  ])('and what is longer is $given', async ({ length, code }) => {
    const r = await newRepository(options);
    await r.publishSnapshot({ change: ({ meta }) => (meta['targets.json']!.length = length) });
    r.hosting.before = ({ name }) => {
      if (name === 'targets.json') throw new RefusalError('TOO_LARGE', 'targets.json is too large.');
    };
    expect(await r.run()).toMatchObject({ code });
  });
});

function delegateTo(one: Signed, name: string, r: Repository): void {
  const id = idOf(r.keys.targets);
  const { roles } = 'delegations' in one ? one.delegations : { roles: [] };
  one.delegations = {
    keys: { [id]: publicJson(r.keys.targets) },
    roles: [...roles, { name, keyids: [id], threshold: 1 }],
  };
}

/** Metadata of a role that has no targets and delegates nothing. */
function delegatedRole(r: Repository): Signed {
  const { _type, spec_version, expires, targets } = r.signedOf('targets.json');
  return { _type, spec_version, expires, targets, version: 1 } as Signed;
}

/** targets → a → d, in a newer snapshot. */
async function delegateFurther(r: Repository, signer: Repository['keys']['targets']): Promise<void> {
  await r.resign('a.json', (one) => {
    one.version = 3;
    delegateTo(one, 'd', r);
  });
  r.put('d.json', await sign(delegatedRole(r), [signer]));
  await r.publishSnapshot({ change: ({ meta }) => (meta['d.json'] = r.entryFor('d.json')) });
}
