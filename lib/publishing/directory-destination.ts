import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, renameSync, rmdirSync, statSync, type Stats } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { copyAgain } from '../stores/copy-hashed.ts';
import { directoryStore } from '../stores/directory.ts';
import { diskError, systemCode } from '../stores/disk-error.ts';
import { flushFile, flushFolder } from '../stores/flush.ts';
import { withLock } from '../stores/lock.ts';
import type { Token } from '../stores/store.ts';
import { removeQuietly } from '../stores/temporary-file.ts';
import type { Destination, PublishedFile } from './destination.ts';
import { faultOf } from './local-target.ts';
import { measureFile } from './measured-file.ts';

const TEMPORARY = '.publishing-';

/**
 * Publishes into a folder that is served, say by a web server. A file is written beside, flushed and renamed; what a killed run left is removed by the next one.
 * @param folder - made at the first put if it is missing
 */
export function directoryDestination(folder: string): Destination {
  const root = resolve(folder);
  const below = join(root, 'targets');
  const metadata = directoryStore(root);
  return {
    place: root,
    metadata: {
      ...metadata,
      putIf(name, bytes, expected) {
        makeFolder(root);
        return metadata.putIf(name, bytes, expected);
      },
    },
    partSize: undefined,

    async alone(work) {
      makeFolder(root);
      const underLock = async () => {
        await withLock(root, 'put', () => {
          removeLeftovers(root);
        }); // which also takes away the lock of a put that was killed
        return work();
      };
      return withLock(root, 'publish', underLock);
    },

    targets: () =>
      Promise.resolve(
        new Map(
          filesIn(below).map((path): readonly [string, PublishedFile] => {
            const stats = statSync(path);
            return [relative(below, path).split(sep).join('/'), { token: tokenOf(stats), length: stats.size }];
          }),
        ),
      ),

    async isSame({ length }, { name, measured, target }) {
      if (length !== measured.length) return false;
      const found = await measureFile(join(below, name), Array.from(measured.hashes.keys()), undefined);
      return found !== undefined && faultOf(found, target) === undefined;
    },

    async putTarget(file, expected, onBytes) {
      const path = join(below, file.name);
      makeFolder(dirname(path));
      const temporary = join(root, TEMPORARY + randomBytes(8).toString('hex'));
      try {
        copyAgain(file.path, temporary);
        await flushFile(temporary);
        const copied = await measureFile(temporary, Array.from(file.measured.hashes.keys()), undefined);
        if (copied === undefined || faultOf(copied, file.target) !== undefined)
          throw new RefusalError('TARGET_FILE_MISMATCH', `${quote(`targets/${file.name}`)} was changed while it was published.`); // prettier-ignore
        const put = putInPlace(temporary, path, expected);
        if (put === 'stored') onBytes(copied.length);
        return put;
      } catch (error) {
        throw diskError(error, path, 'written');
      } finally {
        removeQuietly(temporary);
      }
    },

    removeTarget(name, seen) {
      const path = join(below, name);
      if (tokenAt(path) !== seen) return Promise.resolve('changed');
      removeQuietly(path);
      removeEmptyFolders(dirname(path), below);
      return Promise.resolve('removed');
    },
  };
}

/** Under the lock: no other publish of ours writes here. */
function putInPlace(temporary: string, path: string, expected: Token | 'absent'): 'stored' | 'changed' {
  if (tokenAt(path) !== expected) return 'changed';
  if (expected === 'absent') {
    // Somebody who knows no lock may be quicker still: a link never replaces.
    try {
      linkSync(temporary, path);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return 'changed';
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) throw error;
      renameSync(temporary, path); // a file system without links
    }
  } else renameSync(temporary, path);
  flushFolder(dirname(path));
  return 'stored';
}

function tokenAt(path: string): Token | 'absent' {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'absent' : tokenOf(stats);
}

/** A file that is replaced gets another inode; one that is written in place, another time. */
function tokenOf({ ino, size, mtimeMs }: Stats): Token {
  return `${ino} ${size} ${mtimeMs}` as Token;
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter(
        (entry) =>
          entry.isFile() ||
          (entry.isSymbolicLink() &&
            statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.isFile() === true),
      ) // prettier-ignore
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw diskError(error, folder, 'listed');
  }
}

/** Its files are for everybody to read, unless the umask says otherwise. */
function makeFolder(folder: string): void {
  try {
    const first = mkdirSync(folder, { recursive: true });
    if (first === undefined) return;
    for (let at = folder; at.length >= first.length; at = dirname(at)) flushFolder(dirname(at));
  } catch (error) {
    throw diskError(error, folder, 'made');
  }
}

/** What a killed run left. Under the lock of the whole publish. */
function removeLeftovers(root: string): void {
  for (const name of readdirSync(root)) if (name.startsWith(TEMPORARY)) removeQuietly(join(root, name));
}

function removeEmptyFolders(folder: string, upTo: string): void {
  for (let at = folder; at !== upTo; at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      return; // something is in it
    }
  }
}
