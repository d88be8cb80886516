import { isArray, isObject, type Json } from './json.ts';
import { PlainTarget } from './plain-target.ts';
import { Utf8Writer } from './utf8-writer.ts';

/** How a file is laid out: the indentation of one level (empty: on one line), and what stands behind the value. */
export interface Layout {
  readonly indent: string;
  readonly ending: string;
}

/** go-tuf's layout: one line, nothing behind it. */
export const COMPACT: Layout = { indent: '', ending: '' };

const NEWLINE = 0x0a;

/** The layout of a file that exists, so that it is rewritten in its maker's style (python-tuf and tuftool indent). */
export function layoutOf(bytes: Uint8Array): Layout {
  const beginning = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  // At most eight: white space is not signed, and whoever can write the file could make ours too large with it.
  const [, indent = ''] = /^\s*\{\r?\n([ \t]{1,8})"/.exec(beginning) ?? [];
  return { indent, ending: bytes.at(-1) === NEWLINE ? '\n' : '' };
}

/**
 * Writes JSON as Go's encoding/json does, members in the order of the map.
 * @see go-tuf v0.5.2 writes metadata with json.Marshal, which escapes what HTML would take for markup, and U+2028 and U+2029
 */
export function encodeJson(json: Json, { indent, ending }: Layout = COMPACT): Uint8Array {
  const out = new Utf8Writer();
  write(json, indent, indent === '' ? '' : '\n', out);
  out.add(ending);
  return out.bytes();
}

function write(json: Json, indent: string, newline: string, out: Utf8Writer): void {
  const inner = newline + indent;
  if (typeof json === 'string') {
    out.add(encodeString(json));
  } else if (json instanceof PlainTarget && indent === '') {
    out.add(json.text);
  } else if (isArray(json)) {
    json.forEach((item, index) => {
      out.add((index === 0 ? '[' : ',') + inner);
      write(item, indent, inner, out);
    });
    out.add(json.length === 0 ? '[]' : `${newline}]`);
  } else if (isObject(json)) {
    const colon = indent === '' ? ':' : ': ';
    let before = '{';
    for (const [key, value] of json) {
      out.add(before + inner + encodeString(key) + colon);
      write(value, indent, inner, out);
      before = ',';
    }
    out.add(json.size === 0 ? '{}' : `${newline}}`);
  } else {
    out.add(JSON.stringify(json));
  }
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
