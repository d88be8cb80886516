import { request } from 'node:http';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type LocalAws, startLocalAws } from './local-aws.ts';

const STALE = '"00000000000000000000000000000000"';
const where = { Bucket: 'updates', Key: 'timestamp.json' };

let aws: LocalAws;
let s3: S3Client;
beforeAll(async () => {
  aws = await startLocalAws();
  s3 = new S3Client(aws.clientConfig());
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.s3.createBucket('updates', { versioned: true });
});

/** Puts each text in turn; null deletes. */
function prepare(history: readonly (string | null)[]): void {
  for (const bytes of history) {
    if (bytes === null) aws.s3.delete('updates', 'timestamp.json');
    else aws.s3.put('updates', 'timestamp.json', bytes);
  }
}

describe('PutObject', () => {
  const one = '"f97c5d29941bfb1b2fdab0874906ab82"'; // MD5 of "one"

  test.each([
    { rule: 'creates with If-None-Match: * where nothing is', before: [], ask: { IfNoneMatch: '*' } },
    { rule: 'creates with If-None-Match: * over a delete marker', before: ['one', null], ask: { IfNoneMatch: '*' } },
    { rule: 'replaces with the ETag that stands there', before: ['one'], ask: { IfMatch: one } },
    { rule: 'takes an old ETag when the old bytes are back', before: ['one', 'two', 'one'], ask: { IfMatch: one } },
  ])('$rule', async ({ before, ask }) => {
    prepare(before);
    await s3.send(new PutObjectCommand({ ...where, ...ask, Body: 'mine' }));
    expect(aws.s3.get('updates', 'timestamp.json')?.toString()).toBe('mine');
  });

  test.each([
    {
      rule: 'If-None-Match: * over an object',
      before: ['one'],
      ask: { IfNoneMatch: '*' },
      name: 'PreconditionFailed',
      status: 412,
    },
    { rule: 'a stale ETag', before: ['one', 'two'], ask: { IfMatch: one }, name: 'PreconditionFailed', status: 412 },
    { rule: 'any ETag where nothing is', before: [], ask: { IfMatch: one }, name: 'NoSuchKey', status: 404 },
    {
      rule: 'any ETag over a delete marker',
      before: ['one', null],
      ask: { IfMatch: one },
      name: 'NoSuchKey',
      status: 404,
    },
    { rule: 'If-None-Match with an ETag', before: [], ask: { IfNoneMatch: one }, name: 'NotImplemented', status: 501 },
    {
      rule: 'both conditions at once',
      before: [],
      ask: { IfMatch: one, IfNoneMatch: '*' },
      name: 'NotImplemented',
      status: 501,
    },
  ])('refuses $rule with $name, and stores nothing', async ({ before, ask, name, status }) => {
    prepare(before);
    const stood = aws.s3.versions('updates', 'timestamp.json');
    const put = s3.send(new PutObjectCommand({ ...where, ...ask, Body: 'mine' }));
    await expect(put).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status, attempts: 1 } });
    expect(aws.s3.versions('updates', 'timestamp.json')).toEqual(stood);
  });

  test('answers with the quoted MD5 as ETag and a version id', async () => {
    const put = await s3.send(new PutObjectCommand({ ...where, Body: 'one' }));
    expect(put).toMatchObject({ ETag: one, VersionId: aws.s3.versions('updates', 'timestamp.json')[0]?.versionId });
  });

  test('stores a stream without the coding that the SDK sends it in', async () => {
    const Body = Readable.from([gzipSync('a'), gzipSync('b')]);
    const ContentLength = gzipSync('a').length + gzipSync('b').length;
    await s3.send(new PutObjectCommand({ ...where, Body, ContentLength, ContentEncoding: 'gzip' }));
    const [stored] = aws.s3.versions('updates', 'timestamp.json');
    expect(gunzipSync(stored?.bytes ?? '').toString()).toBe('ab');
    expect(stored?.headers).toMatchObject({ 'content-encoding': 'gzip' });
    expect(stored?.headers).toHaveProperty('x-amz-checksum-crc32');
  });

  test.each(['CRC32', 'SHA1', 'SHA256'] as const)('checks the %s that the SDK sends', async (ChecksumAlgorithm) => {
    const put = await s3.send(new PutObjectCommand({ ...where, Body: 'one', ChecksumAlgorithm }));
    expect(put).toHaveProperty(`Checksum${ChecksumAlgorithm}`, expect.any(String));
  });

  test('refuses a body that is not what its checksum says', async () => {
    const put = s3.send(new PutObjectCommand({ ...where, Body: 'one', ChecksumCRC32: 'AAAAAA==' }));
    await expect(put).rejects.toMatchObject({ name: 'BadDigest' });
    expect(aws.s3.get('updates', 'timestamp.json')).toBeUndefined();
  });
});

describe('GetObject', () => {
  test('returns the bytes and the headers that were put, and the SDK checks the checksum', async () => {
    const headers = { CacheControl: 'max-age=60', ContentType: 'application/json', Metadata: { by: 'orbit' } };
    await s3.send(new PutObjectCommand({ ...where, ...headers, Body: '{}' }));
    const got = await s3.send(new GetObjectCommand(where));
    expect(got).toMatchObject(headers);
    await expect(got.Body?.transformToString()).resolves.toBe('{}');
  });

  test('returns a gzip-stored object as stored', async () => {
    aws.s3.put('updates', 'timestamp.json', gzipSync('{}'), { 'content-encoding': 'gzip' });
    const got = await s3.send(new GetObjectCommand(where));
    expect(got.ContentEncoding).toBe('gzip');
    expect(gunzipSync((await got.Body?.transformToByteArray()) ?? '').toString()).toBe('{}');
  });

  test('answers 304 while the ETag is the same, which the SDK throws without a name', async () => {
    const { etag: IfNoneMatch } = aws.s3.put('updates', 'timestamp.json', 'one');
    const unchanged = s3.send(new GetObjectCommand({ ...where, IfNoneMatch }));
    await expect(unchanged).rejects.toMatchObject({ name: 'Unknown', $metadata: { httpStatusCode: 304 } });
    await expect(s3.send(new GetObjectCommand({ ...where, IfNoneMatch: STALE }))).resolves.toMatchObject({
      ETag: IfNoneMatch,
    });
  });

  test.each([
    { range: 'bytes=0-1', bytes: 'abc', answer: 'ab' },
    { range: 'bytes=1-99', bytes: 'abc', answer: 'bc' },
    { range: 'bytes=0-9', bytes: '', answer: 'InvalidRange' },
  ])('answers $answer to $range of "$bytes"', async ({ range: Range, bytes, answer }) => {
    aws.s3.put('updates', 'timestamp.json', bytes);
    const got = s3.send(new GetObjectCommand({ ...where, Range })).then(({ Body }) => Body?.transformToString());
    await expect(got.catch((error: unknown) => (error as Error).name)).resolves.toBe(answer);
  });

  test.each([
    { rule: 'NoSuchKey, 404, for what is missing', mayList: true, name: 'NoSuchKey', status: 404 },
    {
      rule: 'AccessDenied, 403, for what is missing without the right to list',
      mayList: false,
      name: 'AccessDenied',
      status: 403,
    },
  ])('answers $rule', async ({ mayList, name, status }) => {
    aws.s3.createBucket('updates', { mayList });
    const got = s3.send(new GetObjectCommand(where));
    await expect(got).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
  });

  test('sends a caller away who signed for another region, and the SDK does not follow', async () => {
    aws.s3.createBucket('elsewhere', { region: 'us-west-2' });
    const got = s3.send(new GetObjectCommand({ ...where, Bucket: 'elsewhere' }));
    await expect(got).rejects.toMatchObject({
      name: 'PermanentRedirect',
      $metadata: { httpStatusCode: 301 },
      $response: { headers: { 'x-amz-bucket-region': 'us-west-2' } },
    });
    aws.s3.put('elsewhere', 'timestamp.json', '{}');
    const there = new S3Client({ ...aws.clientConfig(), region: 'us-west-2' });
    await expect(there.send(new GetObjectCommand({ ...where, Bucket: 'elsewhere' }))).resolves.toBeDefined();
  });

  test('knows no bucket that was not made', async () => {
    const got = s3.send(new GetObjectCommand({ ...where, Bucket: 'absent' }));
    await expect(got).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  test('refuses an anonymous call', async () => {
    aws.s3.put('updates', 'timestamp.json', 'public?');
    const status = await new Promise((resolve, reject) => {
      request(`${aws.endpoint}/updates/timestamp.json`, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

test('HeadObject says only a status, since the answer has no body: NotFound, else Unknown', async () => {
  await expect(s3.send(new HeadObjectCommand(where))).rejects.toMatchObject({ name: 'NotFound' });
  aws.s3.createBucket('updates', { mayList: false });
  const denied = s3.send(new HeadObjectCommand(where));
  await expect(denied).rejects.toMatchObject({ name: 'Unknown', $metadata: { httpStatusCode: 403 } });
  aws.s3.put('updates', 'timestamp.json', 'abc');
  await expect(s3.send(new HeadObjectCommand(where))).resolves.toMatchObject({ ContentLength: 3 });
});

test('DeleteObject leaves a delete marker over the versions, which stay readable by id', async () => {
  const { versionId: VersionId } = aws.s3.put('updates', 'timestamp.json', 'one');
  const deleted = await s3.send(new DeleteObjectCommand(where));
  expect(deleted.DeleteMarker).toBe(true);
  await expect(s3.send(new GetObjectCommand(where))).rejects.toMatchObject({ name: 'NoSuchKey' });
  const old = await s3.send(new GetObjectCommand({ ...where, VersionId }));
  await expect(old.Body?.transformToString()).resolves.toBe('one');
  const marker = s3.send(new GetObjectCommand({ ...where, VersionId: deleted.VersionId }));
  await expect(marker).rejects.toMatchObject({ name: 'MethodNotAllowed' });
  await s3.send(new DeleteObjectCommand({ ...where, VersionId: deleted.VersionId }));
  await expect(s3.send(new GetObjectCommand(where))).resolves.toMatchObject({ VersionId });
});

test('DeleteObject minds If-Match as a put does', async () => {
  aws.s3.put('updates', 'timestamp.json', 'one');
  const stale = s3.send(new DeleteObjectCommand({ ...where, IfMatch: STALE }));
  await expect(stale).rejects.toMatchObject({ name: 'PreconditionFailed' });
  expect(aws.s3.get('updates', 'timestamp.json')?.toString()).toBe('one');
});
