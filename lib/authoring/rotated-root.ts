import { RefusalError } from '../contract/errors.ts';
import type { PrivateKey } from '../keys/private-key.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { after, formatInstant, type Instant, type Seconds } from '../tuf/instant.ts';
import { isObject, type JsonObject } from '../tuf/json.ts';
import { isUsable } from '../tuf/key.ts';
import { keyId } from '../tuf/key-id.ts';
import type { Root } from '../tuf/root.ts';
import { keptOrder } from './kept-order.ts';

/** What is rotated. */
export interface Rotation {
  readonly role: RoleType;
  /** The keys of the role's key file: all that the root lists of them is revoked. */
  readonly old: readonly PrivateKey[];
  readonly key: PrivateKey;
}

/** The next root, not signed yet. */
export interface RotatedRoot {
  readonly signed: JsonObject;
  /** The new key's id. */
  readonly id: string;
  /** Ids that the role keeps: keys that are not in the key file, such as one in a KMS. */
  readonly kept: readonly string[];
}

/**
 * Gives a role a new key in place of those that are at hand.
 * @param life - how long the new root lives
 * @see go-tuf v0.5.2, repo.go (RevokeKeyWithExpires, AddVerificationKeyWithExpiration): a key that another role has too stays listed
 */
export function rotatedRoot(root: Root, { role, old, key }: Rotation, life: Seconds, now: Instant): RotatedRoot {
  const id = keyId(key.publicKey.json);
  const revoked = new Set(old.map(({ publicKey }) => publicKey.content));
  const kept = root.roles[role].keyids.filter((listed) => !revoked.has(contentOf(root, listed)));
  const roles = new Map(objectIn(root.signed, 'roles'));
  roles.set(role, new Map(objectIn(roles, role)).set('keyids', [...kept, id]));

  const used = new Set(Array.from(roles.values()).flatMap((json) => (isObject(json) ? json.get('keyids') : [])));
  const before = objectIn(root.signed, 'keys');
  const dropped = root.roles[role].keyids.filter((listed) => !used.has(listed));
  const keys = Array.from(before).filter(([listed]) => !dropped.includes(listed));

  const signed = new Map(root.signed);
  signed.set('version', root.version + 1);
  signed.set('expires', formatInstant(after(now, life)));
  signed.set('keys', keptOrder(before, new Map([...keys, [id, key.publicKey.json]])));
  signed.set('roles', roles);
  return { signed, id, kept };
}

function contentOf({ keys }: Root, id: string): string {
  const key = keys.get(id);
  return key !== undefined && isUsable(key) ? key.content : '';
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const found = object.get(name);
  if (isObject(found)) return found;
  throw new RefusalError('BAD_ROOT', `root.json: ${name} is not an object.`);
}
