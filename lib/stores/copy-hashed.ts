import { createHash, hash, type Hash } from 'node:crypto';
import { closeSync, constants, copyFileSync, fdatasync, openSync, read, readSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { diskError } from './disk-error.ts';

/** What was copied. */
export interface Copied {
  readonly length: number;
  /** In lower-case hexadecimal digits. */
  readonly sha512: string;
}

const PIECE = 1_048_576; // bytes
const MODE = 0o666; // less what the umask takes, as Go makes files

/** What is read first of every file, and for most targets all: synchronously, which is four times as fast for so few bytes. */
const BEGINNING = Buffer.alloc(65_536);

/**
 * Copies a file and hashes what is copied, in one pass and in two pieces of memory, however large it is: while one piece is hashed, another one is
 * read or written. The hash is that of the copy, also if somebody writes to the source meanwhile. Whoever relies on the copy has to flush it; a large one is
 * flushed here already, while the next one is hashed.
 * @param to - must not be there yet
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function copyHashed(from: string, to: string): Promise<Copied> {
  const source = opened(from, 'r', 'read');
  try {
    const copy = opened(to, 'wx', 'written');
    try {
      return await pump({ source, copy, from, to });
    } catch (error) {
      throw diskError(error, to, 'written');
    } finally {
      closeSync(copy);
    }
  } finally {
    closeSync(source);
  }
}

/**
 * Copies a file of ours once more, not flushed either; where the file system can, the two share their blocks until one of them is written.
 * Hard links would be cheaper, but fleetctl writes in place: writing one name, it would change what all the others show.
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export function copyAgain(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    throw diskError(error, to, 'written');
  }
}

const flushElsewhere = promisify(fdatasync);
const readElsewhere = promisify(read);
const writeElsewhere = promisify(write);

function opened(path: string, flags: string, done: string): number {
  try {
    return openSync(path, flags, MODE);
  } catch (error) {
    throw diskError(error, path, done);
  }
}

/** Two open files, and what they are called. */
interface Pair {
  readonly source: number;
  readonly copy: number;
  readonly from: string;
  readonly to: string;
}

async function pump(files: Pair): Promise<Copied> {
  const beginning = copyBeginning(files);
  if (beginning.length < BEGINNING.length) return { length: beginning.length, sha512: hash('sha512', beginning) };
  const sum = createHash('sha512').update(beginning);
  const rest = await copyRest(files, sum);
  await flushElsewhere(files.copy);
  return { length: beginning.length + rest, sha512: sum.digest('hex') };
}

/** @returns what was copied, until the next call: nobody may pause before it is hashed */
function copyBeginning({ source, copy, from, to }: Pair): Uint8Array {
  let length = 0;
  try {
    for (let taken = 1; taken > 0 && length < BEGINNING.length; length += taken) {
      taken = readSync(source, BEGINNING, length, BEGINNING.length - length, null);
    }
  } catch (error) {
    throw diskError(error, from, 'read');
  }
  const piece = BEGINNING.subarray(0, length);
  try {
    for (let at = 0; at < length;) at += writeSync(copy, piece, at);
  } catch (error) {
    throw diskError(error, to, 'written');
  }
  return piece;
}

async function copyRest({ source, copy, from, to }: Pair, sum: Hash): Promise<number> {
  let [filling, full] = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)];
  let length = 0;
  for (let taken = await readInto(source, filling, from); taken > 0;) {
    [filling, full] = [full, filling];
    const piece = full.subarray(0, taken);
    const written = writeAll(copy, piece, to);
    const next = readInto(source, filling, from);
    sum.update(piece); // on this thread, while the two above go on in others
    length += taken;
    [taken] = await Promise.all([next, written]);
  }
  return length;
}

async function readInto(source: number, piece: Buffer, from: string): Promise<number> {
  try {
    return (await readElsewhere(source, piece, 0, PIECE, null)).bytesRead;
  } catch (error) {
    throw diskError(error, from, 'read');
  }
}

async function writeAll(copy: number, piece: Uint8Array, to: string): Promise<void> {
  try {
    for (let at = 0; at < piece.length;) at += (await writeElsewhere(copy, piece, at)).bytesWritten;
  } catch (error) {
    throw diskError(error, to, 'written');
  }
}
