import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { S3Client } from '@aws-sdk/client-s3';
import { watchClock } from '../../lib/stores/clock-skew.ts';
import { s3Store } from '../../lib/stores/s3.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { HttpServer } from './http-server.ts';

let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws();
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.s3.createBucket('updates');
  aws.faults.clear();
});

function watched(clock = Date.now) {
  const client = new S3Client(aws.clientConfig());
  return { watch: watchClock(client, clock), store: s3Store({ client, bucket: 'updates', prefix: '' }) };
}

test('knows no difference before the first response', () => {
  expect(watched().watch.skewSeconds()).toBeUndefined();
});

test.each([
  { given: 'the same', offset: 0, from: 0, to: 1 },
  { given: 'an hour ahead', offset: 3_600_000, from: 3598, to: 3600 },
  { given: 'an hour behind', offset: -3_600_000, from: 3600, to: 3602 },
])("sees that the servers' clock is $given", async ({ offset, from, to }) => {
  aws.clockOffset = offset;
  const { watch, store } = watched();
  await store.list();
  aws.clockOffset = 0;
  const skew = watch.skewSeconds()!;
  expect(skew).toBeGreaterThanOrEqual(from);
  expect(skew).toBeLessThanOrEqual(to);
  expect(skew).toBe(Math.trunc(skew));
});

test('forgets a difference once it was asked for, so that a mended clock is believed', async () => {
  const { watch, store } = watched(() => Date.now() + 900_000);
  await store.list();
  expect(watch.skewSeconds()).toBeGreaterThanOrEqual(899);
  expect(watch.skewSeconds()).toBeUndefined();
});

test('keeps the largest difference until then', async () => {
  let ahead = 900_000;
  const { watch, store } = watched(() => Date.now() + ahead);
  await store.list();
  ahead = 0;
  await store.list();
  expect(watch.skewSeconds()).toBeGreaterThanOrEqual(900);
});

test('looks at errors, and at attempts that were tried again', async () => {
  const looks: number[] = [];
  const { watch, store } = watched(() => {
    looks.push(1);
    return Date.now();
  });
  expect(await store.get('missing.json', 10)).toBeUndefined();
  expect(watch.skewSeconds()).toBeDefined();
  aws.faults.push({ match: () => true, answer: 'throttle' });
  await store.list();
  expect(looks).toHaveLength(3);
});

test.each([
  { given: 'no date', date: undefined },
  { given: 'a date that cannot be read', date: 'yesterday' },
])('learns nothing from a response with $given', async ({ date }) => {
  const server = new HttpServer();
  server.answer = (_, response) => {
    response.sendDate = false;
    if (date !== undefined) response.setHeader('date', date);
    response.setHeader('etag', '"1"').end('{}');
  };
  await server.listen();
  const client = new S3Client({ ...aws.clientConfig(), endpoint: server.url, forcePathStyle: true });
  const watch = watchClock(client, Date.now);
  await s3Store({ client, bucket: 'updates', prefix: '' }).get('timestamp.json', 10);
  await server.close();
  expect(watch.skewSeconds()).toBeUndefined();
});
