import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, open, type FileHandle } from 'node:fs/promises';
import { diskError } from './disk-error.ts';

/** What was copied. */
export interface Copied {
  readonly length: number;
  /** In lower-case hexadecimal digits. */
  readonly sha512: string;
}

const PIECE = 1_048_576; // bytes
const MODE = 0o666; // less what the umask takes, as Go makes files

/**
 * Copies a file and hashes what is copied, in one pass and in two pieces of memory, however large it is: while one piece is hashed, another one is
 * read or written. The hash is that of the copy, also if somebody writes to the source meanwhile. The copy is flushed.
 * @param to - must not be there yet
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function copyHashed(from: string, to: string): Promise<Copied> {
  const source = await opened(from, 'r', 'read');
  try {
    const copy = await opened(to, 'wx', 'written');
    try {
      const copied = await pump(source, copy, from, to);
      await copy.datasync();
      return copied;
    } catch (error) {
      throw diskError(error, to, 'written');
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
}

/**
 * Copies a file of ours once more; where the file system can, the two share their blocks until one of them is written.
 * Hard links would be cheaper, but fleetctl writes in place: writing one name, it would change what all the others show.
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function copyAgain(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const copy = await open(to, 'r+');
    try {
      await copy.datasync();
    } finally {
      await copy.close();
    }
  } catch (error) {
    throw diskError(error, to, 'written');
  }
}

async function opened(path: string, flags: string, done: string): Promise<FileHandle> {
  try {
    return await open(path, flags, MODE);
  } catch (error) {
    throw diskError(error, path, done);
  }
}

async function pump(source: FileHandle, copy: FileHandle, from: string, to: string): Promise<Copied> {
  const hash = createHash('sha512');
  let [filling, full] = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)];
  let length = 0;
  for (let read = await readInto(source, filling, from); read > 0;) {
    [filling, full] = [full, filling];
    const piece = full.subarray(0, read);
    const written = writeAll(copy, piece, to);
    const next = readInto(source, filling, from);
    hash.update(piece); // on this thread, while the two above go on in others
    length += read;
    const [nextRead] = await Promise.all([next, written]);
    read = nextRead;
  }
  return { length, sha512: hash.digest('hex') };
}

async function readInto(source: FileHandle, piece: Buffer, from: string): Promise<number> {
  try {
    return (await source.read(piece, 0, PIECE)).bytesRead;
  } catch (error) {
    throw diskError(error, from, 'read');
  }
}

async function writeAll(copy: FileHandle, piece: Uint8Array, to: string): Promise<void> {
  try {
    for (let at = 0; at < piece.length;) at += (await copy.write(piece, at)).bytesWritten;
  } catch (error) {
    throw diskError(error, to, 'written');
  }
}
