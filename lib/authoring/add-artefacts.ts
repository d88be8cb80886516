import { copyAgain, copyHashed } from '../stores/copy-hashed.ts';
import type { PreparedFile } from '../stores/switch-files.ts';
import { isObject } from '../tuf/json.ts';
import type { Conditions } from './conditions.ts';
import { listTargets, storedPath, type ListedTarget } from './listed-targets.ts';
import { checkPublication, nextPublication } from './publication.ts';
import { readPublished, refuseExpired } from './published.ts';
import { pathsOfEach, type Artefact } from './target-paths.ts';
import type { Workplace } from './workplace.ts';

/**
 * `updates add`: publishes artefacts, each under its version and its tags, in one commit. Targets, snapshot and timestamp may have expired: they are signed again.
 * No other target is read, whatever their number.
 * @throws UsageError for a path that cannot be one of a target, or that two of them would have
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 * @throws RefusalError - what clients refuse with, METADATA_EXPIRED, KEY_NOT_IN_ROOT, UNFINISHED_WORK
 */
export async function addArtefacts(
  place: Workplace,
  artefacts: readonly Artefact[],
  conditions: Conditions,
): Promise<void> {
  const { read } = place;
  const { keyRing, now } = conditions;
  const paths = pathsOfEach(artefacts);
  place.refuseLeftovers();
  const keys = {
    timestamp: await keyRing.open('timestamp', place.keyFile('timestamp')),
    snapshot: await keyRing.open('snapshot', place.keyFile('snapshot')),
    targets: await keyRing.open('targets', place.keyFile('targets')),
  };
  const published = readPublished(read);
  refuseExpired([published.root], now);

  const targets: ListedTarget[] = [];
  const copies: PreparedFile[] = [];
  for (const [index, artefact] of artefacts.entries()) {
    for (const target of await copy(place, artefact, paths[index] ?? [], copies.length)) {
      const to = `repository/targets/${storedPath(target, published.root.consistentSnapshot)}`;
      copies.push({ from: prepared(copies.length), to, isPublished: false });
      targets.push(target);
    }
  }
  const before = published.targets.signed.get('targets');
  const listed = listTargets(isObject(before) ? before : new Map(), targets);
  const publication = await nextPublication(published, { listed }, { ...conditions, keys }, read);
  checkPublication(published, publication, read, now);
  place.publish(publication, copies);
}

const prepared = (index: number) => `target-${index}`;

/** Copies an artefact once for each of its paths, which get the next numbers. */
async function copy(
  place: Workplace,
  { file, version }: Artefact,
  paths: readonly string[],
  count: number,
): Promise<readonly ListedTarget[]> {
  const [first = '', ...others] = paths.map((_, index) => place.switch.prepared(prepared(count + index)));
  const copied = await copyHashed(file, first);
  for (const other of others) await copyAgain(first, other);
  return paths.map((path) => ({ path, version, ...copied }));
}
