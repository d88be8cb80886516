import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keyFileSource } from '../../lib/keys/key-file-source.ts';
import { DEFAULT_POLICY } from '../../lib/refresh/policy.ts';
import { refresh } from '../../lib/refresh/refresh.ts';
import { s3Store } from '../../lib/stores/s3.ts';
import { parseInstant, seconds } from '../../lib/tuf/instant.ts';
import { NOW } from '../authoring/updates.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { BUCKET, bucketOf, clientOf, codeOf, PREFIX, Publisher } from './publisher.ts';
import { WatchingClients } from './watching-clients.ts';

/** Of each kind. With TIMEKEEPER_PUBLISH_ROUNDS=250 there are 1,000 altogether, which takes a quarter of an hour. */
const ROUNDS = Number(process.env.TIMEKEEPER_PUBLISH_ROUNDS ?? 8);
const PATIENCE = 60_000 + ROUNDS * 10_000; // ms
const STATE = 'state';

let aws: LocalAws;
beforeEach(async () => {
  aws = await startLocalAws();
});
afterEach(() => aws.close());

interface Timestamp {
  readonly signed: { readonly version: number; readonly meta: { readonly 'snapshot.json': { readonly version: number } } }; // prettier-ignore
}

const parsed = (bytes: Uint8Array): Timestamp => JSON.parse(Buffer.from(bytes).toString()) as Timestamp;
const current = (name: string) => aws.s3.get(BUCKET, PREFIX + name)!;

/** The signer itself, with the timestamp key of a publisher's folder: it signs whenever it is asked. */
function signerOf(publisher: Publisher, mode: 'refresh' | 'advance') {
  const client = clientOf(aws);
  const places = {
    hosting: s3Store({ client, bucket: BUCKET, prefix: PREFIX }),
    state: s3Store({ client, bucket: STATE, prefix: 'orbit' }),
    keys: keyFileSource({
      read: () => Promise.resolve(publisher.bytes('keys', 'timestamp.json')),
      passphrase: () => Promise.resolve(new Uint8Array()),
      file: 'keys/timestamp.json',
    }),
  };
  const trust = { repository: '', place: '', deployment: 'us', trustedRoot: publisher.file('1.root.json') };
  const policy = { ...DEFAULT_POLICY, mode, minInterval: seconds(0) };
  const wish = { repository: 'orbit', force: true, dryRun: false, reason: undefined };
  return () => refresh(wish, places, trust, policy, parseInstant(NOW, 'now'));
}

describe.each([
  { names: 'plain names', consistent: false, mode: 'refresh' },
  { names: 'consistent snapshots', consistent: true, mode: 'refresh' },
  { names: 'plain names', consistent: false, mode: 'advance' },
  { names: 'consistent snapshots', consistent: true, mode: 'advance' },
] as const)('with $names, in mode $mode', ({ consistent, mode }) => {
  test(
    `two publishers and the signer at once, ${ROUNDS} rounds: what is said to be published is there, the other one is told, clients get through`,
    async () => {
      aws.s3.createBucket(BUCKET, { versioned: true });
      aws.s3.createBucket(STATE);
      const isAdvance = mode === 'advance';
      const receipts = s3Store({ client: clientOf(aws), bucket: STATE, prefix: 'orbit' });
      const publishing = { isAdvance, receipts };
      const one = await Publisher.begin({ consistent });
      await one.publish(bucketOf(aws), publishing);
      const signer = signerOf(one, mode);
      expect((await signer()).outcome).toBe('signed');
      const clients = WatchingClients.of(aws, one.file('1.root.json'));
      aws.onRequest(() => wait(Math.random() * 3));
      const ends: Record<string, number> = {};
      let signatures = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const other = one.clone();
        const both = [one, other];
        for (const [index, publisher] of both.entries()) {
          for (let times = Math.random() < 0.3 ? 2 : 1; times > 0; times--) await publisher.add(`${round}-${index}-${times}`, `${round} ${index}`); // prettier-ignore
        }
        const state = { isOver: false };
        const signing = (async () => {
          while (!state.isOver) {
            if ((await codeOf(signer().then(({ outcome }) => (signatures += outcome === 'signed' ? 1 : 0)))) === 'done') await wait(Math.random() * 100); // prettier-ignore
          }
        })();
        const codes = await Promise.all(
          both.map(async (publisher) => {
            await wait(Math.random() * 15);
            return codeOf(publisher.publish(bucketOf(aws), publishing));
          }),
        );
        state.isOver = true;
        await signing;
        for (const code of codes) ends[code] = (ends[code] ?? 0) + 1;

        const told = codes.filter((code) => code !== 'done');
        expect(['PUBLISHED_MEANWHILE', 'METADATA_ROLLBACK', 'LOST_RACE']).toEqual(expect.arrayContaining(told));
        const done = both.filter((_, index) => codes[index] === 'done');
        // Both can only have published if one of them did nothing but that.
        expect(done.length).toBeLessThan(2);
        // Where both were told, the one that goes on takes what is there for granted.
        const [winner] = done.length > 0 ? done : await settle(both, publishing);
        if (isAdvance) await signer();
        const { version } = (JSON.parse(winner!.file('targets.json').toString()) as Timestamp).signed;
        expect(current(consistent ? `${version}.targets.json` : 'targets.json')).toEqual(winner!.file('targets.json'));
        const snapshot = consistent ? `${winner!.signed('snapshot.json').version}.snapshot.json` : 'snapshot.json';
        expect(current(snapshot)).toEqual(winner!.file('snapshot.json'));
        expect(parsed(current('timestamp.json')).signed.meta['snapshot.json'].version).toBe(winner!.signed('snapshot.json').version); // prettier-ignore
        if (winner !== one) one.become(winner!);
      }
      if (process.env.MEASURE) console.log(`${names(consistent)}, ${mode}: ${JSON.stringify(ends)}, ${signatures} signatures, ${clients.looks} looks`); // prettier-ignore

      // Of each version of the timestamp there was one, in ascending order, and no snapshot went back.
      const published = aws.s3.versions(BUCKET, `${PREFIX}timestamp.json`).map(({ bytes }) => parsed(bytes).signed).reverse(); // prettier-ignore
      const versions = published.map(({ version }) => version);
      expect(versions).toEqual(Array.from(new Set(versions)).sort((a, b) => a - b));
      const snapshots = published.map(({ meta }) => meta['snapshot.json'].version);
      expect(snapshots).toEqual(snapshots.toSorted((a, b) => a - b));
      expect(clients.returning).toEqual([]);
      expect(consistent ? [...clients.beginning, ...clients.targets] : []).toEqual([]);
    },
    PATIENCE,
  );
});

function names(consistent: boolean): string {
  return consistent ? 'consistent snapshots' : 'plain names';
}

/** Both were told of one another. One of them tries again, with what is there if need be. */
async function settle(both: readonly Publisher[], publishing: object): Promise<readonly Publisher[]> {
  for (const publisher of both) {
    if ((await codeOf(publisher.publish(bucketOf(aws), publishing))) === 'done') return [publisher];
  }
  const [one] = both;
  const replace = parsed(current('timestamp.json')).signed.meta['snapshot.json'].version;
  await one!.publish(bucketOf(aws), { ...publishing, replace });
  return [one!];
}
