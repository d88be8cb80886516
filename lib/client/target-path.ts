import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
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
 * Where a target is served, relative to the address of the targets: `DIR/NAME`, with consistent snapshots `DIR/HASH.NAME` by the first hash that is known here.
 * @throws RefusalError TARGET_PATH_UNSAFE, NO_KNOWN_HASH
 * @see TUF specification, section 5.7.3
 */
export function servedAs(path: string, hashes: Hashes, consistentSnapshot: boolean): string {
  const segments = segmentsOf(path);
  const [algorithm] = knownHashes(hashes);
  const hash = algorithm === undefined ? undefined : hashes.get(algorithm);
  if (hash === undefined)
    throw new RefusalError('NO_KNOWN_HASH', `${quote(path)} is listed with neither sha256 nor sha512.`);
  const name = segments[segments.length - 1] ?? '';
  const served = consistentSnapshot ? [...segments.slice(0, -1), `${hash}.${name}`] : segments;
  return served.map(encodeURIComponent).join('/');
}
