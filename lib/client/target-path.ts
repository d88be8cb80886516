import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { hashedPath } from '../tuf/hashed-path.ts';
import { knownHashes, type Hashes } from '../tuf/meta-file.ts';

// A backslash separates folders elsewhere, and a colon is a drive or a stream there: `C:`, `a:b`.
const UNSAFE = /[\u0000-\u001f\u007f\\]/;

/**
 * The segments of a target's path, fit to be a path below a folder of ours and below an address.
 * @throws RefusalError TARGET_PATH_UNSAFE for one that is absolute, goes up, has an empty segment, a backslash or a control character
 */
export function segmentsOf(path: string): readonly string[] {
  const segments = path.split('/');
  if (UNSAFE.test(path) || segments.some((segment) => ['', '.', '..'].includes(segment)))
    throw new RefusalError('TARGET_PATH_UNSAFE', `${quote(path)} is not a path that stays below a folder.`);
  return segments;
}

/**
 * Where a target's files lie below `targets/`: `DIR/NAME`, with consistent snapshots `DIR/HASH.NAME` for each hash that is known here, the one that is asked for first.
 * @throws RefusalError TARGET_PATH_UNSAFE, NO_KNOWN_HASH
 * @see TUF specification, section 5.7.3
 */
export function storedAs(path: string, hashes: Hashes, consistentSnapshot: boolean): readonly [string, ...string[]] {
  segmentsOf(path);
  const [first, ...others] = knownHashes(hashes).map((algorithm) => hashedPath(path, hashes.get(algorithm) ?? ''));
  if (first === undefined)
    throw new RefusalError('NO_KNOWN_HASH', `${quote(path)} is listed with neither sha256 nor sha512.`);
  return consistentSnapshot ? [first, ...others] : [path];
}

/**
 * Where a target is served, relative to the address of the targets, percent-encoded.
 * @throws RefusalError TARGET_PATH_UNSAFE, NO_KNOWN_HASH
 */
export function servedAs(path: string, hashes: Hashes, consistentSnapshot: boolean): string {
  const [name] = storedAs(path, hashes, consistentSnapshot);
  return name.split('/').map(encodeURIComponent).join('/');
}
