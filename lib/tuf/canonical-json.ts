import { isArray, isObject, type Json, type JsonObject } from './json.ts';

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
  const members = sortedKeys(json).map((key) => `${canonicalString(key)}:${canonicalText(json.get(key) ?? null)}`);
  return `{${members.join(',')}}`;
}

function canonicalString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const SURROGATE = /[\ud800-\udfff]/;

/** UTF-16 order, which is what sort() gives, differs from UTF-8 order only where a key lies outside the basic plane. */
function sortedKeys(object: JsonObject): string[] {
  const keys = Array.from(object.keys());
  if (!keys.some((key) => SURROGATE.test(key))) return keys.sort();
  return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
