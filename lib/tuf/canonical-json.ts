import { isArray, isObject, type Json } from './json.ts';
import { PlainTarget } from './plain-target.ts';
import { Utf8Writer } from './utf8-writer.ts';

/**
 * Canonical JSON as go-tuf signs it (OLPC's): keys in the order of their UTF-8 bytes, no white space, only `\` and `"` escaped, everything else raw.
 * @returns the bytes that a signature covers
 * @see go-securesystemslib v0.5.0, cjson/canonicaljson.go
 */
export function canonicalJson(json: Json): Uint8Array {
  const out = new Utf8Writer();
  write(json, out);
  return out.bytes();
}

function write(json: Json, out: Utf8Writer): void {
  if (typeof json === 'string') {
    out.add(canonicalString(json));
  } else if (json instanceof PlainTarget) {
    out.add(json.canonical);
  } else if (isArray(json)) {
    json.forEach((item, index) => {
      out.add(index === 0 ? '[' : ',');
      write(item, out);
    });
    out.add(json.length === 0 ? '[]' : ']');
  } else if (isObject(json)) {
    inUtf8Order(Array.from(json.keys())).forEach((key, index) => {
      out.add(`${index === 0 ? '{' : ','}${canonicalString(key)}:`);
      write(json.get(key) ?? null, out);
    });
    out.add(json.size === 0 ? '{}' : '}');
  } else {
    out.add(JSON.stringify(json));
  }
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
  if (!keys.some((key) => SURROGATE.test(key))) return isRising(keys) ? keys : keys.sort();
  return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Whether keys are in the order of UTF-16, as nearly always: much quicker than to sort them. */
function isRising(keys: readonly string[]): boolean {
  return keys.every((key, index) => index === 0 || (keys[index - 1] ?? '') < key);
}
