import { describe, expect, test } from '@jest/globals';
import { encodeJournal, parseJournal, recordedVersion } from '../../lib/refresh/journal-file.ts';
import { beginChain } from '../../lib/tuf/root-chain.ts';
import { newRepository, type JournalJson, type Repository } from './repository.ts';

/** What is written of what was read. */
function writtenAgain(r: Repository, journal: object): string {
  const chain = beginChain(r.bytes('1.root.json'));
  return Buffer.from(encodeJournal(parseJournal(Buffer.from(JSON.stringify(journal)), chain))).toString();
}

interface FullJournal extends JournalJson {
  format: number;
  identity: JournalJson['identity'] & { keys: object[] };
}

const asWritten = (journal: object) => `${JSON.stringify(journal, null, 1)}\n`;

/** A journal with an entry of ours and a later one of somebody else's, as a run left it. */
async function fullRepository(): Promise<Repository> {
  const r = await newRepository();
  await r.signed({ force: true, reason: 'drill' });
  await r.publish();
  await r.run();
  return r;
}

describe('a journal', () => {
  test('is written as it was read, with everything that can be in it', async () => {
    const r = await fullRepository();
    const left = r.journal() as FullJournal;
    const [key] = left.identity.keys;
    const journal = {
      ...left,
      identity: { ...left.identity, keys: [{ ...key, more: [{ a: [1] }] }], secretVersion: 'v-1' },
      epoch: 3,
      floor: 7,
      badSince: {
        timestamp: '2026-11-24T00:01:00Z',
        snapshot: '2026-11-24T00:02:00Z',
        receipt: '2026-11-24T00:03:00Z',
      },
      heals: [{ cause: 'HEALED_MISSING:absent', at: '2026-11-24T00:04:00Z' }],
      probedAt: '2026-11-24T00:05:00Z',
    };
    expect(Object.keys(journal)).toEqual([
      'format',
      'identity',
      'newestRoot',
      'epoch',
      'floor',
      'entry',
      'seen',
      'snapshot',
      'healDueAt',
      'badSince',
      'heals',
      'probedAt',
    ]);
    expect(journal).toMatchObject({
      entry: { version: 5, code: 'SIGNED', reason: 'drill', by: 'us', rootVersion: 1 },
      seen: { version: 6, since: '2026-11-24T01:00:00Z' },
      snapshot: { version: 3, meta: { '/targets.json': [3, 'sha512', 'sha256'] } },
    });
    expect(writtenAgain(r, journal)).toBe(asWritten(journal));
  });

  test('is read without keys that nobody can use, and without what is no name of an algorithm', async () => {
    const r = await fullRepository();
    const journal = r.journal() as FullJournal;
    const { identity, snapshot } = journal;
    const odd = {
      ...journal,
      identity: { ...identity, keys: [{ keytype: 'x' }, ...identity.keys] },
      snapshot: { ...snapshot, meta: { '/targets.json': [3, 'sha512', 7, 'sha256'] } },
    };
    expect(writtenAgain(r, odd)).toBe(asWritten(journal));
  });

  test('is written as it was read, without whatever may be missing', async () => {
    const r = await fullRepository();
    const { format, epoch, floor, snapshot, identity } = r.journal() as FullJournal;
    const { keyFingerprint, ...whose } = identity;
    expect(keyFingerprint).toBeDefined();
    const journal = { format, identity: whose, epoch, floor, snapshot, badSince: {}, heals: [] };
    expect(writtenAgain(r, journal)).toBe(asWritten(journal));
  });
});

describe('the version above which a signature clashes with no journal', () => {
  const version = (json: object) => recordedVersion(Buffer.from(JSON.stringify(json)));

  test.each([
    { given: 'the floor', json: { floor: 7 }, is: 7 },
    { given: 'the floor above all', json: { floor: 7, entry: { version: 5 }, seen: { version: 6 } }, is: 7 },
    { given: "the entry's above all", json: { floor: 3, entry: { version: 6 }, seen: { version: 5 } }, is: 6 },
    { given: "somebody else's above all", json: { floor: 3, entry: { version: 5 }, seen: { version: 6 } }, is: 6 },
    { given: 'the floor, where the entry is no object', json: { floor: 3, entry: 5 }, is: 3 },
    { given: "the floor, where the entry's version is a text", json: { floor: 3, entry: { version: '9' } }, is: 3 },
    { given: '0 without a floor', json: { entry: { version: 5 } }, is: 0 },
    { given: '0 for another format', json: { format: 2, floor: 7 }, is: 0 },
  ])('is $given', ({ json, is }) => {
    expect(version({ format: 1, ...json })).toBe(is);
  });

  test('is 0 for what is no JSON', () => {
    expect(recordedVersion(Buffer.from('{'))).toBe(0);
  });
});
