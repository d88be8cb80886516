import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetAliasCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { hostingBucketName, LIVE, signerFunctionName } from '../../lib/contract/names.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { goTuf } from '../peers/go-tuf.ts';
import { DEPLOYMENT, HOSTING, NAME, PUBLISHED, SIGNING, WATCH, World } from './world.ts';

const FUNCTION = signerFunctionName(DEPLOYMENT, NAME);
const BUCKET = hostingBucketName(DEPLOYMENT, NAME, HOSTING);
const SCHEDULED_WITHIN = 100_000; // ms: a minute, the run, and what the emulator takes to look at its schedules

const world = await World.make();
const peer = await goTuf();

if (world === undefined || peer === undefined) {
  const missing = world === undefined ? 'Python 3.10 or newer with venv, Node 24, and their packages' : 'Go';
  process.stderr.write(`Left out: the tests of a whole deployment need ${missing}.\n`);
  test.todo(`a deployment needs ${missing}`);
  await world?.end();
} else {
  describe('a deployment', () => {
    let scratch = '';
    const lambda = new LambdaClient(world.client(SIGNING));
    const vandal = new S3Client(world.client(HOSTING));

    beforeAll(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'client-'));
      process.env.SSL_CERT_FILE = world.emulator.certificate; // go-tuf's client
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

    /** By the root of the hosting account: the publisher may not. */
    const deleteTimestamp = () => vandal.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'timestamp.json' }));

    /** The plain invoke of the console and the CLI. */
    const invoke = async (event: object) => {
      const { Payload, FunctionError } = await lambda.send(
        new InvokeCommand({ FunctionName: FUNCTION, Qualifier: LIVE, Payload: JSON.stringify(event) }),
      );
      return { outcome: JSON.parse(Buffer.from(Payload!).toString()) as Outcome, error: FunctionError };
    };

    const liveVersion = async () =>
      (await lambda.send(new GetAliasCommand({ FunctionName: FUNCTION, Name: LIVE }))).FunctionVersion;

    test('is made by cdk deploy --all, from nothing', async () => {
      const trusted = ['--trust', HOSTING.account, '--cloudformation-execution-policies'];
      const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess';
      const places = [SIGNING, WATCH].map(({ account, region }) => `aws://${account}/${region}`);
      const asSigning = world.emulator.environment(SIGNING.account, SIGNING.region);
      const own = await world.cdk('bootstrap', `aws://${HOSTING.account}/${HOSTING.region}`);
      const other = await world.checkout.cdk(['bootstrap', ...places, ...trusted, administrator], asSigning);
      expect([own.status, other.status]).toEqual([0, 0]);
      const outputs = join(scratch, 'outputs.json');
      const made = await world.cdk('deploy', '--all', '--require-approval', 'never', '--outputs-file', outputs);
      expect({ status: made.status, printed: made.status === 0 ? '' : made.stderr }).toEqual({
        status: 0,
        printed: '',
      });
      [world.edge.distribution] = /[a-z0-9]+\.cloudfront\.net/.exec(await readFile(outputs, 'utf8')) ?? [];
      expect(world.edge.distribution).toBeDefined();
    });

    test('serves what its publisher uploads, and 404 for what is not there', async () => {
      await world.publishFixture();
      await peer.clientInit(join(scratch, 'state'), join(PUBLISHED, '1.root.json'));
      expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 3 });
      expect(await Promise.all(['timestamp.json', '/timestamp.json', '2.root.json', ''].map(statusOf))).toEqual([
        200, 200, 404, 404,
      ]);
    });

    test('signs nothing before it is enrolled', async () => {
      expect((await invoke({ repository: NAME })).outcome).toMatchObject({
        outcome: 'refused',
        code: 'JOURNAL_MISSING',
      });
      expect(await world.version()).toBe(3);
    });

    test('is not enrolled with a wrong passphrase', async () => {
      const { status, stdout, stderr } = await world.enroll('wrong');
      expect(status).toBe(1);
      expect(stdout + stderr).toContain('KEY_UNREADABLE');
      expect((await invoke({ repository: NAME })).outcome.code).toBe('JOURNAL_MISSING');
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
      expect(await invoke({ repository: NAME })).toMatchObject({ outcome: { code: 'NOT_DUE', version: 4 } });
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

    test('puts a deleted timestamp.json back, with a higher version', async () => {
      await deleteTimestamp();
      expect((await invoke({ repository: NAME })).outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_MISSING' });
      expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 5 });
    });

    test("refuses another repository's snapshot, and goes on when its own is back", async () => {
      const snapshot = await world.published('snapshot.json');
      const rotated = new URL('../fixtures/rotated/repository/snapshot.json', import.meta.url);
      await world.publish('snapshot.json', await readFile(rotated));
      expect((await invoke({ repository: NAME })).outcome.outcome).toBe('refused');
      expect(await world.version()).toBe(5);
      await world.publish('snapshot.json', snapshot);
      expect((await invoke({ repository: NAME })).outcome.code).toBe('NOT_DUE');
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
      const { status, stdout, stderr } = await world.cdk('deploy', '--all', '--require-approval', 'never');
      expect(status).toBe(0);
      expect((stdout + stderr).match(/\(no changes\)/g)).toHaveLength(3);
    });

    test('loses no invoke and never goes back while its function is updated', async () => {
      const before = await liveVersion();
      await world.configure({ validity: '15 days' });
      const over = new AbortController();
      const deploying = world.cdk('deploy', '--all', '--require-approval', 'never').finally(() => {
        over.abort();
      });
      const seen: Awaited<ReturnType<typeof invoke>>[] = [];
      while (!over.signal.aborted) {
        await deleteTimestamp();
        seen.push(await invoke({ repository: NAME }));
        await wait(500);
      }
      expect((await deploying).status).toBe(0);
      expect(await liveVersion()).not.toBe(before);
      expect(seen.length).toBeGreaterThan(5);
      expect(seen.filter(({ error }) => error !== undefined)).toEqual([]);
      const versions = seen.map(({ outcome }) => outcome.version ?? 0);
      expect(versions).toEqual([...versions].sort((one, other) => one - other));
    });

    test('keeps its function when a new version would refuse', async () => {
      const before = await liveVersion();
      await world.configure({ root: { version: 1, sha256: '0'.repeat(64) } });
      const deployed = await world.cdk('deploy', 'tk-signing', '--exclusively', '--require-approval', 'never');
      expect(deployed.status).not.toBe(0);
      expect(deployed.stdout + deployed.stderr).toContain('the alias stays where it is');
      expect(await liveVersion()).toBe(before);
    });
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
}
