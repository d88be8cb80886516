import { createHash } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { parseVersion } from './envelope.ts';
import { Fields, knownFields } from './fields.ts';
import type { Json, JsonObject } from './json.ts';

/** The hashes by which a file is named, in lower-case hexadecimal digits: name of the algorithm to digest. */
export type Hashes = ReadonlyMap<string, string>;

/** How a timestamp names a snapshot, or a snapshot a targets role. Length and hashes may be left out. */
export interface MetaFile {
  readonly version: number;
  readonly length: number | undefined;
  readonly hashes: Hashes;
  readonly json: JsonObject;
}

const META_FILE = knownFields('version', 'length', 'hashes');
const DIGITS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha512', 128],
]);

/**
 * Reads one entry of `meta`.
 * @throws RefusalError MISSING_FIELD, AMBIGUOUS_FIELD, BAD_VERSION, BAD_HEX, NO_KNOWN_HASH
 * @see TUF specification, section 4.4
 */
export function parseMetaFile(json: Json, where: string): MetaFile {
  const fields = new Fields(json, where, META_FILE);
  return {
    version: parseVersion(fields),
    length: fields.has('length') ? parseLength(fields) : undefined,
    hashes: fields.has('hashes') ? parseHashes(fields) : new Map<string, string>(),
    json: fields.json,
  };
}

/**
 * A length in bytes.
 * @throws RefusalError MISSING_FIELD
 */
export function parseLength(fields: Fields): number {
  const length = fields.integer('length');
  if (length < 0) throw new RefusalError('MISSING_FIELD', `${fields.path('length')} is negative.`);
  return length;
}

/**
 * Hashes, of which at least one has to be an algorithm that we can check.
 * @throws RefusalError MISSING_FIELD, BAD_HEX (clients differ on upper case), NO_KNOWN_HASH
 */
function parseHashes(fields: Fields): Hashes {
  const hashes = parseDigests(fields);
  if (!knownHashes(hashes).length)
    throw new RefusalError('NO_KNOWN_HASH', `${fields.path('hashes')} has neither sha256 nor sha512.`);
  return hashes;
}

/**
 * Hashes of whatever algorithms, at least one.
 * @throws RefusalError MISSING_FIELD, BAD_HEX, NO_KNOWN_HASH for none at all
 */
export function parseDigests(fields: Fields): Hashes {
  const hashes = new Map<string, string>();
  for (const [algorithm, digest] of fields.object('hashes')) {
    const digits = DIGITS.get(algorithm);
    const where = fields.path('hashes');
    if (
      typeof digest !== 'string' ||
      !/^(?:[\da-f]{2})+$/.test(digest) ||
      (digits !== undefined && digest.length !== digits)
    ) {
      throw new RefusalError(
        'BAD_HEX',
        `${where} has no proper digest for ${quote(algorithm)} (lower-case hexadecimal digits).`,
      );
    }
    hashes.set(algorithm, digest);
  }
  if (hashes.size === 0) throw new RefusalError('NO_KNOWN_HASH', `${fields.path('hashes')} is empty.`);
  return hashes;
}

/** The algorithms that can be checked. */
export function knownHashes(hashes: Hashes): readonly string[] {
  return Array.from(hashes.keys()).filter((algorithm) => DIGITS.has(algorithm));
}

/**
 * How a file differs from its entry: in length or in one of the hashes. The version is judged elsewhere, after parsing.
 * @returns a sentence part, or undefined if the bytes are the ones that are named
 * @see TUF specification, section 5.5.2
 */
export function differs(bytes: Uint8Array, entry: Pick<MetaFile, 'length' | 'hashes'>): string | undefined {
  if (entry.length !== undefined && entry.length !== bytes.length)
    return `has ${bytes.length} bytes, not ${entry.length}`;
  for (const algorithm of knownHashes(entry.hashes)) {
    const found = createHash(algorithm).update(bytes).digest('hex');
    if (found !== entry.hashes.get(algorithm)) return `has another ${algorithm} hash`;
  }
  return undefined;
}

/** Whether two entries can name the same bytes: the same version, and no length or hash that both give differs. */
export function agrees(one: MetaFile, other: MetaFile): boolean {
  if (one.version !== other.version) return false;
  if (one.length !== undefined && other.length !== undefined && one.length !== other.length) return false;
  return knownHashes(one.hashes).every(
    (algorithm) => (other.hashes.get(algorithm) ?? one.hashes.get(algorithm)) === one.hashes.get(algorithm),
  );
}
