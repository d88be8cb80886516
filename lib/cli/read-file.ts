import { readFileSync, statSync, type Stats } from 'node:fs';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { diskError, systemCode } from '../stores/disk-error.ts';

/**
 * Reads a file that may be missing.
 * @param maxBytes - above it the file is not read
 * @throws UsageError if it is a folder or too large
 * @throws FailureError ACCESS_DENIED, STORE_UNREACHABLE
 */
export function readOptionalFile(path: string, maxBytes: number): Uint8Array | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    const fault = faultOf(stats, maxBytes);
    if (fault !== undefined) throw new UsageError(`${quote(path)} ${fault}.`, { remedy: 'Name the right file.' });
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw diskError(error, path, 'read');
  }
}

/**
 * Reads a file that an option names.
 * @throws UsageError if it is missing
 */
export function readNamedFile(path: string, maxBytes: number, option: string): Uint8Array {
  const bytes = readOptionalFile(path, maxBytes);
  if (bytes === undefined)
    throw new UsageError(`There is no file ${quote(path)}, which ${option} names.`, { remedy: 'Name the right file.' });
  return bytes;
}

function faultOf(stats: Stats, maxBytes: number): string | undefined {
  if (stats.isDirectory()) return 'is a folder, not a file';
  if (!stats.isFile()) return 'is a device or a pipe, not a file';
  return stats.size > maxBytes ? `has ${stats.size} bytes; at most ${maxBytes} are read` : undefined;
}
