import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type LocalAws, startLocalAws } from './local-aws.ts';

const where = { Bucket: 'updates', Key: 'targets/orbit' };
const PARTS = [Buffer.alloc(5 * 1_048_576, 'a'), Buffer.from('the rest')];

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

const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');

/** Uploads parts and completes, with a condition. */
async function upload(parts: readonly Buffer[], condition: { IfMatch?: string; IfNoneMatch?: string } = {}) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...where, ChecksumAlgorithm: 'SHA256' }));
  const Parts = [];
  for (const [index, Body] of parts.entries()) {
    const part = { PartNumber: index + 1, ChecksumSHA256: sum(Body) };
    const { ETag } = await s3.send(new UploadPartCommand({ ...where, UploadId, Body, ...part }));
    Parts.push({ ...part, ETag });
  }
  const complete = new CompleteMultipartUploadCommand({ ...where, ...condition, UploadId, MultipartUpload: { Parts } });
  return { UploadId, complete: () => s3.send(complete) };
}

test('parts become one object, whose ETag and SHA-256 are those of the parts', async () => {
  const { complete } = await upload(PARTS, { IfNoneMatch: '*' });
  expect(aws.s3.get('updates', 'targets/orbit')).toBeUndefined();
  const { ETag } = await complete();
  expect(aws.s3.get('updates', 'targets/orbit')!.equals(Buffer.concat(PARTS))).toBe(true);
  const md5s = Buffer.concat(PARTS.map((part) => createHash('md5').update(part).digest()));
  expect(ETag).toBe(`"${createHash('md5').update(md5s).digest('hex')}-2"`);
  const head = await s3.send(new HeadObjectCommand({ ...where, ChecksumMode: 'ENABLED' }));
  const sums = Buffer.concat(PARTS.map((part) => createHash('sha256').update(part).digest()));
  expect(head).toMatchObject({ ETag, ChecksumSHA256: `${sum(sums)}-2`, ContentLength: 5 * 1_048_576 + 8 });
});

test.each([
  { rule: 'over an object with If-None-Match: *', condition: { IfNoneMatch: '*' }, status: 412 },
  { rule: 'with a stale ETag', condition: { IfMatch: '"00000000000000000000000000000000"' }, status: 412 },
])('does not complete $rule', async ({ condition, status }) => {
  aws.s3.put('updates', 'targets/orbit', 'before');
  const { complete } = await upload(PARTS, condition);
  await expect(complete()).rejects.toMatchObject({ $metadata: { httpStatusCode: status } });
  expect(aws.s3.get('updates', 'targets/orbit')?.toString()).toBe('before');
});

test('does not complete with a part below 5 MiB that is not the last', async () => {
  const { complete } = await upload([...PARTS].reverse());
  await expect(complete()).rejects.toMatchObject({ name: 'EntityTooSmall' });
});

test('an upload that was given up, or completed before, is none', async () => {
  const { UploadId, complete } = await upload(PARTS);
  await s3.send(new AbortMultipartUploadCommand({ ...where, UploadId }));
  await expect(complete()).rejects.toMatchObject({ name: 'NoSuchUpload' });
});
