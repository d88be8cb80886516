import { describe, expect, test } from '@jest/globals';
import { parseRoot } from '../../lib/tuf/root.ts';
import { parseTimestamp } from '../../lib/tuf/timestamp.ts';
import { verified } from '../../lib/tuf/verify.ts';
import { FIXTURE_NAMES, metadataOf } from './fixtures.ts';
import { looselyCanonical } from './loose-json.ts';
import { signedFile, TestRepository, VALID } from './repository.ts';
import { ecdsaKey, ed25519Key, keyIdOf, rsaKey, type KeyJson, type SigningKey } from './signing-key.ts';
import { refusal, verdict } from './verdict.ts';

const SIGNED = {
  _type: 'timestamp',
  spec_version: '1.0',
  version: 7,
  expires: VALID,
  meta: { 'snapshot.json': { version: 1 } },
};

interface Case {
  /** The keys of the timestamp role. */
  readonly keys: readonly SigningKey[];
  readonly threshold?: number;
  /** The signatures; without them, one of each key. */
  readonly signatures?: readonly { readonly keyid: string; readonly sig: string }[];
}

function run({ keys, threshold = 1, signatures = keys.map(signature) }: Case): unknown {
  const repository = new TestRepository();
  repository.root(1, (signed) => {
    for (const { id, json } of keys) signed.keys[id] = json;
    signed.roles.timestamp = { keyids: keys.map(({ id }) => id), threshold };
  });
  const { roles, keys: listed } = parseRoot(repository.files.get('1.root.json')!);
  const timestamp = parseTimestamp(Buffer.from(JSON.stringify({ signed: SIGNED, signatures })));
  return verified(timestamp, roles.timestamp, listed, 'timestamp');
}

const signature = (key: SigningKey): { keyid: string; sig: string } => ({
  keyid: key.id,
  sig: key.sign(looselyCanonical(SIGNED)).toString('hex'),
});

/** The same pair under another key object, and so another id. */
function renamed(key: SigningKey, json: KeyJson): SigningKey {
  return { ...key, json, id: keyIdOf(json) };
}

const A = ed25519Key();
const B = ed25519Key();
const C = ed25519Key();
const bare = ({ keytype, scheme, keyval }: KeyJson): KeyJson => ({ keytype, scheme, keyval });
const A_UPPER = renamed(A, { ...A.json, keyval: { public: A.json.keyval.public.toUpperCase() } });
const A_BARE = renamed(A, bare(A.json));
const RSA = rsaKey();
/** The identity: R = B, S = 1 fits every message. */
const IDENTITY_JSON: KeyJson = { ...A.json, keyval: { public: `01${'00'.repeat(31)}` } };
const IDENTITY: SigningKey = {
  json: IDENTITY_JSON,
  id: keyIdOf(IDENTITY_JSON),
  sign: () => Buffer.from(`58${'66'.repeat(31)}01${'00'.repeat(31)}`, 'hex'),
};

describe('verified accepts', () => {
  test.each<Case & { given: string }>([
    { given: 'one signature at threshold 1', keys: [A] },
    { given: 'two of three at threshold 2', keys: [A, B, C], threshold: 2, signatures: [A, C].map(signature) },
    { given: 'more than it takes', keys: [A, B, C], threshold: 2 },
    { given: 'keys of all types together', keys: [A, ecdsaKey(), ecdsaKey('P-384'), RSA], threshold: 4 },
    { given: 'a wrong signature beside enough right ones', keys: [A, B], signatures: [bad(A), signature(B)] },
    { given: 'an empty signature of another key', keys: [A], signatures: [{ keyid: 'x', sig: '' }, signature(A)] },
    { given: 'an empty signature of a key of the role', keys: [A, B], signatures: [empty(A), signature(B)] },
    { given: 'a signature in upper-case digits', keys: [A], signatures: [upper(A)] },
    { given: 'a small-order key beside enough real ones', keys: [IDENTITY, A, B], threshold: 2 },
  ])('$given', (given) => {
    expect(verdict(() => run(given))).toBe('accepted');
  });

  test.each(FIXTURE_NAMES)('every file of the fixture %s', (fixture) => {
    const files = metadataOf(fixture);
    const root = parseRoot(files.get('root.json')!);
    const timestamp = parseTimestamp(files.get('timestamp.json')!);
    expect(verdict(() => verified(timestamp, root.roles.timestamp, root.keys, 'timestamp'))).toBe('accepted');
    expect(verdict(() => verified(root, root.roles.root, root.keys, 'root'))).toBe('accepted');
  });
});

describe('verified refuses', () => {
  test.each<Case & { given: string; code: string }>([
    { given: 'no signature', keys: [A], signatures: [], code: 'SIGNATURE_INVALID' },
    { given: 'a wrong signature', keys: [A], signatures: [bad(A)], code: 'SIGNATURE_INVALID' },
    { given: 'an empty signature', keys: [A], signatures: [empty(A)], code: 'SIGNATURE_INVALID' },
    { given: 'a signature of a stranger', keys: [A], signatures: [signature(B)], code: 'SIGNATURE_INVALID' },
    {
      given: 'a signature of a stranger under our id',
      keys: [A],
      signatures: [{ ...signature(B), keyid: A.id }],
      code: 'SIGNATURE_INVALID',
    },
    {
      given: 'one signature at threshold 2',
      keys: [A, B],
      threshold: 2,
      signatures: [signature(A)],
      code: 'THRESHOLD_NOT_MET',
    },
    {
      given: 'one right and one wrong at threshold 2',
      keys: [A, B],
      threshold: 2,
      signatures: [signature(A), bad(B)],
      code: 'THRESHOLD_NOT_MET',
    },
    { given: 'one key in two cases', keys: [A, A_UPPER], threshold: 2, code: 'THRESHOLD_NOT_MET' },
    {
      given: 'one key with and without keyid_hash_algorithms',
      keys: [A, A_BARE],
      threshold: 2,
      code: 'THRESHOLD_NOT_MET',
    },
    {
      given: 'the same key object under two ids',
      keys: [A, { ...A, id: 'a second name' }],
      threshold: 2,
      code: 'THRESHOLD_NOT_MET',
    },
    {
      given: 'one key three times and another',
      keys: [A, A_UPPER, A_BARE, B],
      threshold: 3,
      code: 'THRESHOLD_NOT_MET',
    },
    { given: 'only a small-order key', keys: [IDENTITY], code: 'SIGNATURE_INVALID' },
    { given: 'a small-order key at threshold 2', keys: [A, IDENTITY], threshold: 2, code: 'THRESHOLD_NOT_MET' },
    { given: 'a threshold above the number of keys', keys: [A, B], threshold: 3, code: 'THRESHOLD_NOT_MET' },
  ])('$given with $code', ({ code, ...given }) => {
    expect(verdict(() => run(given))).toBe(code);
  });

  test('a file in which a signed field was changed', () => {
    const text = signedFile(SIGNED, [A]).toString().replace('"version":7', '"version":8');
    const { roles, keys } = rootOf(A);
    const timestamp = parseTimestamp(Buffer.from(text));
    expect(verdict(() => verified(timestamp, roles.timestamp, keys, 'timestamp'))).toBe('SIGNATURE_INVALID');
  });

  test('a signature of a key that the root lists, but not for this role', () => {
    const repository = TestRepository.healthy();
    const { roles, keys } = parseRoot(repository.files.get('1.root.json')!);
    const timestamp = parseTimestamp(signedFile(SIGNED, repository.keys.snapshot));
    expect(verdict(() => verified(timestamp, roles.timestamp, keys, 'timestamp'))).toBe('SIGNATURE_INVALID');
  });

  test('a key of which another key has the id', () => {
    const impostor = { ...B, id: A.id };
    const { roles, keys } = rootOf(A);
    const timestamp = parseTimestamp(signedFile(SIGNED, [impostor]));
    expect(verdict(() => verified(timestamp, roles.timestamp, keys, 'timestamp'))).toBe('SIGNATURE_INVALID');
  });

  test('with a message that counts the keys', () => {
    expect(
      refusal(() => run({ keys: [A, A_UPPER, B], threshold: 2, signatures: [A, A_UPPER].map(signature) })).message,
    ).toBe('timestamp.json (version 7) is signed by 1 different keys of the role timestamp; it takes 2.');
  });
});

test('white space and the order of the fields are not signed', () => {
  const { roles, keys } = rootOf(A);
  const { signed, signatures } = JSON.parse(signedFile(SIGNED, [A]).toString()) as {
    signed: object;
    signatures: object;
  };
  const reversed = { signatures, signed: Object.fromEntries(Object.entries(signed).reverse()) };
  const timestamp = parseTimestamp(Buffer.from(JSON.stringify(reversed, null, 4)));
  expect(verdict(() => verified(timestamp, roles.timestamp, keys, 'timestamp'))).toBe('accepted');
});

function rootOf(key: SigningKey): ReturnType<typeof parseRoot> {
  const repository = new TestRepository();
  repository.root(1, (signed) => {
    signed.keys[key.id] = key.json;
    signed.roles.timestamp = { keyids: [key.id], threshold: 1 };
  });
  return parseRoot(repository.files.get('1.root.json')!);
}

function bad(key: SigningKey): { keyid: string; sig: string } {
  return { keyid: key.id, sig: key.sign(Buffer.from('something else')).toString('hex') };
}

function empty({ id }: SigningKey): { keyid: string; sig: string } {
  return { keyid: id, sig: '' };
}

function upper(key: SigningKey): { keyid: string; sig: string } {
  return { keyid: key.id, sig: signature(key).sig.toUpperCase() };
}
