import { readFileSync, statSync } from 'node:fs';
import { FailureError, UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';

/**
 * Reads a file that may be missing.
 * @param maxBytes - above it the file is not read
 * @throws FailureError STORE_UNREACHABLE, for anything but a missing file
 */
export function readOptionalFile(path: string, maxBytes: number): Uint8Array | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (!stats.isFile() || stats.size > maxBytes)
      throw new UsageError(`${quote(path)} is no file of at most ${maxBytes} bytes.`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new FailureError('STORE_UNREACHABLE', `${quote(path)} cannot be read.`, { cause: error });
  }
}

/**
 * Reads a file that an option names.
 * @throws UsageError if it is missing
 */
export function readNamedFile(path: string, maxBytes: number, option: string): Uint8Array {
  const bytes = readOptionalFile(path, maxBytes);
  if (bytes === undefined) throw new UsageError(`There is no file ${quote(path)}, which ${option} names.`);
  return bytes;
}
