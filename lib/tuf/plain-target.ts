import type { Json } from './json.ts';

const [LENGTH, HASHES, CUSTOM, END] = ['{"length":', ',"hashes":{"sha512":"', '"},"custom":{"version":"', '"}}'];
const MAX_DIGITS = 15; // any such number is exact
const HASH_DIGITS = 128;

/**
 * An entry of `targets` just as fleetctl has go-tuf write it: a JSON object like any other, kept as its text until somebody looks into it.
 * Of 100,000 entries nearly none is ever looked into, and three maps for each would take longer than all the rest.
 */
export class PlainTarget implements ReadonlyMap<string, Json> {
  /** How many levels are below it. */
  static readonly DEPTH = 2;

  /** As it stands in the file. */
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /**
   * The entry that begins at a place of a text; undefined if there is none that is written so.
   * Nothing in it is escaped, by JSON or by Go, and the length is exact: so it reads alike everywhere. (Loops, since a regular expression takes five times as long.)
   */
  static at(text: string, start: number): PlainTarget | undefined {
    if (!text.startsWith(LENGTH, start)) return undefined;
    const length = start + LENGTH.length;
    const hashes = endOf(text, length, DIGIT);
    const isExact = hashes > length && hashes <= length + MAX_DIGITS && (text[length] !== '0' || hashes === length + 1);
    if (!isExact || !text.startsWith(HASHES, hashes)) return undefined;
    const hash = hashes + HASHES.length;
    const custom = endOf(text, hash, HEX_DIGIT);
    if (custom !== hash + HASH_DIGITS || !text.startsWith(CUSTOM, custom)) return undefined;
    const end = endOf(text, custom + CUSTOM.length, PLAIN);
    return text.startsWith(END, end) ? new PlainTarget(text.slice(start, end + END.length)) : undefined;
  }

  /** In canonical JSON: the same three members in the order of their names. */
  get canonical(): string {
    const { text } = this;
    const hashes = this.#hashes();
    const custom = hashes + HASHES.length + HASH_DIGITS + 2;
    return `{${text.slice(custom + 1, -1)}${text.slice(hashes, custom)},${text.slice(1, hashes)}}`;
  }

  /** In bytes. */
  get length(): number {
    return Number(this.text.slice(LENGTH.length, this.#hashes()));
  }

  /** In lower-case hexadecimal digits. */
  get hashes(): ReadonlyMap<string, string> {
    const hash = this.#hashes() + HASHES.length;
    return new Map([['sha512', this.text.slice(hash, hash + HASH_DIGITS)]]);
  }

  get size(): number {
    return this.#whole().size;
  }

  get(name: string): Json | undefined {
    return this.#whole().get(name);
  }

  has(name: string): boolean {
    return this.#whole().has(name);
  }

  keys(): MapIterator<string> {
    return this.#whole().keys();
  }

  values(): MapIterator<Json> {
    return this.#whole().values();
  }

  entries(): MapIterator<[string, Json]> {
    return this.#whole().entries();
  }

  [Symbol.iterator](): MapIterator<[string, Json]> {
    return this.entries();
  }

  forEach(action: (value: Json, name: string, whole: ReadonlyMap<string, Json>) => void): void {
    this.#whole().forEach(action);
  }

  #whole(): ReadonlyMap<string, Json> {
    const version = this.#hashes() + HASHES.length + HASH_DIGITS + CUSTOM.length;
    return new Map<string, Json>([
      ['length', this.length],
      ['hashes', this.hashes],
      ['custom', new Map([['version', this.text.slice(version, -END.length)]])],
    ]);
  }

  /** Where the comma before the second member stands. */
  #hashes(): number {
    return this.text.indexOf(',');
  }
}

const DIGIT = 1;
const HEX_DIGIT = 2;
/** Printable, and neither JSON nor Go escapes it. */
const PLAIN = 4;

/** What every ASCII character is. */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return (
    (/\d/.test(character) ? DIGIT : 0) |
    (/[\da-f]/.test(character) ? HEX_DIGIT : 0) |
    (/[ !#-%'-;=?-[\]-~]/.test(character) ? PLAIN : 0)
  );
});

/** Where the first character stands that is not of a kind. */
function endOf(text: string, start: number, kind: number): number {
  let end = start;
  while (((KINDS[text.charCodeAt(end)] ?? 0) & kind) !== 0) end++;
  return end;
}
