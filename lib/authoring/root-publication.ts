import { isRefusal, UsageError } from '../contract/errors.ts';
import type { Signer } from '../keys/signer.ts';
import type { PreparedFile } from '../stores/switch-files.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { BEFORE_ALL_EXPIRY, formatInstant } from '../tuf/instant.ts';
import { parseRoot, type Root } from '../tuf/root.ts';
import { verified } from '../tuf/verify.ts';
import type { Conditions } from './conditions.ts';
import {
  checkPublication,
  nextPublication,
  nextSnapshot,
  nextTimestamp,
  type Publication,
  type Signing,
} from './publication.ts';
import type { Published, ReadFile } from './published.ts';
import { signersOf } from './signing-key.ts';
import type { Workplace } from './workplace.ts';

const SIGNED_BY_ROOT = ['targets', 'snapshot', 'timestamp'] as const;

/** A role whose metadata a new root may leave without enough signatures. */
type SignedRole = (typeof SIGNED_BY_ROOT)[number];

/** A root that is ready to be published. */
export interface SignedRoot {
  /** Signed by a threshold of the old root's keys and of its own. */
  readonly bytes: Uint8Array;
  /** What was opened for it already, by role. */
  readonly held: ReadonlyMap<RoleType, readonly Signer[]>;
  /** Key files that have to be on the disk before it is published. */
  readonly before: readonly PreparedFile[];
}

/**
 * Publishes a new root, and signs again only what does not hold under it: so no key has to be at hand but those that sign. Whatever has expired stays
 * so, and a person is told.
 * @returns the roles that were signed again
 * @throws UsageError if a key is needed that is not at hand
 * @throws RefusalError - what clients refuse with
 */
export async function publishRoot(
  place: Workplace,
  published: Published,
  { bytes, held, before }: SignedRoot,
  conditions: Conditions,
): Promise<readonly SignedRole[]> {
  const { read } = place;
  const { now, tell } = conditions;
  const next = parseRoot(bytes);
  const from = firstToSign(published, next);
  const again = from === 'nothing' ? [] : SIGNED_BY_ROOT.slice(SIGNED_BY_ROOT.indexOf(from));
  if (from !== 'nothing') tell(`${from}.json does not hold under version ${next.version} of root.json; ${listOf(again)} will be signed again.`); // prettier-ignore

  const keys = new Map<SignedRole, readonly Signer[]>();
  for (const role of again) keys.set(role, await keysFor(role, next, held, place, conditions));
  const signing = { ...conditions, keys: Object.fromEntries(keys) };
  const publication = new Map([...rootFiles(next), ...(await signedFrom(from, published, next, signing, read))]);
  checkPublication(published, publication, read, BEFORE_ALL_EXPIRY);
  place.publish(publication, before);

  for (const role of SIGNED_BY_ROOT.filter((name) => !again.includes(name) && published[name].expires <= now)) {
    tell(`${role}.json expired at ${formatInstant(published[role].expires)}, and clients refuse it: have it signed again.`); // prettier-ignore
  }
  return again;
}

/** A root under its number, and under the plain name. */
export function rootFiles({ version, bytes }: Root): Publication {
  return new Map([
    [`${version}.root.json`, bytes],
    ['root.json', bytes],
  ]);
}

/** The files of a role and of those that name it, signed under a root. */
async function signedFrom(
  role: SignedRole | 'nothing',
  published: Published,
  root: Root,
  signing: Signing,
  read: ReadFile,
): Promise<Publication> {
  const { targets, snapshot } = published;
  switch (role) {
    case 'targets':
      return nextPublication(published, { root: root.bytes }, signing, read);
    case 'snapshot':
      return nextSnapshot(published, root, targets, signing, read);
    case 'timestamp': {
      const timestamp = await nextTimestamp(published, root, snapshot.bytes, snapshot.version, signing);
      return new Map([['timestamp.json', timestamp]]);
    }
    case 'nothing':
      return new Map();
  }
}

/** `targets.json, snapshot.json and timestamp.json` */
function listOf(roles: readonly string[]): string {
  return roles.map((role) => `${role}.json`).join(', ').replace(/, (?=[^,]*$)/, ' and '); // prettier-ignore
}

/** The lowest role whose present signatures are too few by a root. What names it has to follow. */
function firstToSign(published: Published, root: Root): SignedRole | 'nothing' {
  return SIGNED_BY_ROOT.find((role) => !holds(published, role, root)) ?? 'nothing';
}

function holds(published: Published, role: SignedRole, { roles, keys }: Root): boolean {
  try {
    verified(published[role], roles[role], keys, role);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

async function keysFor(
  role: SignedRole,
  next: Root,
  held: SignedRoot['held'],
  place: Workplace,
  { keyRing }: Conditions,
): Promise<readonly Signer[]> {
  const keys = held.get(role) ?? (await keyRing.open(role, place.keyFile(role)));
  try {
    signersOf(role, next, { [role]: keys });
    return keys;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new UsageError(error.message, {
      cause: error,
      remedy: `Put a key file with the keys that sign under the new root at keys/${role}.json; or, if one of them signs elsewhere, have it sign first and fetch the newest ${role}.json. Nothing was changed.`,
    });
  }
}
