import { sealKeyFile } from '../keys/key-file.ts';
import { newEd25519Key, type PrivateKey } from '../keys/private-key.ts';
import type { PreparedFile } from '../stores/switch-files.ts';
import type { RoleType } from '../tuf/envelope.ts';
import type { PublicKey } from '../tuf/key.ts';
import type { Conditions } from './conditions.ts';
import type { Workplace } from './workplace.ts';

/** A new key, and its role's key file with it, which is prepared and not in its place yet. */
export interface NewKey {
  readonly publicKey: PublicKey;
  /** All keys of the file, the new one last. */
  readonly keys: readonly PrivateKey[];
  readonly keyFile: PreparedFile;
}

/**
 * Makes a key and appends it to its role's key file, or begins one.
 * @see go-tuf v0.5.2, local_store.go (SaveSigner)
 */
export async function newKey(
  place: Workplace,
  role: RoleType,
  { keyRing, random }: Pick<Conditions, 'keyRing' | 'random'>,
): Promise<NewKey> {
  const file = place.keyFile(role);
  const old = file === undefined ? [] : await keyRing.open(role, file);
  const passphrase = await keyRing.passphrase(role);
  const key = newEd25519Key(random);
  const keys = [...old, key];
  const sealed = await sealKeyFile(keys, passphrase, random);
  return { publicKey: key.publicKey, keys, keyFile: place.prepare('key', sealed, `keys/${role}.json`, 0o600, false) };
}

/** `updates generate-key`: makes a key for whoever holds one and has no repository. No root lists it yet. */
export async function generateKey(
  place: Workplace,
  role: RoleType,
  conditions: Pick<Conditions, 'keyRing' | 'random'>,
): Promise<PublicKey> {
  const { publicKey, keyFile } = await newKey(place, role, conditions);
  place.switch.switchIn([keyFile], ['keys']);
  return publicKey;
}
