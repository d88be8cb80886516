import { isArray, isObject, type Json } from './json.ts';

/**
 * Canonical JSON as go-tuf signs it (OLPC's): keys in the order of their UTF-8 bytes, no white space, only `\` and `"` escaped, everything else raw.
 * @returns the bytes that a signature covers
 * @see go-securesystemslib v0.5.0, cjson/canonicaljson.go
 */
export function canonicalJson(json: Json): Uint8Array {
  return Buffer.from(canonicalText(json), 'utf8');
}

function canonicalText(json: Json): string {
  if (typeof json === 'string') return canonicalString(json);
  if (isArray(json)) return `[${json.map(canonicalText).join(',')}]`;
  if (!isObject(json)) return JSON.stringify(json);
  const members = inUtf8Order(Array.from(json.keys())).map(
    (key) => `${canonicalString(key)}:${canonicalText(json.get(key) ?? null)}`,
  );
  return `{${members.join(',')}}`;
}

const SPECIAL = /["\\]/;

/** Nearly all texts are hashes, names and paths, in which nothing is to be replaced. */
function canonicalString(text: string): string {
  return SPECIAL.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

const SURROGATE = /[\ud800-\udfff]/;

/**
 * Sorts keys as Go does, in place: by their UTF-8 bytes.
 * UTF-16 order, which is what sort() gives, differs only where a key lies outside the basic plane.
 */
export function inUtf8Order(keys: string[]): string[] {
  if (!keys.some((key) => SURROGATE.test(key))) return keys.sort();
  return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
