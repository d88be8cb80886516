import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { diskError, systemCode } from '../stores/disk-error.ts';
import type { TargetFile } from '../tuf/targets.ts';
import { hashedPath } from '../tuf/hashed-path.ts';
import { askedFor } from './listed-targets.ts';
import { isOddPath } from './target-paths.ts';

/** Targets by their path, as they are listed. */
export type Listed = readonly (readonly [path: string, target: TargetFile])[];

/**
 * The files of targets that are not listed any more. With consistent snapshots also what they were before: whatever hash stands before the name.
 * @param folder - `repository/targets`
 * @param kept - what is listed still, by any role: no file of theirs is in the result, also where a link gives one file two names
 * @returns paths of files that are there, relative to the folder
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export function unneededFiles(
  folder: string,
  removed: Listed,
  kept: Listed,
  consistentSnapshot: boolean,
): readonly string[] {
  const needed = new Set(kept.flatMap(([path, target]) => filesOf(path, target, consistentSnapshot)));
  const lengths = new Set(removed.map(([, { length }]) => length));
  const alike = kept.filter(([, { length }]) => lengths.has(length)); // no other can be the same file
  const behindLinks = new Set(
    alike.flatMap(([path, target]) => filesOf(path, target, consistentSnapshot)).flatMap((file) => realPath(join(folder, file))), // prettier-ignore
  );
  const paths = removed.map(([path]) => askedFor(path)).filter((path) => !isOddPath(path)); // it may lead out of the folder
  return filesThere(folder, paths, consistentSnapshot).filter((file) => {
    const [real = ''] = realPath(join(folder, dirname(file)));
    return !needed.has(file) && !behindLinks.has(join(real, basename(file)));
  });
}

/** Where a target's file may lie. */
function filesOf(path: string, { hashes }: TargetFile, consistentSnapshot: boolean): readonly string[] {
  const name = askedFor(path);
  return consistentSnapshot ? Array.from(hashes.values(), (hash) => hashedPath(name, hash)) : [name];
}

const HASHED = /^[\da-f]{64,128}\.(.*)$/s;

function filesThere(folder: string, paths: readonly string[], consistentSnapshot: boolean): readonly string[] {
  const nameIn = (file: string) => (consistentSnapshot ? HASHED.exec(file)?.[1] : file);
  const names = new Map<string, Set<string | undefined>>();
  for (const path of paths) {
    const within = posix.dirname(path);
    names.set(within, (names.get(within) ?? new Set()).add(posix.basename(path)));
  }
  return Array.from(names).flatMap(([within, wanted]) =>
    filesIn(join(folder, within))
      .filter((file) => wanted.has(nameIn(file)))
      .map((file) => posix.join(within, file)),
  );
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw diskError(error, folder, 'listed');
  }
}

/** Where a path leads when its links are followed, if it leads anywhere. */
function realPath(path: string): readonly string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}
