import { describe, expect, test } from '@jest/globals';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { assemble, verifyOwnOutput, type Draft } from '../../lib/refresh/statement.ts';
import { days, after } from '../../lib/tuf/instant.ts';
import { parseRoot, type Root } from '../../lib/tuf/root.ts';
import { parseSnapshot } from '../../lib/tuf/snapshot.ts';
import { parseTimestamp } from '../../lib/tuf/timestamp.ts';
import { refusalOf } from './client.ts';
import { newRepository, type Repository } from './repository.ts';

/** What the published timestamp says, as if we had just written it. */
function written(r: Repository): { bytes: Uint8Array; root: Root; draft: Draft } {
  const bytes = r.bytes('timestamp.json');
  const base = parseTimestamp(bytes);
  const { version, expires } = base;
  const snapshot = parseSnapshot(r.bytes('snapshot.json'));
  return { bytes, root: parseRoot(r.bytes('1.root.json')), draft: { base, snapshot, version, expires } };
}

test.each([
  { given: 'in their order', ids: ['0a', '9b', 'c0'] },
  { given: 'the other way round', ids: ['c0', '9b', '0a'] },
])('signatures are written in the order of their key ids, given $given', async ({ ids }) => {
  const { base } = written(await newRepository()).draft;
  const signatures = new Map(ids.map((id) => [id, Buffer.from(id, 'hex')]));
  const { signatures: list } = JSON.parse(Buffer.from(assemble(base, base.signed, signatures)).toString()) as {
    signatures: object;
  };
  expect(list).toEqual(['0a', '9b', 'c0'].map((id) => ({ keyid: id, sig: id })));
});

describe('P1: a new timestamp is read back before it is published, and', () => {
  test('is accepted if it says what it was to say', async () => {
    const { bytes, root, draft } = written(await newRepository());
    expect(verifyOwnOutput(bytes, root, draft)).toMatchObject({ version: draft.version, bytes });
  });

  test.each<{ given: string; change: (draft: Draft) => Partial<Draft> }>([
    { given: 'another version than was meant', change: ({ version }) => ({ version: version + 1 }) },
    { given: 'another expiry', change: ({ expires }) => ({ expires: after(expires, days(1)) }) },
    { given: 'another version of the snapshot', change: ({ snapshot }) => ({ snapshot: { ...snapshot, version: 3 } }) },
    {
      given: 'other bytes of the snapshot',
      change: ({ snapshot }) => ({
        snapshot: { ...snapshot, bytes: Buffer.concat([snapshot.bytes, Buffer.from(' ')]) },
      }),
    },
  ])('is refused if it has $given', async ({ change }) => {
    const { bytes, root, draft } = written(await newRepository());
    expect(refusalOf(() => verifyOwnOutput(bytes, root, { ...draft, ...change(draft) }))).toBe('OWN_OUTPUT_INVALID');
  });

  test('is refused if its signature does not verify', async () => {
    const r = await newRepository();
    const { root, draft } = written(r);
    await r.resign('timestamp.json', () => undefined, [newEd25519Key()]);
    expect(refusalOf(() => verifyOwnOutput(r.bytes('timestamp.json'), root, draft))).toBe('OWN_OUTPUT_INVALID');
  });

  test.each<{ size: number; is: string; code: string | undefined }>([
    { size: 16_384, is: 'accepted', code: undefined },
    { size: 16_385, is: 'refused', code: 'OUTPUT_TOO_LARGE' },
  ])('is $is if it has $size bytes, as clients read up to 16,384', async ({ size, code }) => {
    const r = await newRepository();
    const { root, draft } = written(r);
    await r.resign('timestamp.json', (signed) => (signed.x = ''));
    const missing = size - r.bytes('timestamp.json').length;
    await r.resign('timestamp.json', (signed) => (signed.x = 'x'.repeat(missing)));
    const bytes = r.bytes('timestamp.json');
    expect(bytes).toHaveLength(size);
    expect(refusalOf(() => verifyOwnOutput(bytes, root, draft))).toBe(code);
  });
});
