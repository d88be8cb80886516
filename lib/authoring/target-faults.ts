import { createHash } from 'node:crypto';
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { diskError, systemCode } from '../stores/disk-error.ts';
import { piecesOf } from '../stores/plain-file.ts';
import { knownHashes } from '../tuf/meta-file.ts';
import type { TargetFile } from '../tuf/targets.ts';
import { hashedPath } from '../tuf/hashed-path.ts';
import { askedFor } from './listed-targets.ts';
import { isOddPath } from './target-paths.ts';
import type { Listed } from './unneeded-files.ts';

/** How closely the files of targets are looked at: whether they are there and as long as they are to be, or whether they are the very ones. */
export type Depth = 'length' | 'hash';

/** The paths of targets whose files clients do not get. */
export interface TargetFaults {
  readonly missing: readonly string[];
  readonly mismatched: readonly string[];
}

/**
 * Looks at the files of targets.
 * @param folder - where they are
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export function targetFaults(folder: string, listed: Listed, consistentSnapshot: boolean, depth: Depth): TargetFaults {
  const missing: string[] = [];
  const mismatched: string[] = [];
  for (const [raw, target] of listed) {
    const path = askedFor(raw);
    const [algorithm] = knownHashes(target.hashes);
    if (algorithm === undefined || isOddPath(path)) continue; // clients have no use for it either
    const hash = target.hashes.get(algorithm) ?? '';
    const is = judge(join(folder, consistentSnapshot ? hashedPath(path, hash) : path), target, algorithm, depth);
    if (is === undefined) missing.push(path);
    else if (!is) mismatched.push(path);
  }
  return { missing, mismatched };
}

/** Through links too, as a web server looks. @returns undefined if there is no such file */
function judge(path: string, { length, hashes }: TargetFile, algorithm: string, depth: Depth): boolean | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return undefined;
    if (stats.size !== length) return false;
    return depth === 'length' || digest(path, algorithm) === hashes.get(algorithm);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
    throw diskError(error, path, 'read');
  }
}

/** Whether a file is the one that is listed. */
export function isContentOf(file: string, target: TargetFile): boolean {
  const [algorithm] = knownHashes(target.hashes);
  return algorithm !== undefined && judge(file, target, algorithm, 'hash') === true;
}

/** In lower-case hexadecimal digits. */
export function digest(path: string, algorithm: string): string {
  const hash = createHash(algorithm);
  const file = openSync(path, 'r');
  try {
    for (const piece of piecesOf(file, 0)) hash.update(piece);
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
