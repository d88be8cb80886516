import { mkdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FailureError } from '../contract/errors.ts';
import { tooLarge } from '../stores/bounded-body.ts';
import { diskError, place, systemCode } from '../stores/disk-error.ts';
import { flushFolder } from '../stores/flush.ts';
import { withLock } from '../stores/lock.ts';
import { contentToken, piecesOf, withFile } from '../stores/plain-file.ts';
import { replaceFile } from '../stores/replace-file.ts';
import { checkObjectName } from '../stores/object-name.ts';
import type { Token } from '../stores/store.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import type { Memory } from './update.ts';

/**
 * A client's memory as files of one folder, with the exact bytes under the names that the walk gives them. Nothing else at its top ends in `.json`.
 * A file is written beside, flushed and renamed, and is on the disk when `set` is done: a run that is killed leaves what the next one goes on from.
 * @param folder - made at the first `set` if it is missing
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL, LOST_RACE if somebody else changed the file meanwhile, LOCKED
 * @throws RefusalError TOO_LARGE for a file of more than 64 MiB, which we did not put there
 */
export function stateFolder(folder: string): Memory {
  const seen = new Map<string, Token | 'absent'>();
  const pathOf = (name: string) => {
    checkObjectName(name);
    return join(folder, name);
  };
  return {
    get(name) {
      const content = read(pathOf(name));
      seen.set(name, content?.token ?? 'absent');
      return content?.bytes;
    },
    async set(name, bytes) {
      const path = pathOf(name);
      makeFolder(folder);
      const expected = seen.get(name) ?? read(path)?.token ?? 'absent';
      if ((await withLock(folder, 'put', () => replaceFile(path, bytes, expected, {}))) === 'changed')
        throw new FailureError('LOST_RACE', `${place(path)} was changed by somebody else meanwhile.`);
      seen.set(name, contentToken([bytes]));
    },
    async delete(name) {
      const path = pathOf(name);
      makeFolder(folder); // for the lock
      await withLock(folder, 'put', () => {
        remove(path);
      });
      seen.set(name, 'absent');
    },
  };
}

/** A memory that begins with what another one holds and never writes to it. */
export function overlay(older: Pick<Memory, 'get'>): Memory {
  const own = new Map<string, Uint8Array | undefined>();
  return {
    get: (name) => (own.has(name) ? own.get(name) : older.get(name)),
    set: (name, bytes) => own.set(name, bytes),
    delete: (name) => own.set(name, undefined),
  };
}

function read(path: string): { readonly bytes: Uint8Array; readonly token: Token } | undefined {
  return withFile(path, (file, { size }) => {
    if (size > MAX_BYTES.targets) throw tooLarge(place(path), MAX_BYTES.targets);
    const bytes = Buffer.concat(Array.from(piecesOf(file, size)));
    return { bytes, token: contentToken([bytes]) };
  });
}

function remove(path: string): void {
  try {
    unlinkSync(path);
    flushFolder(dirname(path));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw diskError(error, path, 'removed');
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw diskError(error, folder, 'made');
  }
}
