import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sealKeyFile } from '../keys/key-file.ts';
import { newEd25519Key, type PrivateKey } from '../keys/private-key.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { encodeJson } from '../tuf/encode-json.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { after, days, formatInstant, type Instant, type Seconds } from '../tuf/instant.ts';
import type { Json, JsonObject } from '../tuf/json.ts';
import { keyId } from '../tuf/key-id.ts';
import { newFolder } from './new-folder.ts';

/** How long the first metadata lives, as fleetctl has it. */
export const VALIDITY = {
  root: days(3_650),
  targets: days(1_095),
  snapshot: days(1_095),
  timestamp: days(14),
} as const satisfies Record<RoleType, Seconds>;

/** What a new repository is made with. */
export interface NewRepository {
  /** The passphrase of each role's key file, as UTF-8 bytes; undefined for a plain file. */
  readonly passphrases: Readonly<Record<RoleType, Uint8Array | undefined>>;
  /** How long the first timestamp lives. @defaultValue 14 days */
  readonly timestampValidity?: Seconds;
}

/** By role. */
export type KeyIds = Readonly<Record<RoleType, string>>;

/** In the order in which go-tuf lists roles: a Go map is written sorted. */
const ROLES = ['root', 'snapshot', 'targets', 'timestamp'] as const satisfies readonly RoleType[];

interface RoleKey {
  readonly id: string;
  readonly key: PrivateKey;
}

/**
 * Makes a repository without targets in a new folder, in the layout and to the byte as `fleetctl updates init` does. Whole or not at all.
 * @returns the new keys' ids
 * @throws UsageError if the folder is there and not empty, or a passphrase is empty
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 * @see go-tuf v0.5.2, repo.go (Init, GenKey, Sign, AddTargets, Snapshot, Timestamp, Commit)
 */
export function initRepository(folder: string, wanted: NewRepository, now: Instant): Promise<KeyIds> {
  return newFolder(folder, (unfinished) => fillRepository(unfinished, wanted, now));
}

/** The same in a folder that is there, for whoever puts more into it. Nothing is looked for and nothing undone. */
export async function fillRepository(folder: string, wanted: NewRepository, now: Instant): Promise<KeyIds> {
  const keys = { root: newKey(), snapshot: newKey(), targets: newKey(), timestamp: newKey() };
  const keyFiles = await Promise.all(
    ROLES.map(async (role) => [role, await sealKeyFile([keys[role].key], wanted.passphrases[role])] as const),
  );
  const metadata = await firstMetadata(keys, { ...VALIDITY, timestamp: wanted.timestampValidity ?? VALIDITY.timestamp }, now); // prettier-ignore

  for (const path of ['keys', 'repository', join('staged', 'targets')]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  for (const [role, bytes] of keyFiles) writeFile(join(folder, 'keys', `${role}.json`), bytes, 0o600);
  for (const [name, bytes] of metadata) writeFile(join(folder, 'repository', name), bytes, 0o644);
  return { root: keys.root.id, snapshot: keys.snapshot.id, targets: keys.targets.id, timestamp: keys.timestamp.id };
}

function newKey(): RoleKey {
  const key = newEd25519Key();
  return { id: keyId(key.publicKey.json), key };
}

async function firstMetadata(
  keys: Readonly<Record<RoleType, RoleKey>>,
  validity: Readonly<Record<RoleType, Seconds>>,
  now: Instant,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const sign = (role: RoleType, ...own: readonly Member[]): Promise<Uint8Array> =>
    signedFile(keys[role], [...head(role, after(now, validity[role])), ...own]);

  const listed = Array.from(Object.values(keys)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const root = await sign(
    'root',
    ['keys', new Map(listed.map(({ id, key }) => [id, key.publicKey.json]))],
    ['roles', new Map(ROLES.map((role) => [role, new Map<string, Json>([['keyids', [keys[role].id]], ['threshold', 1]])]))], // prettier-ignore
    ['consistent_snapshot', false],
  );
  const targets = await sign('targets', ['targets', new Map()]);
  const snapshot = await sign('snapshot', ['meta', new Map([['targets.json', entryFor(targets)]])]);
  const timestamp = await sign('timestamp', ['meta', new Map([['snapshot.json', entryFor(snapshot)]])]);
  return new Map([
    ['1.root.json', root],
    ['root.json', root],
    ['targets.json', targets],
    ['snapshot.json', snapshot],
    ['timestamp.json', timestamp],
  ]);
}

type Member = readonly [name: string, value: Json];

function head(role: RoleType, expires: Instant): readonly Member[] {
  return [
    ['_type', role],
    ['spec_version', '1.0'],
    ['version', 1],
    ['expires', formatInstant(expires)],
  ];
}

async function signedFile({ id, key }: RoleKey, members: readonly Member[]): Promise<Uint8Array> {
  const signed: JsonObject = new Map(members);
  const sig = Buffer.from(await key.sign(canonicalJson(signed))).toString('hex');
  const signatures = [new Map([['keyid', id], ['sig', sig]])]; // prettier-ignore
  return encodeJson(new Map<string, Json>([['signed', signed], ['signatures', signatures]])); // prettier-ignore
}

function entryFor(file: Uint8Array): JsonObject {
  const sha512 = createHash('sha512').update(file).digest('hex');
  return new Map<string, Json>([
    ['length', file.length],
    ['hashes', new Map([['sha512', sha512]])],
    ['version', 1],
  ]);
}

/** Flushed: a key that a power cut takes away is a repository that nobody can ever sign again. */
function writeFile(path: string, bytes: Uint8Array, mode: number): void {
  writeFileSync(path, bytes, { mode, flag: 'wx', flush: true });
}
