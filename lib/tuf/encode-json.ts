import { isArray, isObject, type Json } from './json.ts';

/** How a file is laid out: the indentation of one level (empty: on one line), and what stands behind the value. */
export interface Layout {
  readonly indent: string;
  readonly ending: string;
}

/** go-tuf's layout: one line, nothing behind it. */
export const COMPACT: Layout = { indent: '', ending: '' };

/** The layout of a file that exists, so that it is rewritten in its maker's style (python-tuf and tuftool indent). */
export function layoutOf(bytes: Uint8Array): Layout {
  const text = Buffer.from(bytes).toString('utf8');
  // At most eight: white space is not signed, and whoever can write the file could make ours too large with it.
  const [, indent = ''] = /^\s*\{\r?\n([ \t]{1,8})"/.exec(text) ?? [];
  return { indent, ending: text.endsWith('\n') ? '\n' : '' };
}

/**
 * Writes JSON as Go's encoding/json does, members in the order of the map.
 * @see go-tuf v0.5.2 writes metadata with json.Marshal, which escapes what HTML would take for markup, and U+2028 and U+2029
 */
export function encodeJson(json: Json, { indent, ending }: Layout = COMPACT): Uint8Array {
  return Buffer.from(encode(json, indent, indent === '' ? '' : '\n') + ending, 'utf8');
}

function encode(json: Json, indent: string, newline: string): string {
  if (typeof json === 'string') return encodeString(json);
  const inner = newline + indent;
  const list = (open: string, items: readonly string[], close: string): string =>
    items.length === 0 ? open + close : open + inner + items.join(`,${inner}`) + newline + close;
  if (isArray(json))
    return list(
      '[',
      json.map((item) => encode(item, indent, inner)),
      ']',
    );
  if (!isObject(json)) return JSON.stringify(json);
  const colon = indent === '' ? ':' : ': ';
  return list(
    '{',
    Array.from(json, ([key, value]) => encodeString(key) + colon + encode(value, indent, inner)),
    '}',
  );
}

/** Printable ASCII without what JSON or Go escapes: nearly every hash, name and path. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;

function encodeString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
