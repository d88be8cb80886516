import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RefusalError } from '../contract/errors.ts';
import { diskError, place, systemCode } from './disk-error.ts';
import { withLock } from './lock.ts';
import { checkObjectName } from './object-name.ts';
import { contentToken, piecesOf, withFile } from './plain-file.ts';
import { replaceFile } from './replace-file.ts';
import type { Store, Stored } from './store.ts';
import { isTemporary } from './temporary-file.ts';

/** How a folder is used. */
export interface DirectoryOptions {
  /** Where the lock lives that a put takes: a folder of ours, made when it is missing. The folder itself if not given. */
  readonly lockFolder?: string;
  /** Makes the folder (mode 0700) at the first put if it is missing. Not done if not given. */
  readonly create?: boolean;
  /** Mode of a file that was not there before; one that is replaced keeps its own. 0644 if not given. */
  readonly mode?: number;
  /** Milliseconds to wait for a put of another process. 30 seconds if not given. */
  readonly timeoutMs?: number;
}

/**
 * Keeps objects as the files of one folder. A token is the SHA-256 of the content.
 *
 * Files are replaced whole (written beside, flushed, renamed), never written in place; a put returns when it is on the disk.
 * Calls are synchronous inside: for a dozen small files that is four times as fast as the thread pool, and the whole of a re-sign counts.
 * @param folder - may be missing: then it is empty
 */
export function directoryStore(folder: string, options: DirectoryOptions = {}): Store {
  const { lockFolder = folder, create = false } = options;
  const lock = {
    create: create || lockFolder !== folder,
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  };
  const pathOf = (name: string) => {
    checkObjectName(name);
    return join(folder, name);
  };
  return {
    get: (name, maxBytes) => settled(() => readStored(pathOf(name), maxBytes)),
    putIf: async (name, bytes, expected) => {
      const path = pathOf(name);
      return withLock(lockFolder, 'put', () => replaceFile(path, bytes, expected, options), lock);
    },
    list: () => settled(() => list(folder)),
  };
}

/** The result of a synchronous action as a promise; what it throws, as a rejection. */
function settled<T>(action: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(action());
  });
}

/**
 * Reads one file whole.
 * @throws RefusalError TOO_LARGE
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export function readStored(path: string, maxBytes: number): Stored | undefined {
  return withFile(path, (file, { size }) => {
    if (size > maxBytes) throw tooLarge(path, maxBytes);
    const pieces: Uint8Array[] = [];
    let length = 0;
    // Not more than the size that was looked at just now is taken for granted: the file may be growing.
    for (const piece of piecesOf(file, size)) {
      length += piece.length;
      if (length > maxBytes) throw tooLarge(path, maxBytes);
      pieces.push(piece);
    }
    const [only] = pieces;
    const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
    return { bytes, token: contentToken([bytes]) };
  });
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !isTemporary(entry.name))
      .map((entry) => entry.name);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw diskError(error, folder, 'listed');
  }
}

function tooLarge(path: string, maxBytes: number): RefusalError {
  return new RefusalError('TOO_LARGE', `${place(path)} is larger than ${maxBytes} bytes.`);
}
