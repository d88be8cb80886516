import { copyAgain, copyHashed } from '../stores/copy-hashed.ts';
import type { PreparedFile } from '../stores/switch-files.ts';
import { isObject } from '../tuf/json.ts';
import type { Conditions } from './conditions.ts';
import { listTargets, storedPath, type ListedTarget } from './listed-targets.ts';
import { checkPublication, nextPublication } from './publication.ts';
import { readPublished, refuseExpired } from './published.ts';
import { targetPaths, type Artefact } from './target-paths.ts';
import type { Workplace } from './workplace.ts';

/**
 * `updates add`: publishes an artefact under its version and its tags. Targets, snapshot and timestamp may have expired: they are signed again.
 * No other target is read, whatever their number.
 * @throws UsageError for a path that cannot be one of a target
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 * @throws RefusalError - what clients refuse with, METADATA_EXPIRED, KEY_NOT_IN_ROOT, UNFINISHED_WORK
 */
export async function addArtefact(place: Workplace, artefact: Artefact, conditions: Conditions): Promise<void> {
  const { read } = place;
  const { keyRing, now } = conditions;
  const paths = targetPaths(artefact);
  place.refuseLeftovers();
  const keys = {
    timestamp: await keyRing.open('timestamp', place.keyFile('timestamp')),
    snapshot: await keyRing.open('snapshot', place.keyFile('snapshot')),
    targets: await keyRing.open('targets', place.keyFile('targets')),
  };
  const published = readPublished(read);
  refuseExpired([published.root], now);

  const { copies, targets } = await copyTo(place, artefact.file, paths, published.root.consistentSnapshot);
  const before = published.targets.signed.get('targets');
  const listed = listTargets(isObject(before) ? before : new Map(), targets, artefact.version);
  const publication = await nextPublication(published, { listed }, { ...conditions, keys }, read);
  checkPublication(published, publication, read, now);
  place.publish(publication, copies);
}

/** Copies the artefact once for each path. */
async function copyTo(
  place: Workplace,
  file: string,
  paths: readonly string[],
  consistentSnapshot: boolean,
): Promise<{ readonly copies: readonly PreparedFile[]; readonly targets: readonly ListedTarget[] }> {
  const [first = '', ...others] = paths.map((_, index) => place.switch.prepared(`target-${index}`));
  const copied = await copyHashed(file, first);
  for (const other of others) await copyAgain(first, other);
  const targets = paths.map((path) => ({ path, ...copied }));
  const copies = targets.map((target, index): PreparedFile => {
    const to = `repository/targets/${storedPath(target, consistentSnapshot)}`;
    return { from: `target-${index}`, to, isPublished: false };
  });
  return { copies, targets };
}
