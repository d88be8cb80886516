import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { diskError } from '../stores/disk-error.ts';
import { parseBase, request } from '../stores/http-request.ts';
import { ABSENT_TO_CLIENTS } from '../stores/http.ts';
import { piecesOf, withFile } from '../stores/plain-file.ts';
import { knownHashes } from '../tuf/meta-file.ts';
import type { TargetFile } from '../tuf/targets.ts';
import { segmentsOf, servedAs } from './target-path.ts';

/** A target that is on the disk and is what the metadata says. */
export interface FetchedTarget {
  /** Its path in the metadata. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly length: number;
  /** False if the file was there already. */
  readonly downloaded: boolean;
}

/** Where targets come from, and where they go. */
export interface TargetPlaces {
  /** Address below which they are served. */
  readonly url: string;
  /** Folder below which they are put. Made if it is missing. */
  readonly folder: string;
  readonly consistentSnapshot: boolean;
}

/** How long a server may take. */
export interface Patience {
  /** Milliseconds without a byte. 60 seconds if not given. */
  readonly idleMs?: number;
  /** Bytes a second that it has to reach on average after that time. 8 KiB if not given. */
  readonly slowest?: number;
}

/**
 * Downloads a target, unless the file that is there already is it. It is checked while it arrives, and gets its name only then: a bad download leaves
 * the file that was there, and nothing else.
 * @param name - its path in the metadata
 * @throws RefusalError TARGET_PATH_UNSAFE, NO_KNOWN_HASH, TARGET_FILE_MISSING, TARGET_FILE_MISMATCH
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 * @see TUF specification, section 5.7
 */
export async function download(
  name: string,
  target: TargetFile,
  { url, folder, consistentSnapshot }: TargetPlaces,
  patience: Patience = {},
): Promise<FetchedTarget> {
  const source = new URL(servedAs(name, target.hashes, consistentSnapshot), parseBase(url));
  const segments = segmentsOf(name);
  const path = join(resolve(folder), ...segments);
  notThroughLinks(name, resolve(folder), segments);
  const fetched = { name, path, length: target.length };
  if (isThere(path, target)) return { ...fetched, downloaded: false };

  await inNewFile(resolve(folder), async (temporary, file) => {
    const found = await receive(source, name, target, file, patience);
    if (found === undefined)
      throw new RefusalError('TARGET_FILE_MISSING', `${quote(source.href)} is missing; the metadata names it.`);
    await file.sync();
    put(temporary, path);
  });
  return { ...fetched, downloaded: true };
}

/** A link below the folder could lead out of it. */
function notThroughLinks(name: string, folder: string, segments: readonly string[]): void {
  let path = folder;
  for (const segment of segments.slice(0, -1)) {
    path = join(path, segment);
    const stats = attempt(() => lstatSync(path, { throwIfNoEntry: false }), path, 'looked at');
    if (stats?.isSymbolicLink() === true)
      throw new RefusalError('TARGET_PATH_UNSAFE', `${quote(name)} would be put through the link ${quote(path)}.`);
  }
}

function isThere(path: string, target: TargetFile): boolean {
  const verdict = withFile(path, (file, { size }) => {
    if (size !== target.length) return 'other';
    const check = checker(target);
    for (const piece of piecesOf(file, 0)) check.take(piece);
    return check.fault() ?? 'same';
  });
  return verdict === 'same';
}

/** Writes into a file in the folder itself, so that no folder is made for a target that never comes; it is gone afterwards unless it was renamed. */
async function inNewFile(folder: string, fill: (path: string, file: FileHandle) => Promise<void>): Promise<void> {
  const made = attempt(() => mkdirSync(folder, { recursive: true }), folder, 'made') !== undefined;
  const path = join(folder, `.timekeeper-${randomBytes(8).toString('hex')}.tmp`);
  try {
    const file = await open(path, 'wx', 0o644);
    try {
      await fill(path, file);
    } finally {
      await file.close();
    }
  } catch (error) {
    remove(() => {
      unlinkSync(path);
    });
    if (made)
      remove(() => {
        rmdirSync(folder);
      });
    throw diskError(error, path, 'written');
  }
}

/** Into the file, piece by piece. Undefined if there is no such object. */
function receive(
  source: URL,
  name: string,
  target: TargetFile,
  file: FileHandle,
  { idleMs = 60_000, slowest = 8_192 }: Patience,
): Promise<true | undefined> {
  const hung = new AbortController();
  const idle = setTimeout(() => {
    hung.abort(new DOMException('no byte came for too long', 'TimeoutError'));
  }, idleMs);
  const whole = AbortSignal.timeout(Math.min(idleMs + Math.ceil((target.length / slowest) * 1_000), LONGEST_TIMER));
  const reading = request(source, AbortSignal.any([hung.signal, whole]), ABSENT_TO_CLIENTS, async (body) => {
    const check = checker(target);
    for await (const piece of body) {
      idle.refresh();
      check.take(piece);
      const fault = check.early();
      if (fault !== undefined) throw mismatch(name, fault);
      for (let at = 0; at < piece.length;) at += (await writing(file, piece.subarray(at))).bytesWritten;
    }
    const fault = check.fault();
    if (fault !== undefined) throw mismatch(name, fault);
    return true as const;
  });
  return reading.finally(() => {
    clearTimeout(idle);
  });
}

const LONGEST_TIMER = 2_147_483_647; // ms; node's timers take no more

/** What the disk says must not be taken for what the server says. */
async function writing(file: FileHandle, piece: Uint8Array): Promise<{ readonly bytesWritten: number }> {
  try {
    return await file.write(piece);
  } catch (error) {
    throw diskError(error, 'a target', 'written');
  }
}

interface Checker {
  take(piece: Uint8Array): void;
  /** What is wrong although more may come: it is too long. */
  early(): string | undefined;
  /** What is wrong with the whole. */
  fault(): string | undefined;
}

function checker({ length, hashes }: TargetFile): Checker {
  let taken = 0;
  const running = knownHashes(hashes).map((algorithm) => ({ algorithm, hash: createHash(algorithm) }));
  const early = () => (taken > length ? `has more than ${length} bytes` : undefined);
  return {
    take(piece) {
      taken += piece.length;
      if (taken <= length) for (const { hash } of running) hash.update(piece);
    },
    early,
    fault() {
      if (taken !== length) return early() ?? `has ${taken} bytes, not ${length}`;
      const wrong = running.find(({ algorithm, hash }) => hash.digest('hex') !== hashes.get(algorithm));
      return wrong && `has another ${wrong.algorithm} hash`;
    },
  };
}

function mismatch(name: string, fault: string): RefusalError {
  return new RefusalError('TARGET_FILE_MISMATCH', `What is served as ${quote(name)} is not the target: it ${fault}.`);
}

function put(temporary: string, path: string): void {
  attempt(
    () => {
      mkdirSync(dirname(path), { recursive: true });
      renameSync(temporary, path);
    },
    path,
    'written',
  );
}

function attempt<T>(action: () => T, path: string, done: string): T {
  try {
    return action();
  } catch (error) {
    throw diskError(error, path, done);
  }
}

/** Not worth hiding why we got here. */
function remove(action: () => void): void {
  try {
    action();
  } catch {
    return;
  }
}
