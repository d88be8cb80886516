import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { diskError, systemCode } from '../stores/disk-error.ts';
import { flushFolder } from '../stores/flush.ts';
import { temporaryBeside } from '../stores/temporary-file.ts';

/**
 * Makes a folder whole or not at all: it is filled under another name beside its place, and then renamed.
 * @param folder - may be there already if it is empty
 * @param fill - gets the path of the folder while it is being made
 * @returns what `fill` returned
 * @throws UsageError if there is something in the folder
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL; nothing is left behind then, nor after what `fill` throws
 */
export async function newFolder<T>(folder: string, fill: (unfinished: string) => Promise<T>): Promise<T> {
  const place = resolve(folder);
  const unfinished = temporaryBeside(place);
  try {
    if (!isFree(place)) throw occupied(folder);
    mkdirSync(unfinished);
    const result = await fill(unfinished);
    flushFolder(unfinished);
    renameSync(unfinished, place); // over an empty folder too, and over nothing else
    flushFolder(dirname(place));
    return result;
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw occupied(folder);
    throw diskError(error, place, 'made');
  }
}

function isFree(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
}

function occupied(folder: string): UsageError {
  return new UsageError(`${quote(folder)} is there already and is not an empty folder.`);
}
