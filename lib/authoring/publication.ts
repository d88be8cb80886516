import { createHash } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import { refreshClient } from '../tuf/client.ts';
import type { Metadata } from '../tuf/envelope.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import type { Json, JsonObject } from '../tuf/json.ts';
import { knownHashes, type MetaFile } from '../tuf/meta-file.ts';
import { parseRoot, type Root } from '../tuf/root.ts';
import type { Published, ReadFile } from './published.ts';
import { signedFile } from './signed-file.ts';
import { signersOf, type LocalKeys } from './signing-key.ts';
import { livesUntil, type Validity } from './validity.ts';

/** The files of `repository/` that a command writes, by name, in the order in which they are to be published. */
export type Publication = ReadonlyMap<string, Uint8Array>;

/** With what a command signs. */
export interface Signing {
  readonly keys: LocalKeys;
  readonly validity: Validity;
  /** The command's one clock reading. */
  readonly now: Instant;
  /** A version that the next timestamp must be above, although it was not published. */
  readonly timestampFloor: number;
}

/** What a command changes besides versions and expiries. */
export interface Changes {
  /** The next root, if there is one. */
  readonly root?: Uint8Array;
  /** `targets` of targets.json; left as it is if not given. */
  readonly listed?: JsonObject;
}

/**
 * The next targets.json, snapshot.json and timestamp.json, after the next root where there is one.
 * @throws RefusalError KEY_NOT_IN_ROOT, VERSION_EXHAUSTED
 */
export async function nextPublication(
  published: Published,
  { root, listed }: Changes,
  signing: Signing,
  read: ReadFile,
): Promise<Publication> {
  const rules = root === undefined ? published.root : parseRoot(root);
  const files = new Map<string, Uint8Array>();
  if (root !== undefined) files.set(`${rules.version}.root.json`, root).set('root.json', root);

  const { targets } = published;
  const nextTargets = next(targets, 'targets', signing, listed === undefined ? [] : [['targets', listed]]);
  const targetsFile = await sign('targets', nextTargets, targets, rules, signing);
  for (const name of namesOf('targets.json', nextTargets, rules, read)) files.set(name, targetsFile);
  const named = { bytes: targetsFile, version: versionOf(nextTargets) };
  return new Map([...files, ...(await nextSnapshot(published, rules, named, signing, read))]);
}

/**
 * The next snapshot.json and timestamp.json, over a targets.json.
 * @param rules - the root under which they are signed
 * @throws RefusalError KEY_NOT_IN_ROOT, VERSION_EXHAUSTED
 */
export async function nextSnapshot(
  published: Published,
  rules: Root,
  targets: Pick<Metadata, 'bytes' | 'version'>,
  signing: Signing,
  read: ReadFile,
): Promise<Publication> {
  const files = new Map<string, Uint8Array>();
  const { snapshot } = published;
  const meta = new Map<string, Json>(Array.from(snapshot.meta, ([name, { json }]) => [name, json]));
  meta.set('targets.json', entryFor(targets.bytes, targets.version, snapshot.meta.get('targets.json')));
  const signed = next(snapshot, 'snapshot', signing, [['meta', meta]]);
  const file = await sign('snapshot', signed, snapshot, rules, signing);
  for (const name of namesOf('snapshot.json', signed, rules, read)) files.set(name, file);
  return files.set('timestamp.json', await nextTimestamp(published, rules, file, versionOf(signed), signing));
}

/**
 * The next timestamp.json, over a snapshot.
 * @param rules - the root under which it is signed
 * @throws RefusalError KEY_NOT_IN_ROOT, VERSION_EXHAUSTED
 */
export async function nextTimestamp(
  { timestamp }: Pick<Published, 'timestamp'>,
  rules: Root,
  snapshot: Uint8Array,
  snapshotVersion: number,
  signing: Signing,
): Promise<Uint8Array> {
  const entry = entryFor(snapshot, snapshotVersion, timestamp.snapshot);
  const floor = Math.max(timestamp.version, signing.timestampFloor);
  const signed = next({ ...timestamp, version: floor }, 'timestamp', signing, [
    ['meta', new Map([['snapshot.json', entry]])],
  ]);
  return sign('timestamp', signed, timestamp, rules, signing);
}

/**
 * Updates from what a command is about to publish as a client does that knows what is published now: it reads every new file, and sees what would go back.
 * A targets.json that stays was verified before. One of more than 4 MiB is not read again: its signatures were
 * verified when they were made, and reading 100,000 targets takes longer than all the rest.
 * @param published - undefined if nothing is yet
 * @throws RefusalError - as a client does
 */
export function checkPublication(
  published: Published | undefined,
  publication: Publication,
  read: ReadFile,
  now: Instant,
): void {
  const { root, timestamp, snapshot } = published ?? {};
  const memory = new Map<string, Uint8Array>();
  for (const metadata of [root, timestamp, snapshot]) {
    if (metadata !== undefined) memory.set(metadata.file, metadata.bytes);
  }
  if (published === undefined) memory.set('root.json', publication.get('root.json') ?? new Uint8Array());

  const steps = refreshClient(memory, now);
  for (let step = steps.next(); step.done !== true;) {
    const { value } = step;
    const name = value.do === 'fetch' ? value.file : value.name;
    const bytes = publication.get(name);
    if (value.do === 'fetch' && /(^|\.)targets\.json$/.test(name)) {
      if (bytes === undefined) return;
      if (bytes.length > READ_AGAIN) {
        refuseLonger(bytes, value.maxBytes, name);
        return;
      }
    } else if (value.do === 'store' && name === 'targets.json') {
      return; // what it delegates to others sign, whose dates are not ours; who lists a target here need not ask them
    }
    step = steps.next(value.do === 'fetch' ? (bytes ?? read(name, value.maxBytes)) : undefined);
  }
}

const READ_AGAIN = 4 * 1_024 * 1_024; // bytes; 20,000 targets, read in a fifth of a second

/** The length that the snapshot names is all that a client reads. */
function refuseLonger(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length <= length) return;
  throw new RefusalError('OWN_OUTPUT_INVALID', `The new ${name} is not the one that the new snapshot names.`);
}

/** In a repository with consistent snapshots clients read the numbered file; the plain one is go-tuf's own, and is kept where it is. */
function namesOf(file: string, signed: JsonObject, { consistentSnapshot }: Root, read: ReadFile): readonly string[] {
  if (!consistentSnapshot) return [file];
  const numbered = `${versionOf(signed)}.${file}`;
  if (read(numbered, Infinity) !== undefined) {
    throw new RefusalError(
      'PUBLISHED_MEANWHILE',
      `${numbered} is there already, and timestamp.json does not lead to it: somebody else publishes, or the signer has not signed over it yet.`,
    );
  }
  return read(file, Infinity) === undefined ? [numbered] : [numbered, file];
}

const MAX_VERSION = Number.MAX_SAFE_INTEGER - 2 ** 20; // as for a re-sign: clients count exactly up to there

function next(
  old: Metadata,
  role: 'targets' | 'snapshot' | 'timestamp',
  { validity, now }: Signing,
  own: readonly (readonly [string, Json])[],
): JsonObject {
  if (old.version >= MAX_VERSION) {
    throw new RefusalError(
      'VERSION_EXHAUSTED',
      `${old.file} has version ${old.version}; no higher one can be written exactly.`,
    );
  }
  const signed = new Map(old.signed);
  signed.set('_type', role);
  signed.set('version', old.version + 1);
  signed.set('expires', formatInstant(livesUntil(role, now, validity[role])));
  for (const [name, value] of own) signed.set(name, value);
  return signed;
}

function sign(
  role: 'targets' | 'snapshot' | 'timestamp',
  signed: JsonObject,
  old: Metadata,
  rules: Root,
  { keys }: Signing,
): Promise<Uint8Array> {
  return signedFile(signed, signersOf(role, rules, keys), old.bytes);
}

function versionOf(signed: JsonObject): number {
  return signed.get('version') as number;
}

/** How a file is named by the one above it: with what the entry before it gave (go-tuf: length, SHA-512, version). */
export function entryFor(file: Uint8Array, version: number, like?: MetaFile): JsonObject {
  const entry = new Map<string, Json>(like?.json);
  const algorithms = like === undefined ? ['sha512'] : knownHashes(like.hashes);
  if (like === undefined || like.length !== undefined) entry.set('length', file.length);
  if (algorithms.length > 0) {
    entry.set('hashes', new Map(algorithms.map((algorithm) => [algorithm, digest(algorithm, file)])));
  }
  return entry.set('version', version);
}

function digest(algorithm: string, file: Uint8Array): string {
  return createHash(algorithm).update(file).digest('hex');
}
