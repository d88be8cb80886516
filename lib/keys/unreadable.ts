import type { RefusalCode } from '../contract/codes.ts';
import { RefusalError } from '../contract/errors.ts';

/** Key material that cannot be used. The message must quote nothing of it. */
export function unreadable(message: string): RefusalError {
  return new RefusalError('KEY_UNREADABLE', message);
}

const OWN: ReadonlySet<RefusalCode> = new Set(['KEY_UNREADABLE', 'KDF_REFUSED']);

/** Codes of the parser whose messages name a field or a place, and never quote what stands there. */
const QUOTES_NOTHING: ReadonlySet<RefusalCode> = new Set([
  'NOT_JSON',
  'BAD_UTF8',
  'TOO_DEEP',
  'MISSING_FIELD',
  'BAD_HEX',
]);

/**
 * Reads key material with the parser for metadata, whose other messages quote keys and numbers: in a key file they could be the secret.
 * @param where - the file, for the message that replaces them
 * @throws RefusalError KEY_UNREADABLE in place of the parser's codes
 */
export function withoutQuoting<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RefusalError) || OWN.has(error.code)) throw error;
    if (QUOTES_NOTHING.has(error.code)) throw unreadable(error.message);
    throw unreadable(`${where} has something in it that no key file has (${error.code}).`);
  }
}
