import { describe, expect, test } from '@jest/globals';
import { rulesOf, type Case } from './cases.ts';
import { newRepository, type Repository } from './repository.ts';

const CHECK = 3_600; // seconds
const CACHE_MAX = 600; // seconds
const DAY = 86_400; // seconds
const force = { force: true };
const notDue = { outcome: 'skipped', code: 'NOT_DUE' } as const;
const inProgress = { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' } as const;
const signed = (version: number) => ({ outcome: 'signed', code: 'SIGNED', version }) as const;

describe('a healthy timestamp is signed when due, forced, or once more for caches', () => {
  const healthy: readonly Case[] = [
    {
      given: 'a timestamp that we signed an hour ago',
      arrange: () => undefined,
      answers: { ...notDue, version: 4 },
      says: /version 4 is healthy; the next signature is due at 2026-11-27T00:00:00Z/,
      warns: [],
    },
    {
      given: 'a timestamp one second younger than resignAfter',
      arrange: (r) => {
        r.pass(3 * DAY - CHECK - 1);
      },
      answers: notDue,
      later: [{ after: 1, answers: signed(5) }],
    },
    {
      given: 'a timestamp that is not due, forced',
      arrange: () => undefined,
      wish: force,
      answers: signed(5),
      says: /version 4 was not due before 2026-11-27T00:00:00Z; it was forced/,
    },
    {
      given: 'a timestamp with little life left, though young, because the validity was raised',
      arrange: (r) => {
        r.policy = { ...r.policy, validity: (20 * DAY) as typeof r.policy.validity };
      },
      answers: signed(5),
      warns: [],
    },
    {
      given: 'a timestamp that lives beyond the hard bound',
      arrange: async (r) => {
        await r.publishTimestamp({ change: (one) => (one.expires = '2026-12-25T01:00:01Z') });
      },
      answers: signed(6),
      warns: ['FOREIGN_TIMESTAMP', 'LONG_LIVED_FOREIGN'],
    },
    {
      given: 'a timestamp that lives just as long as the hard bound',
      arrange: async (r) => {
        await r.publishTimestamp({ change: (one) => (one.expires = '2026-12-25T01:00:00Z') });
      },
      answers: notDue,
      warns: ['FOREIGN_TIMESTAMP', 'SHORTER_THAN_CURRENT'],
    },
    {
      given: 'a timestamp of ours one second younger than resignAfter, signed while the validity was longer',
      arrange: (r) => {
        r.policy = { ...r.policy, validity: (10 * DAY) as typeof r.policy.validity };
        r.pass(3 * DAY - CHECK - 1);
      },
      answers: notDue,
      later: [{ after: 1, answers: signed(5) }],
    },
    {
      given: "somebody else's long-lived timestamp one second before resignAfter after it was first seen",
      arrange: async (r) => {
        await r.publishTimestamp({ change: (one) => (one.expires = '2026-12-24T00:00:00Z') });
        await r.run();
        r.pass(3 * DAY - 1);
      },
      answers: notDue,
      later: [{ after: 1, answers: signed(6) }],
    },
    {
      given: 'a timestamp that another deployment signed',
      arrange: (r) => {
        r.editJournal(({ entry }) => (entry!.by = 'them'));
      },
      wish: force,
      answers: signed(5),
      warns: ['OTHER_SIGNER'],
    },
  ];
  test.each(rulesOf(healthy))('$rule', ({ expectIt }) => expectIt());

  test('gives the new timestamp the whole validity, whatever the old one had', async () => {
    const r = await newRepository({ policy: { validity: 5 * DAY + 1 } as object });
    const outcome = await r.signed(force);
    expect(outcome.expires).toBe('2026-11-29T01:00:01Z');
    expect(r.signedOf('timestamp.json').expires).toBe(outcome.expires);
  });
});

describe('what fleetctl published is taken over', () => {
  test('sees a newer timestamp, then signs resignAfter after it was first seen', async () => {
    const r = await newRepository();
    await r.publish();
    r.pass(CHECK);
    expect(await r.run()).toMatchObject({ ...notDue, version: 5, warnings: [{ code: 'FOREIGN_TIMESTAMP' }] });
    expect(r.journal()).toMatchObject({ seen: { version: 5 }, snapshot: { version: 3 }, entry: { version: 4 } });
    // Once seen it is no news.
    expect(await r.run()).toMatchObject({ ...notDue, warnings: [] });
    expect(r.client().timestamp.version).toBe(5);
  });

  test('sees a newer timestamp of the same snapshot and makes nothing due for caches', async () => {
    const r = await newRepository();
    await r.publishTimestamp();
    expect(await r.run()).toMatchObject({ ...notDue, nextDueAt: '2026-11-27T01:00:00Z' });
    expect(r.journal()).toMatchObject({ seen: { version: 5 } });
    expect(r.journal().healDueAt).toBeUndefined();
  });

  test('signs above what it saw, and forgets it', async () => {
    const r = await newRepository();
    await r.publishTimestamp({ version: 40 });
    await r.run();
    expect(await r.run(force)).toMatchObject(signed(41));
    expect(r.journal()).toMatchObject({ entry: { version: 41 } });
    expect(r.journal().seen).toBeUndefined();
  });
});

describe('after a snapshot changed, the version rises once more when caches are over (L-6)', () => {
  test.each([
    { given: 'published with fleetctl', arrange: (r: Repository) => r.publish(), version: 6 },
    {
      given: 'left by a publish from a stale copy',
      arrange: (r: Repository) => r.publish({ timestamp: 2 }),
      version: 6,
    },
  ])('signs once more for a snapshot $given', async ({ arrange, version }) => {
    const r = await newRepository();
    await arrange(r);
    await r.run();
    expect(Date.parse(r.journal().healDueAt!) / 1_000).toBe(r.now + CACHE_MAX);

    r.pass(CACHE_MAX - 1);
    expect(await r.run()).toMatchObject(notDue);
    r.pass(1);
    expect(await r.run()).toMatchObject(signed(version));
    expect(r.journal().healDueAt).toBeUndefined();
    r.pass(CHECK);
    expect(await r.run()).toMatchObject({ ...notDue, version });
  });

  test('keeps the signature due where one was forced before caches were over', async () => {
    const r = await newRepository();
    await r.publish();
    await r.run();
    r.pass(1);
    await r.signed(force);
    r.pass(CACHE_MAX);
    expect(await r.run()).toMatchObject(signed(7));
    r.pass(CHECK);
    expect(await r.run()).toMatchObject(notDue);
  });
});

describe('half of a publish is waited for', () => {
  const missing = { outcome: 'refused', code: 'SNAPSHOT_MISSING' } as const;
  const old = { outcome: 'refused', code: 'SNAPSHOT_ROLLBACK' } as const;
  const halves: readonly Case[] = [
    {
      given: 'a newer timestamp whose snapshot is not there yet',
      arrange: async (r) => {
        const before = r.copy();
        await r.publish();
        r.restore(before, 'snapshot.json');
      },
      answers: inProgress,
      says: /snapshot\.json has version 2; version 3 is endorsed\. A publish may be under way/,
      later: [
        { after: CHECK - 1, wish: force, answers: inProgress },
        { after: 1, answers: old },
      ],
    },
    {
      given: 'a newer timestamp with no snapshot at all',
      arrange: async (r) => {
        await r.publish();
        r.remove('snapshot.json');
      },
      answers: inProgress,
      says: /snapshot\.json is missing; version 3 of the snapshot is endorsed/,
      later: [
        { after: CHECK - 1, answers: inProgress },
        { after: 1, answers: missing },
      ],
    },
    {
      given: 'a lower timestamp that names a newer snapshot which is not there yet',
      arrange: async (r) => {
        const before = r.copy();
        await r.publish({ timestamp: 2 });
        r.restore(before, 'snapshot.json');
      },
      answers: inProgress,
      says: /snapshot\.json has version 2; version 3/,
      later: [{ after: CHECK, answers: old }],
    },
    {
      given: 'a newer timestamp beside a snapshot that is neither the old nor the new one',
      arrange: async (r) => {
        const first = r.copy();
        await r.publish();
        await r.run();
        await r.publish();
        r.restore(first, 'snapshot.json');
      },
      answers: old,
      says: /snapshot\.json has version 2; version 4 is endorsed/,
    },
    {
      given: 'a missing timestamp and a missing snapshot',
      arrange: (r) => {
        r.remove('timestamp.json', 'snapshot.json');
      },
      answers: missing,
      says: /snapshot\.json is missing; version 2/,
    },
    {
      given: 'a newer timestamp with another snapshot of the version that it names',
      arrange: async (r) => {
        await r.publish();
        await r.resign('snapshot.json', (one) => (one.x = 1));
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_MISMATCH' },
      says: /snapshot\.json \(version 3\) is not the endorsed one/,
    },
  ];
  test.each(rulesOf(halves))('$rule', ({ expectIt }) => expectIt());

  test('takes the publish over once the other half is there', async () => {
    const r = await newRepository();
    await r.publish();
    const whole = r.copy();
    r.remove('snapshot.json');
    expect(await r.run()).toMatchObject(inProgress);
    expect(r.journal().seen).toBeUndefined();
    r.pass(CHECK - 1);
    r.restore(whole, 'snapshot.json');
    expect(await r.run()).toMatchObject({ ...notDue, version: 5 });
    expect(r.journal()).toMatchObject({ seen: { version: 5 }, badSince: {} });
  });

  test('waits anew for the half of another publish', async () => {
    const r = await newRepository();
    for (let publish = 0; publish < 2; publish++) {
      await r.publish();
      const whole = r.copy();
      r.remove('snapshot.json');
      expect(await r.run()).toMatchObject(inProgress);
      r.pass(CHECK - 1);
      r.restore(whole, 'snapshot.json');
      expect(await r.run()).toMatchObject(notDue);
    }
  });
});

describe('with consistent snapshots the file is judged that clients will fetch', () => {
  const options = { consistent: true };
  const consistent: readonly Case[] = [
    {
      given: 'a healthy repository with versioned names, forced',
      options,
      arrange: (r) => {
        r.put('snapshot.json', 'not looked at');
      },
      wish: force,
      answers: signed(5),
    },
    {
      given: 'a versioned snapshot that is missing',
      options,
      arrange: (r) => {
        r.remove('2.snapshot.json');
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_MISSING' },
      says: /2\.snapshot\.json is missing; version 2/,
    },
    {
      given: 'a versioned snapshot with a space more',
      options,
      arrange: (r) => {
        r.edit('2.snapshot.json', (text) => `${text} `);
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_MISMATCH' },
      says: /2\.snapshot\.json \(version 2\)/,
    },
    {
      given: 'an older snapshot below the versioned name',
      options,
      arrange: async (r) => {
        await r.publish();
        await r.run();
        r.put('3.snapshot.json', r.bytes('2.snapshot.json'));
      },
      answers: { outcome: 'refused', code: 'SNAPSHOT_ROLLBACK' },
      says: /3\.snapshot\.json has version 2; version 3/,
    },
    {
      given: 'a newer versioned snapshot that no timestamp names, in refresh mode',
      options,
      arrange: async (r) => {
        await r.publishTargets();
        await r.publishSnapshot();
      },
      wish: force,
      answers: signed(5),
      holds: (r) => {
        expect(r.client().snapshot.version).toBe(2);
      },
    },
    {
      given: 'a lower timestamp that names a newer snapshot',
      options,
      arrange: (r) => r.publish({ timestamp: 2 }),
      answers: { outcome: 'signed', code: 'HEALED_ROLLBACK', version: 5 },
      signsAgain: 1,
    },
  ];
  test.each(rulesOf(consistent))('$rule', ({ expectIt }) => expectIt());
});

test('a new root is kept while signing is paused', async () => {
  const r = await newRepository();
  r.putState('pause.json', { until: '2026-11-25T00:00:00Z', reason: 'drill' });
  await r.publishRoot();
  expect(await r.run()).toMatchObject({ outcome: 'skipped', code: 'PAUSED' });
  expect(r.state.contents()['root-chain.json']).toContain('\\"version\\":2');
});

describe('a signature is made at most once in ten minutes, repairs apart', () => {
  const tooSoon = { outcome: 'skipped', code: 'TOO_SOON' } as const;

  test('skips a second forced signature for ten minutes', async () => {
    const r = await newRepository();
    await r.signed(force);
    r.pass(599);
    expect(await r.run(force)).toMatchObject({ ...tooSoon, nextDueAt: '2026-11-24T01:10:00Z' });
    r.pass(1);
    expect(await r.run(force)).toMatchObject(signed(6));
  });

  test('repairs each cause at once, and the same cause not twice in ten minutes', async () => {
    const r = await newRepository();
    await r.signed(force);
    r.remove('timestamp.json');
    expect(await r.run()).toMatchObject({ outcome: 'signed', code: 'HEALED_MISSING' });
    await r.publishTimestamp({ version: 6, change: (one) => (one.x = 1) });
    expect(await r.run()).toMatchObject({ outcome: 'signed', code: 'HEALED_COLLISION' });
    r.remove('timestamp.json');
    expect(await r.run()).toMatchObject(tooSoon);
    r.pass(600);
    expect(await r.run()).toMatchObject({ outcome: 'signed', code: 'HEALED_MISSING' });
  });

  test('remembers a repair for as long as the same is not repeated, and no longer', async () => {
    const r = await newRepository();
    const repair = async () => {
      r.remove('timestamp.json');
      await r.signed();
    };
    await repair();
    r.pass(599);
    await r.publishTimestamp({ version: 5, change: (one) => (one.x = 1) });
    await r.signed();
    expect(r.journal().heals).toHaveLength(2);
    r.pass(1);
    await repair();
    expect(r.journal().heals).toMatchObject([{ at: '2026-11-24T01:09:59Z' }, { at: '2026-11-24T01:10:00Z' }]);
  });

  test('has no such limit where the policy has none', async () => {
    const r = await newRepository({ policy: { minInterval: 0 } as object });
    await r.signed(force);
    expect(await r.run(force)).toMatchObject(signed(6));
  });
});
