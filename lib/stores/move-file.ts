import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './disk-error.ts';
import { flushFolder } from './flush.ts';
import { keepOwner } from './replace-file.ts';
import { temporaryBeside } from './temporary-file.ts';

/**
 * Puts a file in a place: by a rename; from another file system (keys on a stick, a volume for the repository) by a copy beside the place, and then a rename.
 * @returns which of the two it was
 */
export function moveFile(from: string, to: string): 'renamed' | 'copied' {
  try {
    renameSync(from, to);
    return 'renamed';
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    const beside = temporaryBeside(to);
    try {
      copyFlushed(from, beside);
      renameSync(beside, to);
      flushFolder(dirname(to)); // before what was prepared is gone: no order holds between two file systems
    } finally {
      rmSync(beside, { force: true });
    }
    unlinkSync(from);
    return 'copied';
  }
}

function copyFlushed(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  const copy = openSync(to, constants.O_RDONLY); // it may be one that nobody writes
  try {
    keepOwner(copy, statSync(from));
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
}

/** Gives a file a second name. Not every file system has hard links: there it is copied. */
export function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFlushed(from, to);
  }
}
