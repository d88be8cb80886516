import { isArray, isObject, type Json } from '../../lib/tuf/json.ts';

/** What JSON.parse would have given. */
export function plain(json: Json): unknown {
  if (isObject(json)) return Object.fromEntries(Array.from(json, ([key, value]) => [key, plain(value)]));
  return isArray(json) ? json.map(plain) : json;
}

/** How keys are ordered: go-tuf and python-tuf go by UTF-8 bytes (or code points, which is the same), tuf-js by UTF-16. */
export type KeyOrder = 'utf-8' | 'utf-16';

/**
 * Canonical JSON of anything that JSON.parse gives, written a second time and without our parser: cases need signatures over what that one refuses.
 * Half surrogates become U+FFFD, as in Go.
 */
export function looselyCanonical(value: unknown, order: KeyOrder = 'utf-8'): Buffer {
  return Buffer.from(text(value, order));
}

function text(value: unknown, order: KeyOrder): string {
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
  if (Array.isArray(value)) return `[${value.map((item) => text(item, order)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const compare =
    order === 'utf-8' ? (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b)) : undefined;
  const object = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(object).sort(compare);
  return `{${keys.map((key) => `${text(key, order)}:${text(object[key], order)}`).join(',')}}`;
}
