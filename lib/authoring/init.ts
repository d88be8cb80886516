import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandom } from '../keys/random.ts';
import type { Instant, Seconds } from '../tuf/instant.ts';
import { makeRepository, ROLES, type ByRole } from './first-publication.ts';
import { newFolder } from './new-folder.ts';
import { VALIDITY } from './validity.ts';

/** What a new repository is made with. */
export interface NewRepository {
  /** The passphrase of each role's key file, as UTF-8 bytes; undefined for a plain file. */
  readonly passphrases: ByRole<Uint8Array | undefined>;
  /** How long the first timestamp lives. @defaultValue 14 days */
  readonly timestampValidity?: Seconds;
}

/**
 * Makes a repository without targets in a new folder, in the layout and to the byte as `fleetctl updates init` does. Whole or not at all.
 * @returns the new keys' ids
 * @throws UsageError if the folder is there and not empty, or a passphrase is empty
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export function initRepository(folder: string, wanted: NewRepository, now: Instant): Promise<ByRole<string>> {
  return newFolder(folder, (unfinished) => fillRepository(unfinished, wanted, now));
}

/** The same in a folder that is there, for whoever puts more into it. Nothing is looked for and nothing undone. */
export async function fillRepository(folder: string, wanted: NewRepository, now: Instant): Promise<ByRole<string>> {
  const { passphrases, timestampValidity = VALIDITY.timestamp } = wanted;
  const validity = { ...VALIDITY, timestamp: timestampValidity };
  const made = { passphrases, validity, consistentSnapshots: false, random: systemRandom };
  const { keyIds, keyFiles, publication } = await makeRepository(made, now);
  for (const path of ['keys', 'repository', join('staged', 'targets')]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  for (const role of ROLES) writeFile(join(folder, 'keys', `${role}.json`), keyFiles[role], 0o600);
  for (const [name, bytes] of publication) writeFile(join(folder, 'repository', name), bytes, 0o644);
  return keyIds;
}

/** Flushed: a key that a power cut takes away is a repository that nobody can ever sign again. */
function writeFile(path: string, bytes: Uint8Array, mode: number): void {
  writeFileSync(path, bytes, { mode, flag: 'wx', flush: true });
}
