import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AwsError } from './answer.ts';
import { signDigestP256 } from './ecdsa-digest.ts';

/** The kinds of key that can be made here. */
export type KeySpec = 'ECC_NIST_EDWARDS25519' | 'ECC_NIST_P256' | 'RSA_2048' | 'RSA_3072';

/** A key pair of node:crypto. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface SigningRequest {
  readonly spec: KeySpec;
  readonly algorithm: string;
  readonly messageType: string;
  readonly message: Buffer;
}

const MAX_RAW_BYTES = 4096;
const RSA = ['PSS', 'PKCS1_V1_5'].flatMap((padding) => [256, 384, 512].map((bits) => `RSASSA_${padding}_SHA_${bits}`));

/** The algorithms of a key, in the order in which DescribeKey gives them. */
export const SIGNING_ALGORITHMS: Readonly<Record<KeySpec, readonly string[]>> = {
  ECC_NIST_EDWARDS25519: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
  ECC_NIST_P256: ['ECDSA_SHA_256'],
  RSA_2048: RSA,
  RSA_3072: RSA,
};

/** Makes a real key. RSA takes some tenths of a second. */
export function generateKeyPair(spec: KeySpec): KeyPair {
  if (spec === 'ECC_NIST_EDWARDS25519') return generateKeyPairSync('ed25519');
  if (spec === 'ECC_NIST_P256') return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return generateKeyPairSync('rsa', { modulusLength: spec === 'RSA_2048' ? 2048 : 3072 });
}

/**
 * Signs as KMS does: Ed25519 as 64 bytes, ECDSA in DER, RSA-PSS with a salt as long as the digest.
 * @throws AwsError ValidationException, InvalidKeyUsageException; UnsupportedOperationException for what AWS can and we cannot
 */
export function signMessage(key: KeyObject, { spec, algorithm, messageType, message }: SigningRequest): Buffer {
  if (messageType !== 'RAW' && messageType !== 'DIGEST') throw invalid(`MessageType ${messageType} is not known`);
  if (!Object.values(SIGNING_ALGORITHMS).flat().includes(algorithm)) throw invalid(`${algorithm} is not known`);
  if (!SIGNING_ALGORITHMS[spec].includes(algorithm)) {
    const message = `Algorithm ${algorithm} is incompatible with key spec ${spec}.`;
    throw new AwsError(400, 'InvalidKeyUsageException', message);
  }
  if (messageType === 'RAW' && message.length > MAX_RAW_BYTES) {
    throw invalid(
      "1 validation error detected: Value at 'message' failed to satisfy constraint: " +
        `Member must have length less than or equal to ${MAX_RAW_BYTES}`,
    );
  }
  // Ed25519 hashes inside; its pre-hashed sibling is a different signature and no substitute.
  if (algorithm.startsWith('ED25519') && messageType !== (algorithm === 'ED25519_SHA_512' ? 'RAW' : 'DIGEST')) {
    throw invalid(`Message type ${messageType} is incompatible`);
  }
  return messageType === 'RAW' ? signRaw(key, algorithm, message) : signDigest(key, algorithm, message);
}

function signRaw(key: KeyObject, algorithm: string, message: Buffer): Buffer {
  if (algorithm === 'ED25519_SHA_512') return sign(null, message, key);
  const hash = `sha${algorithm.slice(-3)}`;
  if (algorithm.startsWith('ECDSA')) return sign(hash, message, { key, dsaEncoding: 'der' });
  if (algorithm.startsWith('RSASSA_PKCS1')) return sign(hash, message, key);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return sign(hash, message, { key, padding, saltLength });
}

function signDigest(key: KeyObject, algorithm: string, digest: Buffer): Buffer {
  if (digest.length * 8 !== Number(algorithm.slice(-3)))
    throw invalid(`Digest is invalid length for algorithm ${algorithm}.`);
  if (algorithm === 'ECDSA_SHA_256') return signDigestP256(key, digest);
  throw new AwsError(400, 'UnsupportedOperationException', `This endpoint signs no digest with ${algorithm}.`);
}

function invalid(message: string): AwsError {
  return new AwsError(400, 'ValidationException', message);
}
