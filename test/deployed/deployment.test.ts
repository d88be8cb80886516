import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { GetAliasCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DeleteSecretCommand, RestoreSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { alarmName, ALARMS, type AlarmKind } from '../../lib/contract/alarms.ts';
import { hostingBucketName, LIVE, secretName, signerFunctionName } from '../../lib/contract/names.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { describeDeployed } from './describe-deployed.ts';
import { DEPLOYMENT, HOSTING, NAME, SIGNING, TWO_DAYS, WATCH, type Invoked } from './world.ts';

const FUNCTION = signerFunctionName(DEPLOYMENT, NAME);
const BUCKET = hostingBucketName(DEPLOYMENT, NAME, HOSTING);
const PUT_BACK_EVERY = 8; // invokes
const SCHEDULED_WITHIN = 100_000; // ms: a minute, the run, and what the emulator takes to look at its schedules

await describeDeployed('a deployment', (world, peer) => {
  let scratch = '';
  /** One that was served earlier on. */
  let earlier: Uint8Array = Buffer.alloc(0);
  const lambda = new LambdaClient(world.client(SIGNING));
  const secrets = new SecretsManagerClient(world.client(SIGNING));
  const SecretId = secretName(DEPLOYMENT, NAME);

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'client-'));
    process.env.SSL_CERT_FILE = world.emulator.certificate; // go-tuf's client
    await world.makeRepository(peer, new Date(Date.now() - TWO_DAYS));
    await world.configure();
  });
  afterAll(async () => {
    await world.end();
    await rm(scratch, { recursive: true });
  });

  /** What a client of go-tuf v0.5.2 that remembers says to what the distribution serves. */
  const client = async () => {
    const { ok, error, versions } = await peer.clientUpdate(join(scratch, 'state'), world.edge.url);
    return { ok, error, ...versions };
  };

  const invoke = (event?: object) => world.invoke(event);

  const liveVersion = async () =>
    (await lambda.send(new GetAliasCommand({ FunctionName: FUNCTION, Name: LIVE }))).FunctionVersion;

  test('is made by cdk deploy --all, from nothing', async () => {
    await world.deploy();
    expect(world.edge.distribution).toBeDefined();
  });

  test('serves what its publisher uploads, and 404 for what is not there', async () => {
    await world.publishAll();
    await peer.clientInit(join(scratch, 'state'), join(world.published, '1.root.json'));
    expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 3 });
    expect(await Promise.all(['timestamp.json', '/timestamp.json', '2.root.json', ''].map(statusOf))).toEqual([
      200, 200, 404, 404,
    ]);
  });

  test('signs nothing before it is enrolled', async () => {
    expect((await invoke()).outcome).toMatchObject({
      outcome: 'refused',
      code: 'JOURNAL_MISSING',
    });
    expect(await world.version()).toBe(3);
  });

  test('is not enrolled with a wrong passphrase', async () => {
    const { status, stdout, stderr } = await world.enroll('wrong');
    expect(status).toBe(1);
    expect(stdout + stderr).toContain('KEY_UNREADABLE');
    expect((await invoke()).outcome.code).toBe('JOURNAL_MISSING');
  });

  test('is enrolled, and signs by itself from then on; a client accepts it', async () => {
    const { status, stdout } = await world.enroll();
    expect(status).toBe(0);
    expect(stdout).toContain('SIGNED');
    const until = Date.now() + SCHEDULED_WITHIN;
    while ((await world.version()) === 3 && Date.now() < until) await wait(1_000);
    expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 4 });
  });

  test('answers a manual invoke, a dry run and --force as design says', async () => {
    expect(await invoke()).toMatchObject({ outcome: { code: 'NOT_DUE', version: 4 } });
    expect(await world.asked('resign', NAME)).toMatchObject({ status: 0, outcome: { code: 'NOT_DUE' } });
    const dry = await world.asked('resign', NAME, '--dry-run');
    expect(dry).toMatchObject({ status: 0, outcome: { code: 'NOT_DUE', dryRun: true } });
    // Signed less than ten minutes ago.
    expect(await world.asked('resign', NAME, '--force')).toMatchObject({ status: 1, outcome: { code: 'TOO_SOON' } });
  });

  test('does nothing while it is paused', async () => {
    const paused = await world.timekeeper(['pause', NAME, '--for', '1 hour', '--reason', 'a test']);
    expect(paused.status).toBe(0);
    expect(await world.asked('resign', NAME, '--force')).toMatchObject({ status: 1, outcome: { code: 'PAUSED' } });
    expect((await world.timekeeper(['resume', NAME])).status).toBe(0);
    expect(await world.asked('resign', NAME)).toMatchObject({ outcome: { code: 'NOT_DUE' } });
  });

  test('puts a deleted timestamp.json back, with a higher version; not while its secret is gone', async () => {
    await world.vandalise('timestamp.json');
    await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    const { error, outcome } = await invoke();
    expect(error).toBe('Unhandled');
    expect(JSON.stringify(outcome)).toContain('SECRET_UNAVAILABLE');
    await secrets.send(new RestoreSecretCommand({ SecretId }));
    expect((await invoke()).outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_MISSING' });
    expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 5 });
  });

  test('is looked at from outside: healthy', async () => {
    expect((await world.look()).outcome.findings).toMatchObject([{ code: 'MEMORY_BEGUN' }]);
    const { outcome } = await world.look();
    expect(outcome).toMatchObject({
      code: 'HEALTHY',
      findings: [],
      newClientOk: true,
      returningClientOk: true,
    });
    const versions = Object.fromEntries(outcome.roles.map(({ name, version }) => [name, version]));
    expect(versions).toEqual({ root: 1, targets: 2, snapshot: 2, timestamp: 5 });
    expect((await world.timekeeper(['status', NAME])).status).toBe(0);
    expect((await world.timekeeper(['plan', NAME])).stdout).toContain('NOT_DUE');
  });

  test("refuses another repository's snapshot, and goes on when its own is back", async () => {
    const snapshot = await world.served('snapshot.json');
    const rotated = new URL('../fixtures/rotated/repository/snapshot.json', import.meta.url);
    await world.publish('snapshot.json', await readFile(rotated));
    expect((await invoke()).outcome.outcome).toBe('refused');
    expect(await world.version()).toBe(5);
    await world.publish('snapshot.json', snapshot);
    expect((await invoke()).outcome.code).toBe('NOT_DUE');
  });

  test('signs no snapshot that somebody put back, and the watchdog says so', async () => {
    const names = ['targets.json', 'snapshot.json', 'timestamp.json'];
    const old = await Promise.all(names.map(async (name) => [name, await world.served(name)] as const));
    earlier = await world.served('timestamp.json');
    await world.takeTimestamp();
    await world.release(peer, '2.0');
    await world.publishAll();
    expect((await invoke()).outcome).toMatchObject({ code: 'NOT_DUE', version: 6 });
    expect((await world.look()).outcome.code).toBe('HEALTHY');
    expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 6, snapshot: 3 });

    for (const [name, bytes] of old) await world.publish(name, bytes);
    expect((await invoke({ force: true })).outcome).toMatchObject({ outcome: 'refused', code: 'SNAPSHOT_ROLLBACK' });
    const looked = (await world.look()).outcome;
    // Pending as long as a cache may be the cause.
    expect(looked.findings).toContainEqual(expect.objectContaining({ code: 'VERSION_WENT_BACK', isPending: true }));
    expect((await world.timekeeper(['status', NAME])).status).toBe(1);
    await world.publishAll();
    expect((await invoke()).outcome.code).toBe('NOT_DUE');
    expect((await world.look()).outcome.code).toBe('HEALTHY');
  });

  test('sets every alarm off in a drill, in both regions', async () => {
    expect((await world.timekeeper(['drill', NAME])).status).toBe(0);
    for (const [stack, place] of Object.entries({ signing: SIGNING, watch: WATCH })) {
      const AlarmNames = (Object.keys(ALARMS) as AlarmKind[])
        .filter((kind) => ALARMS[kind].stack === stack)
        .map((kind) => alarmName(DEPLOYMENT, NAME, kind));
      const cloudWatch = new CloudWatchClient(world.client(place));
      const { MetricAlarms: alarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames }));
      expect(alarms.map(({ StateValue }) => StateValue)).toEqual(AlarmNames.map(() => 'ALARM'));
    }
  });

  test('lets not even the root of the signing account write what the file server serves', async () => {
    const stranger = new S3Client({ ...world.client(SIGNING), region: HOSTING.region });
    for (const Key of ['timestamp.json', 'snapshot.json']) {
      const put = stranger.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));
      await expect(put).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    }
  });

  test('tells every signature in its audit', async () => {
    const { status, stdout } = await world.timekeeper(['audit', NAME]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/version 4 .*SIGNED/);
    expect(stdout).toMatch(/version 5 .*HEALED_MISSING/);
    expect(stdout).toContain('nothing is wrong');
  });

  test('is not changed by a second cdk deploy', async () => {
    expect((await world.redeploy()).match(/\(no changes\)/g)).toHaveLength(3);
  });

  /** Both versions are asked what they would do. Where somebody puts an old timestamp back just in between, and again at the second try, the deployment is refused, and is repeated. */
  const updated = () =>
    world.redeploy().catch((error: unknown) => {
      if (!String(error).includes('the alias stays where it is')) throw error;
      return world.redeploy();
    });

  test('loses no invoke while its function is updated: it follows the publisher and repairs all the while, each time with a higher version', async () => {
    const before = await liveVersion();
    await world.configure({ validity: '15 days' });
    const over = new AbortController();
    const deploying = updated().finally(() => {
      over.abort();
    });
    const past = [earlier, await world.served('timestamp.json')];
    const seen: Invoked<Outcome>[] = [];
    const versions = [await world.version()];
    while (!over.signal.aborted) {
      if (seen.length === 5) {
        await world.takeTimestamp();
        await world.release(peer, '3.0');
        await world.publishAll();
      }
      const isPutBack = seen.length % PUT_BACK_EVERY === 0;
      if (isPutBack) await world.publish('timestamp.json', past.shift()!); // one that was never put back before: each cause is repaired at once
      seen.push(await invoke());
      if (isPutBack) {
        past.push(await world.served('timestamp.json'));
        versions.push(await world.version());
      }
      await wait(250);
    }
    await deploying;
    expect(await liveVersion()).not.toBe(before);
    expect(seen.length).toBeGreaterThan(20);
    expect(seen.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(versions.length).toBeGreaterThan(3);
    expect(versions).toEqual([...new Set(versions)].toSorted((one, two) => one - two));
    const signed = seen.filter(({ outcome }) => outcome.outcome === 'signed').map(({ outcome }) => outcome.version);
    expect(signed.length).toBeGreaterThan(2);
    expect(versions).toEqual(expect.arrayContaining(signed));
    expect(seen.every(({ outcome }) => /^(NOT_DUE|TOO_SOON|HEALED_ROLLBACK)$/.test(outcome.code))).toBe(true);
    expect(await client()).toMatchObject({
      ok: true,
      error: undefined,
      timestamp: await world.version(),
      snapshot: 4,
    });
    expect((await world.timekeeper(['audit', NAME])).stdout).toContain('nothing is wrong');
  });

  test('keeps its function when a new version would refuse', async () => {
    const before = await liveVersion();
    await world.configure({ root: { version: 1, sha256: '0'.repeat(64) } });
    const deployed = await world.cdk('deploy', 'tk-signing', '--exclusively', '--require-approval', 'never');
    expect(deployed.status).not.toBe(0);
    expect(deployed.stdout + deployed.stderr).toContain('the alias stays where it is');
    expect(await liveVersion()).toBe(before);
  });
  const statusOf = (path: string) =>
    readFile(world.emulator.certificate).then(
      (ca) =>
        new Promise<number | undefined>((resolve, reject) => {
          const { hostname, port } = new URL(world.edge.url);
          request({ hostname, port, path: `/${path}`, ca }, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          })
            .on('error', reject)
            .end();
        }),
    );
});
