import { printable, quote } from '../contract/printable.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import { isUsable } from '../tuf/key.ts';
import { keyId } from '../tuf/key-id.ts';
import { keysOf } from '../tuf/role.ts';
import type { Root } from '../tuf/root.ts';
import { contentOf } from './changed-root.ts';
import { ROLES } from './first-publication.ts';

/** Why a root should not be signed, and what to do instead. */
export interface Objection {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Judges a root that is to follow another one, whoever made it: what clients or the signer would refuse must not be signed, since a published root is never taken back.
 * What was odd before is no reason to refuse a root that mends something else.
 * @returns undefined if there is nothing against it; its signatures are judged elsewhere
 */
export function objectionTo(next: Root, old: Root, now: Instant): Objection | undefined {
  if (next.version !== old.version + 1) {
    return {
      message: `${next.file} has version ${next.version}, and version ${old.version + 1} is what follows the root that is known here.`,
      remedy: 'Stage a root anew, from the newest one.',
    };
  }
  if (next.expires <= now) {
    return {
      message: `${next.file} has expired, at ${formatInstant(next.expires)}.`,
      remedy: 'Stage a root that lives longer, with --root-validity.',
    };
  }
  if (next.consistentSnapshot !== old.consistentSnapshot) {
    return {
      message: `${next.file} changes consistent_snapshot: clients would look for files that are not there.`,
      remedy: 'Leave it as it was.',
    };
  }
  return newKeysObjection(next, old) ?? rolesObjection(next, old);
}

function newKeysObjection(next: Root, old: Root): Objection | undefined {
  for (const [id, key] of next.keys) {
    if (isSame(old, id, next)) continue;
    const named = `${next.file} lists the key ${quote(id)}`;
    if (!isUsable(key)) return { message: printable(key.unusable), remedy: USABLE };
    if (keyId(key.json) !== id) {
      return { message: `${named}, which is not that key's id.`, remedy: 'Find out who wrote it.' };
    }
    const warning = next.warnings.find(({ message }) => message.includes(quote(id)));
    if (warning !== undefined) return { message: warning.message, remedy: USABLE };
  }
  const odd = next.warnings.find(({ message }) => !old.warnings.some((before) => before.message === message));
  return odd && { message: odd.message, remedy: 'Find out who wrote it, and stage the root anew.' };
}

const USABLE = 'Use a key of type ed25519, ecdsa-sha2-nistp256 or rsa (at least 2048 bits).';

function isSame(old: Root, id: string, next: Root): boolean {
  const [before, now] = [old.keys.get(id), next.keys.get(id)];
  if (before === undefined || now === undefined) return false;
  return Buffer.from(canonicalJson(before.json)).equals(canonicalJson(now.json));
}

function rolesObjection(next: Root, old: Root): Objection | undefined {
  for (const role of ROLES) {
    const { threshold, keyids } = next.roles[role];
    const count = new Set(Array.from(keysOf(next.roles[role], next.keys).values(), ({ content }) => content)).size;
    if (count < threshold) {
      return {
        message: `The role ${role} would need ${threshold} signatures, and have ${count} ${count === 1 ? 'key' : 'keys'}: clients would refuse all that it signs.`,
        remedy: `Give it another key first (timekeeper updates add-key ${role}), or lower what it needs with --threshold.`,
      };
    }
    const objection = idsObjection(next, old, role);
    if (objection !== undefined) return objection;
    for (const id of keyids.filter((listed) => !old.roles[role].keyids.includes(listed))) {
      const other = ROLES.find((name) => name !== role && contentsOf(next, name).has(contentOf(next, id) ?? id));
      if (other === undefined) continue;
      return {
        message: `The key ${printable(id)} would be in the role ${other} and in the role ${role}: whoever has it holds both.`,
        remedy: `Give the role ${role} a key of its own.`,
      };
    }
  }
  return undefined;
}

/** What a holder who counts the listed keys would not see. An id that was odd in this role before may stay so. */
function idsObjection(next: Root, old: Root, role: RoleType): Objection | undefined {
  const { keyids } = next.roles[role];
  const isKept = (id: string) => old.roles[role].keyids.includes(id) && isSame(old, id, next);
  const isTwice = (id: string) => {
    const content = contentOf(next, id);
    return content !== undefined && keyids.some((other) => other !== id && contentOf(next, other) === content && !(isKept(id) && isKept(other))); // prettier-ignore
  };
  const twice = keyids.find(isTwice);
  if (twice !== undefined) {
    return {
      message: `The role ${role} lists one key twice, also as ${printable(twice)}: go-tuf's clients would count whoever has it twice.`,
      remedy: 'Find out who wrote it.',
    };
  }
  const wasLost = (id: string) => old.roles[role].keyids.includes(id) && !old.keys.has(id);
  const lost = keyids.find((id) => !next.keys.has(id) && !wasLost(id));
  if (lost === undefined) return undefined;
  return {
    message: `The role ${role} lists the key ${printable(lost)}, which is not there: its holder would count no more.`,
    remedy: 'Find out who took it out; a key is revoked by its name, with --revoke-key.',
  };
}

function contentsOf(root: Root, role: RoleType): ReadonlySet<string> {
  return new Set(root.roles[role].keyids.map((id) => contentOf(root, id) ?? id));
}
