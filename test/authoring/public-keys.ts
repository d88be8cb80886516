import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { PrivateKey } from '../../lib/keys/private-key.ts';
import type { PublicKey } from '../../lib/tuf/key.ts';
import { COMPACT, encodeJson } from '../../lib/tuf/encode-json.ts';

/** A key of somebody else's, as in a KMS. */
export interface OtherKey {
  readonly type: string;
  readonly signer: PrivateKey;
  readonly publicKey: PublicKey;
  /** As it stands in a root. */
  readonly json: object;
  readonly pem: string;
}

function keyOf(type: string, privateKey: KeyObject, publicKey: KeyObject): OtherKey {
  const signer = new PrivateKey(privateKey);
  const json = JSON.parse(Buffer.from(encodeJson(signer.publicKey.json, COMPACT)).toString()) as object;
  return { type, signer, publicKey: signer.publicKey, json, pem: publicKey.export({ format: 'pem', type: 'spki' }).toString() }; // prettier-ignore
}

const made = {
  ed25519: generateKeyPairSync('ed25519'),
  ecdsa: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
};

/** Of each type one. */
export const OTHER_KEYS = [
  keyOf('ed25519', made.ed25519.privateKey, made.ed25519.publicKey),
  keyOf('ecdsa-sha2-nistp256', made.ecdsa.privateKey, made.ecdsa.publicKey),
  keyOf('rsassa-pss-sha256', made.rsa.privateKey, made.rsa.publicKey),
] as const;
