import type { PrivateKey } from '../keys/private-key.ts';
import type { Random } from '../keys/random.ts';
import type { RoleType } from '../tuf/envelope.ts';
import type { Instant } from '../tuf/instant.ts';
import type { Validity } from './validity.ts';

/** Whoever knows the passphrases, or asks for them. Each is asked for once in a command. */
export interface KeyRing {
  /** Whether somebody may be asked for a role's passphrase: then for one after the other. */
  asks(role: RoleType): boolean;
  /**
   * Opens a role's key file.
   * @param file - its bytes, undefined if there is none
   * @throws UsageError if there is none, or the passphrase is wrong and nobody can be asked again
   * @throws RefusalError KEY_UNREADABLE, KDF_REFUSED
   */
  open(role: RoleType, file: Uint8Array | undefined): Promise<readonly PrivateKey[]>;
  /** The passphrase under which a key file is to be written: the one that opened it, or a new one. Undefined for a plain file. */
  passphrase(role: RoleType): Promise<Uint8Array | undefined>;
  /** The passphrase that takes the place of the one that opens a key file. */
  newPassphrase(role: RoleType): Promise<Uint8Array>;
}

/** All that a command depends on besides the files: the same conditions give the same bytes. */
export interface Conditions {
  readonly keyRing: KeyRing;
  readonly validity: Validity;
  /** The command's one clock reading. */
  readonly now: Instant;
  readonly random: Random;
  /** A version that the next timestamp must be above, although it was not published; 0 if there is none. */
  readonly timestampFloor: number;
  /** Is told what a person should know. */
  readonly tell: (sentence: string) => void;
}
