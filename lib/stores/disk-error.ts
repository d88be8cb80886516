import { basename, dirname } from 'node:path';
import { FailureError, isCoded } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { textOf } from './foreign-error.ts';

/** The operating system's word for what went wrong (`ENOENT`), undefined for an error that does not come from there. */
export function systemCode(error: unknown): string | undefined {
  return isCoded(error) ? undefined : textOf(error, 'code');
}

/**
 * What the operating system said about a file, as a failure of ours that names the file.
 * @param done - what was tried, as in `… could not be written`
 * @returns code: ACCESS_DENIED, STORE_FULL or STORE_UNREACHABLE; one that is not the operating system's comes back as it is
 */
export function diskError(error: unknown, path: string, done: string): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const why = textOf(error, 'message')?.split(', ')[0] ?? code; // "EACCES: permission denied, open '…'" names the path a second time
  return new FailureError(failureCode(code), `${place(path)} could not be ${done}: ${why}.`, { cause: error });
}

/** A file for a message: `timestamp.json in /srv/tuf/repository`. */
export function place(path: string): string {
  return `${printable(basename(path))} in ${printable(dirname(path))}`;
}

function failureCode(code: string): 'ACCESS_DENIED' | 'STORE_FULL' | 'STORE_UNREACHABLE' {
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'ACCESS_DENIED';
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'STORE_FULL' : 'STORE_UNREACHABLE';
}
