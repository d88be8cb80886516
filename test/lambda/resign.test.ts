import { afterEach, describe, expect, test } from '@jest/globals';
import { formatInstant, type Instant } from '../../lib/tuf/instant.ts';
import type { Call } from '../aws/call.ts';
import { idOf } from '../refresh/signing.ts';
import { type Deployment, deploy, DEPLOYMENT, NAME, tearDown } from './deployment.ts';
import { keyCalls, puts } from './expect-sound-run.ts';

afterEach(tearDown);

const HOUR = 3_600;
const DAY = 24 * HOUR;
const inTwoWeeks = (d: Deployment) => formatInstant((d.repository.now + 14 * DAY) as Instant);

describe('a run that signs', () => {
  test.each(['kms-ed25519', 'kms-p256', 'kms-rsa'] as const)(
    'signs with the key in KMS when it is due, and a client with a memory accepts it (%s)',
    async (key) => {
      const d = await deploy({ key });
      expect(d.client()).toEqual({ root: 2, timestamp: 3, snapshot: 2 });
      d.pass(3 * DAY);
      const { outcome, messages } = await d.run();
      expect(outcome).toMatchObject({
        repository: NAME,
        outcome: 'signed',
        code: 'SIGNED',
        version: 4,
        expires: inTwoWeeks(d),
        nextDueAt: formatInstant((d.repository.now + 3 * DAY) as Instant),
        warnings: [],
      });
      expect(outcome.keyIds).toHaveLength(1);
      expect(messages).toHaveLength(1);
      expect(d.client()).toEqual({ root: 2, timestamp: 4, snapshot: 2 });
    },
  );

  test.each([
    { fixture: 'go-tuf-v0.5.2', versions: { root: 1, timestamp: 4, snapshot: 2 } },
    { fixture: 'rotated', versions: { root: 3, timestamp: 5, snapshot: 4 } },
    { fixture: 'consistent', versions: { root: 1, timestamp: 5, snapshot: 3 } },
    { fixture: 'ecdsa-key', versions: { root: 1, timestamp: 2, snapshot: 1 } },
    { fixture: 'rsa-key', versions: { root: 1, timestamp: 2, snapshot: 1 } },
    { fixture: 'scrypt-65536', versions: { root: 1, timestamp: 2, snapshot: 1 } },
    { fixture: 'scrypt-131072', versions: { root: 1, timestamp: 2, snapshot: 1 } },
    { fixture: 'plain-key', versions: { root: 1, timestamp: 2, snapshot: 1 } },
  ])("signs with go-tuf's key file and the passphrase from Secrets Manager ($fixture)", async (given) => {
    const d = await deploy({ key: { fixture: given.fixture } });
    const before = d.client();
    d.pass(3 * DAY);
    const run = await d.run();
    expect(run.outcome).toMatchObject({ code: 'SIGNED', expires: inTwoWeeks(d), warnings: [] });
    expect(keyCalls(run).toSorted()).toEqual([`GetObject ${NAME}/${d.keyFile}`, 'GetSecretValue']);
    expect(d.client()).toEqual(given.versions);
    expect(before).toEqual({ ...given.versions, timestamp: given.versions.timestamp - 1 });
  });

  test('reads the version of the secret that the journal names, also when there is a newer one', async () => {
    const d = await deploy({ key: { fixture: 'go-tuf-v0.5.2' } });
    d.aws.secrets.put('timekeeper/timekeeper-tests/orbit', 'the passphrase of an enrolment that was cut off');
    expect((await d.run({ force: true })).outcome).toMatchObject({ code: 'SIGNED' });
  });

  test('writes the journal first and timestamp.json second, both on condition, and nothing else', async () => {
    const d = await deploy();
    const before = new Map(d.hosting.keys().map((key) => [key, d.hosting.current(key)]));
    d.pass(3 * DAY);
    const run = await d.run({ reason: 'a test' });
    expect(puts(run)).toEqual([`${NAME}/journal.json`, 'tuf/timestamp.json']);
    expect(d.hosting.current('tuf/timestamp.json')!.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'max-age=60',
    });
    expect(d.journal().entry).toMatchObject({
      timestamp: d.published('timestamp.json')!.toString(),
      reason: 'a test',
      by: DEPLOYMENT,
    });
    before.delete('tuf/timestamp.json');
    for (const [key, version] of before) expect(d.hosting.current(key)).toBe(version);
  });

  test('signs before it is due when forced', async () => {
    const d = await deploy();
    d.pass(HOUR);
    expect((await d.run({ force: true })).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
  });

  test('keeps a new root in the state, then signs under it', async () => {
    const d = await deploy();
    await d.repository.publishRoot();
    d.upload('3.root.json');
    d.pass(3 * DAY);
    const run = await d.run();
    expect(run.outcome).toMatchObject({ code: 'SIGNED', version: 4 });
    expect(puts(run)).toEqual([`${NAME}/root-chain.json`, `${NAME}/journal.json`, 'tuf/timestamp.json']);
    expect(JSON.parse(d.state('root-chain.json')!.toString())).toHaveProperty('roots.length', 3);
    expect(d.client()).toEqual({ root: 3, timestamp: 4, snapshot: 2 });
  });

  test('reads and writes a hosting bucket in another region with a client of that region', async () => {
    const d = await deploy({ region: 'us-east-1' });
    d.pass(3 * DAY);
    const { outcome, calls } = await d.run();
    expect(outcome.code).toBe('SIGNED');
    expect(new Set(calls.map(({ bucket, region }) => `${bucket ?? 'KMS'} ${region}`))).toEqual(
      new Set([
        'updates us-east-1',
        'timekeeper-tests-timekeeper-state-111111111111-eu-central-1 eu-central-1',
        'KMS eu-central-1',
      ]),
    );
  });

  test("makes every call with the role's session token, which Lambda puts into the environment", async () => {
    const d = await deploy();
    const tokens = new Set<unknown>();
    d.aws.onRequest((call) => {
      tokens.add((call as Call).headers['x-amz-security-token']);
    });
    const lambda = await d.start({
      ...d.environment(),
      AWS_SESSION_TOKEN: 'of-the-role',
      AWS_LAMBDA_FUNCTION_NAME: 'resign',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1',
    });
    d.pass(3 * DAY);
    expect((await d.invoke(lambda)).outcome.code).toBe('SIGNED');
    await lambda.end();
    expect([...tokens]).toEqual(['of-the-role']);
  });

  test('keeps its connections, and signs again when warm', async () => {
    const d = await deploy();
    const lambda = await d.start();
    for (const version of [4, 5, 6]) {
      d.pass(3 * DAY);
      expect((await d.invoke(lambda)).outcome).toMatchObject({ code: 'SIGNED', version });
    }
    expect(await lambda.end()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(d.client()).toMatchObject({ timestamp: 6 });
  });
});

describe('a run that skips', () => {
  const cases: readonly {
    readonly given: string;
    readonly code: string;
    readonly event?: object;
    readonly prepare: (d: Deployment) => unknown;
    /** The timestamp's version afterwards, if the publisher wrote one. */
    readonly version?: number;
  }[] = [
    {
      given: 'a healthy timestamp',
      code: 'NOT_DUE',
      prepare: (d) => {
        d.pass(HOUR);
      },
    },
    {
      given: 'a timestamp that fleetctl published meanwhile',
      code: 'NOT_DUE',
      prepare: async (d) => {
        await d.repository.publish();
        d.upload();
      },
      version: 4,
    },
    {
      given: 'a pause, although it is due',
      code: 'PAUSED',
      prepare: (d) => {
        d.putState('pause.json', { until: '2027-01-01T00:00:00Z', reason: 'drill' });
        d.pass(3 * DAY);
      },
    },
    {
      given: 'a pause, although it is forced',
      code: 'PAUSED',
      event: { force: true },
      prepare: (d) => {
        d.putState('pause.json', { until: '2027-01-01T00:00:00Z', reason: 'drill' });
      },
    },
    {
      given: 'a second forced run within ten minutes',
      code: 'TOO_SOON',
      event: { force: true },
      prepare: async (d) => {
        await d.run({ force: true });
        d.pass(9 * 60);
      },
      version: 4,
    },
    {
      given: 'a newer snapshot that no timestamp names yet',
      code: 'PUBLISH_IN_PROGRESS',
      event: { force: true },
      prepare: async (d) => {
        await d.repository.publishSnapshot();
        d.upload('snapshot.json');
      },
    },
    {
      given: 'a timestamp that arrived before its snapshot',
      code: 'PUBLISH_IN_PROGRESS',
      event: { force: true },
      prepare: async (d) => {
        await d.repository.publish();
        d.upload('timestamp.json');
      },
      version: 4,
    },
  ];
  test.each(cases)('answers $code to $given', async ({ code, event, prepare, version = 3 }) => {
    const d = await deploy();
    await prepare(d);
    const run = await d.run(event);
    expect(run.outcome).toMatchObject({ outcome: 'skipped', code, keyIds: [] });
    expect(run.outcome.nextDueAt).not.toBeNull();
    expect(keyCalls(run)).toEqual([]);
    expect(d.version).toBe(version);
  });

  test('signs again when the pause is over, and ten minutes after a forced signature', async () => {
    const d = await deploy();
    d.putState('pause.json', { until: formatInstant((d.repository.now + HOUR) as Instant), reason: 'drill' });
    const lambda = await d.start();
    d.pass(HOUR);
    const event = JSON.stringify({ repository: NAME, force: true });
    expect((await d.invoke(lambda, event)).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
    d.pass(9 * 60);
    expect((await d.invoke(lambda, event)).outcome).toMatchObject({ code: 'TOO_SOON', version: 4 });
    d.pass(60);
    expect((await d.invoke(lambda, event)).outcome).toMatchObject({ code: 'SIGNED', version: 5 });
    await lambda.end();
  });
});

describe('the policy', () => {
  const inSeconds = (d: Deployment, span: number) => formatInstant((d.repository.now + span) as Instant);

  test('is the configured one, not what holds by default', async () => {
    const d = await deploy();
    d.configure({ validity: 7 * DAY, resignAfter: DAY, cacheMax: 120, check: 20 * 60, maxVersionJump: 10 });
    await d.repository.publish();
    d.upload();
    const lambda = await d.start();
    expect((await d.invoke(lambda)).outcome).toMatchObject({ code: 'NOT_DUE', nextDueAt: inSeconds(d, 120) });
    d.pass(120);
    expect((await d.invoke(lambda)).outcome).toMatchObject({
      code: 'SIGNED',
      expires: inSeconds(d, 7 * DAY),
      nextDueAt: inSeconds(d, DAY),
    });
    d.tamper('timestamp.json', 'garbage');
    expect((await d.invoke(lambda)).outcome).toMatchObject({ code: 'HEAL_WAITS', nextDueAt: inSeconds(d, 10 * 60) });
    await d.repository.publishTimestamp({ version: 16 });
    d.upload('timestamp.json');
    expect((await d.invoke(lambda)).outcome).toMatchObject({ code: 'VERSION_JUMP' });
    await lambda.end();
  });

  test('has one more signature made once caches can hold no older snapshot', async () => {
    const d = await deploy();
    await d.repository.publish();
    d.upload();
    expect((await d.run()).outcome).toMatchObject({ code: 'NOT_DUE', nextDueAt: inSeconds(d, 10 * 60) });
    d.pass(10 * 60);
    expect((await d.run()).outcome).toMatchObject({ code: 'SIGNED', version: 5 });
  });
});

describe('a run that must not sign', () => {
  const cases: readonly {
    readonly given: string;
    readonly code: string;
    readonly prepare: (d: Deployment) => unknown;
  }[] = [
    {
      given: 'no snapshot',
      code: 'SNAPSHOT_MISSING',
      prepare: (d) => {
        d.tamper('snapshot.json', undefined);
      },
    },
    {
      given: 'an older snapshot than the endorsed one',
      code: 'SNAPSHOT_ROLLBACK',
      prepare: async (d) => {
        const old = d.published('snapshot.json');
        await d.repository.publish();
        d.upload();
        await d.run();
        d.tamper('snapshot.json', old);
      },
    },
    {
      given: 'another snapshot of the same version',
      code: 'SNAPSHOT_MISMATCH',
      prepare: async (d) => {
        await d.repository.publishTargets();
        await d.repository.publishSnapshot({ version: 2 });
        d.upload('targets.json', 'snapshot.json');
      },
    },
    {
      given: 'a newer snapshot that no timestamp has named for two checks',
      code: 'SNAPSHOT_NOT_ENDORSED',
      prepare: async (d) => {
        await d.repository.publishSnapshot();
        d.upload('snapshot.json');
        await d.run();
      },
    },
    {
      given: 'a snapshot cut short',
      code: 'NOT_JSON',
      prepare: (d) => {
        d.tamper('snapshot.json', '{"signed":');
      },
    },
    {
      given: 'a new root without our key',
      code: 'KEY_NOT_IN_ROOT',
      prepare: async (d) => {
        await d.repository.publishRoot((root) => {
          root.roles.timestamp!.keyids = [idOf(d.repository.keys.timestamp)];
        });
        d.upload('3.root.json');
      },
    },
    {
      given: 'a new root that no holder of a root key signed',
      code: 'ROOT_INVALID',
      prepare: async (d) => {
        await d.repository.publishRoot(() => undefined, [d.repository.keys.targets]);
        d.upload('3.root.json');
      },
    },
    {
      given: 'a version far ahead',
      code: 'VERSION_JUMP',
      prepare: async (d) => {
        await d.repository.publishTimestamp({ version: 2_000_000 });
        d.upload('timestamp.json');
      },
    },
    {
      given: 'no journal',
      code: 'JOURNAL_MISSING',
      prepare: (d) => {
        d.putState('journal.json', undefined);
      },
    },
    {
      given: 'a broken journal',
      code: 'JOURNAL_INVALID',
      prepare: (d) => {
        d.putState('journal.json', '{"format":1');
      },
    },
    {
      given: "another repository's journal",
      code: 'JOURNAL_FOREIGN',
      prepare: (d) => {
        d.putState('journal.json', d.state('journal.json')!.toString().replace(`"${NAME}"`, '"agents"'));
      },
    },
    {
      given: 'the journal of another bucket',
      code: 'JOURNAL_FOREIGN',
      prepare: (d) => {
        d.putState('journal.json', d.state('journal.json')!.toString().replace('s3://updates/', 's3://other/'));
      },
    },
    {
      given: 'a journal of tomorrow',
      code: 'JOURNAL_FROM_FUTURE',
      prepare: (d) => {
        d.pass(-4 * DAY);
      },
    },
    {
      given: 'a configuration that pins another root',
      code: 'ROOT_PIN_MISMATCH',
      prepare: (d) => {
        d.configure({ root: { version: 1, sha256: '0'.repeat(64) } });
      },
    },
    {
      given: 'a broken root chain',
      code: 'ROOT_CHAIN_INVALID',
      prepare: (d) => {
        d.putState('root-chain.json', '{}');
      },
    },
    {
      given: 'a pause without an end',
      code: 'PAUSE_INVALID',
      prepare: (d) => {
        d.putState('pause.json', { reason: '' });
      },
    },
    {
      given: 'a clock six minutes behind',
      code: 'CLOCK_SKEW',
      prepare: (d) => {
        d.skew = 360;
      },
    },
    {
      given: 'a clock six minutes ahead',
      code: 'CLOCK_SKEW',
      prepare: (d) => {
        d.skew = -360;
      },
    },
  ];
  test.each(cases)('answers $code to $given, although it is due and forced', async ({ code, prepare }) => {
    const d = await deploy();
    await prepare(d);
    d.pass(3 * DAY);
    const before = d.published('timestamp.json');
    const run = await d.run({ force: true });
    expect(run.outcome).toMatchObject({ outcome: 'refused', code, keyIds: [], nextDueAt: null });
    expect(run.outcome.remedy).not.toBe('');
    expect(keyCalls(run)).toEqual([]);
    expect(d.published('timestamp.json')).toBe(before);
  });

  test('keeps a new root although it refuses', async () => {
    const d = await deploy();
    await d.repository.publishRoot();
    d.upload('3.root.json');
    d.tamper('snapshot.json', undefined);
    const run = await d.run();
    expect(run.outcome.code).toBe('SNAPSHOT_MISSING');
    expect(puts(run)).toContain(`${NAME}/root-chain.json`);
  });

  test('puts nothing that its own check does not accept: KMS signed with another key', async () => {
    const d = await deploy();
    d.aws.kms.setAlias('alias/orbit', d.keyId);
    d.configure({ key: { type: 'kms-ed25519', keyId: 'alias/orbit' } });
    d.aws.kms.setAlias('alias/orbit', d.aws.kms.createKey('ECC_NIST_EDWARDS25519').keyId);
    d.pass(3 * DAY);
    const run = await d.run();
    expect(run.outcome).toMatchObject({ outcome: 'refused', code: 'OWN_OUTPUT_INVALID' });
    expect(puts(run)).toEqual([]);
    expect(d.version).toBe(3);
  });

  test('remembers no skew that was mended', async () => {
    const d = await deploy();
    const lambda = await d.start();
    d.skew = 360;
    expect((await d.invoke(lambda)).outcome.code).toBe('CLOCK_SKEW');
    d.skew = 240;
    expect((await d.invoke(lambda)).outcome.code).toBe('NOT_DUE');
    await lambda.end();
  });
});

describe('a run that heals', () => {
  test('puts an older timestamp right with a higher version', async () => {
    const d = await deploy();
    const old = d.published('timestamp.json');
    const lambda = await d.start();
    for (let time = 0; time < 2; time++) {
      d.pass(3 * DAY);
      await d.invoke(lambda);
    }
    d.client();
    d.tamper('timestamp.json', old);
    d.pass(HOUR);
    expect((await d.invoke(lambda)).outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_ROLLBACK', version: 6 });
    await lambda.end();
    expect(d.client()).toMatchObject({ timestamp: 6 });
  });

  test('makes a missing timestamp anew, on condition that there is none', async () => {
    const d = await deploy();
    d.client();
    d.tamper('timestamp.json', undefined);
    const { outcome, calls } = await d.run();
    expect(outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_MISSING', version: 4 });
    expect(calls.find(({ operation, bucket }) => operation === 'PutObject' && bucket === 'updates')?.ifNoneMatch).toBe(
      '*',
    );
    expect(d.client()).toMatchObject({ timestamp: 4 });
  });

  test.each(['', '<html>502</html>', '{"signed":{},"signatures":[]}'.slice(0, 20)])(
    'waits half a check before it replaces a timestamp that nobody can verify (%j)',
    async (garbage) => {
      const d = await deploy();
      d.tamper('timestamp.json', garbage);
      const first = await d.run();
      expect(first.outcome).toMatchObject({ outcome: 'skipped', code: 'HEAL_WAITS' });
      expect(puts(first)).toEqual([`${NAME}/journal.json`]);
      d.pass(HOUR / 2);
      expect((await d.run()).outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_GARBAGE', version: 4 });
      expect(d.client()).toMatchObject({ timestamp: 4 });
    },
  );

  test('does not wait with that when forced', async () => {
    const d = await deploy();
    d.tamper('timestamp.json', 'garbage');
    expect((await d.run({ force: true })).outcome).toMatchObject({ code: 'HEALED_GARBAGE', version: 4 });
  });

  test('signs anew what a removed key had signed', async () => {
    const d = await deploy();
    await d.repository.publishRoot((root) => {
      const fleetctl = idOf(d.repository.keys.timestamp);
      root.roles.timestamp!.keyids = root.roles.timestamp!.keyids.filter((id) => id !== fleetctl);
    });
    d.upload('3.root.json');
    expect((await d.run()).outcome).toMatchObject({ code: 'HEALED_ROOT_CHANGED', version: 4 });
    expect(d.client()).toEqual({ root: 3, timestamp: 4, snapshot: 2 });
  });
});

describe('in advance mode', () => {
  test.each([{ consistent: false }, { consistent: true }])(
    'a newer snapshot is checked and endorsed at once (consistent snapshots: $consistent)',
    async ({ consistent }) => {
      const d = await deploy({ mode: 'advance', consistent });
      d.client();
      await d.repository.publishTargets();
      await d.repository.publishSnapshot();
      d.upload();
      const { outcome, calls } = await d.run();
      expect(outcome).toMatchObject({ code: 'SIGNED', version: 4 });
      expect(calls.map(({ key }) => key)).toContain(consistent ? 'tuf/3.targets.json' : 'tuf/targets.json');
      expect(d.client()).toEqual({ root: 2, timestamp: 4, snapshot: 3 });
    },
  );

  test('a newer snapshot waits for its targets metadata, and is refused when that does not come', async () => {
    const d = await deploy({ mode: 'advance', consistent: true });
    await d.repository.publishTargets();
    await d.repository.publishSnapshot();
    d.upload('3.snapshot.json');
    const first = await d.run();
    expect(first.outcome.code).toBe('PUBLISH_IN_PROGRESS');
    d.pass(HOUR);
    const second = await d.run();
    expect(second.outcome).toMatchObject({ outcome: 'refused', code: 'TARGETS_MISSING' });
    expect([keyCalls(first), keyCalls(second)]).toEqual([[], []]);
    expect(d.version).toBe(3);
  });

  test('a snapshot that takes a role away is refused', async () => {
    const d = await deploy({ mode: 'advance', delegations: ['linux'] });
    await d.repository.publishSnapshot({
      change: (signed) => {
        signed.meta = { 'targets.json': signed.meta['targets.json']! };
      },
    });
    d.upload('snapshot.json');
    expect((await d.run()).outcome).toMatchObject({ outcome: 'refused', code: 'METADATA_ROLLBACK' });
    expect(d.version).toBe(3);
  });
});

describe('a dry run', () => {
  test.each([
    {
      given: 'a due timestamp',
      code: 'SIGNED',
      prepare: (d: Deployment) => {
        d.pass(3 * DAY);
      },
    },
    {
      given: 'a healthy one',
      code: 'NOT_DUE',
      prepare: (d: Deployment) => {
        d.pass(HOUR);
      },
    },
    {
      given: 'a missing one',
      code: 'HEALED_MISSING',
      prepare: (d: Deployment) => {
        d.tamper('timestamp.json', undefined);
      },
    },
  ])('with $given has the verdict $code, signs nothing but a probe, and notes that', async ({ code, prepare }) => {
    const d = await deploy();
    prepare(d);
    const before = d.published('timestamp.json');
    const run = await d.run({ dryRun: true });
    expect(run.outcome).toMatchObject({ code, dryRun: true });
    expect(run.outcome.keyIds).toHaveLength(1);
    expect(run.messages).toEqual([expect.stringMatching(/^timekeeper-probe:[0-9a-f-]{36}$/)]);
    expect(puts(run)).toEqual([`${NAME}/journal.json`]);
    expect(d.journal()).toMatchObject({ probedAt: formatInstant(d.repository.now) });
    expect(d.journal().entry).toBeUndefined();
    expect(d.published('timestamp.json')).toBe(before);
  });

  test('opens the key file with the passphrase, and publishes nothing', async () => {
    const d = await deploy({ key: { fixture: 'go-tuf-v0.5.2' } });
    d.pass(3 * DAY);
    const run = await d.run({ dryRun: true });
    expect(run.outcome).toMatchObject({ code: 'SIGNED', dryRun: true, version: 3 });
    expect(keyCalls(run)).toHaveLength(2);
    expect(puts(run)).toEqual([`${NAME}/journal.json`]);
  });

  test('that refuses or waits asks for no key and writes nothing', async () => {
    const d = await deploy();
    await d.repository.publishRoot();
    d.upload('3.root.json');
    d.tamper('timestamp.json', 'garbage');
    const waits = await d.run({ dryRun: true });
    d.tamper('snapshot.json', undefined);
    const refuses = await d.run({ dryRun: true });
    expect([waits.outcome.code, refuses.outcome.code]).toEqual(['HEAL_WAITS', 'SNAPSHOT_MISSING']);
    for (const run of [waits, refuses]) expect([keyCalls(run), puts(run), run.outcome.dryRun]).toEqual([[], [], true]);
  });
});

describe('a run that warns', () => {
  test('signs over the journal of another deployment with OTHER_SIGNER', async () => {
    const d = await deploy();
    d.configure({}, 'the-other-one');
    await d.run({ force: true });
    d.configure({});
    d.pass(HOUR);
    const { outcome } = await d.run({ force: true });
    expect(outcome).toMatchObject({ code: 'SIGNED', version: 5, warnings: [{ code: 'OTHER_SIGNER' }] });
    expect(d.journal().entry).toMatchObject({ by: DEPLOYMENT });
  });

  test('tells of a receipt that is ahead of the bucket, signs all the same, and refuses after a day', async () => {
    const d = await deploy();
    d.putState('expected.json', { version: 3, sha256: 'a'.repeat(64) });
    const warnings = [{ code: 'PUBLISHED_SNAPSHOT_MISSING' }];
    expect((await d.run({ force: true })).outcome).toMatchObject({ code: 'SIGNED', warnings });
    d.pass(DAY / 2);
    expect((await d.run()).outcome).toMatchObject({ code: 'NOT_DUE', warnings });
    d.pass(DAY);
    expect((await d.run()).outcome).toMatchObject({ outcome: 'refused', code: 'PUBLISHED_SNAPSHOT_MISSING' });
  });

  test('ignores a receipt that it cannot read with RECEIPT_IGNORED', async () => {
    const d = await deploy();
    d.putState('expected.json', '{"version":');
    expect((await d.run()).outcome).toMatchObject({ code: 'NOT_DUE', warnings: [{ code: 'RECEIPT_IGNORED' }] });
  });
});
