import type { PrivateKey } from '../keys/private-key.ts';
import type { RoleType } from '../tuf/envelope.ts';
import type { Instant, Seconds } from '../tuf/instant.ts';
import type { JsonObject } from '../tuf/json.ts';
import { keyId } from '../tuf/key-id.ts';
import type { Root } from '../tuf/root.ts';
import { changedRoot, contentOf } from './changed-root.ts';

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
 */
export function rotatedRoot(root: Root, { role, old, key }: Rotation, life: Seconds, now: Instant): RotatedRoot {
  const atHand = new Set<string | undefined>(old.map(({ publicKey }) => publicKey.content));
  const { keyids } = root.roles[role];
  const isAtHand = (id: string) => atHand.has(contentOf(root, id));
  const changes = {
    revoked: keyids.filter(isAtHand).map((id) => ({ role, id })),
    added: [{ role, key: key.publicKey }],
  };
  return {
    signed: changedRoot(root, changes, life, now),
    id: keyId(key.publicKey.json),
    kept: keyids.filter((id) => !isAtHand(id)),
  };
}
