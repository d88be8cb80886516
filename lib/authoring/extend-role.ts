import { UsageError } from '../contract/errors.ts';
import type { Metadata, RoleType } from '../tuf/envelope.ts';
import { after, BEFORE_ALL_EXPIRY, formatInstant, type Instant } from '../tuf/instant.ts';
import { parseRoot } from '../tuf/root.ts';
import { changedRoot } from './changed-root.ts';
import type { Conditions } from './conditions.ts';
import { checkPublication, nextPublication, nextSnapshot, type Publication } from './publication.ts';
import { readPublished, refuseExpired, type Published } from './published.ts';
import { rootFiles } from './root-publication.ts';
import { signedFile } from './signed-file.ts';
import { openKeys, rootSigners, signersOf } from './signing-key.ts';
import type { Workplace } from './workplace.ts';

/** The roles that can be given a new life. A timestamp is only ever signed again. */
export const EXTENDED_ROLES = ['root', 'targets', 'snapshot'] as const satisfies readonly RoleType[];

/** One of {@link EXTENDED_ROLES}. */
export type ExtendedRole = (typeof EXTENDED_ROLES)[number];

/**
 * `updates extend ROLE`: signs a role again with a later expiry, whether it has expired or not, and what names it: the snapshot and the timestamp
 * over targets, the timestamp over a snapshot. A root is named by nothing; its holders need no other key.
 * @returns the role's new version, and until when it lives
 * @throws UsageError if it already lives longer
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 * @throws RefusalError - what clients refuse with, METADATA_EXPIRED if clients would not accept it all the same, KEY_NOT_IN_ROOT, THRESHOLD_NOT_MET, UNFINISHED_WORK
 */
export async function extendRole(
  place: Workplace,
  role: ExtendedRole,
  conditions: Conditions,
): Promise<{ readonly version: number; readonly expires: Instant }> {
  const { read } = place;
  const { now, validity, tell } = conditions;
  place.refuseLeftovers();
  const published = readPublished(read);
  const expires = after(now, validity[role]);
  refuseShorter(published[role], expires, role);
  refuseExpired(NEEDED[role].map((each) => published[each]), now); // prettier-ignore

  const publication = await MAKE[role](place, published, conditions);
  checkPublication(published, publication, read, role === 'root' ? BEFORE_ALL_EXPIRY : now);
  place.publish(publication);
  if (role === 'root') for (const sentence of whatIsNext(published, now)) tell(sentence);
  return { version: published[role].version + 1, expires };
}

/** Without these clients would refuse what is signed. A new root is worth having even so: it comes first. */
const NEEDED = { root: [], targets: ['root'], snapshot: ['root', 'targets'] } as const satisfies Record<ExtendedRole, readonly RoleType[]>; // prettier-ignore

function refuseShorter({ file, expires }: Metadata, wanted: Instant, role: RoleType): void {
  if (wanted > expires) return;
  throw new UsageError(`${file} lives until ${formatInstant(expires)} already; the new one would until ${formatInstant(wanted)}.`, { remedy: `Nothing has to be done; or name a longer life with --${role}-validity.` }); // prettier-ignore
}

type Make = (place: Workplace, published: Published, conditions: Conditions) => Promise<Publication>;

const MAKE: Readonly<Record<ExtendedRole, Make>> = {
  async root(place, { root }, conditions) {
    const keys = await conditions.keyRing.open('root', place.keyFile('root'));
    signersOf('root', root, { root: keys }); // as many as it takes
    const signed = changedRoot(root, {}, conditions.validity.root, conditions.now);
    return rootFiles(parseRoot(await signedFile(signed, rootSigners(root, root, keys), root.bytes)));
  },
  async targets(place, published, conditions) {
    const keys = await openKeys(conditions.keyRing, place, ['timestamp', 'snapshot', 'targets']);
    return nextPublication(published, {}, { ...conditions, keys }, place.read);
  },
  async snapshot(place, published, conditions) {
    const keys = await openKeys(conditions.keyRing, place, ['timestamp', 'snapshot']);
    return nextSnapshot(published, published.root, published.targets, { ...conditions, keys }, place.read);
  },
};

function whatIsNext({ targets, snapshot, timestamp }: Published, now: Instant): readonly string[] {
  const expired = [targets, snapshot, timestamp].find(({ expires }) => expires <= now);
  if (expired === undefined) return [];
  const next = expired === timestamp ? 'timestamp' : `extend ${expired === targets ? 'targets' : 'snapshot'}`;
  return [`Clients refuse ${expired.file} too, which expired at ${formatInstant(expired.expires)}: next, timekeeper updates ${next}.`]; // prettier-ignore
}
