import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, SignCommand, type KMSClient, type SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { FailureError, RefusalError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { isObject } from '../tuf/json.ts';
import type { PublicKey } from '../tuf/key.ts';
import { awsRefusal } from './aws-error.ts';
import { KMS_SCHEMES, publicKeyFromSpki, type KmsKeyType, type Scheme } from './public-key.ts';
import type { KeySource, Signer } from './signer.ts';

/** A key in AWS KMS. */
export interface KmsKeyProps {
  /** A client in the key's region. */
  readonly client: KMSClient;
  /** Key id, ARN or alias. */
  readonly keyId: string;
  readonly type: KmsKeyType;
}

/**
 * A key in AWS KMS. It signs with one call; an opening that knows no public half asks for it with another.
 * It has no fingerprint: a key in KMS never changes, and another one under the same alias shows as OWN_OUTPUT_INVALID.
 */
export function kmsKeySource(key: KmsKeyProps): KeySource {
  return {
    fingerprint: () => Promise.resolve(undefined),
    async open(known) {
      const publicKey = recorded(key.type, known) ?? (await fetchPublicKey(key));
      return [kmsSigner(key, publicKey)];
    },
  };
}

/** The public half from an earlier opening; undefined if there is none, or more than one, of which nobody can tell ours. */
function recorded(type: KmsKeyType, known: readonly PublicKey[]): PublicKey | undefined {
  const [first, ...others] = known.filter(({ scheme, isWeak }) => scheme === KMS_SCHEMES[type] && !isWeak);
  return others.length === 0 ? first : undefined;
}

async function fetchPublicKey({ client, keyId, type }: KmsKeyProps): Promise<PublicKey> {
  const { PublicKey: der } = await orUnavailable(keyId, client.send(new GetPublicKeyCommand({ KeyId: keyId })));
  if (der === undefined) throw unavailable(keyId, 'the answer has no public key');
  return publicKeyFromSpki(der, type, `The KMS key ${printable(keyId)}`);
}

const MAX_MESSAGE_BYTES = 4_096; // KMS Sign, MessageType RAW

/** RAW, because Ed25519 takes no digest, and so that the key's policy can demand one message type for all keys. */
const ALGORITHMS: Readonly<Record<Scheme, SigningAlgorithmSpec>> = {
  ed25519: 'ED25519_SHA_512',
  'ecdsa-sha2-nistp256': 'ECDSA_SHA_256',
  'rsassa-pss-sha256': 'RSASSA_PSS_SHA_256',
};

function kmsSigner({ client, keyId, type }: KmsKeyProps, publicKey: PublicKey): Signer {
  const scheme = KMS_SCHEMES[type];
  return {
    publicKey,
    async sign(message) {
      if (message.length > MAX_MESSAGE_BYTES) {
        throw new RefusalError(
          'OUTPUT_TOO_LARGE',
          `${message.length} bytes are to be signed; KMS signs at most ${MAX_MESSAGE_BYTES}.`,
        );
      }
      const command = new SignCommand({
        KeyId: keyId,
        Message: message,
        MessageType: 'RAW',
        SigningAlgorithm: ALGORITHMS[scheme],
      });
      const { Signature: signature } = await orUnavailable(keyId, client.send(command));
      if (signature === undefined) throw unavailable(keyId, 'the answer has no signature');
      return scheme === 'rsassa-pss-sha256' ? padded(signature, publicKey) : signature;
    },
  };
}

/**
 * About one RSA signature in 200 came from KMS without its leading zero bytes. OpenSSL takes it, ring (in tough) does not.
 * @see awslabs/tough issue 262
 */
function padded(signature: Uint8Array, publicKey: PublicKey): Uint8Array {
  const missing = modulusBytes(publicKey) - signature.length;
  return missing > 0 ? Buffer.concat([Buffer.alloc(missing), signature]) : signature;
}

function modulusBytes({ json }: PublicKey): number {
  const value = json.get('keyval');
  const pem = isObject(value) ? value.get('public') : undefined;
  if (typeof pem !== 'string') return 0;
  return Math.ceil((createPublicKey(pem).asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}

async function orUnavailable<T>(keyId: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw unavailable(keyId, awsRefusal(error), { cause: error });
  }
}

function unavailable(keyId: string, why: string, options?: ErrorOptions): FailureError {
  return new FailureError('KMS_UNAVAILABLE', `The KMS key ${printable(keyId)} cannot be used: ${why}.`, options);
}
