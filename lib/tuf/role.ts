import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { Fields, knownFields } from './fields.ts';
import type { Json, JsonObject } from './json.ts';
import { isUsable, parseKey, type PublicKey, type UnusableKey } from './key.ts';

/** Keys by key id, as a root or a delegation lists them. */
export type Keys = ReadonlyMap<string, PublicKey | UnusableKey>;

/** Who signs a role, and how many of them it takes. */
export interface Role {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

const ROLE = knownFields('keyids', 'threshold');
const MAX_KEYS = 4_096;

/**
 * Reads the keys of a root or a delegation.
 * @throws RefusalError TOO_LARGE, BAD_ROOT, AMBIGUOUS_FIELD
 */
export function parseKeys(json: JsonObject, where: string): Keys {
  if (json.size > MAX_KEYS) throw new RefusalError('TOO_LARGE', `${where} lists more than ${MAX_KEYS} keys.`);
  return new Map(Array.from(json, ([id, key]) => [id, parseKey(key, `${where}[${quote(id)}]`)]));
}

/**
 * Reads a role's key ids and threshold.
 * @throws RefusalError BAD_ROOT for a threshold below 1, no key ids, or one twice; MISSING_FIELD, AMBIGUOUS_FIELD
 * @see TUF specification, section 4.3
 */
export function parseRole(json: Json, where: string, known = ROLE): Role {
  const fields = new Fields(json, where, known);
  const keyids = fields.strings('keyids');
  const threshold = fields.integer('threshold');
  if (threshold < 1)
    throw new RefusalError('BAD_ROOT', `${fields.path('threshold')} is ${threshold}; it has to be 1 or more.`);
  if (keyids.length === 0) throw new RefusalError('BAD_ROOT', `${fields.path('keyids')} is empty.`);
  if (new Set(keyids).size !== keyids.length)
    throw new RefusalError('BAD_ROOT', `${fields.path('keyids')} has a key id twice.`);
  return { keyids, threshold };
}

/** The keys of a role that can verify and count, by key id. */
export function keysOf(role: Role, keys: Keys): ReadonlyMap<string, PublicKey> {
  const usable = new Map<string, PublicKey>();
  for (const id of role.keyids) {
    const key = keys.get(id);
    if (key !== undefined && isUsable(key) && !key.isWeak) usable.set(id, key);
  }
  return usable;
}
