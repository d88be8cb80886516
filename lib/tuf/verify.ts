import { RefusalError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { signedBytes, type Metadata } from './envelope.ts';
import type { PublicKey } from './key.ts';
import { keysOf, type Keys, type Role } from './role.ts';

declare const brand: unique symbol;

/** Metadata whose signatures reached the threshold of a trusted role. Only this file makes one. */
export type Verified<T> = T & { readonly [brand]: 'verified' };

/**
 * Verifies that enough keys of a role signed. Keys are counted by their decoded bytes, so one key under two ids counts once; a weak key counts 0.
 * @param role - who has to sign, from metadata that is itself verified
 * @throws RefusalError SIGNATURE_INVALID if no signature of the role verifies; THRESHOLD_NOT_MET if some do, but too few
 * @see TUF specification, sections 5.3.4, 5.4.2, 5.5.3, 5.6.3; go-tuf counts key ids (verify/verify.go)
 */
export function verified<T extends Metadata>(metadata: T, role: Role, keys: Keys, name: string): Verified<T> {
  const signers = signersOf(metadata, keysOf(role, keys));
  if (signers.size === 0) {
    throw new RefusalError(
      'SIGNATURE_INVALID',
      `${metadata.file} (version ${metadata.version}) has no valid signature of the role ${printable(name)}.`,
    );
  }
  if (signers.size < role.threshold) {
    throw new RefusalError(
      'THRESHOLD_NOT_MET',
      `${metadata.file} (version ${metadata.version}) is signed by ${signers.size} different keys of the role ${printable(name)}; it takes ${role.threshold}.`,
    );
  }
  return metadata as Verified<T>;
}

/** The keys that signed, by content. */
function signersOf(metadata: Metadata, keys: ReadonlyMap<string, PublicKey>): ReadonlySet<string> {
  const signers = new Set<string>();
  const message = signedBytes(metadata);
  for (const { keyid, bytes } of metadata.signatures) {
    const key = keys.get(keyid);
    if (key !== undefined && verifies(key, message, bytes)) signers.add(key.content);
  }
  return signers;
}

/** OpenSSL throws for some signatures that are no signatures at all. */
function verifies(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return key.verifies(message, signature);
  } catch {
    return false;
  }
}
