import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { kmsKeySource } from '../../lib/keys/kms.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { tufKeyFromSpki, type KmsKeyType } from '../../lib/keys/public-key.ts';
import { encodeJson } from '../../lib/tuf/encode-json.ts';
import { isUsable, parseKey, type PublicKey } from '../../lib/tuf/key.ts';
import type { JsonObject } from '../../lib/tuf/json.ts';
import type { KmsKey } from '../aws/kms.ts';
import type { KeySpec } from '../aws/kms-signing.ts';
import { startLocalAws, type LocalAws } from '../aws/local-aws.ts';

const MESSAGE = Buffer.from('{"_type":"timestamp"}');

interface Kind {
  readonly type: KmsKeyType;
  readonly spec: KeySpec;
  readonly keytype: string;
  readonly scheme: string;
}

const KINDS: readonly Kind[] = [
  { type: 'kms-ed25519', spec: 'ECC_NIST_EDWARDS25519', keytype: 'ed25519', scheme: 'ed25519' },
  { type: 'kms-p256', spec: 'ECC_NIST_P256', keytype: 'ecdsa-sha2-nistp256', scheme: 'ecdsa-sha2-nistp256' },
  { type: 'kms-rsa', spec: 'RSA_2048', keytype: 'rsa', scheme: 'rsassa-pss-sha256' },
  { type: 'kms-rsa', spec: 'RSA_3072', keytype: 'rsa', scheme: 'rsassa-pss-sha256' },
];

let aws: LocalAws;
let client: KMSClient;
let keys: Readonly<Record<KeySpec, KmsKey>>;
beforeAll(async () => {
  aws = await startLocalAws();
  client = new KMSClient(aws.clientConfig());
  keys = {
    ECC_NIST_EDWARDS25519: aws.kms.createKey('ECC_NIST_EDWARDS25519'),
    ECC_NIST_P256: aws.kms.createKey('ECC_NIST_P256'),
    RSA_2048: aws.kms.createKey('RSA_2048'),
    RSA_3072: aws.kms.createKey('RSA_3072'),
  };
});
afterEach(() => {
  aws.faults.clear();
});
afterAll(() => aws.close());

const der = (spec: KeySpec) => keys[spec].publicKey.export({ format: 'der', type: 'spki' });

function usable(json: JsonObject): PublicKey {
  const key = parseKey(json, 'key');
  if (!isUsable(key)) throw new Error(key.unusable);
  return key;
}

/** The operations that a piece of work asked of AWS, in order. */
async function operations(work: () => Promise<unknown>): Promise<readonly (string | undefined)[]> {
  const before = aws.calls.length;
  await work();
  return aws.calls.slice(before).map(({ operation }) => operation);
}

test.each(KINDS)('signs with a $spec key what its public half verifies', async ({ type, spec, keytype, scheme }) => {
  const [signer, ...others] = await kmsKeySource({ client, keyId: keys[spec].arn, type }).open([]);
  expect(others).toEqual([]);
  expect(signer!.publicKey).toMatchObject({ keytype, scheme, isWeak: false });
  const signature = await signer!.sign(MESSAGE);
  expect(signer!.publicKey.verifies(MESSAGE, signature)).toBe(true);
  expect(signer!.publicKey.verifies(Buffer.from('another'), signature)).toBe(false);
});

test.each(KINDS)('makes no call for a public half that is recorded ($spec)', async ({ type, spec }) => {
  const known = [newEd25519Key().publicKey, usable(tufKeyFromSpki(der('ECC_NIST_P256'), 'kms-p256'))];
  const own = usable(tufKeyFromSpki(der(spec), type));
  const others = known.filter(({ scheme }) => scheme !== own.scheme);
  const source = kmsKeySource({ client, keyId: keys[spec].keyId, type });
  const opening = async () => {
    const [signer] = await source.open([...others, own]);
    expect(signer!.publicKey).toBe(own);
    await signer!.sign(MESSAGE);
  };
  await expect(operations(opening)).resolves.toEqual(['Sign']);
});

test.each([
  { rule: 'nothing is recorded', known: () => [] },
  { rule: 'only a key of another type is recorded', known: () => [usable(tufKeyFromSpki(der('RSA_2048'), 'kms-rsa'))] },
  {
    rule: 'two keys are recorded, so that nobody can tell ours',
    known: () => [newEd25519Key(), newEd25519Key()].map(({ publicKey }) => publicKey),
  },
  {
    rule: 'only a weak key is recorded',
    known: () => [{ ...newEd25519Key().publicKey, isWeak: true }],
  },
])('asks for the public half when $rule', async ({ known }) => {
  const source = kmsKeySource({ client, keyId: keys.ECC_NIST_EDWARDS25519.keyId, type: 'kms-ed25519' });
  await expect(operations(() => source.open(known()))).resolves.toEqual(['GetPublicKey']);
});

test('has no fingerprint, and finds that out without a call', async () => {
  const source = kmsKeySource({ client, keyId: 'absent', type: 'kms-ed25519' });
  await expect(operations(() => source.fingerprint())).resolves.toEqual([]);
  await expect(source.fingerprint()).resolves.toBeUndefined();
});

test('signs 4,096 bytes, and refuses one more before any call', async () => {
  const [signer] = await kmsKeySource({
    client,
    keyId: keys.ECC_NIST_EDWARDS25519.keyId,
    type: 'kms-ed25519',
  }).open([]);
  await expect(signer!.sign(Buffer.alloc(4_096))).resolves.toHaveLength(64);
  const refused = async () => {
    await expect(signer!.sign(Buffer.alloc(4_097))).rejects.toMatchObject({
      name: 'RefusalError',
      code: 'OUTPUT_TOO_LARGE',
      message: '4097 bytes are to be signed; KMS signs at most 4096.',
    });
  };
  await expect(operations(refused)).resolves.toEqual([]);
});

/** A client whose Sign answers what it is told, instead of AWS. */
function answering(output: object): KMSClient {
  const scripted = new KMSClient(aws.clientConfig());
  scripted.middlewareStack.add(() => () => Promise.resolve({ output: { $metadata: {}, ...output }, response: {} }), {
    step: 'initialize',
  });
  return scripted;
}

test.each([
  { spec: 'RSA_2048', length: 256 },
  { spec: 'RSA_3072', length: 384 },
] as const)('gives a short $spec signature its leading zero bytes back (tough#262)', async ({ spec, length }) => {
  const known = [usable(tufKeyFromSpki(der(spec), 'kms-rsa'))];
  const short = answering({ Signature: Uint8Array.of(1, 2, 3) });
  const [signer] = await kmsKeySource({ client: short, keyId: 'any', type: 'kms-rsa' }).open(known);
  const signature = Buffer.from(await signer!.sign(MESSAGE));
  expect(signature).toEqual(Buffer.concat([Buffer.alloc(length - 3), Buffer.of(1, 2, 3)]));
});

test('leaves an ECDSA signature as it is: DER has its own length', async () => {
  const [signer] = await kmsKeySource({
    client: answering({ Signature: Uint8Array.of(1, 2, 3) }),
    keyId: 'any',
    type: 'kms-p256',
  }).open([usable(tufKeyFromSpki(der('ECC_NIST_P256'), 'kms-p256'))]);
  expect(Buffer.from(await signer!.sign(MESSAGE))).toEqual(Buffer.of(1, 2, 3));
});

test('fails with KMS_UNAVAILABLE when an answer has nothing in it', async () => {
  const source = kmsKeySource({ client: answering({}), keyId: 'alias/tk', type: 'kms-ed25519' });
  const unavailable = { name: 'FailureError', code: 'KMS_UNAVAILABLE', message: expect.stringContaining('alias/tk') };
  await expect(source.open([])).rejects.toMatchObject(unavailable);
  const [signer] = await source.open([newEd25519Key().publicKey]);
  await expect(signer!.sign(MESSAGE)).rejects.toMatchObject(unavailable);
});

const denied = { status: 400, code: 'AccessDeniedException' } as const;

test.each([
  {
    rule: 'a disabled key',
    name: 'DisabledException',
    break: (id: string) => {
      aws.kms.disable(id);
    },
  },
  {
    rule: 'a key that waits for its deletion',
    name: 'KMSInvalidStateException',
    break: (id: string) => {
      aws.kms.scheduleDeletion(id);
    },
  },
  {
    rule: 'a key that we may not use',
    name: 'AccessDeniedException',
    break: () => {
      aws.faults.push({ match: () => true, times: 9, answer: denied });
    },
  },
  {
    rule: 'a service that stays too busy for all retries',
    name: 'ThrottlingException',
    break: () => {
      aws.faults.push({ match: () => true, times: 9, answer: 'throttle' });
    },
  },
  {
    rule: 'a connection that keeps breaking',
    name: 'Error',
    break: () => {
      aws.faults.push({ match: () => true, times: 9, answer: 'reset' });
    },
  },
] as const)('fails with KMS_UNAVAILABLE for $rule, naming key and error', async ({ name, break: breakIt }) => {
  const { keyId } = aws.kms.createKey('ECC_NIST_EDWARDS25519');
  const source = kmsKeySource({ client, keyId, type: 'kms-ed25519' });
  const [signer] = await source.open([]);
  breakIt(keyId);
  for (const work of [() => signer!.sign(MESSAGE), () => source.open([])]) {
    aws.faults.clear();
    breakIt(keyId);
    await expect(work()).rejects.toMatchObject({
      name: 'FailureError',
      code: 'KMS_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`^The KMS key ${keyId} cannot be used: .*${name}.*(?<!\\.)\\.$`)),
    });
  }
});

test('fails with KMS_UNAVAILABLE for a key that does not exist', async () => {
  await expect(kmsKeySource({ client, keyId: 'absent', type: 'kms-rsa' }).open([])).rejects.toMatchObject({
    code: 'KMS_UNAVAILABLE',
    message: expect.stringMatching(/The KMS key absent .*NotFoundException/),
  });
});

test('signs on after one throttled call, for the SDK tries again', async () => {
  const [signer] = await kmsKeySource({ client, keyId: keys.ECC_NIST_P256.keyId, type: 'kms-p256' }).open([]);
  aws.faults.push({ match: ({ operation }) => operation === 'Sign', answer: 'throttle' });
  const signature = await signer!.sign(MESSAGE);
  expect(signer!.publicKey.verifies(MESSAGE, signature)).toBe(true);
});

test.each([
  { type: 'kms-ed25519', spec: 'ECC_NIST_P256', says: 'it signs in ecdsa-sha2-nistp256' },
  { type: 'kms-p256', spec: 'RSA_2048', says: 'it signs in rsassa-pss-sha256' },
  { type: 'kms-rsa', spec: 'ECC_NIST_EDWARDS25519', says: 'it signs in ed25519' },
] as const)('refuses a $spec key that the configuration calls $type', async ({ type, spec, says }) => {
  const { keyId } = keys[spec];
  await expect(kmsKeySource({ client, keyId, type }).open([])).rejects.toMatchObject({
    name: 'RefusalError',
    code: 'KEY_UNREADABLE',
    message: `The KMS key ${keyId} is not of type ${type}: ${says}.`,
  });
});

test('shows another key behind the alias only in its signatures, when a public half is recorded', async () => {
  aws.kms.setAlias('alias/tk', keys.ECC_NIST_EDWARDS25519.keyId);
  const source = kmsKeySource({ client, keyId: 'alias/tk', type: 'kms-ed25519' });
  const [first] = await source.open([]);
  aws.kms.setAlias('alias/tk', aws.kms.createKey('ECC_NIST_EDWARDS25519').keyId);
  const [again] = await source.open([first!.publicKey]);
  expect(again!.publicKey.verifies(MESSAGE, await again!.sign(MESSAGE))).toBe(false);
});

test.each(KINDS)('makes the key object of a $spec key as go-tuf would', ({ type, spec, keytype, scheme }) => {
  const { publicKey } = keys[spec];
  const value =
    type === 'kms-ed25519'
      ? Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url').toString('hex')
      : publicKey.export({ format: 'pem', type: 'spki' });
  expect(Buffer.from(encodeJson(tufKeyFromSpki(der(spec), type))).toString()).toBe(
    JSON.stringify({ keytype, scheme, keyid_hash_algorithms: ['sha256', 'sha512'], keyval: { public: value } }),
  );
});

test.each([
  { given: 'nothing', bytes: () => Buffer.of() },
  { given: 'half a key', bytes: () => der('ECC_NIST_P256').subarray(0, 40) },
])('refuses $given in place of a public key', ({ bytes }) => {
  expect(() => tufKeyFromSpki(bytes(), 'kms-p256')).toThrow('The key cannot be read as a public key.');
});
