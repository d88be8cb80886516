import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { systemCode } from './disk-error.ts';

/** The names in a folder are on the disk only once it is flushed itself. */
export function flushFolder(folder: string): void {
  try {
    const file = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // Some network and user-space file systems cannot flush a folder, and the one above ours may not be readable to us.
    if (!['EINVAL', 'ENOTSUP', 'EACCES'].includes(systemCode(error) ?? '')) throw error;
  }
}
