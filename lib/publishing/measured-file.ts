import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { diskError, systemCode } from '../stores/disk-error.ts';

/** A part of a file, as it is uploaded in one request. */
export interface FilePart {
  /** Bytes before it. */
  readonly at: number;
  readonly length: number;
  /** Goes along with the upload: S3 refuses a part that has changed since. */
  readonly sha256: Buffer;
  /** What S3 makes its ETags of. */
  readonly md5: Buffer;
}

/** A file as it was when it was read from beginning to end. */
export interface MeasuredFile {
  readonly length: number;
  /** In lower-case hexadecimal digits, by the algorithm's name. */
  readonly hashes: ReadonlyMap<string, string>;
  /** At least one, if they were asked for. */
  readonly parts: readonly FilePart[];
}

const PIECE = 1_048_576; // bytes

/**
 * Reads a file once and hashes it, however large it is, in one piece of memory.
 * @param algorithms - names of hashes of the whole file
 * @param partSize - how it will be cut, in bytes; undefined if it will not be
 * @returns undefined if there is no such file
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export async function measureFile(
  path: string,
  algorithms: readonly string[],
  partSize: ((length: number) => number) | undefined,
): Promise<MeasuredFile | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return undefined;
      return await measure(file, stats.size, algorithms, partSize?.(stats.size));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw diskError(error, path, 'read');
  }
}

async function measure(
  file: FileHandle,
  size: number,
  algorithms: readonly string[],
  partSize: number | undefined,
): Promise<MeasuredFile> {
  const whole = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
  const parts: FilePart[] = [];
  const piece = Buffer.allocUnsafe(Math.min(PIECE, Math.max(size, 1)));
  let length = 0;
  let part = beginPart(0);
  for (;;) {
    const room = partSize === undefined ? piece.length : Math.min(piece.length, part.at + partSize - length);
    const { bytesRead } = await file.read(piece, 0, room);
    const read = piece.subarray(0, bytesRead);
    length += bytesRead;
    for (const [, hash] of whole) hash.update(read);
    if (partSize !== undefined) {
      part.sha256.update(read);
      part.md5.update(read);
      const isOver = bytesRead === 0 ? length > part.at || parts.length === 0 : length === part.at + partSize;
      if (isOver) {
        parts.push({ at: part.at, length: length - part.at, sha256: part.sha256.digest(), md5: part.md5.digest() });
        part = beginPart(length);
      }
    }
    if (bytesRead === 0) break;
  }
  return { length, hashes: new Map(whole.map(([algorithm, hash]) => [algorithm, hash.digest('hex')])), parts };
}

function beginPart(at: number): { readonly at: number; readonly sha256: Hash; readonly md5: Hash } {
  return { at, sha256: createHash('sha256'), md5: createHash('md5') };
}
