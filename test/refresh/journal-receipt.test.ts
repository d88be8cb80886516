import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { rulesOf, type Case } from './cases.ts';
import { newRepository, type Repository } from './repository.ts';

const DAY = 86_400; // seconds
const force = { force: true };
const SIGNED = { outcome: 'signed', code: 'SIGNED', version: 5 } as const;

function receipt(r: Repository, version: number, sha256 = sha256Of(r.bytes('snapshot.json'))): void {
  r.putState('expected.json', { version, sha256 });
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe("the publisher's receipt is a floor for the snapshot: first a warning, after a day a refusal", () => {
  const receipts: readonly Case[] = [
    {
      given: 'a receipt of what is published',
      arrange: (r) => {
        receipt(r, 2);
      },
      wish: force,
      answers: SIGNED,
      warns: [],
    },
    {
      given: 'a receipt of an older snapshot',
      arrange: (r) => {
        receipt(r, 1, 'f'.repeat(64));
      },
      wish: force,
      answers: SIGNED,
      warns: [],
    },
    {
      given: 'a receipt ahead of the repository (100)',
      arrange: (r) => {
        receipt(r, 3);
      },
      wish: force,
      answers: SIGNED,
      warns: ['PUBLISHED_SNAPSHOT_MISSING'],
    },
    {
      given: 'a receipt that has been ahead of the repository for a day (100)',
      arrange: async (r) => {
        receipt(r, 3);
        await r.run();
        r.pass(DAY);
      },
      wish: force,
      answers: { outcome: 'refused', code: 'PUBLISHED_SNAPSHOT_MISSING' },
      says: /left snapshot version 3; now the repository has version 2\.$/,
      later: [
        {
          arrange: async (r) => {
            await r.publish();
            receipt(r, 3);
          },
          answers: { outcome: 'skipped', code: 'NOT_DUE' },
        },
      ],
    },
    {
      given: 'a receipt that is ahead for a second less than a day',
      arrange: async (r) => {
        receipt(r, 3);
        await r.run();
        r.pass(DAY - 1);
      },
      wish: force,
      answers: SIGNED,
      warns: ['PUBLISHED_SNAPSHOT_MISSING'],
    },
    {
      given: 'a receipt of this version with other contents',
      arrange: async (r) => {
        receipt(r, 2, 'f'.repeat(64));
        await r.run();
        r.pass(DAY);
      },
      answers: { outcome: 'refused', code: 'PUBLISHED_SNAPSHOT_MISSING' },
      says: /version 2 with other contents/,
    },
    {
      given: 'a receipt more than 1,000 versions ahead',
      arrange: async (r) => {
        receipt(r, 1_003);
        await r.run();
        r.pass(2 * DAY);
      },
      wish: force,
      answers: SIGNED,
      warns: ['RECEIPT_IGNORED'],
    },
    {
      given: 'a receipt exactly 1,000 versions ahead',
      arrange: (r) => {
        receipt(r, 1_002);
      },
      wish: force,
      answers: SIGNED,
      warns: ['PUBLISHED_SNAPSHOT_MISSING'],
    },
    {
      given: 'a receipt that cannot be read',
      arrange: (r) => {
        r.state.objects.set('expected.json', Buffer.from('<html>'));
      },
      wish: force,
      answers: SIGNED,
      warns: ['RECEIPT_IGNORED'],
    },
    {
      given: 'a receipt of 70 kB: its writer must not be able to stop us',
      arrange: (r) => {
        r.state.objects.set('expected.json', Buffer.alloc(70_000, ' '));
      },
      wish: force,
      answers: SIGNED,
      warns: ['RECEIPT_IGNORED'],
    },
  ];
  test.each(rulesOf(receipts))('$rule', ({ expectIt }) => expectIt());
});

test('a receipt that was met in between counts anew', async () => {
  const r = await newRepository();
  receipt(r, 3);
  await r.run();
  receipt(r, 2);
  r.pass(DAY);
  await expect(r.run()).resolves.toMatchObject({ code: 'NOT_DUE', warnings: [] });
  receipt(r, 3);
  await expect(r.run({ force: true })).resolves.toMatchObject(SIGNED);
});
