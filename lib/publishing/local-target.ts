import { join } from 'node:path';
import { segmentsOf, storedAs } from '../client/target-path.ts';
import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { knownHashes } from '../tuf/meta-file.ts';
import type { TargetFile, Targets } from '../tuf/targets.ts';
import { inParallel } from '../stores/in-parallel.ts';
import { measureFile, type MeasuredFile } from './measured-file.ts';

/** A target's file in our folder. */
export interface LocalTarget {
  /** Where it lies below `targets/`, here and where it is published; not percent-encoded. */
  readonly name: string;
  /** Where it is to be read. */
  readonly path: string;
  readonly target: TargetFile;
}

/** A target's file that is what the metadata says. */
export interface CheckedTarget extends LocalTarget {
  readonly measured: MeasuredFile;
}

/**
 * The files that the targets roles list, each once. With consistent snapshots there is one for each hash that is known here, as go-tuf keeps them: clients choose.
 * @param folder - of the targets
 * @throws RefusalError TARGET_PATH_UNSAFE, NO_KNOWN_HASH
 */
export function listedFiles(
  roles: Iterable<Targets>,
  consistentSnapshot: boolean,
  folder: string,
): readonly LocalTarget[] {
  const files = new Map<string, LocalTarget>();
  for (const { targets } of roles) {
    for (const [path, target] of targets) {
      for (const name of storedAs(path, target.hashes, consistentSnapshot)) {
        // Of two roles that list one path, clients ask the first one; the second has to mean the same file, or it is said below.
        const key = files.has(name) && differ(files.get(name)?.target, target) ? `${name}\0` : name;
        files.set(key, { name, path: join(folder, ...segmentsOf(name)), target });
      }
    }
  }
  return Array.from(files.values());
}

function differ(one: TargetFile | undefined, other: TargetFile): boolean {
  if (one?.length !== other.length) return true;
  return knownHashes(one.hashes).some((algorithm) => (other.hashes.get(algorithm) ?? one.hashes.get(algorithm)) !== one.hashes.get(algorithm)); // prettier-ignore
}

const AT_ONCE = 4; // files; hashing takes one core, reading overlaps

/**
 * Reads every file and compares it with the metadata, so that nothing is published that clients would refuse.
 * @param partSize - how files will be cut; undefined if they will not be
 * @throws RefusalError TARGET_FILE_MISSING, TARGET_FILE_MISMATCH
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export async function checkTargets(
  files: readonly LocalTarget[],
  partSize: ((length: number) => number) | undefined,
): Promise<readonly CheckedTarget[]> {
  const checked = new Map<LocalTarget, CheckedTarget>();
  await inParallel(files, AT_ONCE, async (file) => {
    const measured = await measureFile(file.path, knownHashes(file.target.hashes), partSize);
    const named = quote(`targets/${file.name}`);
    if (measured === undefined)
      throw new RefusalError('TARGET_FILE_MISSING', `${named} is missing; the metadata names it.`);
    const fault = faultOf(measured, file.target);
    if (fault !== undefined) throw new RefusalError('TARGET_FILE_MISMATCH', `${named} is not the target: it ${fault}.`);
    checked.set(file, { ...file, measured });
  });
  return files.flatMap((file) => checked.get(file) ?? []);
}

/** How a file differs from what the metadata says of it. */
export function faultOf({ length, hashes }: MeasuredFile, target: TargetFile): string | undefined {
  if (length !== target.length) return `has ${length} bytes, not ${target.length}`;
  const wrong = Array.from(hashes).find(([algorithm, hash]) => hash !== target.hashes.get(algorithm));
  return wrong && `has another ${wrong[0]} hash`;
}
