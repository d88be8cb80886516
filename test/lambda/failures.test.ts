import { afterEach, describe, expect, test } from '@jest/globals';
import type { Call } from '../aws/call.ts';
import type { Fault, FaultAnswer } from '../aws/faults.ts';
import type { Hook } from '../aws/local-aws.ts';
import { type Deployment, deploy, NAME, tearDown } from './deployment.ts';
import { keyCalls, puts } from './expect-sound-run.ts';

afterEach(tearDown);

const DAY = 86_400;

type Match = Fault['match'];
const putOf =
  (file: string): Match =>
  ({ operation, key }) =>
    operation === 'PutObject' && key?.endsWith(`/${file}`) === true;
const getOf =
  (file: string): Match =>
  ({ operation, key }) =>
    operation === 'GetObject' && key?.endsWith(`/${file}`) === true;
const of =
  (service: Call['service']): Match =>
  (call) =>
    call.service === service;

/** Runs a hook once for each of the first calls that match, before they are carried out. */
function before(d: Deployment, match: Match, times: number, hook: Hook): void {
  let left = times;
  d.aws.onRequest(async (call) => {
    if (left <= 0 || !match(call)) return;
    left -= 1;
    await hook(call);
  });
}

/** Every call that matches is answered so, the SDK's retries too. */
const always = (match: Match, answer: FaultAnswer) => (d: Deployment) => {
  d.aws.faults.push({ match, times: 99, answer });
};

/** Deployed, and due. */
async function due(options?: Parameters<typeof deploy>[0]): Promise<Deployment> {
  const d = await deploy(options);
  d.client();
  d.pass(3 * DAY);
  return d;
}

/** P5: whatever happened, no version was ever written with two contents, and a client with a memory goes on. */
function expectNoVersionTwice(d: Deployment): void {
  expect([...d.timestamps()].filter(([, contents]) => contents.size > 1)).toEqual([]);
}

describe('a lost race', () => {
  test('is decided again: a publisher wrote the same version between read and put', async () => {
    const d = await due();
    before(d, putOf('timestamp.json'), 1, async () => {
      await d.repository.publishTimestamp({ version: 4 });
      d.upload('timestamp.json');
    });
    const run = await d.run();
    expect(run.outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_COLLISION', version: 5 });
    expect(run.calls.map(({ status }) => status)).toContain(412);
    expect(d.client()).toMatchObject({ timestamp: 5 });
  });

  test('ends well when the winner published something newer', async () => {
    const d = await due();
    before(d, putOf('timestamp.json'), 1, async () => {
      await d.repository.publish({ timestamp: 5 });
      d.upload();
    });
    const { outcome } = await d.run();
    expect(outcome).toMatchObject({ outcome: 'skipped', code: 'NOT_DUE', version: 5 });
    expect(d.client()).toMatchObject({ timestamp: 5, snapshot: 3 });
  });

  test('for timestamp.json is one when S3 says 409', async () => {
    const d = await due();
    d.aws.faults.push({ match: putOf('timestamp.json'), answer: { status: 409, code: 'ConditionalRequestConflict' } });
    expect((await d.run()).outcome).toMatchObject({ code: 'HEALED_UNPUBLISHED', version: 5 });
    expect(d.client()).toMatchObject({ timestamp: 5 });
    expectNoVersionTwice(d);
  });

  test('for the journal uses up no version', async () => {
    const d = await due();
    d.aws.faults.push({ match: putOf('journal.json'), answer: { status: 409, code: 'ConditionalRequestConflict' } });
    expect((await d.run()).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
    expectNoVersionTwice(d);
  });

  test('is none when the put was applied and only its answer lost', async () => {
    const d = await due();
    d.aws.faults.push({ match: putOf('timestamp.json'), answer: 'apply-then-reset' });
    const run = await d.run();
    expect(run.outcome).toMatchObject({ outcome: 'signed', code: 'SIGNED', version: 4 });
    expect(run.calls.map(({ status }) => status)).toContain(412); // the SDK's second try met the first one's object
    expect(d.client()).toMatchObject({ timestamp: 4 });
    expectNoVersionTwice(d);
  });

  test('costs a version when the answer to the journal was lost, and nothing else', async () => {
    const d = await due();
    d.aws.faults.push({ match: putOf('journal.json'), answer: 'apply-then-reset' });
    expect((await d.run()).outcome).toMatchObject({ code: 'HEALED_UNPUBLISHED', version: 5 });
    expect(d.client()).toMatchObject({ timestamp: 5 });
    expectNoVersionTwice(d);
  });

  const writers: readonly { readonly given: string; readonly write: (d: Deployment) => Promise<void> | void }[] = [
    {
      given: 'timestamp.json',
      write: async (d: Deployment) => {
        await d.repository.publishTimestamp();
        d.upload('timestamp.json');
      },
    },
    {
      given: 'journal.json',
      write: (d: Deployment) => {
        d.putState('journal.json', `${d.state('journal.json')!.toString()} `);
      },
    },
  ];
  test.each(writers)('fails with LOST_RACE after the third for $given', async ({ given, write }) => {
    const d = await due();
    before(d, putOf(given), 3, () => write(d));
    const run = await d.run();
    expect(run.outcome).toMatchObject({ outcome: 'failed', code: 'LOST_RACE' });
    expect(run.error?.name).toBe('LOST_RACE');
    expect(puts(run)).not.toContain('tuf/timestamp.json');
    d.pass(60);
    expect((await d.run()).outcome.outcome).not.toBe('failed');
    d.client();
  });

  test('between two Lambdas never gives one version two contents', async () => {
    const d = await due();
    const lambdas = await Promise.all([d.start(), d.start(), d.start()]);
    const event = JSON.stringify({ repository: NAME, force: true });
    d.aws.clockOffset = d.repository.now * 1_000 - Date.now();
    const answers = await Promise.all(lambdas.map((lambda) => lambda.invoke(event, d.repository.now * 1_000)));
    await Promise.all(lambdas.map((lambda) => lambda.end()));
    expect(answers.filter(({ outcome }) => outcome?.outcome === 'signed').length).toBeGreaterThan(0);
    expect(answers.filter(({ outcome, error }) => (outcome?.code ?? error?.name) === 'UNEXPECTED')).toEqual([]);
    d.client();
    expectNoVersionTwice(d);
  });
});

describe('a crash between journal and timestamp', () => {
  test('is healed by the next run with a higher version', async () => {
    const d = await due();
    d.aws.faults.push({ match: putOf('timestamp.json'), times: 3, answer: 'reset' });
    expect((await d.run()).outcome).toMatchObject({ outcome: 'failed', code: 'STORE_UNREACHABLE' });
    expect([d.journal().entry?.version, d.version]).toEqual([4, 3]);
    expect((await d.run()).outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_UNPUBLISHED', version: 5 });
    expect(d.client()).toMatchObject({ timestamp: 5 });
    expectNoVersionTwice(d);
  });

  test('is healed after a killed process, too', async () => {
    const d = await due();
    const killed = await d.start();
    d.aws.beforeAnswer((call) => {
      if (putOf('journal.json')(call)) killed.kill();
    });
    await expect(d.invoke(killed)).rejects.toThrow('The process ended');
    expect([d.journal().entry?.version, d.version]).toEqual([4, 3]);
    expect((await d.run()).outcome).toMatchObject({ code: 'HEALED_UNPUBLISHED', version: 5 });
    expect(d.client()).toMatchObject({ timestamp: 5 });
    expectNoVersionTwice(d);
  });
});

describe('a call that AWS refuses once', () => {
  const cases: readonly (Fault & { readonly call: string })[] = [
    { call: 'a read of the state', match: getOf('journal.json'), answer: 'throttle' },
    { call: 'a read of the repository', match: getOf('timestamp.json'), answer: 'throttle' },
    { call: 'the probe of the next root', match: getOf('3.root.json'), answer: 'reset' },
    { call: 'a signature', match: of('kms'), answer: 'throttle' },
    { call: 'the write of the journal', match: putOf('journal.json'), answer: 'throttle' },
    { call: 'the write of timestamp.json', match: putOf('timestamp.json'), answer: 'throttle' },
    { call: 'a read that hangs', match: getOf('snapshot.json'), answer: { slow: 6_000 } },
  ];
  test.each(cases)('is made again: $call', async (fault) => {
    const d = await due();
    d.aws.faults.push(fault);
    const run = await d.run();
    expect(run.outcome).toMatchObject({ code: 'SIGNED', version: 4 });
    expect(run.calls.filter(({ attempt }) => attempt > 1)).toHaveLength(1);
  });

  test('is made again: the secret', async () => {
    const d = await due({ key: { fixture: 'go-tuf-v0.5.2' } });
    d.aws.faults.push({ match: of('secretsmanager'), answer: 'throttle' });
    expect((await d.run()).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
  });
});

describe('a call that AWS refuses for good', () => {
  const fixture = { key: { fixture: 'go-tuf-v0.5.2' } };
  const cases: readonly {
    readonly given: string;
    readonly code: string;
    readonly options?: Parameters<typeof deploy>[0];
    readonly prepare: (d: Deployment) => unknown;
    /** What the message says. */
    readonly says: RegExp;
  }[] = [
    {
      given: 'S3 throttles',
      code: 'STORE_UNREACHABLE',
      prepare: always(of('s3'), 'throttle'),
      says: /^s3:\/\/\S+ could not be read: SlowDown \(503\)\.$/,
    },
    {
      given: 'connections break',
      code: 'STORE_UNREACHABLE',
      prepare: always(of('s3'), 'reset'),
      says: /^s3:\/\/\S+ could not be read: ECONNRESET\.$/,
    },
    {
      given: "the configured region is not the hosting bucket's",
      code: 'STORE_UNREACHABLE',
      prepare: (d) => {
        d.configure({ region: 'us-east-1' });
      },
      says: /PermanentRedirect \(301\); the bucket is in another region than the client\.$/,
    },
    {
      given: 'the hosting bucket is gone',
      code: 'STORE_UNREACHABLE',
      prepare: (d) => {
        d.configure({ bucket: 'gone' });
        d.putState('journal.json', d.state('journal.json')!.toString().replace('s3://updates/', 's3://gone/'));
      },
      says: /NoSuchBucket \(404\)\.$/,
    },
    {
      given: 'a missing root answers 403',
      code: 'ROOT_PROBE',
      prepare: (d) => {
        d.hosting.mayList = false;
      },
      says: /^Whether 3\.root\.json exists could not be found out: .*\(403\)\.$/,
    },
    {
      given: 'the probe of the next root is throttled',
      code: 'ROOT_PROBE',
      prepare: always(getOf('3.root.json'), 'throttle'),
      says: /SlowDown \(503\)\.$/,
    },
    {
      given: 'the state may not be read',
      code: 'ACCESS_DENIED',
      prepare: always(getOf('journal.json'), { status: 403, code: 'AccessDenied' }),
      says: /^s3:\/\/timekeeper-tests-timekeeper-state-111111111111-eu-central-1\/orbit\/journal\.json could not be read: AccessDenied \(403\)\.$/,
    },
    {
      given: 'timestamp.json may not be written',
      code: 'ACCESS_DENIED',
      prepare: always(putOf('timestamp.json'), { status: 403, code: 'AccessDenied' }),
      says: /^s3:\/\/updates\/tuf\/timestamp\.json could not be written: AccessDenied \(403\)\.$/,
    },
    {
      given: 'KMS throttles',
      code: 'KMS_UNAVAILABLE',
      prepare: always(of('kms'), 'throttle'),
      says: /^The KMS key \S+ cannot be used: ThrottlingException: Rate exceeded\.$/,
    },
    {
      given: 'the KMS key is disabled',
      code: 'KMS_UNAVAILABLE',
      prepare: (d) => {
        d.aws.kms.disable(d.keyId);
      },
      says: /DisabledException: \S+ is disabled\.$/,
    },
    {
      given: 'this role may not sign',
      code: 'KMS_UNAVAILABLE',
      prepare: always(of('kms'), { status: 400, code: 'AccessDeniedException' }),
      says: /AccessDeniedException: /,
    },
    {
      given: 'Secrets Manager throttles',
      code: 'SECRET_UNAVAILABLE',
      options: fixture,
      prepare: always(of('secretsmanager'), 'throttle'),
      says: /^The secret timekeeper\/timekeeper-tests\/orbit cannot be read: ThrottlingException: Rate exceeded\.$/,
    },
    {
      given: 'the secret is marked for deletion',
      code: 'SECRET_UNAVAILABLE',
      options: fixture,
      prepare: (d) => {
        d.aws.secrets.scheduleDeletion('timekeeper/timekeeper-tests/orbit');
      },
      says: /InvalidRequestException: /,
    },
    {
      given: 'the key file is gone',
      code: 'KEY_FILE_MISSING',
      options: fixture,
      prepare: (d) => {
        d.putState(d.keyFile, undefined);
      },
      says: /^There is no key file orbit\/key-[0-9a-f-]{36}\.json\.$/,
    },
    {
      given: 'the journal names no version of the secret',
      code: 'KEY_FILE_MISSING',
      options: fixture,
      prepare: (d) => {
        const { secretVersion, ...identity } = d.journal().identity;
        expect(secretVersion).toBe(d.secretVersion);
        d.putState('journal.json', { ...d.journal(), identity });
      },
      says: /^The journal names no version of the secret: enrol the repository\.$/,
    },
    {
      given: 'the version of the secret that the journal names is gone',
      code: 'SECRET_UNAVAILABLE',
      options: fixture,
      prepare: (d) => {
        d.aws.secrets.create('timekeeper/timekeeper-tests/orbit', 'another secret of the same name');
      },
      says: /can't find the specified value for VersionId/,
    },
  ];
  test.each(cases)('fails with $code, which Lambda retries: $given', async ({ code, options, prepare, says }) => {
    const d = await due(options);
    const old = d.published('timestamp.json');
    prepare(d);
    const { outcome, error } = await d.run();
    expect(outcome).toMatchObject({ outcome: 'failed', code, version: null, nextDueAt: null, keyIds: [] });
    expect(outcome.message).toMatch(says);
    expect(error).toEqual({ name: code, message: JSON.stringify(outcome), stack: expect.stringContaining(code) });
    expect(d.published('timestamp.json')).toBe(old);
  });

  test('leaves nothing behind: the retry signs the next version', async () => {
    const d = await due();
    const lambda = await d.start();
    d.aws.faults.push({ match: of('kms'), times: 3, answer: 'throttle' });
    const first = await d.invoke(lambda);
    expect([first.outcome.code, puts(first)]).toEqual(['KMS_UNAVAILABLE', []]);
    expect((await d.invoke(lambda)).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
    await lambda.end();
  });
});

describe('key material that cannot be used', () => {
  test.each([
    { given: 'a wrong passphrase', secret: 'another' },
    { given: 'a passphrase with a newline', secret: 'timestämp5#$#@\n' },
  ])('is refused with KEY_UNREADABLE, and its secret is not told: $given', async ({ secret }) => {
    const d = await due({ key: { fixture: 'go-tuf-v0.5.2' } });
    d.aws.secrets.create('timekeeper/timekeeper-tests/orbit');
    d.aws.secrets.put('timekeeper/timekeeper-tests/orbit', secret, d.secretVersion);
    const run = await d.run();
    expect(run.outcome).toMatchObject({ outcome: 'refused', code: 'KEY_UNREADABLE' });
    expect(puts(run)).toEqual([]);
  });

  test('is refused with KDF_REFUSED before scrypt takes the memory', async () => {
    const d = await due({ key: { fixture: 'go-tuf-v0.5.2' } });
    d.putState(d.keyFile, d.state(d.keyFile)!.toString().replace('32768', '1073741824'));
    expect((await d.run()).outcome).toMatchObject({ outcome: 'refused', code: 'KDF_REFUSED' });
  });
});

describe('an environment without what the Lambda needs', () => {
  const without = (d: Deployment, ...names: readonly string[]) =>
    Object.fromEntries(Object.entries(d.environment()).filter(([name]) => !names.includes(name)));

  test('fails with UNEXPECTED, and names the variable: no configuration', async () => {
    const d = await due();
    const lambda = await d.start(without(d, 'TIMEKEEPER_CONFIGURATION'));
    const { outcome, calls } = await d.invoke(lambda);
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'UNEXPECTED' });
    expect(outcome.message).toContain('TIMEKEEPER_CONFIGURATION');
    expect(calls).toEqual([]);
    await lambda.end();
  });

  test('fails with ACCESS_DENIED without looking for credentials anywhere else: none in the environment', async () => {
    const d = await due();
    const lambda = await d.start(without(d, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'));
    const run = await d.invoke(lambda);
    expect(run.outcome).toMatchObject({ outcome: 'failed', code: 'ACCESS_DENIED' });
    expect([run.calls, keyCalls(run)]).toEqual([[], []]);
    await lambda.end();
  });
});
