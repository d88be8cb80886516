import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ListObjectsV2Command, ListObjectVersionsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { type LocalAws, startLocalAws } from './local-aws.ts';

const keys = ['a/1', 'a/2', 'a/b/3', 'c & <d>', 'é'];

let aws: LocalAws;
let s3: S3Client;
beforeAll(async () => {
  aws = await startLocalAws();
  s3 = new S3Client(aws.clientConfig());
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.s3.createBucket('updates', { versioned: true });
  for (const key of keys) aws.s3.put('updates', key, key);
  aws.s3.put('updates', 'gone', '');
  aws.s3.delete('updates', 'gone');
});

test('ListObjectsV2 gives the current keys in byte order, page by page', async () => {
  const found: (string | undefined)[] = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket: 'updates' })) {
    expect(page.KeyCount).toBeLessThanOrEqual(2);
    found.push(...(page.Contents ?? []).map(({ Key }) => Key));
  }
  expect(found).toEqual(keys);
});

test('ListObjectsV2 folds what lies below the delimiter', async () => {
  const folded = await s3.send(new ListObjectsV2Command({ Bucket: 'updates', Prefix: 'a/', Delimiter: '/' }));
  expect(folded.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
  expect(folded.CommonPrefixes).toEqual([{ Prefix: 'a/b/' }]);
});

test('ListObjectsV2 is refused without the right to list', async () => {
  aws.s3.createBucket('updates', { mayList: false });
  const listed = s3.send(new ListObjectsV2Command({ Bucket: 'updates' }));
  await expect(listed).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('ListObjectVersions gives each key newest first, delete markers too, and goes on from its markers', async () => {
  aws.s3.put('updates', 'gone', 'back');
  const ask = { Bucket: 'updates', Prefix: 'gone' };
  const whole = await s3.send(new ListObjectVersionsCommand(ask));
  expect(whole.Versions?.map(({ Size, IsLatest }) => [Size, IsLatest])).toEqual([
    [4, true],
    [0, false],
  ]);
  expect(whole.DeleteMarkers).toMatchObject([{ Key: 'gone', IsLatest: false }]);
  const first = await s3.send(new ListObjectVersionsCommand({ ...ask, MaxKeys: 2 }));
  expect(first.IsTruncated).toBe(true);
  const markers = { KeyMarker: first.NextKeyMarker, VersionIdMarker: first.NextVersionIdMarker };
  const second = await s3.send(new ListObjectVersionsCommand({ ...ask, ...markers }));
  expect(second.Versions).toMatchObject([{ Size: 0 }]);
});
