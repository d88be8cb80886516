import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../contract/errors.ts';
import type { RoleType } from '../tuf/envelope.ts';
import type { Conditions } from './conditions.ts';
import { makeRepository, ROLES, type ByRole } from './first-publication.ts';
import { checkPublication } from './publication.ts';
import type { Workplace } from './workplace.ts';

/**
 * `updates init`: makes the keys, and version 1 of everything, in a folder that may hold other things.
 * @returns the new keys' ids
 * @throws UsageError if there are keys or metadata already, or a passphrase is empty
 */
export async function initialise(
  place: Workplace,
  consistentSnapshots: boolean,
  conditions: Conditions,
): Promise<ByRole<string>> {
  const { keyRing, now } = conditions;
  refuseWhatIsThere(place);
  const words = new Map<RoleType, Uint8Array | undefined>();
  for (const role of ROLES) words.set(role, await keyRing.passphrase(role));
  const of = (role: RoleType) => words.get(role);
  const passphrases = { root: of('root'), targets: of('targets'), snapshot: of('snapshot'), timestamp: of('timestamp') }; // prettier-ignore

  const { keyIds, keyFiles, publication } = await makeRepository({ ...conditions, passphrases, consistentSnapshots }, now); // prettier-ignore
  checkPublication(undefined, publication, () => undefined, now);
  place.publish(publication, ROLES.map((role) => place.prepare(`key-${role}`, keyFiles[role], `keys/${role}.json`, 0o600, false))); // prettier-ignore
  return keyIds;
}

/** In fleetctl's words, which scripts look for. */
function refuseWhatIsThere(place: Workplace): void {
  const remedy = 'Name another folder with --path. Nothing was changed.';
  const keys = join(place.folder, 'keys');
  if (place.isInitialized()) throw new UsageError(`repo already initialized: ${place.folder}`, { remedy });
  if (existsSync(keys)) throw new UsageError(`keys directory already exists: ${keys}`, { remedy });
  place.refuseLeftovers();
}
