import { keyFileName } from '../contract/names.ts';
import { FailureError } from '../contract/errors.ts';
import { keyFileSource } from './key-file-source.ts';
import type { KeySource } from './signer.ts';

/** Where key files and their passphrases are kept, a pair for each version of the secret. */
export interface VersionedKeyFileProps {
  /** Reads an object of the state, at most MAX_KEY_FILE_BYTES of it; undefined if there is none. */
  readonly read: (name: string) => Promise<Uint8Array | undefined>;
  /** Reads one version of the secret. */
  readonly passphrase: (secretVersion: string) => Promise<Uint8Array>;
  /** The repository's name, for messages. */
  readonly repository: string;
}

/**
 * The key file and the passphrase of the version that the journal names: one write of the journal replaces both, and both are fetched in one round.
 * It has no fingerprint: they are replaced through `enroll` alone, which records the public halves, so nothing is fetched to find out.
 */
export function versionedKeyFile({ read, passphrase, repository }: VersionedKeyFileProps): KeySource {
  return {
    fingerprint: () => Promise.resolve(undefined),
    open(known, secretVersion) {
      if (secretVersion === undefined)
        return Promise.reject(
          new FailureError('KEY_FILE_MISSING', 'The journal names no version of the secret: enrol the repository.'),
        );
      const name = keyFileName(secretVersion);
      return keyFileSource({
        read: () => read(name),
        passphrase: () => passphrase(secretVersion),
        file: `${repository}/${name}`,
        eager: true,
      }).open(known);
    },
  };
}
