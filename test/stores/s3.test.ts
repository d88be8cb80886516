import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { S3Client } from '@aws-sdk/client-s3';
import { s3Store, type S3StoreProps } from '../../lib/stores/s3.ts';
import type { Token } from '../../lib/stores/store.ts';
import type { Bucket } from '../aws/s3-buckets.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { deadAddress, HttpServer } from './http-server.ts';

const NAME = 'timestamp.json';
const bytes = Buffer.from('{"signed":{}}');

let aws: LocalAws;
let client: S3Client;
let bucket: Bucket;
beforeAll(async () => {
  aws = await startLocalAws();
  client = new S3Client(aws.clientConfig());
});
afterAll(() => aws.close());
beforeEach(() => {
  bucket = aws.s3.createBucket('updates', { versioned: true });
  aws.faults.clear();
  aws.forgetCalls();
});

const open = (props: Partial<S3StoreProps> = {}) => s3Store({ client, bucket: 'updates', prefix: 'tuf/', ...props });
const tokenNow = async (): Promise<Token> => (await open().get(NAME, 1000))!.token;

/** Each call of one run of the SDK is answered so, its retries too. */
function always(status: number, code: string, message?: string): void {
  aws.faults.push({
    match: () => true,
    times: 99,
    answer: { status, code, ...(message !== undefined && { message }) },
  });
}

describe('get', () => {
  test('reads an object and names its version by the ETag', async () => {
    const { etag } = bucket.put('tuf/timestamp.json', bytes);
    const found = await open().get(NAME, bytes.length);
    expect(Buffer.from(found!.bytes).toString()).toBe(bytes.toString());
    expect(found!.token).toBe(etag);
  });

  test.each(['tuf/', 'tuf'])('finds the object below the prefix %j', async (prefix) => {
    bucket.put('tuf/timestamp.json', bytes);
    expect(await open({ prefix }).get(NAME, 1000)).toBeDefined();
    expect(await open({ prefix: '' }).get(NAME, 1000)).toBeUndefined();
  });

  test.each([
    { given: 'no such object', prepare: () => undefined },
    {
      given: 'a deleted object',
      prepare: () => {
        bucket.put('tuf/timestamp.json', bytes);
        bucket.delete('tuf/timestamp.json');
      },
    },
  ])('answers undefined for $given', async ({ prepare }) => {
    prepare();
    expect(await open().get(NAME, 1000)).toBeUndefined();
  });

  test('leaves a stored gzip as it is', async () => {
    const packed = gzipSync(bytes);
    bucket.put('tuf/timestamp.json', packed, { 'content-encoding': 'gzip' });
    const found = await open().get(NAME, 1000);
    expect(Buffer.compare(found!.bytes, packed)).toBe(0);
  });

  test('refuses an object one byte too long with TOO_LARGE', async () => {
    bucket.put('tuf/timestamp.json', bytes);
    await expect(open().get(NAME, bytes.length - 1)).rejects.toMatchObject({
      name: 'RefusalError',
      code: 'TOO_LARGE',
      message: `s3://updates/tuf/timestamp.json is larger than ${bytes.length - 1} bytes.`,
    });
  });
});

describe('putIf', () => {
  test.each([
    { given: 'the object is what was read', before: ['a'], expected: 'its token', answer: 'stored' },
    { given: 'there is none and none is expected', before: [], expected: 'absent', answer: 'stored' },
    { given: 'it was deleted and none is expected', before: ['a', null], expected: 'absent', answer: 'stored' },
    { given: 'the object is another (412)', before: ['a', 'b'], expected: 'the first token', answer: 'changed' },
    { given: 'one is there that was absent (412)', before: ['a'], expected: 'absent', answer: 'changed' },
    { given: 'the object was deleted (404)', before: ['a', null], expected: 'the first token', answer: 'changed' },
  ])('answers $answer when $given', async ({ before, expected, answer }) => {
    let first: string | undefined;
    for (const content of before) {
      if (content === null) bucket.delete('tuf/timestamp.json');
      else first ??= bucket.put('tuf/timestamp.json', content).etag;
      if (content !== null) bucket.put('tuf/timestamp.json', content);
    }
    const token = expected === 'absent' ? 'absent' : (first as Token);
    const stood = bucket.current('tuf/timestamp.json')?.bytes.toString();
    expect(await open().putIf(NAME, bytes, token)).toBe(answer);
    const stands = answer === 'stored' ? bytes.toString() : stood;
    expect(bucket.current('tuf/timestamp.json')?.bytes.toString()).toBe(stands);
  });

  test('answers changed when another put is under way (409), without trying again', async () => {
    always(409, 'ConditionalRequestConflict');
    expect(await open().putIf(NAME, bytes, 'absent')).toBe('changed');
    expect(aws.calls).toHaveLength(1);
  });

  test("answers changed when the SDK's second try meets its own first one, whose answer was lost", async () => {
    bucket.put('tuf/timestamp.json', 'a');
    const token = await tokenNow();
    aws.faults.push({ match: ({ operation }) => operation === 'PutObject', answer: 'apply-then-reset' });
    expect(await open().putIf(NAME, bytes, token)).toBe('changed');
    expect(bucket.current('tuf/timestamp.json')?.bytes.toString()).toBe(bytes.toString());
  });

  test('never writes without a condition', async () => {
    await open().putIf(NAME, bytes, 'absent');
    const token = await tokenNow();
    await open().putIf(NAME, bytes, token);
    const puts = aws.calls.filter(({ operation }) => operation === 'PutObject');
    expect(puts.map(({ ifMatch, ifNoneMatch }) => [ifMatch, ifNoneMatch])).toEqual([
      [undefined, '*'],
      [token, undefined],
    ]);
  });

  test.each([
    { given: 'a Cache-Control', cacheControl: 'max-age=60' },
    { given: 'none', cacheControl: undefined },
  ])('stores application/json with $given, as it was told', async ({ cacheControl }) => {
    await open(cacheControl === undefined ? {} : { cacheControl }).putIf(NAME, bytes, 'absent');
    const { headers } = bucket.current('tuf/timestamp.json')!;
    expect(headers['content-type']).toBe('application/json');
    expect(headers['cache-control']).toBe(cacheControl);
  });
});

describe('list', () => {
  test('names the objects directly below the prefix', async () => {
    for (const key of [
      'timestamp.json',
      'tuf/',
      'tuf/1.root.json',
      'tuf/timestamp.json',
      'tuf/targets/a',
      'tufa.json',
    ]) {
      bucket.put(key, '');
    }
    expect(await open().list()).toEqual(['1.root.json', 'timestamp.json']);
    expect(await open({ prefix: '' }).list()).toEqual(['timestamp.json', 'tufa.json']);
  });

  test('reads page after page', async () => {
    for (let i = 0; i < 2001; i++) bucket.put(`tuf/${i}.root.json`, '');
    expect(new Set(await open().list()).size).toBe(2001);
    expect(aws.calls).toHaveLength(3);
  });

  test('fails with STORE_UNREACHABLE rather than leave names out', async () => {
    // A million objects would take a minute to make, so this S3 only says that there are more.
    const send = () => Promise.resolve({ IsTruncated: true, NextContinuationToken: 'more' });
    const endless = s3Store({ client: { send } as unknown as S3Client, bucket: 'updates', prefix: 'tuf/' });
    await expect(endless.list()).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: 's3://updates/tuf/ holds more than 1000000 objects.',
    });
  });
});

const calls = {
  get: () => open().get(NAME, 1000),
  putIf: () => open().putIf(NAME, bytes, 'absent'),
  'putIf over an object': () => open().putIf(NAME, bytes, '"a"' as Token),
  list: () => open().list(),
};

describe.each(Object.keys(calls) as (keyof typeof calls)[])('a refusal of %s by AWS', (call) => {
  test.each([
    { status: 403, name: 'AccessDenied', code: 'ACCESS_DENIED' },
    { status: 403, name: 'InvalidAccessKeyId', code: 'ACCESS_DENIED' },
    { status: 403, name: 'SignatureDoesNotMatch', code: 'ACCESS_DENIED' },
    { status: 400, name: 'ExpiredToken', code: 'ACCESS_DENIED' },
    { status: 404, name: 'NoSuchBucket', code: 'STORE_UNREACHABLE' },
    { status: 400, name: 'AuthorizationHeaderMalformed', code: 'STORE_UNREACHABLE' },
    { status: 501, name: 'NotImplemented', code: 'STORE_UNREACHABLE' },
  ])('with $status $name is $code', async ({ status, name, code }) => {
    always(status, name);
    await expect(calls[call]()).rejects.toMatchObject({
      name: 'FailureError',
      code,
      message: expect.stringMatching(String.raw`^s3://updates/tuf/.* could not be \w+: ${name} \(${status}\)\.$`),
      cause: expect.objectContaining({ name }),
    });
  });

  test('with 500 InternalError is STORE_UNREACHABLE after three tries, and nothing after two', async () => {
    always(500, 'InternalError');
    await expect(calls[call]()).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('InternalError (500)'),
    });
    expect(aws.calls).toHaveLength(3);
    aws.faults.clear();
    aws.faults.push({ match: () => true, times: 2, answer: { status: 500, code: 'InternalError' } });
    await expect(calls[call]().then(() => 'answered')).resolves.toBe('answered');
  });

  test('because the bucket is in another region is STORE_UNREACHABLE and says so', async () => {
    aws.s3.createBucket('updates', { region: 'us-east-1' });
    await expect(calls[call]()).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('PermanentRedirect (301); the bucket is in another region than the client.'),
    });
  });

  test('never puts into the message what AWS quotes from the request', async () => {
    always(403, 'SignatureDoesNotMatch', 'AKIALOCALLOCALLOCAL0 StringToSign AWS4-HMAC-SHA256');
    await expect(calls[call]()).rejects.not.toThrow(/AKIA|StringToSign/);
  });
});

test('a caller that stays too fast is STORE_UNREACHABLE after three tries', async () => {
  aws.faults.push({ match: () => true, times: 3, answer: 'throttle' });
  await expect(open().get(NAME, 1000)).rejects.toMatchObject({
    code: 'STORE_UNREACHABLE',
    message: 's3://updates/tuf/timestamp.json could not be read: SlowDown (503).',
  });
  expect(aws.calls).toHaveLength(3);
});

describe('a missing permission', () => {
  test('to list makes a missing object ACCESS_DENIED, not absent', async () => {
    bucket.mayList = false;
    await expect(open().get('2.root.json', 1000)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  test('to do anything, for want of credentials, is ACCESS_DENIED', async () => {
    const nobody = new S3Client({ ...aws.clientConfig(), credentials: () => Promise.reject(credentialsError()) });
    await expect(open({ client: nobody }).get(NAME, 1000)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: 's3://updates/tuf/timestamp.json could not be read: CredentialsProviderError.',
    });
  });

  const credentialsError = () => Object.assign(new Error('Could not load'), { name: 'CredentialsProviderError' });
});

describe('a network', () => {
  const server = new HttpServer();
  beforeAll(() => server.listen());
  afterAll(() => server.close());
  const at = (endpoint: string) =>
    open({ client: new S3Client({ ...aws.clientConfig(), endpoint, forcePathStyle: true, maxAttempts: 1 }) });

  test('without an answer is STORE_UNREACHABLE', async () => {
    const store = at(await deadAddress());
    await expect(store.get(NAME, 10)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      // Inside jest the SDK takes node's error for no error and wraps it; outside the reason is ECONNREFUSED.
      message: expect.stringContaining('s3://updates/tuf/timestamp.json could not be read: '),
    });
  });

  test('that breaks in the middle of an object is STORE_UNREACHABLE', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': '1000' });
      response.write('{', () => response.destroy());
    };
    await expect(at(server.url).get(NAME, 1000)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  test('that breaks before every answer is STORE_UNREACHABLE', async () => {
    aws.faults.push({ match: () => true, times: 9, answer: 'reset' });
    await expect(open().get(NAME, 1000)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  test.each([
    { given: 'says it is too long', headers: { etag: '"1"', 'content-length': '100000000' } },
    { given: 'does not say how long it is', headers: { etag: '"1"' } },
  ])('is closed when an object $given: TOO_LARGE', async ({ headers }) => {
    const closed = server.drip(headers);
    await expect(at(server.url).get(NAME, 50_000)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await closed;
  });

  test('whose answer has no ETag is STORE_UNREACHABLE', async () => {
    server.answer = (_, response) => response.end('{}');
    await expect(at(server.url).get(NAME, 10)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: 'The answer for s3://updates/tuf/timestamp.json has no ETag.',
    });
  });

  test("that answers with somebody else's page is STORE_UNREACHABLE", async () => {
    server.answer = (_, response) => response.writeHead(502).end('<html><h1>Bad gateway</h1></html>');
    await expect(at(server.url).get(NAME, 10)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });
});

test("a delegated role's file is the object that clients of a file server get: S3 decodes the path that they ask for", async () => {
  bucket.put('tuf/1.a/b.json', bytes);
  bucket.put('tuf/1.a%2Fb.json', 'found by nobody');
  expect(Buffer.from((await open().get('1.a%2Fb.json', 1000))!.bytes).toString()).toBe(bytes.toString());
});

test('a name that leads out of the prefix is refused before anything is asked', async () => {
  await expect(open().get('../journal.json', 10)).rejects.toMatchObject({ code: 'UNEXPECTED' });
  await expect(open().putIf('a/b', bytes, 'absent')).rejects.toMatchObject({ code: 'UNEXPECTED' });
  expect(aws.calls).toEqual([]);
});
