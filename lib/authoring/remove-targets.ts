import { RefusalError } from '../contract/errors.ts';
import { firstFew } from '../contract/printable.ts';
import { isObject } from '../tuf/json.ts';
import type { Conditions } from './conditions.ts';
import { askedFor, unlistTargets } from './listed-targets.ts';
import { checkPublication, nextPublication } from './publication.ts';
import { readPublished, refuseExpired, type Published } from './published.ts';
import { openKeys } from './signing-key.ts';
import { unneededFiles, type Listed } from './unneeded-files.ts';
import type { Workplace } from './workplace.ts';

/** What is to be listed no more. */
export interface Unwanted {
  /** Paths of targets. */
  readonly paths: readonly string[];
  /** Folders, such as `orbit/linux/1.0.0`: every target in them. */
  readonly folders: readonly string[];
}

/**
 * `updates remove`: lists targets no more, and then removes their files. Targets, snapshot and timestamp may have expired: they are signed again.
 * @returns the paths that were listed
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 * @throws RefusalError - what clients refuse with, TARGET_UNKNOWN if targets.json lists nothing of one, METADATA_EXPIRED, KEY_NOT_IN_ROOT, UNFINISHED_WORK
 */
export async function removeTargets(
  place: Workplace,
  unwanted: Unwanted,
  conditions: Conditions,
): Promise<readonly string[]> {
  const { read } = place;
  const { keyRing, now, tell } = conditions;
  place.refuseLeftovers();
  const published = readPublished(read);
  refuseExpired([published.root], now);
  const { removed, kept } = split(published, unwanted); // before any passphrase is asked for
  const keys = await openKeys(keyRing, place, ['timestamp', 'snapshot', 'targets']);

  const paths = removed.map(([path]) => path);
  const before = published.targets.signed.get('targets');
  const listed = unlistTargets(isObject(before) ? before : new Map(), paths);
  const publication = await nextPublication(published, { listed }, { ...conditions, keys }, read);
  checkPublication(published, publication, read, now);
  const files = unneededFiles(place.targets, removed, kept, published.root.consistentSnapshot);
  place.publish(publication, [], files.map((file) => `repository/targets/${file}`)); // prettier-ignore
  for (const sentence of stillThere(removed, kept)) tell(sentence);
  return Array.from(new Set(paths.map(askedFor)));
}

function split(
  { targets, delegated }: Published,
  { paths, folders }: Unwanted,
): { readonly removed: Listed; readonly kept: Listed } {
  const wanted = new Set(paths.map(askedFor));
  const begins = folders.map((folder) => `${folder}/`);
  const isUnwanted = (listed: string) => {
    const path = askedFor(listed);
    return wanted.has(path) || begins.some((begin) => path.startsWith(begin));
  };
  const listed = Array.from(targets.targets.keys(), askedFor);
  const names = new Set(listed);
  const unknown = [
    ...Array.from(wanted).filter((path) => !names.has(path)),
    ...begins.filter((begin) => !listed.some((path) => path.startsWith(begin))),
  ];
  if (unknown.length > 0) {
    const roles = delegated.filter((role) => unknown.some((path) => role.targets.has(path))).map(({ file }) => file);
    const others = roles.length === 0 ? '' : ` It is in ${roles.join(', ')}, which others sign.`;
    throw new RefusalError('TARGET_UNKNOWN', `targets.json does not list ${firstFew(unknown)}.${others}`);
  }
  const removed = Array.from(targets.targets).filter(([path]) => isUnwanted(path));
  const kept = Array.from(targets.targets).filter(([path]) => !isUnwanted(path));
  return { removed, kept: [...kept, ...delegated.flatMap((role) => Array.from(role.targets))] };
}

/** Who removes a version should know which channel still gives it to clients. */
function stillThere(removed: Listed, kept: Listed): readonly string[] {
  const sha512 = new Set(removed.map(([, { hashes }]) => hashes.get('sha512')));
  const same = kept.filter(([, { hashes }]) => hashes.has('sha512') && sha512.has(hashes.get('sha512')));
  if (same.length === 0) return [];
  return [`Clients still get the same content as ${firstFew(same.map(([path]) => askedFor(path)))}.`];
}
