import type { SignedCode } from '../contract/codes.ts';
import { isRefusal, RefusalError } from '../contract/errors.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import { formatInstant, parseInstant, type Instant } from '../tuf/instant.ts';
import { isArray, isObject, parseJson, type Json } from '../tuf/json.ts';
import { isUsable, parseKey } from '../tuf/key.ts';
import type { Root } from '../tuf/root.ts';
import type { RootChain, RootPin } from '../tuf/root-chain.ts';
import { parseTimestamp, type Timestamp } from '../tuf/timestamp.ts';
import { verified, type Verified } from '../tuf/verify.ts';
import type { Entry, Identity, Journal, KnownSnapshot, Recorded } from './journal.ts';

/** The most bytes that a journal can have: three timestamps and a snapshot's list of roles, escaped. */
export const MAX_JOURNAL_BYTES = 8_000_000;

/** Writes a journal as JSON that a person can read. */
export function encodeJournal(journal: Journal): Uint8Array {
  const { identity, newestRoot, entry, seen, snapshot, badSince } = journal;
  const recorded = ({ timestamp, rootVersion }: Recorded) => ({
    version: timestamp.version,
    sha256: timestamp.sha256,
    rootVersion,
    timestamp: Buffer.from(timestamp.bytes).toString('utf8'),
  });
  const json = {
    format: 1,
    identity: {
      repository: identity.repository,
      place: identity.place,
      pin: { version: identity.pin.version, sha256: identity.pin.sha256 },
      deployment: identity.deployment,
      keys: identity.keys.map(({ json: key }) => plain(key)),
      keyFingerprint: identity.keyFingerprint,
      secretVersion: identity.secretVersion,
    },
    newestRoot: newestRoot && { version: newestRoot.version, sha256: newestRoot.sha256 },
    epoch: journal.epoch,
    floor: journal.floor,
    entry: entry && {
      ...recorded(entry),
      issuedAt: formatInstant(entry.issuedAt),
      code: entry.code,
      replaces: entry.replaces,
      reason: entry.reason,
      by: entry.by,
    },
    seen: seen && { ...recorded(seen), since: formatInstant(seen.since) },
    snapshot: {
      version: snapshot.version,
      sha256: snapshot.sha256,
      meta: Object.fromEntries(
        Array.from(snapshot.meta, ([name, { version, algorithms }]) => [`/${name}`, [version, ...algorithms]]),
      ),
    },
    healDueAt: journal.healDueAt && formatInstant(journal.healDueAt),
    badSince: {
      timestamp: badSince.timestamp && formatInstant(badSince.timestamp),
      snapshot: badSince.snapshot && formatInstant(badSince.snapshot),
      receipt: badSince.receipt && formatInstant(badSince.receipt),
    },
    heals: journal.heals.map(({ cause, at }) => ({ cause, at: formatInstant(at) })),
    probedAt: journal.probedAt && formatInstant(journal.probedAt),
  };
  return Buffer.from(`${JSON.stringify(json, null, 1)}\n`, 'utf8');
}

function plain(json: Json): unknown {
  if (isObject(json)) return Object.fromEntries(Array.from(json, ([key, value]) => [key, plain(value)]));
  return isArray(json) ? json.map(plain) : json;
}

/**
 * The highest version of a timestamp that a journal speaks of, 0 if it cannot be read. Nothing is verified: whoever signs above it loses nothing but numbers.
 */
export function recordedVersion(bytes: Uint8Array): number {
  try {
    const fields = document(bytes);
    const versions = ['entry', 'seen'].map((name) => {
      const recorded = fields.json.get(name);
      const version = isObject(recorded) ? recorded.get('version') : 0;
      return typeof version === 'number' ? version : 0;
    });
    return Math.max(fields.integer('floor'), ...versions);
  } catch (error) {
    if (isRefusal(error)) return 0;
    throw error;
  }
}

/** Nobody but us reads it, so no spelling of a field is another one's. */
const ANY = knownFields();

/**
 * Reads the pin and the name in a journal, before there is a root chain with which the rest can be verified.
 * @throws RefusalError JOURNAL_INVALID
 */
export function parseIdentity(bytes: Uint8Array): Identity {
  return reading(() => identityOf(document(bytes)));
}

/**
 * Reads a journal. The timestamps in it have to verify under the root that they name: whoever can write the state cannot invent one.
 * @param chain - the verified root chain
 * @throws RefusalError JOURNAL_INVALID
 */
export function parseJournal(bytes: Uint8Array, chain: RootChain): Journal {
  return reading(() => {
    const fields = document(bytes);
    const instant = (name: string) => optionalInstant(fields, name);
    const bad = new Fields(fields.object('badSince'), 'badSince', ANY);
    const badInstant = (name: 'timestamp' | 'snapshot' | 'receipt') => {
      const value = optionalInstant(bad, name);
      return value === undefined ? {} : { [name]: value };
    };
    const entry = optionalObject(fields, 'entry');
    const seen = optionalObject(fields, 'seen');
    return {
      identity: identityOf(fields),
      ...(fields.has('newestRoot') ? { newestRoot: pinIn(fields, 'newestRoot') } : {}),
      epoch: fields.integer('epoch'),
      floor: fields.integer('floor'),
      entry: entry && parseEntry(entry, chain),
      seen: seen && { ...parseRecorded(seen, chain), since: parseInstant(seen.string('since'), 'since') },
      snapshot: parseKnownSnapshot(new Fields(fields.object('snapshot'), 'snapshot', ANY)),
      healDueAt: instant('healDueAt'),
      badSince: { ...badInstant('timestamp'), ...badInstant('snapshot'), ...badInstant('receipt') },
      heals: fields.array('heals').map((json) => {
        const heal = new Fields(json, 'heals', ANY);
        return { cause: heal.string('cause'), at: parseInstant(heal.string('at'), 'at') };
      }),
      probedAt: instant('probedAt'),
    };
  });
}

/** Whatever is wrong inside, it is the journal that is invalid: its own codes would send the operator to the repository. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isRefusal(error)) throw new RefusalError('JOURNAL_INVALID', `journal.json cannot be used: ${error.message}`);
    throw error;
  }
}

function document(bytes: Uint8Array): Fields {
  const fields = new Fields(parseJson(bytes, 'journal.json'), 'journal.json', ANY);
  const format = fields.integer('format');
  if (format !== 1) throw new RefusalError('JOURNAL_INVALID', `it has format ${format}; this release knows format 1.`);
  return fields;
}

function identityOf(document: Fields): Identity {
  const fields = new Fields(document.object('identity'), 'identity', ANY);
  return {
    repository: fields.string('repository'),
    place: fields.string('place'),
    pin: pinIn(fields, 'pin'),
    deployment: fields.string('deployment'),
    keys: fields
      .array('keys')
      .map((key) => parseKey(key, 'identity.keys'))
      .filter(isUsable),
    keyFingerprint: fields.has('keyFingerprint') ? fields.string('keyFingerprint') : undefined,
    ...(fields.has('secretVersion') ? { secretVersion: fields.string('secretVersion') } : {}),
  };
}

function pinIn(fields: Fields, name: string): RootPin {
  const pin = new Fields(fields.object(name), name, ANY);
  return { version: pin.integer('version'), sha256: pin.string('sha256') };
}

function parseEntry(fields: Fields, chain: RootChain): Entry {
  return {
    ...parseRecorded(fields, chain),
    issuedAt: parseInstant(fields.string('issuedAt'), 'issuedAt'),
    code: fields.string('code') as SignedCode,
    replaces: fields.has('replaces') ? fields.string('replaces') : undefined,
    reason: fields.has('reason') ? fields.string('reason') : undefined,
    by: fields.string('by'),
  };
}

function parseRecorded(fields: Fields, chain: RootChain): Recorded {
  const rootVersion = fields.integer('rootVersion');
  const root = chain.find(({ version }) => version === rootVersion);
  if (root === undefined)
    throw new RefusalError('JOURNAL_INVALID', `it names root version ${rootVersion}, which is not in the chain.`);
  return { timestamp: verifyTimestamp(Buffer.from(fields.string('timestamp'), 'utf8'), root), rootVersion };
}

/**
 * Parses and verifies a timestamp under one root.
 * @throws RefusalError SIGNATURE_INVALID, THRESHOLD_NOT_MET, and what parseTimestamp throws
 */
export function verifyTimestamp(bytes: Uint8Array, root: Root): Verified<Timestamp> {
  return verified(parseTimestamp(bytes), root.roles.timestamp, root.keys, 'timestamp');
}

function parseKnownSnapshot(fields: Fields): KnownSnapshot {
  const meta = new Map<string, { version: number; algorithms: readonly string[] }>();
  for (const [name, value] of fields.object('meta')) {
    const [version, ...algorithms] = isArray(value) ? value : [];
    if (typeof version !== 'number') throw new RefusalError('JOURNAL_INVALID', 'its list of roles is damaged.');
    meta.set(name.slice(1), { version, algorithms: algorithms.filter((item) => typeof item === 'string') });
  }
  return { version: fields.integer('version'), sha256: fields.string('sha256'), meta };
}

function optionalInstant(fields: Fields, name: string): Instant | undefined {
  return fields.has(name) ? parseInstant(fields.string(name), name) : undefined;
}

function optionalObject(fields: Fields, name: string): Fields | undefined {
  return fields.has(name) ? new Fields(fields.object(name), name, ANY) : undefined;
}
