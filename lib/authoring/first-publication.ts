import { sealKeyFile } from '../keys/key-file.ts';
import { newEd25519Key } from '../keys/private-key.ts';
import type { Random } from '../keys/random.ts';
import type { Signer } from '../keys/signer.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { after, formatInstant, type Instant } from '../tuf/instant.ts';
import type { Json, JsonObject } from '../tuf/json.ts';
import { keyId } from '../tuf/key-id.ts';
import { entryFor, type Publication } from './publication.ts';
import { signedFile } from './signed-file.ts';
import type { SigningKey } from './signing-key.ts';
import type { Validity } from './validity.ts';

/** By role. */
export type ByRole<T> = Readonly<Record<RoleType, T>>;

/** The roles in the order in which fleetctl makes and checks their keys. */
export const ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const satisfies readonly RoleType[];

/** What a new repository is made with. */
export interface FirstRepository {
  /** The passphrase of each role's key file, as UTF-8 bytes; undefined for a plain file. */
  readonly passphrases: ByRole<Uint8Array | undefined>;
  readonly validity: Validity;
  readonly consistentSnapshots: boolean;
  /** Asked, role after role, for a seed, a salt and a nonce, as go-tuf does. */
  readonly random: Random;
}

/** A new repository, as bytes. */
export interface MadeRepository {
  readonly keyIds: ByRole<string>;
  readonly keyFiles: ByRole<Uint8Array>;
  readonly publication: Publication;
}

/**
 * Makes a repository without targets: keys, and version 1 of everything.
 * @throws UsageError if a passphrase is empty
 * @see go-tuf v0.5.2, repo.go (Init, GenKey, Sign, AddTargets, Snapshot, Timestamp, Commit)
 */
export async function makeRepository(wanted: FirstRepository, now: Instant): Promise<MadeRepository> {
  const made = ROLES.map((role) => {
    const key = newEd25519Key(wanted.random);
    return { role, key, file: sealKeyFile([key], wanted.passphrases[role], wanted.random) }; // sealed side by side
  });
  const [root, targets, snapshot, timestamp] = await Promise.all(
    made.map(async ({ key, file }) => ({ id: keyId(key.publicKey.json), key, file: await file })),
  );
  if (!root || !targets || !snapshot || !timestamp) throw new RangeError('There are four roles.');
  const all = { root, targets, snapshot, timestamp };
  const each = <T>(of: (made: (typeof all)['root']) => T): ByRole<T> => ({
    root: of(root),
    targets: of(targets),
    snapshot: of(snapshot),
    timestamp: of(timestamp),
  });
  return {
    keyIds: each(({ id }) => id),
    keyFiles: each(({ file }) => file),
    publication: await firstPublication(all, wanted, now),
  };
}

/** In the order in which go-tuf lists roles: a Go map is written sorted. */
const LISTED = ['root', 'snapshot', 'targets', 'timestamp'] as const satisfies readonly RoleType[];

async function firstPublication(
  keys: ByRole<SigningKey>,
  { validity, consistentSnapshots }: Pick<FirstRepository, 'validity' | 'consistentSnapshots'>,
  now: Instant,
): Promise<Publication> {
  const sign = (role: RoleType, ...own: readonly Member[]): Promise<Uint8Array> =>
    signedFile(new Map([...head(role, after(now, validity[role])), ...own]), [keys[role]]);

  const byId = Object.values(keys).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const root = await sign(
    'root',
    ['keys', new Map(byId.map(({ id, key }) => [id, publicJson(key)]))],
    ['roles', new Map(LISTED.map((role) => [role, new Map<string, Json>([['keyids', [keys[role].id]], ['threshold', 1]])]))], // prettier-ignore
    ['consistent_snapshot', consistentSnapshots],
  );
  const targets = await sign('targets', ['targets', new Map()]);
  const snapshot = await sign('snapshot', ['meta', new Map([['targets.json', entryFor(targets, 1)]])]);
  const timestamp = await sign('timestamp', ['meta', new Map([['snapshot.json', entryFor(snapshot, 1)]])]);
  const numbered = (name: string, bytes: Uint8Array): [string, Uint8Array][] =>
    consistentSnapshots ? [[`1.${name}`, bytes], [name, bytes]] : [[name, bytes]]; // prettier-ignore
  return new Map([
    ['1.root.json', root],
    ['root.json', root],
    ...numbered('targets.json', targets),
    ...numbered('snapshot.json', snapshot),
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

function publicJson({ publicKey }: Signer): JsonObject {
  return publicKey.json;
}
