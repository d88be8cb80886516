import { RefusalError, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { formatInstant, type Instant, type Seconds } from '../tuf/instant.ts';
import { isArray, isObject, type Json, type JsonObject } from '../tuf/json.ts';
import { isUsable, type PublicKey } from '../tuf/key.ts';
import { keyId } from '../tuf/key-id.ts';
import type { Root } from '../tuf/root.ts';
import { keptOrder } from './kept-order.ts';
import { livesUntil } from './validity.ts';

/** What a new root changes besides version and expiry. Keys are taken out before others are added. */
export interface RootChanges {
  readonly added?: readonly Added[];
  readonly revoked?: readonly Revoked[];
  readonly thresholds?: ReadonlyMap<RoleType, number>;
}

/** A key that a role gets. */
export interface Added {
  readonly role: RoleType;
  readonly key: PublicKey;
}

/** A key that a role loses. */
export interface Revoked {
  readonly role: RoleType;
  readonly id: string;
}

/**
 * The next root: its `signed`, with nothing changed but what is asked for. Whether clients can live with it is judged elsewhere.
 * @param life - how long it lives
 * @throws UsageError if a role has not the key that it is to lose, has the one that it is to get, or is left with none
 * @see go-tuf v0.5.2, repo.go (RevokeKeyWithExpires, AddVerificationKeyWithExpiration, SetThreshold): a key that another role has too stays listed
 */
export function changedRoot(
  root: Root,
  { added = [], revoked = [], thresholds = new Map<RoleType, number>() }: RootChanges,
  life: Seconds,
  now: Instant,
): JsonObject {
  const lists = new Map(Object.entries(root.roles).map(([role, { keyids }]) => [role, keyids]));
  const before = objectIn(root.signed, 'keys');
  const keys = new Map(before);
  for (const { role, id } of revoked) lists.set(role, without(lists.get(role) ?? [], { role, id }, root));
  for (const { role, key } of added) {
    const id = keyId(key.json);
    lists.set(role, [...refuseListed(lists.get(role) ?? [], { role, key }, root), id]);
    keys.set(id, key.json);
  }

  const roles = new Map(objectIn(root.signed, 'roles'));
  for (const [role, keyids] of lists) {
    if (keyids.length === 0) throw lastKey(role);
    roles.set(role, new Map(objectIn(roles, role)).set('keyids', keyids));
  }
  for (const [role, threshold] of thresholds) roles.set(role, new Map(objectIn(roles, role)).set('threshold', threshold)); // prettier-ignore

  const used = new Set(Array.from(roles.values()).flatMap(keyidsOf));
  const dropped = Object.values(root.roles).flatMap(({ keyids }) => keyids.filter((id) => !used.has(id)));
  for (const id of dropped) keys.delete(id);
  return new Map(root.signed)
    .set('version', root.version + 1)
    .set('expires', formatInstant(livesUntil('root', now, life)))
    .set('keys', keptOrder(before, keys))
    .set('roles', roles);
}

/** What a listed key is, whatever it is called; undefined for one that cannot be read. */
export function contentOf({ keys }: Pick<Root, 'keys'>, id: string): string | undefined {
  const key = keys.get(id);
  return key !== undefined && isUsable(key) ? key.content : undefined;
}

/** Under whatever ids the key is listed: all of them go. */
function without(keyids: readonly string[], { role, id }: Revoked, root: Root): readonly string[] {
  if (!root.roles[role].keyids.includes(id)) {
    throw new UsageError(`The role ${role} has no key ${quote(id)}.`, {
      remedy: `Name the whole id of one that it has: ${root.roles[role].keyids.map(printable).join(', ')}.`,
    });
  }
  const content = contentOf(root, id);
  return keyids.filter((listed) => listed !== id && (content === undefined || contentOf(root, listed) !== content));
}

function refuseListed(keyids: readonly string[], { role, key }: Added, root: Root): readonly string[] {
  const listed = keyids.find((known) => known === keyId(key.json) || contentOf(root, known) === key.content);
  if (listed === undefined) return keyids;
  throw new UsageError(`The role ${role} has this key already, under the id ${listed}.`, {
    remedy: 'Nothing is to be done, or name another key.',
  });
}

function lastKey(role: string): UsageError {
  return new UsageError(`The role ${role} would be left without a key, and clients would refuse the root.`, {
    remedy: `Give it another key first: timekeeper updates add-key ${role}.`,
  });
}

function keyidsOf(role: Json): readonly Json[] {
  const keyids = isObject(role) ? role.get('keyids') : undefined;
  return isArray(keyids) ? keyids : [];
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const found = object.get(name);
  if (isObject(found)) return found;
  throw new RefusalError('BAD_ROOT', `root.json: ${name} is not an object.`);
}
