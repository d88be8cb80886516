import { createHash } from 'node:crypto';
import { FailureError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { openKeyFile } from './key-file.ts';
import type { KeySource } from './signer.ts';

/** Where a key file and its passphrase are. */
export interface KeyFileSourceProps {
  /** Reads the file, at most MAX_KEY_FILE_BYTES of it; undefined if there is none. */
  readonly read: () => Promise<Uint8Array | undefined>;
  /** Asks for the passphrase. */
  readonly passphrase: () => Promise<Uint8Array>;
  /** The file's name, for messages. */
  readonly file: string;
  /**
   * Fetches file and passphrase in one round, although a plain file or a broken one would not need it.
   * @default false
   */
  readonly eager?: boolean;
}

/** The keys of a go-tuf key file. Its fingerprint is the SHA-256 of its bytes. */
export function keyFileSource({ read, passphrase, file, eager = false }: KeyFileSourceProps): KeySource {
  return {
    async fingerprint() {
      const bytes = await read();
      return bytes && createHash('sha256').update(bytes).digest('hex');
    },
    async open() {
      const [bytes, given] = await Promise.all([read(), eager ? passphrase() : passphrase]);
      if (bytes === undefined) throw new FailureError('KEY_FILE_MISSING', `There is no key file ${printable(file)}.`);
      return openKeyFile(bytes, given, file);
    },
  };
}
