import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { CallFacts } from './call.ts';
import type { FaultAnswer } from './faults.ts';
import { type LocalAws, startLocalAws } from './local-aws.ts';
import { roundsOf } from './request-record.ts';

const where = { Bucket: 'updates', Key: 'timestamp.json' };
const isPut = ({ operation }: CallFacts): boolean => operation === 'PutObject';
const isGet = ({ operation }: CallFacts): boolean => operation === 'GetObject';

let aws: LocalAws;
let s3: S3Client;
beforeEach(async () => {
  aws = await startLocalAws();
  s3 = new S3Client(aws.clientConfig());
  aws.s3.createBucket('updates');
  aws.s3.put('updates', 'timestamp.json', 'old');
});
afterEach(() => aws.close());

/** A client that does not try again, since the pause after throttling is long. */
const once = () => ({ ...aws.clientConfig(), maxAttempts: 1 });

/** Puts over what has this ETag: what it ended with, after how many tries. */
async function putOver(etag: string | undefined) {
  const put = s3.send(new PutObjectCommand({ ...where, Body: 'new', IfMatch: etag }));
  return put.then(
    ({ $metadata }) => ({ ended: 'stored', attempts: $metadata.attempts }),
    (error: unknown) => ({ ended: (error as Error).name, attempts: aws.calls.filter(isPut).length }),
  );
}

describe('faults', () => {
  test.each<{ rule: string; answer: FaultAnswer; times?: number; ended: string; attempts: number; left: string }>([
    {
      rule: 'a throttled put is tried again by the SDK',
      answer: 'throttle',
      ended: 'stored',
      attempts: 2,
      left: 'new',
    },
    {
      rule: 'a put that is throttled for ever fails as SlowDown',
      answer: 'throttle',
      times: 9,
      ended: 'SlowDown',
      attempts: 3,
      left: 'old',
    },
    {
      rule: 'a put on a broken connection is tried again by the SDK',
      answer: 'reset',
      ended: 'stored',
      attempts: 2,
      left: 'new',
    },
    {
      rule: 'a put that was done before the connection broke looks like a lost race',
      answer: 'apply-then-reset',
      ended: 'PreconditionFailed',
      attempts: 2,
      left: 'new',
    },
    {
      rule: 'a put that conflicts is not tried again',
      answer: { status: 409, code: 'ConditionalRequestConflict' },
      ended: 'ConditionalRequestConflict',
      attempts: 1,
      left: 'old',
    },
    { rule: 'a slow put is done', answer: { slow: 50 }, ended: 'stored', attempts: 1, left: 'new' },
    {
      rule: 'a failing server is tried again by the SDK',
      answer: { status: 500, code: 'InternalError' },
      ended: 'stored',
      attempts: 2,
      left: 'new',
    },
  ])('$rule', async ({ answer, times = 1, ended, attempts, left }) => {
    aws.faults.push({ match: isPut, times, answer });
    const etag = aws.s3.versions('updates', 'timestamp.json')[0]?.etag;
    await expect(putOver(etag)).resolves.toEqual({ ended, attempts });
    expect(aws.s3.get('updates', 'timestamp.json')?.toString()).toBe(left);
  });

  test.each([
    { service: 'kms', send: () => new KMSClient(once()).send(new GetPublicKeyCommand({ KeyId: 'k' })) },
    {
      service: 'secretsmanager',
      send: () => new SecretsManagerClient(once()).send(new GetSecretValueCommand({ SecretId: 's' })),
    },
  ])('$service throttles with ThrottlingException, 400', async ({ service, send }) => {
    aws.faults.push({ match: (call) => call.service === service, answer: 'throttle' });
    const $metadata = { httpStatusCode: 400 };
    await expect(send()).rejects.toMatchObject({ name: 'ThrottlingException', $metadata });
  });
});

describe('hooks', () => {
  test('a change before a put is carried out makes the caller lose the race', async () => {
    aws.onRequest((call) => {
      if (isPut(call)) aws.s3.put('updates', 'timestamp.json', 'theirs');
    });
    const { ETag } = await s3.send(new GetObjectCommand(where));
    await expect(putOver(ETag)).resolves.toMatchObject({ ended: 'PreconditionFailed' });
    expect(aws.s3.get('updates', 'timestamp.json')?.toString()).toBe('theirs');
  });

  test('a change before a read is answered is not in the answer', async () => {
    aws.beforeAnswer(async (call) => {
      await Promise.resolve();
      if (isGet(call)) aws.s3.put('updates', 'timestamp.json', 'theirs');
    });
    const { Body, ETag } = await s3.send(new GetObjectCommand(where));
    await expect(Body?.transformToString()).resolves.toBe('old');
    await expect(putOver(ETag)).resolves.toMatchObject({ ended: 'PreconditionFailed' });
  });
});

describe('the record', () => {
  test('keeps what each call was about, in order and without bodies', async () => {
    const { ETag } = await s3.send(new GetObjectCommand(where));
    await putOver(ETag);
    const about = { service: 's3', bucket: 'updates', key: 'timestamp.json', region: 'eu-central-1', status: 200 };
    expect(aws.calls).toMatchObject([
      { ...about, operation: 'GetObject', ifMatch: undefined },
      { ...about, operation: 'PutObject', ifMatch: ETag },
    ]);
    expect(aws.calls.flatMap((call) => Object.keys(call))).not.toContain('body');
  });

  test('counts calls that go out together as one round, over all services', async () => {
    aws.latency = 30;
    const secrets = new SecretsManagerClient(aws.clientConfig());
    aws.secrets.create('passphrase', 'x');
    const read = () => s3.send(new GetObjectCommand(where));
    await Promise.all([read(), read(), secrets.send(new GetSecretValueCommand({ SecretId: 'passphrase' }))]);
    const { ETag } = await read();
    await putOver(ETag);
    expect(aws.rounds().map((round) => round.length)).toEqual([3, 1, 1]);
    aws.forgetCalls();
    expect(aws.rounds()).toHaveLength(0);
  });

  test.each([
    { given: 'no calls', spans: [], rounds: 0 },
    {
      given: 'a long call beside a chain of two',
      spans: [
        [0, 90],
        [0, 30],
        [31, 60],
      ],
      rounds: 2,
    },
    {
      given: 'calls that overlap in a row',
      spans: [
        [0, 30],
        [20, 50],
        [40, 70],
      ],
      rounds: 2,
    },
    {
      given: 'a call that starts when another ends',
      spans: [
        [0, 30],
        [30, 60],
      ],
      rounds: 2,
    },
  ])('finds $rounds rounds in $given', ({ spans, rounds }) => {
    const calls = spans.map(([startedAt = 0, endedAt = 0]) => ({ startedAt, endedAt }));
    expect(roundsOf(calls)).toHaveLength(rounds);
  });
});

test('the Date of every answer goes by the clock that a test sets', async () => {
  aws.clockOffset = 3_600_000;
  const dates: number[] = [];
  s3.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers: { readonly date?: string } };
      dates.push(Date.parse(headers.date ?? ''));
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  await s3.send(new GetObjectCommand(where));
  expect((dates[0] ?? 0) - Date.now()).toBeGreaterThan(3_590_000);
});

test('the environment alone takes the SDK of another process here', async () => {
  const script = `
    import { S3Client, GetObjectCommand } from '@aws-sdk/client-s3';
    const { Body } = await new S3Client({}).send(new GetObjectCommand(${JSON.stringify(where)}));
    process.stdout.write(await Body.transformToString());`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: aws.environment(),
  });
  expect(stdout).toBe('old');
  expect(aws.calls).toMatchObject([{ operation: 'GetObject', bucket: 'updates', status: 200 }]);
});
