import { RefusalError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { isArray, isObject, type Json, type JsonObject } from './json.ts';

/** The fields of one object that a client reads: their names, and the names folded as Go folds them. */
export interface KnownFields {
  readonly names: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
}

/** Declares the fields that clients read of an object. */
export function knownFields(...names: readonly string[]): KnownFields {
  return { names: new Set(names), folded: new Set(names.map(fold)) };
}

/** Go matches field names without regard to case, and reads U+017F as s and U+212A as k. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's').replaceAll('\u212a', 'k');
}

/** Reads typed fields from one JSON object, and names file and field when one is missing or of another type. */
export class Fields {
  readonly json: JsonObject;
  private readonly where: string;

  /**
   * @param where - the file and the object in it, for messages: `timestamp.json: signed`
   * @throws RefusalError MISSING_FIELD for anything but an object; AMBIGUOUS_FIELD for a key that go-tuf would take for a known one
   */
  constructor(json: Json | undefined, where: string, known: KnownFields) {
    if (!isObject(json)) throw new RefusalError('MISSING_FIELD', `${where} is not an object.`);
    for (const key of json.keys()) {
      if (!known.names.has(key) && known.folded.has(fold(key))) {
        throw new RefusalError(
          'AMBIGUOUS_FIELD',
          `${where} has a field ${quote(key)}, which some clients read as ${quote(fold(key))}.`,
        );
      }
    }
    this.json = json;
    this.where = where;
  }

  /** Where a field stands, for messages. */
  path(name: string): string {
    return `${this.where}.${printable(name)}`;
  }

  has(name: string): boolean {
    return this.json.has(name);
  }

  string(name: string): string {
    const value = this.json.get(name);
    return typeof value === 'string' ? value : this.missing(name, 'a text');
  }

  integer(name: string): number {
    const value = this.json.get(name);
    return typeof value === 'number' ? value : this.missing(name, 'a number');
  }

  boolean(name: string): boolean {
    const value = this.json.get(name);
    return typeof value === 'boolean' ? value : this.missing(name, 'true or false');
  }

  object(name: string): JsonObject {
    const value = this.json.get(name);
    return isObject(value) ? value : this.missing(name, 'an object');
  }

  array(name: string): readonly Json[] {
    const value = this.json.get(name);
    return isArray(value) ? value : this.missing(name, 'a list');
  }

  strings(name: string): readonly string[] {
    const texts = this.array(name).filter((item) => typeof item === 'string');
    return texts.length === this.array(name).length ? texts : this.missing(name, 'a list of texts');
  }

  private missing(name: string, wanted: string): never {
    const found = this.json.has(name) ? 'is not' : 'is missing; it has to be';
    throw new RefusalError('MISSING_FIELD', `${this.path(name)} ${found} ${wanted}.`);
  }
}

/**
 * Checks hexadecimal digits.
 * @param digits - how many there have to be; undefined for any even number
 * @throws RefusalError BAD_HEX
 */
export function parseHex(text: string, where: string, digits?: number): Uint8Array {
  const fits = digits === undefined ? text.length % 2 === 0 : text.length === digits;
  if (!fits || !/^[\da-fA-F]*$/.test(text)) {
    throw new RefusalError('BAD_HEX', `${where} is not ${digits ?? 'an even number of'} hexadecimal digits.`);
  }
  return Buffer.from(text, 'hex');
}
