import type { PublicKey } from '../tuf/key.ts';

/** One key that can sign. */
export interface Signer {
  /** Its public half, as a TUF key object; compared with the root by content. */
  readonly publicKey: PublicKey;
  /**
   * Signs.
   * @param message - the bytes that the signature covers
   * @returns the signature's bytes in the form that TUF wants for the key's scheme
   * @throws RefusalError OUTPUT_TOO_LARGE (KMS signs at most 4,096 bytes)
   * @throws FailureError KMS_UNAVAILABLE
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Where the key material of one repository is. Nothing secret is fetched before `open`. */
export interface KeySource {
  /**
   * Changes when the key material is replaced, and is found out without any secret: then the recorded public halves no longer hold.
   * Undefined where replacing the key always goes through `enroll`.
   */
  fingerprint(): Promise<string | undefined>;
  /**
   * Fetches and opens the key material.
   * @param known - the public halves that were recorded at an earlier opening, if any: they can save a call
   * @param secretVersion - which version of the secret the journal names, where the passphrase is in one
   * @throws RefusalError KEY_UNREADABLE, KDF_REFUSED
   * @throws FailureError KEY_FILE_MISSING, SECRET_UNAVAILABLE, KMS_UNAVAILABLE, STORE_UNREACHABLE, ACCESS_DENIED
   */
  open(known: readonly PublicKey[], secretVersion?: string): Promise<readonly Signer[]>;
}
