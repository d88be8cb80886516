import { describe, expect, test } from '@jest/globals';
import { isUsable } from '../../lib/tuf/key.ts';
import { keysOf } from '../../lib/tuf/role.ts';
import { parseRoot } from '../../lib/tuf/root.ts';
import { FIXTURE_NAMES, metadataOf } from './fixtures.ts';
import { TestRepository, type SignedJson } from './repository.ts';
import { ecdsaKey, ed25519Key } from './signing-key.ts';
import { verdict } from './verdict.ts';

/** A root that is healthy but for one change. */
function root(change: (signed: SignedJson) => void = () => undefined): Buffer {
  const repository = new TestRepository();
  repository.root(1, change);
  return repository.files.get('1.root.json')!;
}

const KEY = ed25519Key();
const ECDSA = ecdsaKey('P-256', 'ecdsa');
const IDENTITY = { ...KEY.json, keyval: { public: `01${'00'.repeat(31)}` } };

describe('parseRoot', () => {
  test.each(FIXTURE_NAMES)('reads the root of %s without a warning', (fixture) => {
    const { version, warnings, roles } = parseRoot(metadataOf(fixture).get('root.json')!);
    expect(version).toBe(fixture === 'rotated' ? 3 : 1);
    expect(Object.values(roles).map(({ threshold }) => threshold)).toEqual([1, 1, 1, 1]);
    expect(warnings).toEqual([]);
  });

  test.each([
    { given: 'true', change: (signed: SignedJson) => (signed.consistent_snapshot = true), expected: true },
    { given: 'false', change: (signed: SignedJson) => (signed.consistent_snapshot = false), expected: false },
    {
      given: 'left out',
      change: (signed: object) => Reflect.deleteProperty(signed, 'consistent_snapshot'),
      expected: false,
    },
  ])('takes consistent_snapshot $given for $expected', ({ change, expected }) => {
    expect(parseRoot(root(change)).consistentSnapshot).toBe(expected);
  });

  test('keeps a key that nobody can use, but counts it for no role', () => {
    const { keys, roles, warnings } = parseRoot(
      root((signed) => {
        signed.keys.k = { ...KEY.json, keytype: 'ed448' };
        signed.roles.timestamp!.keyids.push('k', 'not listed');
      }),
    );
    expect(isUsable(keys.get('k')!)).toBe(false);
    expect(keysOf(roles.timestamp, keys).size).toBe(1);
    expect(warnings).toMatchObject([
      {
        code: 'CLIENTS_MAY_REFUSE_ROOT',
        message: expect.stringContaining('keytype and scheme ed448/ed25519') as unknown,
      },
    ]);
  });

  test.each([
    { from: 'go-tuf, which writes two numbers', spec_version: '1.0', warned: ['CLIENTS_MAY_REFUSE_ROOT'] },
    { from: 'others, who write three', spec_version: '1.0.34', warned: [] },
  ])('warns of a keytype that go-tuf does not know in a root of $from: $warned', ({ spec_version, warned }) => {
    const { keys, warnings } = parseRoot(
      root((signed) => Object.assign(signed, { spec_version, keys: { ...signed.keys, k: ECDSA.json } })),
    );
    expect(isUsable(keys.get('k')!)).toBe(true);
    expect(warnings.map(({ code }) => code)).toEqual(warned);
    for (const { message } of warnings) expect(message).toContain('"k" of keytype ecdsa; go-tuf v0.5.2 refuses');
  });

  test('keeps a small-order key, warns of it, and counts it for no role', () => {
    const { keys, roles, warnings } = parseRoot(
      root((signed) => {
        signed.keys.k = IDENTITY;
        signed.roles.timestamp!.keyids.push('k');
      }),
    );
    expect(keysOf(roles.timestamp, keys).has('k')).toBe(false);
    expect(warnings.map(({ code }) => code)).toEqual(['WEAK_KEY']);
  });

  test.each(['mirrors', 'Root', '__proto__', 'timestamp2'])('warns of a role %s besides the four', (name) => {
    const { warnings } = parseRoot(
      root((signed) => {
        Object.defineProperty(signed.roles, name, { value: signed.roles.root, enumerable: true });
      }),
    );
    expect(warnings).toMatchObject([
      { code: 'CLIENTS_MAY_REFUSE_ROOT', message: expect.stringContaining(name) as unknown },
    ]);
  });

  const timestamp = (change: object) => (signed: SignedJson) => Object.assign(signed.roles.timestamp!, change);
  const fields = (change: object) => (signed: SignedJson) => Object.assign(signed, change);
  test.each([
    { given: 'no keys', change: fields({ keys: undefined }), code: 'MISSING_FIELD' },
    { given: 'keys as a list', change: fields({ keys: [] }), code: 'MISSING_FIELD' },
    { given: 'second keys', change: fields({ Keys: {} }), code: 'AMBIGUOUS_FIELD' },
    { given: 'second keys with U+212A', change: fields({ '\u212aeys': {} }), code: 'AMBIGUOUS_FIELD' },
    { given: 'second roles', change: fields({ Roles: {} }), code: 'AMBIGUOUS_FIELD' },
    { given: 'a key that is null', change: fields({ keys: { k: null } }), code: 'BAD_ROOT' },
    { given: 'no roles', change: fields({ roles: undefined }), code: 'MISSING_FIELD' },
    { given: 'roles as a list', change: fields({ roles: [] }), code: 'MISSING_FIELD' },
    {
      given: 'no timestamp role',
      change: (signed: SignedJson) => Reflect.deleteProperty(signed.roles, 'timestamp'),
      code: 'BAD_ROOT',
    },
    {
      given: 'a role that is null',
      change: (signed: SignedJson) => Object.assign(signed.roles, { snapshot: null }),
      code: 'MISSING_FIELD',
    },
    { given: 'threshold 0', change: timestamp({ threshold: 0 }), code: 'BAD_ROOT' },
    { given: 'threshold -1', change: timestamp({ threshold: -1 }), code: 'BAD_ROOT' },
    { given: 'threshold 1.5', change: timestamp({ threshold: 1.5 }), code: 'NUMBER_NOT_EXACT' },
    { given: 'threshold "1"', change: timestamp({ threshold: '1' }), code: 'MISSING_FIELD' },
    { given: 'no threshold', change: timestamp({ threshold: undefined }), code: 'MISSING_FIELD' },
    { given: 'a second threshold', change: timestamp({ 'thre\u017fhold': 1 }), code: 'AMBIGUOUS_FIELD' },
    { given: 'second key ids', change: timestamp({ KeyIDs: ['a'] }), code: 'AMBIGUOUS_FIELD' },
    { given: 'no key ids', change: timestamp({ keyids: [] }), code: 'BAD_ROOT' },
    { given: 'a key id twice', change: timestamp({ keyids: ['a', 'a'] }), code: 'BAD_ROOT' },
    { given: 'a key id that is a number', change: timestamp({ keyids: [1] }), code: 'MISSING_FIELD' },
    { given: 'consistent_snapshot null', change: fields({ consistent_snapshot: null }), code: 'BAD_ROOT' },
    { given: 'consistent_snapshot "false"', change: fields({ consistent_snapshot: 'false' }), code: 'BAD_ROOT' },
    { given: 'a second consistent_snapshot', change: fields({ Consistent_Snapshot: true }), code: 'AMBIGUOUS_FIELD' },
    { given: 'version 0', change: fields({ version: 0 }), code: 'BAD_VERSION' },
    { given: 'another type', change: fields({ _type: 'targets' }), code: 'MISSING_FIELD' },
    { given: '512,001 bytes', change: fields({ custom: 'x'.repeat(512_001) }), code: 'TOO_LARGE' },
  ])('refuses $given with $code', ({ change, code }) => {
    expect(verdict(() => parseRoot(root(change)))).toBe(code);
  });
});
