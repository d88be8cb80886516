import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FaultAnswer } from '../aws/faults.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { BUCKET, bucketOf, codeOf, PREFIX, Publisher } from './publisher.ts';
import { WatchingClients } from './watching-clients.ts';

const LARGE = Buffer.alloc(9 * 1_048_576, 'x'); // two parts
const PATIENCE = 300_000; // ms

let aws: LocalAws;
beforeEach(async () => {
  aws = await startLocalAws();
});
afterEach(() => aws.close());

const isPublished = (publisher: Publisher) =>
  ['timestamp.json', 'root.json'].every((name) => publisher.file(name).equals(aws.s3.get(BUCKET, PREFIX + name) ?? Buffer.alloc(0))); // prettier-ignore

/** A repository that is published, and what is to be published next: a new target in one request and one in parts, and a tag that moves. */
async function scene(
  consistent: boolean,
  content: Buffer | string = 'the second',
): Promise<{ readonly before: Publisher; readonly next: Publisher }> {
  const before = await Publisher.begin({ consistent });
  const next = before.clone();
  await next.add('2', content);
  await next.add('3', 'the third');
  return { before, next };
}

describe.each([
  { names: 'plain names', consistent: false, content: LARGE, requests: 18 },
  { names: 'consistent snapshots', consistent: true, content: 'the second', requests: 14 },
])('with $names', ({ consistent, content, requests }) => {
  test.each<{ readonly fault: string; readonly answer: FaultAnswer }>([
    { fault: 'that is not carried out', answer: 'reset' },
    { fault: 'that is carried out, without an answer', answer: 'apply-then-reset' },
  ])(
    'a publish that breaks off at any request $fault leaves what clients accept, and is gone on with by the next one',
    async ({ answer }) => {
      const { before, next } = await scene(consistent, content);
      const clients = WatchingClients.of(aws, before.file('1.root.json'));
      let rounds = 0;
      for (let request = 1, ended = ''; ended !== 'done'; request++) {
        aws.s3.createBucket(BUCKET);
        clients.forget();
        await before.clone().publish(bucketOf(aws));
        const publisher = next.clone();
        let left = request;
        aws.faults.push({ match: () => --left === 0, answer });
        aws.faults.push({ match: () => left < 0, times: Infinity, answer: 'reset' });
        ended = await codeOf(publisher.publish(bucketOf(aws)));
        aws.faults.clear();
        expect(['done', 'STORE_UNREACHABLE']).toContain(ended);
        await publisher.publish(bucketOf(aws));
        expect(isPublished(publisher)).toBe(true);
        const again = await publisher.publish(bucketOf(aws));
        expect(again.publication.stages).toEqual([]);
        rounds++;
      }
      if (process.env.MEASURE) console.log(`${rounds} requests, ${clients.looks} looks`);
      expect(rounds).toBeGreaterThan(requests);
      expect(clients.returning).toEqual([]);
      expect(new Set([...clients.beginning, ...clients.targets])).toEqual(new Set(consistent ? [] : ['TARGETS_MISMATCH', 'SNAPSHOT_MISMATCH', 'orbit/linux/stable/orbit'])); // prettier-ignore
    },
    PATIENCE,
  );
});

test('parts of an upload that broke off are given up where that is possible', async () => {
  const { before, next } = await scene(false, LARGE);
  aws.s3.createBucket(BUCKET);
  await before.publish(bucketOf(aws));
  aws.faults.push({ match: ({ operation }) => operation === 'CompleteMultipartUpload', answer: 'throttle' });
  expect(await codeOf(next.publish(bucketOf(aws)))).toBe('STORE_UNREACHABLE');
  expect(aws.s3.multipart.keys).toEqual([]);
});
