import { RefusalError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { parseMetadata, signedFields, type Metadata } from './envelope.ts';
import { Fields, knownFields } from './fields.ts';
import type { Json, JsonObject } from './json.ts';
import { parseDigests, parseLength, type Hashes } from './meta-file.ts';
import { PlainTarget } from './plain-target.ts';
import { parseKeys, parseRole, type Keys, type Role } from './role.ts';

/** How a target is named: its length in bytes and its hashes, maybe none that can be checked here: then this target is of no use, but the others are. */
export interface TargetFile {
  readonly length: number;
  readonly hashes: Hashes;
}

/** A role to which targets are delegated. */
export interface DelegatedRole extends Role {
  readonly name: string;
  readonly terminating: boolean;
  /** Shell patterns of the paths that it may list; undefined if it goes by hash. */
  readonly paths: readonly string[] | undefined;
  /** Beginnings of the SHA-256 of the paths that it may list; undefined if it goes by pattern. */
  readonly pathHashPrefixes: readonly string[] | undefined;
}

/** targets.json or a delegated role's metadata, parsed; nothing is verified yet. */
export interface Targets extends Metadata {
  readonly targets: ReadonlyMap<string, TargetFile>;
  readonly keys: Keys;
  readonly delegations: readonly DelegatedRole[];
}

const TARGETS = signedFields('targets', 'delegations');
const TARGET_FILE = knownFields('length', 'hashes', 'custom');
const DELEGATIONS = knownFields('keys', 'roles');
const DELEGATED_ROLE = knownFields('name', 'keyids', 'threshold', 'terminating', 'paths', 'path_hash_prefixes');

/**
 * Reads the metadata of a targets role. Linear in the number of targets.
 * @throws RefusalError MISSING_FIELD, AMBIGUOUS_FIELD, BAD_HEX, NO_KNOWN_HASH for a target without a hash, BAD_ROOT (in delegations), and what parseMetadata throws
 * @see TUF specification, section 4.5
 */
export function parseTargets(bytes: Uint8Array, file = 'targets.json'): Targets {
  const { metadata, fields } = parseMetadata(bytes, file, 'targets', TARGETS);
  const targets = parseTargetFiles(fields.object('targets'), file);
  const delegations = fields.json.get('delegations');
  if (delegations === undefined || delegations === null)
    return { ...metadata, targets, keys: new Map(), delegations: [] };
  return { ...metadata, targets, ...parseDelegations(delegations, `${file}: signed.delegations`) };
}

function parseTargetFiles(listed: JsonObject, file: string): ReadonlyMap<string, TargetFile> {
  if (arePlain(listed)) return listed;
  const targets = new Map<string, TargetFile>();
  for (const [path, json] of listed) {
    targets.set(path, parseTargetFile(json, `${file}: signed.targets[${quote(path)}]`));
  }
  return targets;
}

/** Whether there is nothing left to check: a plain entry is a target file as it is. */
function arePlain(listed: JsonObject): listed is ReadonlyMap<string, PlainTarget> {
  for (const json of listed.values()) if (!(json instanceof PlainTarget)) return false;
  return true;
}

function parseTargetFile(json: Json, where: string): TargetFile {
  const fields = new Fields(json, where, TARGET_FILE);
  return { length: parseLength(fields), hashes: parseDigests(fields) };
}

function parseDelegations(json: Json, where: string): Pick<Targets, 'keys' | 'delegations'> {
  const fields = new Fields(json, where, DELEGATIONS);
  const keys = parseKeys(fields.object('keys'), `${where}.keys`);
  const delegations = fields.array('roles').map((role, index) => parseDelegatedRole(role, `${where}.roles[${index}]`));
  const names = new Set(delegations.map(({ name }) => name));
  if (names.size !== delegations.length) throw new RefusalError('BAD_ROOT', `${where}.roles has a name twice.`);
  return { keys, delegations };
}

function parseDelegatedRole(json: Json, where: string): DelegatedRole {
  const fields = new Fields(json, where, DELEGATED_ROLE);
  const name = fields.string('name');
  if (['root', 'timestamp', 'snapshot', 'targets', ''].includes(name)) {
    throw new RefusalError('BAD_ROOT', `${where} has the name "${printable(name)}", which no delegated role can have.`);
  }
  // go-tuf and tuf-js refuse both, and others might go by either.
  const [paths, pathHashPrefixes] = [patterns(fields, 'paths'), patterns(fields, 'path_hash_prefixes')];
  if (paths !== undefined && pathHashPrefixes !== undefined) {
    throw new RefusalError('BAD_ROOT', `${where} has paths and path_hash_prefixes.`);
  }
  return {
    ...parseRole(json, where, DELEGATED_ROLE),
    name,
    terminating: fields.has('terminating') && fields.boolean('terminating'),
    paths,
    pathHashPrefixes,
  };
}

/** go-tuf writes `paths` as null beside path_hash_prefixes. */
function patterns(fields: Fields, name: 'paths' | 'path_hash_prefixes'): readonly string[] | undefined {
  return (fields.json.get(name) ?? undefined) === undefined ? undefined : fields.strings(name);
}
