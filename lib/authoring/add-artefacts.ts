import { copyAgain, copyHashed } from '../stores/copy-hashed.ts';
import type { PreparedFile } from '../stores/switch-files.ts';
import { inParallel } from '../stores/in-parallel.ts';
import { isObject } from '../tuf/json.ts';
import { knownHashes } from '../tuf/meta-file.ts';
import type { Conditions } from './conditions.ts';
import { listTargets, storedPath, type ListedTarget } from './listed-targets.ts';
import { checkPublication, nextPublication } from './publication.ts';
import { readPublished, refuseExpired, type Published } from './published.ts';
import { openKeys } from './signing-key.ts';
import { digest } from './target-faults.ts';
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
  const planned = planCopies(artefacts);
  place.refuseLeftovers();
  const opening = openKeys(keyRing, place, SIGNERS);
  opening.catch(() => undefined); // told below
  await (SIGNERS.some((role) => keyRing.asks(role)) ? opening : aTurn()); // else the keys are opened while this thread reads
  const published = await unlessKeysAreWrong(opening, () => {
    const found = readPublished(read);
    refuseExpired([found.root], now);
    return found;
  });

  const targets = await copyAll(place, planned, algorithmsOf(published));
  const keys = await opening;
  const copies = targets.map((target, index): PreparedFile => {
    const to = `repository/targets/${storedPath(target, published.root.consistentSnapshot)}`;
    return { from: prepared(index), to, isPublished: false };
  });
  const before = published.targets.signed.get('targets');
  const listed = listTargets(isObject(before) ? before : new Map(), targets);
  const publication = await nextPublication(published, { listed }, { ...conditions, keys }, read);
  checkPublication(published, publication, read, now);
  place.publish(publication, copies);
}

/** Of two faults the passphrase is told, as fleetctl does, which opens the keys first. */
async function unlessKeysAreWrong<T>(opening: Promise<unknown>, read: () => T): Promise<T> {
  try {
    return read();
  } catch (error) {
    await opening;
    throw error;
  }
}

const SIGNERS = ['timestamp', 'snapshot', 'targets'] as const;

/** An artefact that is to be copied once for each of its paths. */
interface PlannedCopies {
  readonly artefact: Artefact;
  readonly paths: readonly string[];
  /** How many copies those before it need. */
  readonly before: number;
}

function planCopies(artefacts: readonly Artefact[]): readonly PlannedCopies[] {
  const paths = pathsOfEach(artefacts);
  let count = 0;
  return artefacts.map((artefact, index) => {
    const before = count;
    const own = paths[index] ?? [];
    count += own.length;
    return { artefact, paths: own, before };
  });
}

/** By which targets are named here: as the others are, else as the snapshot names targets.json. go-tuf: SHA-512 alone. */
function algorithmsOf({ targets, snapshot }: Published): readonly string[] {
  const [other] = targets.targets.values();
  for (const hashes of [other?.hashes, snapshot.meta.get('targets.json')?.hashes]) {
    const known = hashes === undefined ? [] : knownHashes(hashes);
    if (known.length > 0) return known;
  }
  return ['sha512'];
}

const AT_ONCE = 4; // large ones: one is hashed while others are flushed

const prepared = (index: number) => `target-${index}`;

/** Copies every artefact once for each of its paths. */
async function copyAll(
  place: Workplace,
  planned: readonly PlannedCopies[],
  algorithms: readonly string[],
): Promise<readonly ListedTarget[]> {
  const targets: ListedTarget[] = [];
  await inParallel(planned, AT_ONCE, async ({ artefact: { file, version }, paths, before }) => {
    const [first = '', ...others] = paths.map((_, index) => place.switch.prepared(prepared(before + index)));
    const { length, sha512 } = await copyHashed(file, first);
    const hashes = new Map(algorithms.map((name) => [name, name === 'sha512' ? sha512 : digest(first, name)]));
    for (const other of others) copyAgain(first, other);
    for (const [index, path] of paths.entries()) targets[before + index] = { path, version, length, hashes };
  });
  return targets;
}

/** Lets what was begun get going. */
function aTurn(): Promise<void> {
  return new Promise(setImmediate);
}
