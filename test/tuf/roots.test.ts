import { describe, expect, test } from '@jest/globals';
import { newEd25519Key, type PrivateKey } from '../../lib/keys/private-key.ts';
import { beginChain, extendChain, latest, verifyChain } from '../../lib/tuf/root-chain.ts';
import { idOf, publicJson, sign, type Signed } from '../refresh/signing.ts';

const ours = newEd25519Key();
const [one, two, three, stranger] = [newEd25519Key(), newEd25519Key(), newEd25519Key(), newEd25519Key()];

/** A root whose root role has these keys, signed by the same unless said otherwise. */
function root(
  version: number,
  keys: readonly PrivateKey[],
  threshold: number,
  { by = keys, change = () => undefined }: { by?: readonly PrivateKey[]; change?: (signed: Signed) => void } = {},
): Promise<Buffer> {
  const only = { keyids: [idOf(ours)], threshold: 1 };
  const signed = {
    _type: 'root',
    spec_version: '1.0',
    version,
    expires: '2036-11-24T00:00:00Z',
    keys: Object.fromEntries([ours, ...keys].map((key) => [idOf(key), publicJson(key)])),
    roles: { root: { keyids: keys.map(idOf), threshold }, timestamp: only, snapshot: only, targets: only },
  } as unknown as Signed;
  change(signed);
  return sign(signed, by);
}

/** The same key as another object, so with another key id. */
function listAgain(signed: Signed, key: PrivateKey): void {
  const { keytype, scheme, keyval } = publicJson(key) as Record<string, unknown>;
  signed.keys.again = { keytype, scheme, keyval };
  signed.roles.root!.keyids.push('again');
}

const old = { keys: [one, two], threshold: 2 };

describe('the next root is signed by a threshold of the root before and of itself', () => {
  test.each([
    { given: 'both old keys', next: root(2, [one, two], 2) },
    { given: 'a new key beside the old ones', next: root(2, [one, two, three], 3) },
    { given: 'other keys, with the old ones signing too', next: root(2, [three], 1, { by: [one, two, three] }) },
    { given: 'a lower threshold', next: root(2, [one, two], 1) },
    { given: "a stranger's signature besides", next: root(2, [one, two], 2, { by: [one, two, stranger] }) },
    { given: 'an expiry in the past, which is not for the chain to judge', next: root(2, [one, two], 2, { change: (r) => (r.expires = '2020-01-01T00:00:00Z') }) }, // prettier-ignore
  ])('accepts $given', async ({ next }) => {
    const chain = extendChain(beginChain(await root(1, old.keys, old.threshold)), await next);
    expect(chain.map(({ version }) => version)).toEqual([1, 2]);
    expect(latest(chain).version).toBe(2);
  });

  const before = /2\.root\.json is not signed by a threshold of the root keys of version 1/;
  const itself = /2\.root\.json is not signed by a threshold of its own root keys/;
  test.each([
    { given: 'one of two old keys', next: root(2, [one, two], 2, { by: [one] }), says: before },
    { given: 'one old key and a stranger', next: root(2, [one, two], 2, { by: [one, stranger] }), says: before },
    { given: 'one old key where the new root asks for one only', next: root(2, [one], 1), says: before },
    { given: 'the old keys only', next: root(2, [three], 1, { by: [one, two] }), says: itself },
    {
      given: 'fewer of its own keys than it asks for',
      next: root(2, [one, two, three], 3, { by: [one, two] }),
      says: itself,
    },
    { given: 'nobody', next: root(2, [one, two], 2, { by: [] }), says: before },
    { given: 'the same version', next: root(1, [one, two], 2), says: /2\.root\.json has version 1, not 2/ },
    { given: 'a version left out', next: root(3, [one, two], 2), says: /2\.root\.json has version 3, not 2/ },
  ])('refuses a root signed by $given', async ({ next, says }) => {
    const chain = beginChain(await root(1, old.keys, old.threshold));
    const bytes = await next;
    expect(() => extendChain(chain, bytes)).toThrow(expect.objectContaining({ code: 'ROOT_INVALID' }));
    expect(() => extendChain(chain, bytes)).toThrow(says);
  });

  test('counts one key under two ids once', async () => {
    const bytes = await root(2, [one, two, three], 3, {
      by: [one, two],
      change: (signed) => {
        signed.roles.root!.keyids = [idOf(one), idOf(two)];
        listAgain(signed, one);
      },
    });
    // Both ids of the one key sign, each rightly.
    const file = JSON.parse(bytes.toString()) as { signatures: { keyid: string; sig: string }[] };
    file.signatures.push({ keyid: 'again', sig: file.signatures[0]!.sig });
    const chain = beginChain(await root(1, old.keys, old.threshold));
    expect(() => extendChain(chain, Buffer.from(JSON.stringify(file)))).toThrow(
      /signed by 2 different keys of the role root; it takes 3/,
    );
  });

  test('counts a key of small order for nothing', async () => {
    const weak = `01${'00'.repeat(31)}`; // the identity: one signature fits every message
    const bytes = await root(2, [one, two], 2, {
      change: (signed) => {
        signed.keys.weak = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: weak } };
        signed.roles.root = { keyids: [idOf(one), idOf(two), 'weak'], threshold: 3 };
      },
    });
    const file = JSON.parse(bytes.toString()) as { signatures: { keyid: string; sig: string }[] };
    file.signatures.push({ keyid: 'weak', sig: `01${'00'.repeat(63)}` });
    const chain = beginChain(await root(1, old.keys, old.threshold));
    expect(() => extendChain(chain, Buffer.from(JSON.stringify(file)))).toThrow(/signed by 2 different keys/);
  });
});

describe('a chain begins at the pin', () => {
  test('verifies from the pinned root on', async () => {
    const roots = [await root(5, [one], 1), await root(6, [two], 1, { by: [one, two] }), await root(7, [two], 1)];
    const [first] = beginChain(roots[0]!);
    expect(verifyChain(roots, first)).toHaveLength(3);
  });

  test.each([
    { pinned: 'with a newline at its end', kept: 'without', from: '\n', to: '' },
    { pinned: 'without', kept: 'with a newline at its end', from: '', to: '\n' },
  ])('takes a root $kept for the one that was pinned $pinned: updates roots prints one more', async ({ from, to }) => {
    const bytes = await root(1, [one], 1);
    const [pin] = beginChain(Buffer.concat([bytes, Buffer.from(from)]));
    expect(verifyChain([Buffer.concat([bytes, Buffer.from(to)])], pin)).toHaveLength(1);
    const more = Buffer.concat([bytes, Buffer.from('\n\n\n')]);
    expect(() => verifyChain([more], pin)).toThrow(expect.objectContaining({ code: 'ROOT_PIN_MISMATCH' }));
  });

  test('refuses a first root that its own keys did not sign', async () => {
    const bytes = await root(1, [one, two], 2, { by: [one] });
    expect(() => beginChain(bytes)).toThrow(/root\.json \(version 1\) is not signed by its own root keys/);
  });

  test.each([
    { given: 'another root of the same version', version: 1, other: true },
    { given: 'the right root said to have another version', version: 2, other: false },
  ])('refuses $given', async ({ version, other }) => {
    const bytes = await root(1, [one], 1);
    const [{ sha256 }] = beginChain(other ? await root(1, [two], 1) : bytes);
    expect(() => verifyChain([bytes], { version, sha256 })).toThrow(
      expect.objectContaining({ code: 'ROOT_PIN_MISMATCH' }),
    );
  });

  test('refuses a chain of which one link is wrong, wherever it is', async () => {
    const good = [await root(1, [one], 1), await root(2, [one], 1), await root(3, [one], 1)];
    const [pin] = beginChain(good[0]!);
    expect(verifyChain(good, pin)).toHaveLength(3);
    expect(() => verifyChain([good[0]!, good[2]!], pin)).toThrow(/2\.root\.json has version 3/);
    expect(() => verifyChain([good[0]!, broken(good[1]!), good[2]!], pin)).toThrow(/not signed/);
  });
});

/** A root with its signature broken. */
function broken(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replace(/"sig":"......../, '"sig":"00000000'));
}
