import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { FailureError } from '../contract/errors.ts';
import { diskError, place, systemCode } from './disk-error.ts';
import type { Token } from './store.ts';

const PIECE = 65_536; // bytes

/**
 * Opens a file for reading, if it is one: a symbolic link could lead out of the folder, and a put would replace it by a file.
 * @param action - gets the open file; it is closed afterwards
 * @returns undefined if there is no such file
 */
export function withFile<T>(path: string, action: (file: number, stats: Stats) => T): T | undefined {
  try {
    // O_NONBLOCK: a named pipe in place of the file would otherwise be waited for.
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) throw notAFile(path, stats.isDirectory() ? 'a folder' : 'a device or a pipe');
      return action(file, stats);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw notAFile(path, 'a symbolic link', error);
    throw diskError(error, path, 'read');
  }
}

/**
 * The content of an open file, in pieces.
 * @param size - bytes that the first piece may have: the size of the file spares a second one; 0 if it does not matter
 */
export function* piecesOf(file: number, size: number): Generator<Uint8Array> {
  for (let room = size || PIECE; ; room = PIECE) {
    const piece = Buffer.alloc(room);
    const length = readSync(file, piece);
    if (length === 0) return;
    yield piece.subarray(0, length);
  }
}

/** The SHA-256 of a content, as the token of a file. */
export function contentToken(pieces: Iterable<Uint8Array>): Token {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex') as Token;
}

/** Whether two files are one, or have the same content. */
export function isSameFile(one: string, other: string): boolean {
  const [mine, theirs] = [one, other].map((path) => lstatSync(path, { throwIfNoEntry: false }));
  if (mine === undefined || mine.size !== theirs?.size) return false;
  if (mine.ino === theirs.ino && mine.dev === theirs.dev) return true;
  const [a, b] = [one, other].map((path) => withFile(path, (file) => contentToken(piecesOf(file, 0))));
  return a !== undefined && a === b;
}

function notAFile(path: string, found: string, cause?: unknown): FailureError {
  return new FailureError('STORE_UNREACHABLE', `${place(path)} is ${found}, not a file.`, { cause });
}
