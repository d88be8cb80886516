import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { S3Client } from '@aws-sdk/client-s3';
import { isRefusal } from '../../lib/contract/errors.ts';
import { objectVersions } from '../../lib/stores/s3-versions.ts';
import type { Bucket } from '../aws/s3-buckets.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';

const KEY = 'orbit/journal.json';
const DELETED = undefined;

let aws: LocalAws;
let client: S3Client;
let bucket: Bucket;
beforeAll(async () => {
  aws = await startLocalAws();
  client = new S3Client({ ...aws.clientConfig(), maxAttempts: 1 });
});
afterAll(() => aws.close());
beforeEach(() => {
  bucket = aws.s3.createBucket('state', { versioned: true });
  aws.clockOffset = Date.parse('2026-11-24T00:00:00Z') - Date.now();
  aws.faults.clear();
});

/** Everything below happens so many seconds later. */
const pass = (seconds: number) => (aws.clockOffset += seconds * 1_000);
const read = async (maxBytes = 100) => {
  const versions = await objectVersions(client, 'state', KEY, maxBytes);
  return versions.map(({ bytes }) => (isRefusal(bytes) ? bytes.code : bytes && Buffer.from(bytes).toString()));
};

test('reads every version, oldest first, with the time of its writing', async () => {
  bucket.put(KEY, 'one');
  pass(3_600);
  bucket.put(KEY, 'two');
  const [one, two] = await objectVersions(client, 'state', KEY, 100);
  expect([one, two].map((version) => Buffer.from(version!.bytes as Uint8Array).toString())).toEqual(['one', 'two']);
  expect(two!.writtenAt.getTime() - one!.writtenAt.getTime()).toBeGreaterThanOrEqual(3_599_000);
});

test('has no versions of what there never was', async () => {
  await expect(read()).resolves.toEqual([]);
});

test('keeps the order of versions that were written within one second', async () => {
  const written = Array.from({ length: 30 }, (_, at) => `version ${at}`);
  for (const text of written) bucket.put(KEY, text);
  await expect(read()).resolves.toEqual(written);
});

test('keeps the order in which they were stored where a clock went back', async () => {
  bucket.put(KEY, 'one');
  pass(-3_600);
  bucket.put(KEY, 'two');
  await expect(read()).resolves.toEqual(['one', 'two']);
});

test('tells deletions, each where it happened', async () => {
  bucket.put(KEY, 'one');
  for (const change of [() => bucket.delete(KEY), () => bucket.delete(KEY), () => bucket.put(KEY, 'two'), () => bucket.delete(KEY)]) { pass(1); change(); } // prettier-ignore
  await expect(read()).resolves.toEqual(['one', DELETED, DELETED, 'two', DELETED]);
});

test.each([
  { given: 'the last of it', changes: () => [bucket.put(KEY, 'one'), bucket.delete(KEY)], told: ['one', DELETED] },
  { given: 'undone in it', changes: () => [bucket.delete(KEY), bucket.put(KEY, 'two')], told: [DELETED, 'two'] },
])('tells a deletion within one second that was $given', async ({ changes, told }) => {
  changes();
  await expect(read()).resolves.toEqual(told);
});

test('leaves out objects whose names only begin alike', async () => {
  bucket.put(KEY, 'one');
  bucket.put(`${KEY}.copy`, 'another');
  bucket.put(`${KEY}.deleted`, 'another');
  bucket.delete(`${KEY}.deleted`);
  await expect(read()).resolves.toEqual(['one']);
});

test('reads beyond the thousand versions that S3 lists at once, in order', async () => {
  const written = Array.from({ length: 1_001 }, (_, at) => `version ${at}`);
  for (const text of written) bucket.put(KEY, text);
  aws.forgetCalls();
  await expect(read()).resolves.toEqual(written);
  expect(aws.calls.filter(({ operation }) => operation === 'ListObjectVersions')).toHaveLength(2);
}, 30_000);

test('tells a version that is too large as TOO_LARGE, and reads the others', async () => {
  bucket.put(KEY, 'x'.repeat(11));
  bucket.put(KEY, 'one');
  await expect(read(11)).resolves.toEqual(['x'.repeat(11), 'one']);
  await expect(read(10)).resolves.toEqual(['TOO_LARGE', 'one']);
});

test.each([
  { operation: 'ListObjectVersions', status: 403, code: 'AccessDenied', ends: 'ACCESS_DENIED' },
  { operation: 'GetObject', status: 403, code: 'AccessDenied', ends: 'ACCESS_DENIED' },
  { operation: 'GetObject', status: 500, code: 'InternalError', ends: 'STORE_UNREACHABLE' },
])('ends as $ends where $operation answers $code', async ({ operation, status, code, ends }) => {
  bucket.put(KEY, 'one');
  aws.faults.push({ match: (call) => call.operation === operation, answer: { status, code } });
  await expect(read()).rejects.toMatchObject({ code: ends, message: expect.stringContaining(code) });
});
