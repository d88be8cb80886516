import { FINDINGS, type FindingCode } from '../contract/findings.ts';
import { RefusalError } from '../contract/errors.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import { formatInstant, parseInstant, type Instant } from '../tuf/instant.ts';
import { parseJson, type Json } from '../tuf/json.ts';
import { isPinned, verifyChain, type RootPin } from '../tuf/root-chain.ts';
import { parseSnapshot } from '../tuf/snapshot.ts';
import { parseTimestamp } from '../tuf/timestamp.ts';
import type { Memory } from './memory.ts';

/** The most bytes that a memory can have: a century of roots, a snapshot, and a line for each role. */
export const MAX_MEMORY_BYTES = 80 * 1_024 * 1_024;

/** Writes a memory as JSON that a person can read. */
export function encodeMemory(memory: Memory): Uint8Array {
  const { pin, begunAt, lostAt, roots, timestamp, snapshot, targets, findings } = memory;
  const json = {
    format: 1,
    pin: { version: pin.version, sha256: pin.sha256 },
    begunAt: formatInstant(begunAt),
    lostAt: lostAt && formatInstant(lostAt),
    roots: roots.map(textOf),
    timestamp: timestamp && { since: formatInstant(timestamp.since), bytes: textOf(timestamp.bytes) },
    snapshot: snapshot && textOf(snapshot),
    targets: Array.from(targets, ([name, { version, sha256 }]) => ({ name, version, sha256 })),
    findings: Array.from(findings, ([code, since]) => ({ code, since: formatInstant(since) })),
  };
  return Buffer.from(`${JSON.stringify(json, null, 1)}\n`, 'utf8');
}

/** What is kept was verified, and a verified file is UTF-8. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

const MEMORY = knownFields('format', 'pin', 'begunAt', 'lostAt', 'roots', 'timestamp', 'snapshot', 'targets', 'findings'); // prettier-ignore
const ANY = knownFields();

/**
 * Reads a memory. Its roots have to hold from the pinned one on; whether its timestamp and snapshot still count, a client judges.
 * @param pin - the one of the configuration: it may have moved on along the chain
 * @throws RefusalError for a memory that is damaged, or of another pin
 */
export function parseMemory(bytes: Uint8Array, pin: RootPin): Memory {
  const fields = new Fields(parseJson(bytes, 'memory.json'), 'memory.json', MEMORY);
  const format = fields.integer('format');
  if (format !== 1)
    throw new RefusalError('MISSING_FIELD', `memory.json has format ${format}; this release knows format 1.`);
  const first = parsePin(fields.object('pin'));
  const all = fields.strings('roots').map(bytesOf);
  const chain = verifyChain(all, first);
  const at = chain.findIndex(({ version, bytes }) => version === pin.version && isPinned(bytes, pin));
  if (at === -1)
    throw new RefusalError('ROOT_PIN_MISMATCH', `memory.json does not hold the pinned root, version ${pin.version}.`);
  return {
    pin,
    begunAt: instant(fields, 'begunAt'),
    lostAt: fields.has('lostAt') ? instant(fields, 'lostAt') : undefined,
    roots: all.slice(at),
    timestamp: fields.has('timestamp') ? parseNewest(fields.object('timestamp')) : undefined,
    snapshot: fields.has('snapshot') ? parsable(bytesOf(fields.string('snapshot')), parseSnapshot) : undefined,
    targets: new Map(fields.array('targets').map(parseTargetsRole)),
    findings: new Map(fields.array('findings').flatMap(parseFinding)),
  };
}

function parsePin(json: Json): RootPin {
  const fields = new Fields(json, 'memory.json: pin', ANY);
  return { version: fields.integer('version'), sha256: fields.string('sha256') };
}

function parseNewest(json: Json): NonNullable<Memory['timestamp']> {
  const fields = new Fields(json, 'memory.json: timestamp', ANY);
  return { bytes: parsable(bytesOf(fields.string('bytes')), parseTimestamp), since: instant(fields, 'since') };
}

/** A file that cannot be read was not kept by us: a client would take it for absent, and forget. */
function parsable(bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): Uint8Array {
  parse(bytes);
  return bytes;
}

function parseTargetsRole(json: Json): readonly [string, { readonly version: number; readonly sha256: string }] {
  const fields = new Fields(json, 'memory.json: targets', ANY);
  return [fields.string('name'), { version: fields.integer('version'), sha256: fields.string('sha256') }];
}

/** A code that this release does not know any more is forgotten. */
function parseFinding(json: Json): readonly (readonly [FindingCode, Instant])[] {
  const fields = new Fields(json, 'memory.json: findings', ANY);
  const code = fields.string('code');
  return isFinding(code) ? [[code, instant(fields, 'since')]] : [];
}

function isFinding(code: string): code is FindingCode {
  return Object.hasOwn(FINDINGS, code);
}

function instant(fields: Fields, name: string): Instant {
  return parseInstant(fields.string(name), fields.path(name));
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
