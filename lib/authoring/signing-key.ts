import { RefusalError } from '../contract/errors.ts';
import type { Signer } from '../keys/signer.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { isUsable } from '../tuf/key.ts';
import { keyId } from '../tuf/key-id.ts';
import type { Root } from '../tuf/root.ts';
import type { KeyRing } from './conditions.ts';
import type { Workplace } from './workplace.ts';

/** A key, and the id under which clients know it. */
export interface SigningKey {
  readonly id: string;
  readonly key: Signer;
}

/** The keys that are at hand, by role. Those that a command does not need are left out. */
export type LocalKeys = Readonly<Partial<Record<RoleType, readonly Signer[]>>>;

/**
 * Opens the key files of some roles: all at once, since each takes a processor 70 ms, unless somebody is asked for passphrases.
 * @throws what {@link KeyRing.open} throws, for the first role that it is thrown for
 */
export async function openKeys(
  keyRing: KeyRing,
  place: Pick<Workplace, 'keyFile'>,
  roles: readonly RoleType[],
): Promise<LocalKeys> {
  const open = async (role: RoleType) => [role, await keyRing.open(role, place.keyFile(role))] as const;
  const opened: (readonly [RoleType, readonly Signer[]])[] = [];
  if (roles.some((role) => keyRing.asks(role))) {
    for (const role of roles) opened.push(await open(role));
  } else {
    for (const result of await Promise.allSettled(roles.map(open))) {
      if (result.status === 'rejected') throw result.reason;
      opened.push(result.value);
    }
  }
  return Object.fromEntries(opened);
}

/**
 * The keys that sign for a role, in the order of their ids: those that the root lists for it. A key is known by what it is, not by what it is called.
 * @throws RefusalError KEY_NOT_IN_ROOT if there is none, THRESHOLD_NOT_MET if there are too few
 * @see go-tuf v0.5.2, repo.go (getSignersInDB)
 */
export function signersOf(role: RoleType, root: Root, local: LocalKeys): readonly SigningKey[] {
  const signers = (local[role] ?? []).flatMap((key): SigningKey[] => {
    const id = idIn(root, role, key);
    return id === undefined ? [] : [{ id, key }];
  });
  const { threshold } = root.roles[role];
  if (signers.length >= threshold) return byId(signers);
  if (signers.length > 0) {
    throw new RefusalError(
      'THRESHOLD_NOT_MET',
      `keys/${role}.json holds ${signers.length} of the keys of the role ${role}; it takes ${threshold}.${role === 'root' ? ' Where the others are held elsewhere: timekeeper updates stage-root, then updates sign by each holder, then updates publish-root.' : ''}`, // prettier-ignore
    );
  }
  throw new RefusalError(
    'KEY_NOT_IN_ROOT',
    `keys/${role}.json holds no key that root.json (version ${root.version}) lists for the role ${role}.`,
  );
}

/**
 * The keys that sign a new root: all that are at hand, the revoked ones too, so that whoever knows only those can follow.
 * A revoked one signs under the id that the root before gave it, which not every tool computes as go-tuf does.
 * @param root - the new root
 * @param before - the root that clients know
 * @see go-tuf v0.5.2, repo.go (getSignersInDB)
 */
export function rootSigners(root: Root, before: Root, keys: readonly Signer[]): readonly SigningKey[] {
  const idOf = (key: Signer) => idIn(root, 'root', key) ?? idIn(before, 'root', key) ?? keyId(key.publicKey.json);
  return byId(keys.map((key) => ({ id: idOf(key), key })));
}

/** The id under which a root lists a key for a role; undefined if it does not. */
export function idIn(
  { roles, keys }: Root,
  role: RoleType,
  { publicKey }: Pick<Signer, 'publicKey'>,
): string | undefined {
  return roles[role].keyids.find((id) => {
    const listed = keys.get(id);
    return listed !== undefined && isUsable(listed) && listed.content === publicKey.content;
  });
}

function byId(signers: readonly SigningKey[]): readonly SigningKey[] {
  return signers.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
