import { describe, expect, test } from '@jest/globals';
import { parseTargets } from '../../lib/tuf/targets.ts';
import { metadataOf } from './fixtures.ts';
import { VALID } from './repository.ts';
import { ed25519Key } from './signing-key.ts';
import { refusal, verdict } from './verdict.ts';

const SIGNED = { _type: 'targets', spec_version: '1.0', version: 2, expires: VALID };
const SHA512 = 'ab'.repeat(64);
const KEY = ed25519Key();
const ROLE = { name: 'a', keyids: [KEY.id], threshold: 1, terminating: true, paths: ['a/*'] };

const file = (more: object, signatures: readonly object[] = []): Buffer =>
  Buffer.from(JSON.stringify({ signed: { ...SIGNED, targets: {}, ...more }, signatures }));
const target = (json: unknown): Buffer => file({ targets: { a: json } });
const delegations = (roles: unknown, keys: unknown = { [KEY.id]: KEY.json }): Buffer =>
  file({ delegations: { keys, roles } });
const manyKeys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, id) => [`k${id}`, {}]));
const manySignatures = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, id) => ({ keyid: `k${id}`, sig: '' }));

describe('parseTargets', () => {
  test('reads what go-tuf writes', () => {
    const { targets, delegations: roles } = parseTargets(metadataOf('go-tuf-v0.5.2').get('targets.json')!);
    expect(Array.from(targets.keys())).toEqual([
      'osqueryd/linux/5.0.1/osqueryd',
      'osqueryd/linux/5.0/osqueryd',
      'osqueryd/linux/stable/osqueryd',
    ]);
    expect(targets.get('osqueryd/linux/5.0.1/osqueryd')).toMatchObject({ length: 21 });
    expect(roles).toEqual([]);
  });

  test('reads delegated roles in their order', () => {
    const { delegations: roles, keys } = parseTargets(
      delegations([
        ROLE,
        { ...ROLE, name: 'b', paths: undefined, terminating: undefined, path_hash_prefixes: ['00', 'f'] },
        { ...ROLE, name: 'c', terminating: false },
      ]),
    );
    expect(roles).toEqual([
      { ...ROLE, pathHashPrefixes: undefined },
      {
        name: 'b',
        keyids: [KEY.id],
        threshold: 1,
        terminating: false,
        paths: undefined,
        pathHashPrefixes: ['00', 'f'],
      },
      { ...ROLE, name: 'c', terminating: false, pathHashPrefixes: undefined },
    ]);
    expect(Array.from(keys.keys())).toEqual([KEY.id]);
  });

  test.each([
    { given: 'no delegations', input: file({}) },
    { given: 'delegations null', input: file({ delegations: null }) },
    {
      given: 'targets whose names differ only in case',
      input: file({
        targets: { a: { length: 1, hashes: { sha512: SHA512 } }, A: { length: 1, hashes: { sha512: SHA512 } } },
      }),
    },
    {
      given: 'custom with any fields',
      input: target({ length: 1, hashes: { sha512: SHA512 }, custom: { Length: 2, version: '1' } }),
    },
    {
      given: 'a target with md5 only, which is of no use but leaves the others alone',
      input: target({ length: 1, hashes: { md5: '00' } }),
    },
    { given: 'an empty target', input: target({ length: 0, hashes: { sha512: SHA512 } }) },
    {
      given: 'names like those of our own fields',
      input: file({ targets: { length: { length: 1, hashes: { sha512: SHA512 } } } }),
    },
    {
      given: 'paths null beside path_hash_prefixes, as go-tuf writes its bins of hashes',
      input: delegations([{ ...ROLE, paths: null, path_hash_prefixes: ['00'] }]),
    },
    { given: 'a role of which no key can be used', input: delegations([ROLE], { [KEY.id]: { keytype: 'x' } }) },
    { given: 'as many as 4,096 keys', input: delegations([ROLE], manyKeys(4_096)) },
    { given: 'as many as 4,096 signatures', input: file({}, manySignatures(4_096)) },
  ])('reads $given', ({ input }) => {
    expect(verdict(() => parseTargets(input))).toBe('accepted');
  });

  test.each([
    {
      given: 'no targets',
      input: Buffer.from(JSON.stringify({ signed: SIGNED, signatures: [] })),
      code: 'MISSING_FIELD',
    },
    { given: 'targets as a list', input: file({ targets: [] }), code: 'MISSING_FIELD' },
    { given: 'second targets', input: file({ Targets: {} }), code: 'AMBIGUOUS_FIELD' },
    { given: 'second delegations', input: file({ 'delegation\u017f': {} }), code: 'AMBIGUOUS_FIELD' },
    { given: 'a target without a length', input: target({ hashes: { sha512: SHA512 } }), code: 'MISSING_FIELD' },
    {
      given: 'a target of negative length',
      input: target({ length: -1, hashes: { sha512: SHA512 } }),
      code: 'MISSING_FIELD',
    },
    {
      given: 'a target with two lengths',
      input: target({ length: 1, LENGTH: 2, hashes: { sha512: SHA512 } }),
      code: 'AMBIGUOUS_FIELD',
    },
    {
      given: 'a target with second hashes',
      input: target({ length: 1, hashes: { sha512: SHA512 }, Hashes: {} }),
      code: 'AMBIGUOUS_FIELD',
    },
    {
      given: 'a target with a second custom field',
      input: target({ length: 1, hashes: { sha512: SHA512 }, Custom: {} }),
      code: 'AMBIGUOUS_FIELD',
    },
    { given: 'a target without hashes', input: target({ length: 1 }), code: 'MISSING_FIELD' },
    { given: 'a target with no hash at all', input: target({ length: 1, hashes: {} }), code: 'NO_KNOWN_HASH' },
    {
      given: 'a hash in upper case',
      input: target({ length: 1, hashes: { sha512: SHA512.toUpperCase() } }),
      code: 'BAD_HEX',
    },
    { given: 'a target that is null', input: target(null), code: 'MISSING_FIELD' },
    { given: 'delegations as a list', input: file({ delegations: [] }), code: 'MISSING_FIELD' },
    { given: 'delegations without keys', input: file({ delegations: { roles: [] } }), code: 'MISSING_FIELD' },
    { given: 'delegations without roles', input: file({ delegations: { keys: {} } }), code: 'MISSING_FIELD' },
    {
      given: 'succinct_roles in place of roles',
      input: file({ delegations: { keys: {}, succinct_roles: { name_prefix: 'bin', bit_length: 4 } } }),
      code: 'MISSING_FIELD',
    },
    {
      given: 'delegations with second roles',
      input: file({ delegations: { keys: {}, roles: [], Roles: [] } }),
      code: 'AMBIGUOUS_FIELD',
    },
    {
      given: 'delegations with second keys',
      input: file({ delegations: { keys: {}, roles: [], Keys: {} } }),
      code: 'AMBIGUOUS_FIELD',
    },
    { given: 'a key that is a text', input: delegations([ROLE], { [KEY.id]: 'x' }), code: 'BAD_ROOT' },
    {
      given: 'more than 4,096 keys',
      input: delegations([ROLE], manyKeys(4_097)),
      code: 'TOO_LARGE',
    },
    { given: 'a role that is null', input: delegations([null]), code: 'MISSING_FIELD' },
    { given: 'a role without a name', input: delegations([{ ...ROLE, name: undefined }]), code: 'MISSING_FIELD' },
    ...['Name', 'KeyIDs', 'Threshold', 'Terminating', 'Paths', 'Path_Hash_Prefixes'].map((field) => ({
      given: `a role with ${field} in a second case`,
      input: delegations([{ ...ROLE, [field]: 1 }]),
      code: 'AMBIGUOUS_FIELD',
    })),
    { given: 'two roles of one name', input: delegations([ROLE, ROLE]), code: 'BAD_ROOT' },
    { given: 'a role named root', input: delegations([{ ...ROLE, name: 'root' }]), code: 'BAD_ROOT' },
    { given: 'a role named timestamp', input: delegations([{ ...ROLE, name: 'timestamp' }]), code: 'BAD_ROOT' },
    { given: 'a role named snapshot', input: delegations([{ ...ROLE, name: 'snapshot' }]), code: 'BAD_ROOT' },
    { given: 'a role named targets', input: delegations([{ ...ROLE, name: 'targets' }]), code: 'BAD_ROOT' },
    { given: 'a role without a letter in its name', input: delegations([{ ...ROLE, name: '' }]), code: 'BAD_ROOT' },
    { given: 'a role of threshold 0', input: delegations([{ ...ROLE, threshold: 0 }]), code: 'BAD_ROOT' },
    { given: 'a role without keys', input: delegations([{ ...ROLE, keyids: [] }]), code: 'BAD_ROOT' },
    { given: 'a role with a key twice', input: delegations([{ ...ROLE, keyids: ['a', 'a'] }]), code: 'BAD_ROOT' },
    { given: 'a role with a number for a key', input: delegations([{ ...ROLE, keyids: [1] }]), code: 'MISSING_FIELD' },
    { given: 'terminating 1', input: delegations([{ ...ROLE, terminating: 1 }]), code: 'MISSING_FIELD' },
    { given: 'paths as a text', input: delegations([{ ...ROLE, paths: 'a/*' }]), code: 'MISSING_FIELD' },
    { given: 'a path that is a number', input: delegations([{ ...ROLE, paths: [1] }]), code: 'MISSING_FIELD' },
    {
      given: 'paths and path_hash_prefixes',
      input: delegations([{ ...ROLE, path_hash_prefixes: ['0'] }]),
      code: 'BAD_ROOT',
    },
  ])('refuses $given with $code', ({ input, code }) => {
    expect(verdict(() => parseTargets(input))).toBe(code);
  });

  test('names the target that is at fault', () => {
    const { message } = refusal(() => parseTargets(target({ length: '1', hashes: {} })));
    expect(message).toBe('targets.json: signed.targets["a"].length is not a number.');
  });
});
