import { sealKeyFile } from '../keys/key-file.ts';
import { newEd25519Key, type PrivateKey } from '../keys/private-key.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { parseRoot } from '../tuf/root.ts';
import type { Conditions } from './conditions.ts';
import { ROLES } from './first-publication.ts';
import { checkPublication, nextPublication } from './publication.ts';
import { readPublished } from './published.ts';
import { rotatedRoot } from './rotated-root.ts';
import { signedFile } from './signed-file.ts';
import { rootSigners } from './signing-key.ts';
import type { Workplace } from './workplace.ts';

/**
 * `updates rotate ROLE`: revokes the keys in the role's key file, appends a new one to it, and signs everything again.
 * Whatever has expired: it gets a new life. The new key is on the disk before the root that lists it is published.
 * @returns the new key's id
 * @throws RefusalError - what clients refuse with, KEY_NOT_IN_ROOT, UNFINISHED_WORK
 */
export async function rotateRole(place: Workplace, role: RoleType, conditions: Conditions): Promise<string> {
  const { read } = place;
  const { keyRing, now, random, validity, tell } = conditions;
  place.refuseLeftovers();
  const held = new Map<RoleType, readonly PrivateKey[]>();
  for (const each of ROLES) held.set(each, await keyRing.open(each, place.keyFile(each)));
  const published = readPublished(read);

  const old = held.get(role) ?? [];
  const passphrase = await keyRing.passphrase(role);
  const key = newEd25519Key(random);
  const keyFile = await sealKeyFile([...old, key], passphrase, random);
  held.set(role, [...old, key]);
  const { signed, id, kept } = rotatedRoot(published.root, { role, old, key }, validity.root, now);
  for (const other of kept) {
    tell(`The role ${role} keeps the key ${other}, which is not in keys/${role}.json: what it signs is still trusted.`);
  }

  const next = parseRoot(await signedFile(signed, []));
  const signers = rootSigners(next, published.root, held.get('root') ?? []);
  const root = await signedFile(signed, signers, published.root.bytes);
  const signing = { ...conditions, keys: Object.fromEntries(held) };
  const publication = await nextPublication(published, { root }, signing, read);
  checkPublication(published, publication, read, now);
  place.publish(publication, [place.prepare('key', keyFile, `keys/${role}.json`, 0o600, false)]);
  return id;
}
