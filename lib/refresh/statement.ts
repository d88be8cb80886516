import { createHash } from 'node:crypto';
import { isRefusal, RefusalError } from '../contract/errors.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { encodeJson, layoutOf } from '../tuf/encode-json.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { after, formatInstant, type Instant } from '../tuf/instant.ts';
import { isObject, parseJson, type Json, type JsonObject } from '../tuf/json.ts';
import { differs, knownHashes, type MetaFile } from '../tuf/meta-file.ts';
import type { Root } from '../tuf/root.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Verified } from '../tuf/verify.ts';
import { verifyTimestamp } from './journal-file.ts';
import { MAX_VALIDITY, MIN_VALIDITY } from './policy.ts';

/** What is to be said: the statement that is extended, and what is new in it. */
export interface Draft {
  readonly base: Timestamp;
  readonly snapshot: Snapshot;
  readonly version: number;
  readonly expires: Instant;
}

/**
 * E1: what lives too long can be replayed for too long. The policy was checked where it was written, which is not where the key is.
 * @throws RefusalError OWN_OUTPUT_INVALID
 */
export function refuseOddLife({ expires }: Pick<Draft, 'expires'>, now: Instant): void {
  if (expires >= after(now, MIN_VALIDITY) && expires <= after(now, MAX_VALIDITY)) return;
  throw new RefusalError(
    'OWN_OUTPUT_INVALID',
    `The new timestamp.json would expire at ${formatInstant(expires)}; it has to live for between 1 hour and 31 days.`,
  );
}

/**
 * The new `signed`: the fields of the old one in their order, with a new version and expiry, and the snapshot's entry.
 * Fields that we do not know are kept: the signature that was verified covered them.
 */
export function compose({ base, snapshot, version, expires }: Draft): JsonObject {
  const signed = new Map(base.signed);
  signed.set('_type', 'timestamp');
  signed.set('version', version);
  signed.set('expires', formatInstant(expires));
  signed.set('meta', new Map<string, Json>([['snapshot.json', entryFor(snapshot, base.snapshot)]]));
  return signed;
}

/** The entry of the snapshot that is endorsed already stays as it is; one for a newer snapshot gives what the old one gave. */
function entryFor(snapshot: Snapshot, named: MetaFile): JsonObject {
  if (snapshot.version === named.version) return named.json;
  const entry = new Map(named.json);
  entry.set('version', snapshot.version);
  if (named.length !== undefined) entry.set('length', snapshot.bytes.length);
  if (named.hashes.size > 0) {
    const digest = (algorithm: string) => createHash(algorithm).update(snapshot.bytes).digest('hex');
    entry.set('hashes', new Map(knownHashes(named.hashes).map((algorithm) => [algorithm, digest(algorithm)])));
  }
  return entry;
}

/** The bytes that are signed. */
export function messageOf(signed: JsonObject): Uint8Array {
  return canonicalJson(signed);
}

/**
 * The file: the old one's layout and order, with the new `signed` and only the new signatures, in the order of their key ids as go-tuf writes them.
 * @see go-tuf v0.5.2, repo.go (setMeta), sign/sign.go
 */
export function assemble(base: Timestamp, signed: JsonObject, signatures: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const list = Array.from(signatures)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([keyid, bytes]) => new Map<string, Json>([['keyid', keyid], ['sig', Buffer.from(bytes).toString('hex')]])); // prettier-ignore
  const old = parseJson(base.bytes, base.file);
  const names = isObject(old)
    ? Array.from(old.keys()).filter((name) => name === 'signed' || name === 'signatures')
    : [];
  const envelope = new Map<string, Json>(names.map((name) => [name, name === 'signed' ? signed : list]));
  return encodeJson(envelope, layoutOf(base.bytes));
}

/**
 * P1: reads and verifies our own output from the exact bytes that are to be published, as a client would.
 * @throws RefusalError OWN_OUTPUT_INVALID, OUTPUT_TOO_LARGE
 */
export function verifyOwnOutput(
  bytes: Uint8Array,
  root: Root,
  { snapshot, version, expires }: Draft,
): Verified<Timestamp> {
  if (bytes.length > MAX_BYTES.timestamp) {
    throw new RefusalError(
      'OUTPUT_TOO_LARGE',
      `The new timestamp.json has ${bytes.length} bytes; clients read at most ${MAX_BYTES.timestamp}.`,
    );
  }
  const timestamp = readBack(bytes, root);
  const difference = differs(snapshot.bytes, timestamp.snapshot);
  if (
    timestamp.version !== version ||
    timestamp.expires !== expires ||
    timestamp.snapshot.version !== snapshot.version ||
    difference !== undefined
  ) {
    throw new RefusalError('OWN_OUTPUT_INVALID', 'The new timestamp.json does not say what it was to say.');
  }
  return timestamp;
}

function readBack(bytes: Uint8Array, root: Root): Verified<Timestamp> {
  try {
    return verifyTimestamp(bytes, root);
  } catch (error) {
    if (isRefusal(error))
      throw new RefusalError('OWN_OUTPUT_INVALID', `The new timestamp.json does not verify: ${error.message}`);
    throw error;
  }
}
