import { UsageError } from '../contract/errors.ts';
import { readKeyFile, sealKeyFile } from '../keys/key-file.ts';
import type { RoleType } from '../tuf/envelope.ts';
import type { Conditions } from './conditions.ts';
import type { Workplace } from './workplace.ts';

/**
 * `updates change-passphrase ROLE`: writes a role's key file again under a new passphrase, as go-tuf v0.5.2 writes it. The keys stay as they are, and so
 * does everything else; no repository has to be there.
 * @param isPlain - write it without one
 * @throws UsageError if there is no key file, the old passphrase is wrong, or the new one is empty
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 * @throws RefusalError KEY_UNREADABLE, KDF_REFUSED
 */
export async function changePassphrase(
  place: Workplace,
  role: RoleType,
  isPlain: boolean,
  { keyRing, random }: Conditions,
): Promise<void> {
  const file = place.keyFile(role);
  const keys = await keyRing.open(role, file);
  const name = `keys/${role}.json`;
  if (isPlain && file !== undefined && readKeyFile(file, name).is === 'plain') {
    throw new UsageError(`${name} has no passphrase.`, { remedy: 'Nothing has to be done.' });
  }
  const passphrase = isPlain ? undefined : await keyRing.newPassphrase(role);
  const sealed = await sealKeyFile(keys, passphrase, random);
  place.switch.switchIn([place.prepare('key', sealed, name, 0o600, false)], []);
}
