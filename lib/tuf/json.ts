import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { PlainTarget } from './plain-target.ts';

/** What metadata is made of. An object is a Map: it keeps the order, and `__proto__` is a key like any other. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object: its keys in the order of the file. */
export type JsonObject = ReadonlyMap<string, Json>;

/** Whether a value is a JSON object. */
export function isObject(json: Json | undefined): json is JsonObject {
  return json instanceof Map || json instanceof PlainTarget;
}

/** Whether a value is a JSON array. */
export function isArray(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

const MAX_DEPTH = 32; // metadata of every maker stays below 12
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

/**
 * Reads JSON more strictly than any client: what is accepted here, every client rejects or reads alike.
 * UTF-8 without BOM, no key twice in one object, integers only and exact, no lone surrogates, at most 32 levels, nothing behind the value but white space.
 * Linear in the size of the input.
 * @param bytes - the whole file
 * @param file - its name, for messages
 * @throws RefusalError NOT_JSON, BAD_UTF8, TOO_DEEP, DUPLICATE_KEY, NUMBER_NOT_EXACT
 * @see RFC 8259; go-tuf v0.5.2 keeps the last of two equal keys and reads numbers as it likes (encoding/json)
 */
export function parseJson(bytes: Uint8Array, file: string): Json {
  return new Parser(decode(bytes, file), file).whole();
}

function decode(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if (first === 0x1f && second === 0x8b) {
    throw new RefusalError('NOT_JSON', `${file} is compressed with gzip; it has to be stored as plain JSON.`);
  }
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new RefusalError('NOT_JSON', `${file} is UTF-16, not UTF-8.`);
  }
  // A BOM stays in the text, where the parser refuses it: no client skips one.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  // What is not UTF-8 becomes U+FFFD, and does not come back as it went in. (A TextDecoder would take a tenth of the start-up to load.)
  if (Buffer.compare(Buffer.from(text, 'utf8'), bytes) !== 0) {
    throw new RefusalError('BAD_UTF8', `${file} is not valid UTF-8.`);
  }
  return text;
}

class Parser {
  private at = 0;
  private readonly text: string;
  private readonly file: string;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  whole(): Json {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) throw this.notJson('something stands behind the value');
    return value;
  }

  private value(depth: number): Json {
    if (depth > MAX_DEPTH) {
      throw new RefusalError('TOO_DEEP', `${this.file} nests deeper than ${MAX_DEPTH} levels.`);
    }
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.plainTarget(depth) ?? this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      case undefined:
        throw this.notJson(this.text.length === 0 ? 'it is empty' : 'it ends too early');
      default:
        return this.number();
    }
  }

  private plainTarget(depth: number): PlainTarget | undefined {
    const target = depth + PlainTarget.DEPTH <= MAX_DEPTH ? PlainTarget.at(this.text, this.at) : undefined;
    this.at += target?.text.length ?? 0;
    return target;
  }

  private object(depth: number): JsonObject {
    const object = new Map<string, Json>();
    this.at++;
    this.space();
    if (this.accepts('}')) return object;
    for (;;) {
      this.space();
      if (this.text.charCodeAt(this.at) !== QUOTE) throw this.notJson('a key is expected');
      const key = this.string();
      if (object.has(key))
        throw new RefusalError('DUPLICATE_KEY', `${this.file} has the key ${quote(key)} twice in one object.`);
      this.space();
      if (!this.accepts(':')) throw this.notJson('a colon is expected');
      object.set(key, this.value(depth + 1));
      this.space();
      if (this.accepts('}')) return object;
      if (!this.accepts(',')) throw this.notJson('a comma or } is expected');
    }
  }

  private array(depth: number): readonly Json[] {
    const array: Json[] = [];
    this.at++;
    this.space();
    if (this.accepts(']')) return array;
    for (;;) {
      array.push(this.value(depth + 1));
      this.space();
      if (this.accepts(']')) return array;
      if (!this.accepts(',')) throw this.notJson('a comma or ] is expected');
    }
  }

  private string(): string {
    const { text } = this;
    const start = this.at++;
    let escaped = false;
    for (;;) {
      const code = text.charCodeAt(this.at++);
      if (code === QUOTE) break;
      if (!(code >= 0x20)) {
        throw this.notJson(Number.isNaN(code) ? 'it ends within a string' : 'a control character stands in a string');
      }
      if (code === BACKSLASH) {
        escaped = true;
        this.at++;
      }
    }
    return escaped ? this.unescaped(text.slice(start, this.at)) : text.slice(start + 1, this.at - 1);
  }

  /** JSON.parse knows the same escapes, and is quick where there are millions of them. */
  private unescaped(literal: string): string {
    let text: string;
    try {
      text = JSON.parse(literal) as string;
    } catch {
      throw this.notJson('an unknown escape stands in a string');
    }
    // Only an escape can bring a lone surrogate: UTF-8 has none. Clients replace it by U+FFFD, each in its own way.
    if (!isWellFormed(text)) {
      throw new RefusalError('BAD_UTF8', `${this.file} has half of a surrogate pair in a string.`);
    }
    return text;
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw this.notJson('a value is expected');
    const [digits, fraction, exponent] = match;
    const value = Number(digits);
    if (fraction !== undefined || exponent !== undefined || !Number.isSafeInteger(value) || Object.is(value, -0)) {
      throw new RefusalError(
        'NUMBER_NOT_EXACT',
        `${this.file} has the number ${quote(digits)}, which is no integer that every client reads alike.`,
      );
    }
    this.at += digits.length;
    return value;
  }

  private word<T extends Json>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.notJson('a value is expected');
    this.at += word.length;
    return value;
  }

  private accepts(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private notJson(why: string): RefusalError {
    return new RefusalError('NOT_JSON', `${this.file} is not JSON: ${why} (character ${this.at}).`);
  }
}

/** String.prototype.isWellFormed, which the language library of Node 20's types does not know. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
