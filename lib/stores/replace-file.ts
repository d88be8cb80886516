import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { diskError, systemCode } from './disk-error.ts';
import { flushFolder } from './flush.ts';
import { contentToken, piecesOf, withFile } from './plain-file.ts';
import type { Token } from './store.ts';
import { removeQuietly, removeTemporaries, temporaryBeside } from './temporary-file.ts';

/** Whose a file is, and who may do what with it. */
type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** What a file becomes that was not there. */
export interface NewFile {
  /** 0644 if not given. */
  readonly mode?: number;
  /** The folder itself may be new, and is flushed in its own folder too. */
  readonly create?: boolean;
}

/**
 * Replaces a file whole if its content still is `expected`; a reader sees the old content or the new one, also after a power cut.
 * To be called under the lock. Runs without a pause, so nothing else of this process comes in between either.
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL; then the file is as it was, and nothing is left beside it
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  expected: Token | 'absent',
  { mode = 0o644, create = false }: NewFile,
): 'stored' | 'changed' {
  const folder = dirname(path);
  const temporary = temporaryBeside(path);
  try {
    removeTemporaries(path);
    const before = present(path);
    if (before.token !== expected) return 'changed';
    writeFlushed(temporary, bytes, before.stats, mode);
    // Flushing took its time, and fleetctl knows no lock: look once more, just before.
    if (present(path).token !== expected) {
      unlinkSync(temporary);
      return 'changed';
    }
    renameSync(temporary, path);
    flushFolder(folder);
    if (create && expected === 'absent') flushFolder(dirname(folder)); // the folder itself may be new
    return 'stored';
  } catch (error) {
    removeQuietly(temporary);
    throw diskError(error, path, 'written');
  }
}

/** What a put compares with, and whose mode and owner it keeps. */
function present(path: string): { readonly token: Token | 'absent'; readonly stats?: Stats } {
  const found = withFile(path, (file, stats) => ({ token: contentToken(piecesOf(file, 0)), stats }));
  return found ?? { token: 'absent' };
}

/**
 * Writes a file that is not there yet, down to the disk.
 * @param like - the file that it is to replace, whose mode and owner it gets; without one it gets `mode`, less what the umask takes
 */
export function writeFlushed(path: string, bytes: Uint8Array, like: Owned | undefined, mode: number): void {
  const file = openSync(path, 'wx', like ? 0o600 : mode);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    if (like) makeLike(file, like);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Gives an open file the owner and the mode of another one, whatever the umask says. */
function makeLike(file: number, like: Owned): void {
  keepOwner(file, like);
  fchmodSync(file, like.mode & 0o7777);
}

/** Run by root on somebody's repository, a put must not take the file away from them: fleetctl writes in place. */
export function keepOwner(file: number, { uid, gid }: Pick<Owned, 'uid' | 'gid'>): void {
  const made = fstatSync(file);
  if (made.uid === uid && made.gid === gid) return;
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') throw error; // not root: the file becomes ours, as with every other program
  }
}
