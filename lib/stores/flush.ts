import { closeSync, constants, fdatasync, fsyncSync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { systemCode } from './disk-error.ts';

/** The names in a folder are on the disk only once it is flushed itself. */
export function flushFolder(folder: string): void {
  try {
    flush(folder);
  } catch (error) {
    // Some network and user-space file systems cannot flush a folder, and the one above ours may not be readable to us.
    if (!['EINVAL', 'ENOTSUP', 'EACCES'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** Flushes the content of a file, in another thread. */
export async function flushFile(path: string): Promise<void> {
  const file = openSync(path, constants.O_RDONLY);
  try {
    await promisify(fdatasync)(file);
  } finally {
    closeSync(file);
  }
}

/** Files and folders of one file system that are to be on the disk. */
export interface Unflushed {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** From so many on the whole file system is flushed in their place, which costs as much as to start a process. */
const MANY = 64;

/**
 * Flushes files and folders, which all are in the file system of `place`: one by one if there are few, else by one sync of that file system.
 * That writes what others left unwritten there as well, but 10,000 flushes took a disk longer than all that could be.
 */
export function flushAll({ files, folders }: Unflushed, place: string): void {
  if (files.length + folders.length >= MANY && flushFileSystem(place)) return;
  files.forEach(flush);
  folders.forEach(flushFolder);
}

/** Elsewhere than on Linux `sync` only begins to write, and knows no file system. */
function flushFileSystem(place: string): boolean {
  if (process.platform !== 'linux') return false;
  const { spawnSync } = process.getBuiltinModule('node:child_process'); // loaded by hardly any run
  return spawnSync('sync', ['-f', place], { stdio: 'ignore' }).status === 0;
}

function flush(path: string): void {
  const file = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
