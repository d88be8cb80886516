import { existsSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskError, systemCode } from './disk-error.ts';
import { flushFolder } from './flush.ts';

/** Removes a folder, unless it is not there, or somebody has put something into it. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return; // it may stay
  }
}

/**
 * Removes files, each with the folder that it is in, if that is empty then; down to the disk. What is not there any more was removed by a run that was killed.
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED for the first that stays, once all others are gone
 */
export function removeFiles(files: readonly string[]): void {
  const failures = files.flatMap((file) => {
    try {
      removeFile(file);
      return [];
    } catch (error) {
      return [{ file, error }];
    }
  });
  for (const folder of new Set(files.map(folderAbove))) flushFolder(folder);
  const [first] = failures;
  if (first !== undefined) throw diskError(first.error, first.file, 'removed, and all else is done; remove it by hand');
}

function removeFile(path: string): void {
  try {
    unlinkSync(path); // rmSync would try rmdir after EPERM, and say ENOTDIR
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw error;
  }
  removeIfEmpty(dirname(path));
}

/** The folder that a file is in, or was: the nearest one that is there. */
function folderAbove(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? folder : folderAbove(folder);
}
