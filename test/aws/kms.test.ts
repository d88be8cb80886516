import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  DescribeKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  type MessageType,
  SignCommand,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms';
import type { KmsKey } from './kms.ts';
import type { KeySpec } from './kms-signing.ts';
import { type LocalAws, startLocalAws } from './local-aws.ts';

const MESSAGE = Buffer.from('{"_type":"timestamp"}');
const DIGEST = createHash('sha256').update(MESSAGE).digest();

let aws: LocalAws;
let kms: KMSClient;
let keys: Readonly<Record<KeySpec, KmsKey>>;
beforeAll(async () => {
  aws = await startLocalAws();
  kms = new KMSClient(aws.clientConfig());
  keys = {
    ECC_NIST_EDWARDS25519: aws.kms.createKey('ECC_NIST_EDWARDS25519'),
    ECC_NIST_P256: aws.kms.createKey('ECC_NIST_P256'),
    RSA_2048: aws.kms.createKey('RSA_2048'),
    RSA_3072: aws.kms.createKey('RSA_3072'),
  };
});
afterAll(() => aws.close());

interface Signing {
  readonly spec: KeySpec;
  readonly algorithm: SigningAlgorithmSpec;
  readonly type?: MessageType;
  readonly message?: Uint8Array;
}

function sign({ spec, algorithm, type = 'RAW', message = MESSAGE }: Signing) {
  const { keyId: KeyId } = keys[spec];
  return kms.send(new SignCommand({ KeyId, SigningAlgorithm: algorithm, MessageType: type, Message: message }));
}

describe('Sign', () => {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const ed25519 = (key: KeyObject, signature: Uint8Array) => verify(null, MESSAGE, key, signature);
  const sha256 = (key: KeyObject, signature: Uint8Array) => verify('sha256', MESSAGE, key, signature);
  const rsaPss = (key: KeyObject, signature: Uint8Array) => verify('sha256', MESSAGE, { key, ...pss }, signature);

  test.each([
    { spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512', type: 'RAW', bytes: 64, holds: ed25519 },
    { spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256', type: 'RAW', bytes: 72, holds: sha256 },
    { spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256', type: 'DIGEST', bytes: 72, holds: sha256 },
    { spec: 'RSA_2048', algorithm: 'RSASSA_PSS_SHA_256', type: 'RAW', bytes: 256, holds: rsaPss },
    { spec: 'RSA_3072', algorithm: 'RSASSA_PSS_SHA_256', type: 'RAW', bytes: 384, holds: rsaPss },
    { spec: 'RSA_2048', algorithm: 'RSASSA_PKCS1_V1_5_SHA_256', type: 'RAW', bytes: 256, holds: sha256 },
  ] as const)(
    'makes a true $algorithm signature of $type with $spec',
    async ({ spec, algorithm, type, bytes, holds }) => {
      const signed = await sign({ spec, algorithm, type, message: type === 'RAW' ? MESSAGE : DIGEST });
      expect(signed).toMatchObject({ KeyId: keys[spec].arn, SigningAlgorithm: algorithm });
      const signature = signed.Signature ?? Buffer.of();
      expect(holds(keys[spec].publicKey, signature)).toBe(true);
      expect(signature.length).toBeLessThanOrEqual(bytes);
    },
  );

  // The arithmetic meets short numbers, leading zeros and sign bits only now and then.
  test('makes ECDSA signatures of digests that hold, two hundred times', async () => {
    for (let round = 0; round < 200; round += 1) {
      const signed = await sign({ spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256', type: 'DIGEST', message: DIGEST });
      expect(sha256(keys.ECC_NIST_P256.publicKey, signed.Signature ?? Buffer.of())).toBe(true);
    }
  });

  test.each<Signing & { readonly rule: string; readonly name: string }>([
    {
      rule: 'Ed25519 over a digest',
      spec: 'ECC_NIST_EDWARDS25519',
      algorithm: 'ED25519_SHA_512',
      type: 'DIGEST',
      name: 'ValidationException',
    },
    {
      rule: 'Ed25519ph over a raw message',
      spec: 'ECC_NIST_EDWARDS25519',
      algorithm: 'ED25519_PH_SHA_512',
      name: 'ValidationException',
    },
    {
      rule: 'an algorithm of another kind of key',
      spec: 'ECC_NIST_P256',
      algorithm: 'ED25519_SHA_512',
      name: 'InvalidKeyUsageException',
    },
    {
      rule: 'a raw message of 4,097 bytes',
      spec: 'ECC_NIST_P256',
      algorithm: 'ECDSA_SHA_256',
      message: Buffer.alloc(4097),
      name: 'ValidationException',
    },
    {
      rule: 'a digest of the wrong length',
      spec: 'ECC_NIST_P256',
      algorithm: 'ECDSA_SHA_256',
      type: 'DIGEST',
      message: Buffer.alloc(20),
      name: 'ValidationException',
    },
    {
      rule: 'an algorithm that nobody knows',
      spec: 'ECC_NIST_P256',
      algorithm: 'NONE' as SigningAlgorithmSpec,
      name: 'ValidationException',
    },
  ])('refuses $rule with $name', async ({ name, ...signing }) => {
    await expect(sign(signing)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400, attempts: 1 } });
  });

  test('signs a raw message of 4,096 bytes', async () => {
    await expect(
      sign({ spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512', message: Buffer.alloc(4096) }),
    ).resolves.toBeDefined();
  });
});

test('GetPublicKey gives SubjectPublicKeyInfo, for Ed25519 twelve bytes and the key', async () => {
  const { keyId: KeyId, publicKey } = keys.ECC_NIST_EDWARDS25519;
  const got = await kms.send(new GetPublicKeyCommand({ KeyId }));
  expect(got).toMatchObject({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' });
  const der = Buffer.from(got.PublicKey ?? '');
  expect(der.toString('hex', 0, 12)).toBe('302a300506032b6570032100');
  expect(der.subarray(12).toString('base64url')).toBe(publicKey.export({ format: 'jwk' }).x);
});

test('a key answers to its id, its ARN, its alias and the ARN of its alias, and to nothing else', async () => {
  const { keyId, arn } = keys.ECC_NIST_P256;
  aws.kms.setAlias('alias/timestamp', keyId);
  for (const KeyId of [keyId, arn, 'alias/timestamp', arn.replace(/key\/.*/, 'alias/timestamp')]) {
    await expect(kms.send(new GetPublicKeyCommand({ KeyId }))).resolves.toMatchObject({ KeyId: arn });
  }
  for (const KeyId of [
    'alias/other',
    'a58a5f4c-0000-4000-8000-000000000000',
    arn.replace('eu-central-1', 'us-west-2'),
  ]) {
    await expect(kms.send(new GetPublicKeyCommand({ KeyId }))).rejects.toMatchObject({ name: 'NotFoundException' });
  }
});

test('a key that is disabled or awaits deletion says so and does not sign', async () => {
  const { keyId: KeyId } = aws.kms.createKey('ECC_NIST_P256');
  const trySigning = () => kms.send(new SignCommand({ KeyId, SigningAlgorithm: 'ECDSA_SHA_256', Message: MESSAGE }));
  aws.kms.disable(KeyId);
  await expect(trySigning()).rejects.toMatchObject({ name: 'DisabledException' });
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  expect(KeyMetadata).toMatchObject({ Enabled: false, KeyState: 'Disabled', SigningAlgorithms: ['ECDSA_SHA_256'] });
  aws.kms.enable(KeyId);
  await expect(trySigning()).resolves.toBeDefined();
  aws.kms.scheduleDeletion(KeyId);
  await expect(trySigning()).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
});
