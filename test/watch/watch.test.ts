import { describe, expect, test } from '@jest/globals';
import { FINDINGS } from '../../lib/contract/findings.ts';
import { FailureError } from '../../lib/contract/errors.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { days, formatInstant } from '../../lib/tuf/instant.ts';
import { newRepository, type RepositoryOptions } from '../refresh/repository.ts';
import { publicJson, idOf, type Signed } from '../refresh/signing.ts';
import { codesOf, observed, Observed, pinOf, POLICY } from './observed.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;

describe('a healthy repository', () => {
  test.each<{ given: string; options: RepositoryOptions; roles: readonly string[] }>([
    { given: 'as it comes', options: {}, roles: ['root', 'targets', 'snapshot', 'timestamp'] },
    {
      given: 'with versioned names',
      options: { consistent: true },
      roles: ['root', 'targets', 'snapshot', 'timestamp'],
    },
    { given: 'with delegations', options: { delegations: ['a', 'b/c'] }, roles: ['root', 'targets', 'a', 'b/c', 'snapshot', 'timestamp'] }, // prettier-ignore
  ])('is told as healthy, with every role: $given', async ({ options, roles }) => {
    const o = await observed(options);
    const outcome = await o.look();
    expect(outcome).toMatchObject({ outcome: 'healthy', code: 'HEALTHY', newClientOk: true, returningClientOk: true, findings: [] }); // prettier-ignore
    expect(outcome.roles.map(({ name }) => name)).toEqual(roles);
    expect(outcome.effectiveExpiry).toBe(outcome.roles.at(-1)!.expires);
    expect(outcome.timestampAge).toBe(HOUR + 900); // signed an hour before the first look
  });

  test('stays healthy while the signer signs, for ten days of checks', async () => {
    const o = await observed();
    const { repository } = o;
    for (let hour = 0; hour < 10 * 24; hour++) {
      await repository.run();
      expect(await o.later(HOUR)).toMatchObject({ outcome: 'healthy', findings: [] });
    }
    expect(repository.versionOf('timestamp.json')).toBe(7);
  });

  test('stays healthy when fleetctl publishes, when the root changes, and when the timestamp key is rotated', async () => {
    const o = await observed();
    const { repository } = o;
    await repository.publish();
    expect((await o.later(900)).outcome).toBe('healthy');
    await repository.publishRoot();
    expect((await o.later(900)).outcome).toBe('healthy');
    const key = await repository.rotateTimestampKey();
    await repository.publishTimestamp({ version: 1, keys: [key] }); // with a new key a version may begin again
    expect(await o.later(900)).toMatchObject({ outcome: 'healthy', returningClientOk: true, findings: [] });
    expect((o.remembered().roots as unknown[]).length).toBe(3);
  });

  test('is read with GETs of metadata alone, each file once', async () => {
    const o = await observed();
    o.repository.hosting.calls.length = 0;
    await o.look();
    const names = o.repository.hosting.calls.map((call) => call.name);
    expect(o.repository.hosting.calls.every((call) => call.do === 'get')).toBe(true);
    expect(names).toEqual(['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json', '3.root.json']);
  });
});

interface Case {
  readonly code: keyof typeof FINDINGS;
  readonly given: string;
  readonly options?: RepositoryOptions;
  readonly arrange: (o: Observed) => unknown;
  readonly says: RegExp;
  readonly newClientOk?: boolean | null;
  readonly returningClientOk?: boolean | null;
}

/** What is bad at the first look already. */
const CASES: readonly Case[] = [
  {
    code: 'EQUIVOCATION',
    given: 'another timestamp of the same version',
    arrange: ({ repository }) => repository.resign('timestamp.json', (signed) => { signed.expires = '2026-12-24T00:00:00Z'; }), // prettier-ignore
    says: /^timestamp\.json \(version 4\) is served with other bytes than before\.$/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'EQUIVOCATION',
    given: 'another snapshot of the same version',
    arrange: async ({ repository }) => {
      await repository.resign('snapshot.json', (signed) => { signed.expires = '2030-01-01T00:00:00Z'; }); // prettier-ignore
      await repository.publishTimestamp();
    },
    says: /^snapshot\.json \(version 2\) is served with other bytes/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'EQUIVOCATION',
    given: 'other targets of the same version',
    arrange: async ({ repository }) => {
      await repository.publishTargets(2, (signed) => { signed.expires = '2030-01-01T00:00:00Z'; }); // prettier-ignore
      await repository.publishSnapshot();
      await repository.publishTimestamp();
    },
    says: /^targets\.json \(version 2\) is served with other bytes/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'EQUIVOCATION',
    given: 'another root of the same version',
    arrange: async (o) => {
      const { repository } = o;
      const before = repository.copy();
      await repository.publishRoot();
      await o.look();
      repository.restore(before, 'root.json', '2.root.json');
      await repository.publishRoot((signed) => { signed.expires = '2031-01-01T00:00:00Z'; }); // prettier-ignore
    },
    says: /^2\.root\.json \(version 2\) is served with other bytes/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'VERSION_WENT_BACK',
    given: 'an older timestamp',
    arrange: async (o) => {
      const old = o.repository.copy();
      await o.repository.signed({ force: true });
      await o.later(900);
      o.repository.restore(old, 'timestamp.json');
      o.repository.pass(900);
    },
    says: /^timestamp\.json has version 4, lower than the known 5\.$/,
    newClientOk: true,
    returningClientOk: false,
  },
  {
    code: 'SNAPSHOT_WENT_BACK',
    given: 'a new timestamp of an older snapshot',
    arrange: async (o) => {
      const { repository } = o;
      const old = repository.copy();
      await repository.publish();
      await o.later(900);
      repository.restore(old, 'snapshot.json', 'targets.json');
      await repository.publishTimestamp();
      repository.pass(900);
    },
    says: /^snapshot\.json has version 2, lower than the known 3\.$/,
    newClientOk: true,
    returningClientOk: false,
  },
  {
    code: 'SNAPSHOT_WENT_BACK',
    given: 'a new snapshot that lists older targets',
    arrange: async (o) => {
      const { repository } = o;
      const old = repository.copy();
      await repository.publish();
      await o.later(900);
      repository.restore(old, 'targets.json');
      await repository.publishSnapshot();
      await repository.publishTimestamp();
      repository.pass(900);
    },
    says: /^targets\.json has version 2, lower than the known 3\.$/,
    newClientOk: true,
    returningClientOk: false,
  },
  {
    code: 'SNAPSHOT_WENT_BACK',
    given: 'a snapshot in which a delegated role is missing',
    options: { delegations: ['a'] },
    arrange: async ({ repository }) => {
      await repository.publishSnapshot({ change: (signed) => { delete signed.meta['a.json']; } }); // prettier-ignore
      await repository.publishTimestamp();
      repository.pass(900);
    },
    says: /no longer lists "a\.json"\.$/,
    newClientOk: true,
    returningClientOk: false,
  },
  {
    code: 'TIMESTAMP_EXPIRED',
    given: 'a timestamp that nobody renewed',
    arrange: ({ repository }) => {
      repository.pass(14 * DAY);
    },
    says: /^timestamp\.json \(version 4\) expired at 2026-12-08T00:00:00Z\.$/,
    newClientOk: false,
    returningClientOk: false,
  },
  ...(['root', 'snapshot'] as const).map((role): Case => ({
    code: role === 'root' ? 'ROOT_EXPIRED' : 'SNAPSHOT_EXPIRED',
    given: `an expired ${role}`,
    arrange: async ({ repository }) => {
      const expires = formatInstant(repository.now);
      if (role === 'root') await repository.publishRoot((signed) => { signed.expires = expires; }); // prettier-ignore
        else await repository.publishSnapshot({ change: (signed) => { signed.expires = expires; } }); // prettier-ignore
      await repository.publishTimestamp();
    },
    says: / \(version \d\) expired at /,
    newClientOk: false,
    returningClientOk: false,
  })),
  {
    code: 'TARGETS_EXPIRED',
    given: 'expired targets',
    arrange: async ({ repository }) => {
      await repository.publishTargets(3, (signed) => { signed.expires = formatInstant(repository.now); }); // prettier-ignore
      await repository.publishSnapshot();
      await repository.publishTimestamp();
    },
    says: /^targets\.json \(version 3\) expired at /,
    newClientOk: false,
    returningClientOk: false,
  },
  {
    code: 'TARGETS_EXPIRED',
    given: 'an expired delegated role',
    options: { delegations: ['a', 'b'] },
    arrange: async ({ repository }) => {
      await repository.resign('b.json', (signed) => {
        signed.version++;
        signed.expires = formatInstant(repository.now);
      });
      await repository.publishSnapshot();
      await repository.publishTimestamp();
    },
    says: /^b\.json \(version 3\) expired at /,
    newClientOk: false,
    returningClientOk: false,
  },
  {
    code: 'NEW_CLIENT_FAILS',
    given: 'a timestamp that nobody can verify',
    arrange: ({ repository }) => {
      repository.flipSignature('timestamp.json');
    },
    says: /^A new client stops \(SIGNATURE_INVALID\): timestamp\.json/,
    newClientOk: false,
    returningClientOk: false,
  },
  {
    code: 'NEW_CLIENT_FAILS',
    given: 'a timestamp that is an error page',
    arrange: ({ repository }) => {
      repository.put('timestamp.json', '<html>');
    },
    says: /^A new client stops \(NOT_JSON\)/,
    newClientOk: false,
    returningClientOk: false,
  },
  {
    code: 'NEW_CLIENT_FAILS',
    given: 'a root that is not signed by the one before',
    arrange: ({ repository }) => repository.publishRoot(() => undefined, [newEd25519Key()]),
    says: /^A new client stops \(ROOT_INVALID\): 2\.root\.json/,
    newClientOk: false,
    returningClientOk: false,
  },
  {
    code: 'NEW_CLIENT_FAILS',
    given: 'a snapshot for which the server answers 403',
    arrange: (o) => {
      deny(o, 'snapshot.json');
    },
    says: /^A new client stops \(ACCESS_DENIED\)/,
    newClientOk: false,
    returningClientOk: true, // it holds it already
  },
  {
    code: 'RETURNING_CLIENT_FAILS',
    given: 'a chain that goes another way than the one that clients hold',
    arrange: async (o) => {
      const { repository } = o;
      const before = repository.copy();
      const key = newEd25519Key();
      await repository.publishRoot(
        (signed) => {
          signed.keys[idOf(key)] = publicJson(key);
          signed.roles.root!.keyids = [idOf(key)];
        },
        [repository.keys.root, key],
      );
      await o.look();
      repository.restore(before, 'root.json', '2.root.json');
      await repository.publishRoot();
      await repository.publishRoot();
    },
    says: /^A client that has updated before stops \(ROOT_INVALID\): 3\.root\.json/,
    newClientOk: true,
    returningClientOk: false,
  },
  {
    code: 'ROOT_HIDDEN',
    given: 'a root that was served and is gone',
    arrange: async (o) => {
      await o.repository.publishRoot();
      await o.look();
      o.repository.remove('2.root.json');
    },
    says: /^2\.root\.json was served before and is not any more; version 2 is the newest known\.$/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'ROOT_GAP',
    given: 'root N+2 without N+1',
    arrange: async ({ repository }) => {
      await repository.publishRoot();
      await repository.publishRoot();
      repository.remove('2.root.json');
    },
    says: /^3\.root\.json is there, but not 2\.root\.json, without which no client gets to it\.$/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'ROOT_GAP',
    given: 'something larger than any root there, which is not to end the look',
    arrange: ({ repository }) => {
      repository.put('3.root.json', 'x'.repeat(600_000));
    },
    says: /^3\.root\.json is there/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'MISSING_IS_DENIED',
    given: 'a missing root that answers 403',
    arrange: (o) => {
      deny(o, '2.root.json');
    },
    says: /^For 2\.root\.json the server answers 403, not 404/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'TIMESTAMP_STALE',
    given: 'a signer that has been silent for three days and two checks',
    arrange: ({ repository }) => {
      repository.pass(3 * DAY + HOUR + 600 - 900 + 1); // it was an hour old at the first look
    },
    says: /^timestamp\.json version 4 was due for its successor at 2026-11-27T00:00:00Z, and is still what is served\.$/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'TIMESTAMP_STALE',
    given: 'a timestamp of somebody else that lives longer than ours, and has been served for too long',
    arrange: async (o) => {
      await o.repository.publishTimestamp({ change: (signed) => { signed.expires = '2026-12-24T00:00:00Z'; } }); // prettier-ignore
      await o.look();
      o.repository.pass(3 * DAY + 2 * HOUR + 601);
    },
    says: /^timestamp\.json version 5 was due/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'TIMESTAMP_EXPIRES_SOON',
    given: 'a timestamp of four days',
    arrange: async ({ repository }) => {
      await repository.publishTimestamp({ change: (signed) => { signed.expires = formatInstant((repository.now + days(4)) as typeof repository.now); } }); // prettier-ignore
    },
    says: /^timestamp\.json \(version 5\) expires at /,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'TARGET_UNREACHABLE',
    given: 'a target that cannot be had',
    arrange: (o) => {
      o.published = { ...o.published, unreachable: (path) => Promise.resolve(`${path} answers 404.`) };
      return publishTarget(o);
    },
    says: /^app\.exe answers 404\.$/,
    newClientOk: true,
    returningClientOk: true,
  },
  {
    code: 'MEMORY_LOST',
    given: 'a memory that is gone',
    arrange: ({ memory }) => {
      memory.objects.delete('memory.json');
    },
    says: /^memory\.json is gone: what was served before now is not known any more\.$/,
    newClientOk: true,
    returningClientOk: null,
  },
  ...['', '{}', '[]', 'null', '{"format":2}'].map((content): Case => ({
    code: 'MEMORY_LOST',
    given: `a memory that is damaged: ${JSON.stringify(content)}`,
    arrange: ({ memory }) => {
      memory.objects.set('memory.json', Buffer.from(content));
    },
    says: /^memory\.json cannot be used: /,
    newClientOk: true,
    returningClientOk: null,
  })),
  {
    code: 'MEMORY_LOST',
    given: 'a memory whose timestamp is none',
    arrange: (o) => {
      const json = o.remembered();
      o.memory.objects.set('memory.json', Buffer.from(JSON.stringify({ ...json, timestamp: { since: '2026-11-24T00:00:00Z', bytes: '{}' } }))); // prettier-ignore
    },
    says: /^memory\.json cannot be used: /,
    newClientOk: true,
    returningClientOk: null,
  },
  {
    code: 'MEMORY_LOST',
    given: 'a memory whose roots do not lead from the pin',
    arrange: ({ memory }) => {
      const text = Buffer.from(memory.objects.get('memory.json')!).toString();
      memory.objects.set('memory.json', Buffer.from(text.replace(/"roots": \[\s*".*"/, '"roots": ["{}"')));
    },
    says: /^memory\.json cannot be used: /,
    newClientOk: true,
    returningClientOk: null,
  },
];

function deny(o: Observed, file: string): void {
  o.published = {
    metadata: {
      get(name, maxBytes) {
        if (name === file) return Promise.reject(new FailureError('ACCESS_DENIED', `${name} could not be read: the server answered 403.`)); // prettier-ignore
        return o.repository.hosting.get(name, maxBytes);
      },
    },
  };
}

async function publishTarget({ repository }: Observed): Promise<void> {
  await repository.publishTargets(3, (signed) => {
    signed.targets = { 'app.exe': { length: 3, hashes: { sha256: 'ab'.repeat(32) } } };
  });
  await repository.publishSnapshot();
  await repository.publishTimestamp();
}

describe('the watchdog finds', () => {
  test.each(CASES)('$code: $given', async ({ code, options, arrange, says, newClientOk, returningClientOk }) => {
    const o = await observed(options);
    await arrange(o);
    const outcome = await o.look();
    const finding = outcome.findings.find((each) => each.code === code);
    expect(codesOf(outcome)).toContain(code);
    expect(finding?.message).toMatch(says);
    expect(outcome).toMatchObject({ outcome: 'unhealthy', newClientOk, returningClientOk });
    expect(FINDINGS[code].remedy).toMatch(/\.$/);
  });

  test('that a root is broken, not that it is hidden or that there is a gap', async () => {
    const o = await observed();
    await o.repository.publishRoot();
    await o.repository.publishRoot();
    await o.look();
    o.repository.put('2.root.json', '{}');
    expect(codesOf(await o.look())).toEqual(['NEW_CLIENT_FAILS']);
  });

  test('nothing of all this a moment before it is late', async () => {
    const o = await observed();
    o.repository.pass(3 * DAY + HOUR + 600 - 900);
    expect((await o.look()).findings).toEqual([]);
  });

  test('PINNED_ROOT_MISSING, and trusts nothing else, when the first look finds no pinned root', async () => {
    const o = new Observed(await newRepository());
    const { pin } = o;
    o.repository.remove('1.root.json');
    expect(await o.look({ pin })).toMatchObject({ outcome: 'unhealthy', code: 'PINNED_ROOT_MISSING', roles: [], newClientOk: false }); // prettier-ignore
    expect(o.memory.objects.size).toBe(0);
    const other = await observed();
    const fresh = new Observed(other.repository);
    const outcome = await fresh.look({ pin: { version: 1, sha256: '0'.repeat(64) } });
    expect(outcome).toMatchObject({ outcome: 'unhealthy', code: 'PINNED_ROOT_MISSING' });
    expect(outcome.message).toMatch(/^1\.root\.json has SHA-256 [0-9a-f]{16}…, not the pinned 0{16}…\.$/);
    other.repository.put('1.root.json', 'x'.repeat(600_000));
    expect(await fresh.look()).toMatchObject({ code: 'PINNED_ROOT_MISSING', message: expect.stringContaining('larger than any root') }); // prettier-ignore
  });

  test.each<{ code: string; given: string; arrange: (o: Observed) => unknown }>([
    { code: 'ROOT_EXPIRES_SOON', given: 'a root', arrange: ({ repository }) => repository.publishRoot((signed) => { signed.expires = '2026-12-24T00:00:00Z'; }) }, // prettier-ignore
    { code: 'SNAPSHOT_EXPIRES_SOON', given: 'a snapshot', arrange: async ({ repository }) => { await repository.publishSnapshot({ change: (signed) => { signed.expires = '2026-12-24T00:00:00Z'; } }); await repository.publishTimestamp(); } }, // prettier-ignore
    { code: 'TARGETS_EXPIRE_SOON', given: 'targets', arrange: async ({ repository }) => { await repository.publishTargets(3, (signed) => { signed.expires = '2026-12-24T00:00:00Z'; }); await repository.publishSnapshot(); await repository.publishTimestamp(); } }, // prettier-ignore
    { code: 'LONG_LIVED_FOREIGN', given: 'a timestamp for years', arrange: ({ repository }) => repository.publishTimestamp({ change: (signed) => { signed.expires = '2099-12-24T00:00:00Z'; } }) }, // prettier-ignore
    { code: 'KEY_IN_OTHER_ROLE', given: 'the snapshot key in the timestamp role', arrange: ({ repository }) => repository.publishRoot((signed) => { signed.roles.timestamp!.keyids.push(...signed.roles.snapshot!.keyids); }) }, // prettier-ignore
    { code: 'CLIENTS_MAY_REFUSE_ROOT', given: 'a role besides the four', arrange: ({ repository }) => repository.publishRoot((signed) => { signed.roles.mirrors = signed.roles.root!; }) }, // prettier-ignore
    { code: 'WEAK_KEY', given: 'the identity point', arrange: ({ repository }) => repository.publishRoot((signed) => { signed.keys['01'.repeat(32)] = { keytype: 'ed25519', scheme: 'ed25519', keyid_hash_algorithms: ['sha256', 'sha512'], keyval: { public: `01${'00'.repeat(31)}` } }; }) }, // prettier-ignore
    { code: 'CACHE_TOO_OLD', given: 'a cache that keeps for 11 minutes', arrange: (o) => { o.published = { ...o.published, cacheAge: () => 660 }; } }, // prettier-ignore
  ])('$code, which is not bad yet: $given', async ({ code, arrange }) => {
    const o = await observed();
    await arrange(o);
    const outcome = await o.look();
    expect(codesOf(outcome)).toEqual([code]);
    expect(outcome.outcome).toBe('healthy');
  });

  test('no KEY_IN_OTHER_ROLE for a snapshot key that may be shared, but for any other', async () => {
    const o = await observed();
    o.policy = { ...POLICY, allowSharedSnapshotKey: true };
    await o.repository.publishRoot((signed) => {
      signed.roles.timestamp!.keyids.push(...signed.roles.snapshot!.keyids);
    });
    expect((await o.look()).findings).toEqual([]);
    await o.repository.publishRoot((signed) => {
      signed.roles.timestamp!.keyids.push(...signed.roles.targets!.keyids);
    });
    expect((await o.look()).findings[0]?.message).toMatch(/for the role "targets" too\.$/);
  });
});

describe('a publish under way, or a cache between,', () => {
  const MIXED: readonly {
    given: string;
    code: string;
    arrange: (o: Observed) => unknown;
    repair: (o: Observed) => unknown;
  }[] = [
    // prettier-ignore
    {
      given: 'a snapshot that is newer than what the timestamp names',
      code: 'NEW_CLIENT_FAILS',
      arrange: async ({ repository }) => {
        await repository.publishTargets();
        await repository.publishSnapshot();
      },
      repair: ({ repository }) => repository.publishTimestamp(),
    },
    {
      given: 'targets and a snapshot that are longer than the ones that are named',
      code: 'NEW_CLIENT_FAILS',
      arrange: async ({ repository }) => {
        const longer = { change: (signed: Signed) => { signed.custom = 'x'.repeat(100); } }; // prettier-ignore
        await repository.publishTargets(3, longer.change);
        await repository.publishSnapshot(longer);
      },
      repair: ({ repository }) => repository.publishTimestamp(),
    },
    {
      given: 'no timestamp for a moment',
      code: 'NEW_CLIENT_FAILS',
      arrange: ({ repository }) => {
        repository.remove('timestamp.json');
      },
      repair: ({ repository }) => repository.publishTimestamp({ version: 9 }),
    },
    {
      given: 'the timestamp of before, just after it was replaced',
      code: 'VERSION_WENT_BACK',
      arrange: async (o) => {
        const old = o.repository.copy();
        await o.repository.signed({ force: true });
        await o.look();
        o.repository.restore(old, 'timestamp.json');
        o.repository.pass(30);
      },
      repair: ({ repository }) => repository.publishTimestamp({ version: 6 }),
    },
  ];

  test.each(MIXED)('is told, and does not count before cacheMax is over: $given', async ({ code, arrange, repair }) => {
    const o = await observed();
    await arrange(o);
    const first = await o.look();
    expect(codesOf(first)).toEqual([`(${code})`]);
    expect(first).toMatchObject({ outcome: 'healthy', newClientOk: true, returningClientOk: true });
    expect(await o.later(500)).toMatchObject({ outcome: 'healthy' });
    await repair(o);
    expect(await o.later(60)).toMatchObject({ outcome: 'healthy', findings: [] });
  });

  test.each(MIXED)('counts when it lasts: $given', async ({ code, arrange }) => {
    const o = await observed();
    await arrange(o);
    const { since } = (await o.look()).findings[0]!;
    const outcome = await o.later(600);
    expect(outcome).toMatchObject({ outcome: 'unhealthy', code, returningClientOk: false });
    expect(outcome.findings[0]).toMatchObject({ since, isPending: false });
  });
});

describe('the memory', () => {
  test('begins with the first look, which tells so once', async () => {
    const o = new Observed(await newRepository());
    expect(codesOf(await o.look())).toEqual(['MEMORY_BEGUN']);
    expect(codesOf(await o.later(900))).toEqual([]);
    expect([...o.memory.objects.keys()]).toEqual(['memory.json', 'begun.json']);
  });

  test('that was lost is told for a day, and begins again at once', async () => {
    const o = await observed();
    o.memory.objects.delete('memory.json');
    expect(codesOf(await o.look())).toEqual(['MEMORY_LOST']);
    expect(codesOf(await o.later(DAY - 1))).toEqual(['MEMORY_LOST']);
    expect(codesOf(await o.later(1))).toEqual([]);
  });

  test('is left alone by a dry run', async () => {
    const o = await observed();
    const before = o.memory.contents();
    await o.repository.publish();
    await o.look({ dryRun: true });
    expect(o.memory.contents()).toEqual(before);
  });

  test('never takes in what a client refused: a rollback stays one, however long it lasts', async () => {
    const o = await observed();
    const old = o.repository.copy();
    await o.repository.signed({ force: true });
    await o.later(900);
    o.repository.restore(old, 'timestamp.json');
    for (let day = 0; day < 5; day++) expect(codesOf(await o.later(DAY / 2))).toContain('VERSION_WENT_BACK');
    expect((o.remembered().timestamp as { bytes: string }).bytes).toContain('"version":5');
  });

  test('keeps the moment at which a timestamp was first seen: looking does not make it younger', async () => {
    const o = await observed();
    await o.repository.publishTimestamp({ change: (signed) => { signed.expires = '2026-12-24T00:00:00Z'; } }); // prettier-ignore
    for (let hour = 0; hour <= 3 * 24 + 2; hour++) expect((await o.later(HOUR)).outcome).toBe('healthy');
    expect(codesOf(await o.later(HOUR))).toContain('TIMESTAMP_STALE');
  });

  test('keeps what was seen first of a version, and of roles the highest: what is found stays found', async () => {
    const o = await observed({ delegations: ['a'] });
    const { repository } = o;
    await repository.publish();
    await o.look();
    const old = repository.copy();
    await repository.resign('a.json', (signed) => { signed.expires = '2030-01-01T00:00:00Z'; }); // prettier-ignore
    await repository.publishSnapshot();
    await repository.publishTimestamp();
    for (let look = 0; look < 3; look++) expect(codesOf(await o.later(HOUR))).toEqual(['EQUIVOCATION']);
    const before = o.remembered().targets;
    repository.restore(old, 'a.json', 'targets.json', 'snapshot.json', 'timestamp.json');
    expect(codesOf(await o.later(HOUR))).toEqual(['VERSION_WENT_BACK']);
    await repository.publishTargets(1);
    await repository.publishSnapshot();
    await repository.publishTimestamp({ version: 9 });
    expect(codesOf(await o.later(HOUR))).toContain('SNAPSHOT_WENT_BACK');
    expect(o.remembered().targets).toEqual(before);
  });

  test('knows a root that was pinned as updates roots prints it, with a newline more', async () => {
    const o = await observed();
    const pin = pinOf(Buffer.concat([o.repository.bytes('1.root.json'), Buffer.from('\n')]), 1);
    for (let look = 0; look < 2; look++) expect(await o.look({ pin })).toMatchObject({ outcome: 'healthy', findings: [] }); // prettier-ignore
  });

  test('follows a pin that moves on along the chain', async () => {
    const o = await observed();
    await o.repository.publishRoot();
    await o.look();
    const pin = pinOf(o.repository.bytes('2.root.json'), 2);
    expect(await o.look({ pin })).toMatchObject({ outcome: 'healthy', findings: [] });
    expect((o.remembered().roots as unknown[]).length).toBe(1);
    expect(await o.look({ pin })).toMatchObject({ outcome: 'healthy', findings: [] });
  });

  test('of another pin is told, not used', async () => {
    const [one, other] = [await observed(), await observed({ consistent: true })];
    one.memory.objects.set('memory.json', other.memory.objects.get('memory.json')!);
    expect(codesOf(await one.look())).toEqual(['MEMORY_LOST']);
  });

  test('that somebody else writes meanwhile is left to him', async () => {
    const o = await observed();
    const other = Buffer.from('{}');
    o.memory.before = ({ do: what, name }) => {
      if (what === 'putIf' && name === 'memory.json') o.memory.objects.set(name, other);
    };
    expect((await o.look()).outcome).toBe('healthy');
    expect(o.memory.objects.get('memory.json')).toBe(other);
  });

  test('and the repository: what cannot be reached is a failure, and nothing is remembered', async () => {
    const o = await observed();
    const before = o.memory.contents();
    o.repository.hosting.before = () => {
      throw new FailureError('STORE_UNREACHABLE', 'The network is down.');
    };
    await expect(o.look()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(o.memory.contents()).toEqual(before);
  });
});
