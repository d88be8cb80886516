import { createHash } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { canonicalJson } from './canonical-json.ts';
import { Fields, knownFields, parseHex } from './fields.ts';
import { parseInstant, type Instant } from './instant.ts';
import { parseJson, type Json, type JsonObject } from './json.ts';

/** The roles that every repository has, and the one type that delegations have too. */
export type RoleType = 'root' | 'timestamp' | 'snapshot' | 'targets';

/** One signature as it stands in a file. */
export interface Signature {
  readonly keyid: string;
  readonly bytes: Uint8Array;
}

/** What every role's metadata has, whatever is in it. Nothing is verified yet. */
export interface Metadata {
  /** The file's name, for messages. */
  readonly file: string;
  /** The exact bytes. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, in hexadecimal digits. */
  readonly sha256: string;
  readonly signed: JsonObject;
  readonly signatures: readonly Signature[];
  readonly specVersion: string;
  readonly version: number;
  readonly expires: Instant;
  /** `_type` is written with a capital, as very old go-tuf did. */
  readonly isCapitalised: boolean;
}

/** The largest file of each role that is read, in bytes after decoding. */
export const MAX_BYTES = {
  root: 512_000, // go-tuf's client reads no larger one
  timestamp: 16_384, // the same
  snapshot: 2_000_000, // tuf-js reads no larger one
  targets: 64 * 1_024 * 1_024,
} as const satisfies Record<RoleType, number>;

const MAX_SIGNATURES = 4_096;

const ENVELOPE = knownFields('signed', 'signatures');
const SIGNATURE = knownFields('keyid', 'sig');
const COMMON = ['_type', 'spec_version', 'version', 'expires'] as const;

/** The fields of `signed`: those that all roles have, and the role's own. */
export const signedFields = (...own: readonly string[]) => knownFields(...COMMON, ...own);

/**
 * Reads what all roles have in common.
 * @param bytes - the exact bytes of the file
 * @param file - its name, for messages
 * @param known - the fields of `signed`, from {@link signedFields}
 * @returns the metadata, and a reader for the role's own fields
 * @throws RefusalError TOO_LARGE, MISSING_FIELD, AMBIGUOUS_FIELD, REPEATED_KEYID, BAD_HEX, BAD_SPEC_VERSION, BAD_VERSION, BAD_DATE, and what parseJson throws
 * @see TUF specification, section 4.2.1
 */
export function parseMetadata(
  bytes: Uint8Array,
  file: string,
  type: RoleType,
  known: ReturnType<typeof knownFields>,
): { readonly metadata: Metadata; readonly fields: Fields } {
  if (bytes.length > MAX_BYTES[type]) {
    throw new RefusalError('TOO_LARGE', `${file} has ${bytes.length} bytes; a ${type} may have ${MAX_BYTES[type]}.`);
  }
  const envelope = new Fields(parseJson(bytes, file), file, ENVELOPE);
  const fields = new Fields(envelope.object('signed'), `${file}: signed`, known);
  const found = fields.string('_type');
  if (found.toLowerCase() !== type) {
    throw new RefusalError('MISSING_FIELD', `${fields.path('_type')} is ${quote(found)}, not "${type}".`);
  }
  const metadata: Metadata = {
    file,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    signed: fields.json,
    signatures: parseSignatures(envelope.array('signatures'), file),
    specVersion: parseSpecVersion(fields),
    version: parseVersion(fields),
    expires: parseInstant(fields.string('expires'), fields.path('expires')),
    isCapitalised: found !== type,
  };
  return { metadata, fields };
}

/** The bytes that the signatures cover. */
export function signedBytes(metadata: Metadata): Uint8Array {
  return canonicalJson(metadata.signed);
}

/**
 * A version: 1 or more.
 * @throws RefusalError MISSING_FIELD, BAD_VERSION
 * @see TUF specification, section 4.3
 */
export function parseVersion(fields: Fields): number {
  const version = fields.integer('version');
  if (version < 1)
    throw new RefusalError('BAD_VERSION', `${fields.path('version')} is ${version}; versions begin with 1.`);
  return version;
}

/** @see TUF specification, section 4.3; go-tuf writes "1.0", others three numbers */
function parseSpecVersion(fields: Fields): string {
  const version = fields.has('spec_version') ? fields.string('spec_version') : '';
  if (!/^1(\.\d{1,9}){1,2}$/.test(version)) {
    throw new RefusalError(
      'BAD_SPEC_VERSION',
      `${fields.path('spec_version')} is ${quote(version)}; only version 1 of the specification is known here.`,
    );
  }
  return version;
}

function parseSignatures(list: readonly Json[], file: string): readonly Signature[] {
  if (list.length > MAX_SIGNATURES)
    throw new RefusalError('TOO_LARGE', `${file} has more than ${MAX_SIGNATURES} signatures.`);
  const seen = new Set<string>();
  return list.map((item, index) => {
    const where = `${file}: signatures[${index}]`;
    const signature = new Fields(item, where, SIGNATURE);
    const keyid = signature.string('keyid');
    if (seen.has(keyid))
      throw new RefusalError('REPEATED_KEYID', `${file} has two signatures with the key id ${quote(keyid)}.`);
    seen.add(keyid);
    return { keyid, bytes: parseHex(signature.string('sig'), `${where}.sig`) };
  });
}
