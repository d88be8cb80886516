import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { addArtefacts } from '../authoring/add-artefacts.ts';
import { artefactsOfFolder } from '../authoring/artefact-folder.ts';
import { parseArtefactList } from '../authoring/artefact-list.ts';
import { changePassphrase } from '../authoring/change-passphrase.ts';
import type { Conditions } from '../authoring/conditions.ts';
import { EXTENDED_ROLES, extendRole } from '../authoring/extend-role.ts';
import { ROLES } from '../authoring/first-publication.ts';
import { initialise } from '../authoring/initialise.ts';
import { listing } from '../authoring/listing.ts';
import { readPublished } from '../authoring/published.ts';
import { removeTargets } from '../authoring/remove-targets.ts';
import { rotateRole } from '../authoring/rotate-role.ts';
import { signTimestamp } from '../authoring/sign-timestamp.ts';
import type { Artefact } from '../authoring/target-paths.ts';
import { atWork, Workplace } from '../authoring/workplace.ts';
import { UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { systemRandom } from '../keys/random.ts';
import { MAX_JOURNAL_BYTES, recordedVersion } from '../refresh/journal-file.ts';
import { readStored } from '../stores/directory.ts';
import { diskError } from '../stores/disk-error.ts';
import { MAX_BYTES, type RoleType } from '../tuf/envelope.ts';
import { formatInstant, instantOf } from '../tuf/instant.ts';
import { beginChain } from '../tuf/root-chain.ts';
import { parseDuration } from './duration.ts';
import { askingKeyRing } from './key-ring.ts';
import { readNamedFile } from './read-file.ts';
import { listingText } from './updates-list.ts';
import { asFleetctl } from './updates-report.ts';

/** What every command of the group can be given. Not every command has every validity. */
export interface UpdatesOptions {
  readonly path: string;
  readonly consistentSnapshots?: true;
  readonly rootValidity?: string;
  readonly targetsValidity?: string;
  readonly snapshotValidity?: string;
  readonly timestampValidity?: string;
}

/** What `updates timestamp` is given. */
export interface TimestampOptions extends UpdatesOptions {
  readonly above?: string;
}

/** What `updates add` is given. */
export interface ArtefactOptions extends UpdatesOptions {
  readonly target?: string;
  readonly name?: string;
  readonly platform?: string;
  readonly version?: string;
  readonly tag: readonly string[];
  readonly folder?: string;
  readonly list?: string;
}

/** `timekeeper updates init` */
export function runInit(options: UpdatesOptions): Promise<void> {
  return asFleetctl(async () => {
    const conditions = conditionsOf(options);
    makeFolder(options.path);
    const ids = await atWork(options.path, tell, (place) =>
      initialise(place, options.consistentSnapshots ?? false, conditions),
    );
    for (const role of ROLES) process.stdout.write(`Generated ${role} key with ID: ${ids[role]}\n`);
  });
}

/** `timekeeper updates roots` */
export function runRoots({ path }: UpdatesOptions): Promise<void> {
  return asFleetctl(() => {
    refuseUninitialised(path);
    const root = new Workplace(path).read('root.json', MAX_BYTES.root);
    if (root === undefined) {
      throw new UsageError('missing root metadata', { remedy: 'Put back repository/root.json as it was published.' });
    }
    beginChain(root); // what is packaged into agents has to be a root
    process.stdout.write(Buffer.concat([root, Buffer.from('\n')]));
    return Promise.resolve();
  });
}

/** `timekeeper updates add` */
export function runAdd(options: ArtefactOptions): Promise<void> {
  return asFleetctl(async () => {
    const artefacts = artefactsOf(options);
    refuseUninitialised(options.path);
    await atWork(options.path, tell, (place) => addArtefacts(place, artefacts, conditionsOf(options)));
  });
}

/** `timekeeper updates list` */
export function runList({ path, json }: UpdatesOptions & { readonly json?: true }): Promise<void> {
  return asFleetctl(() => {
    refuseUninitialised(path);
    const found = listing(readPublished(new Workplace(path).read));
    process.stdout.write(json === true ? `${JSON.stringify(found)}\n` : listingText(found));
    return Promise.resolve();
  });
}

/** What `updates remove` is given, besides paths of targets. */
export type RemovalOptions = Omit<ArtefactOptions, 'target'>;

/** `timekeeper updates remove` */
export function runRemove(paths: readonly string[], options: RemovalOptions): Promise<void> {
  return asFleetctl(async () => {
    const unwanted = { paths, folders: foldersIn(paths, options) };
    refuseUninitialised(options.path);
    const removed = await atWork(options.path, tell, (place) => removeTargets(place, unwanted, conditionsOf(options)));
    for (const path of removed) process.stdout.write(`Removed ${printable(path)}\n`);
  });
}

/** `timekeeper updates timestamp` */
export function runTimestamp(options: TimestampOptions): Promise<void> {
  return asFleetctl(async () => {
    refuseUninitialised(options.path);
    await signAbove(options, versionOf(options.above), tell);
  });
}

/**
 * Signs timestamp.json of a working directory again, above a version.
 * @throws UsageError, RefusalError, FailureError - as signTimestamp and the key ring do
 */
export async function signAbove(
  options: UpdatesOptions,
  above: number,
  told: (sentence: string) => void,
): Promise<void> {
  const { timestampFloor, ...conditions } = conditionsOf(options);
  const floor = Math.max(timestampFloor, above);
  await atWork(options.path, told, (place) => signTimestamp(place, { ...conditions, timestampFloor: floor, tell: told })); // prettier-ignore
}

function versionOf(given = '0'): number {
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new UsageError(`--above is ${quote(given)}, not a version.`, { remedy: 'Name a whole number, such as 80.' });
}

/** `timekeeper updates rotate ROLE` */
export function runRotate(roles: readonly string[], options: UpdatesOptions): Promise<void> {
  return asFleetctl(async () => {
    const [given = ''] = roles;
    if (roles.length !== 1) throw new UsageError('role must be provided', { remedy: `Name one: ${ROLES.join(', ')}.` });
    const role = roleNamed(given);
    refuseUninitialised(options.path);
    const id = await atWork(options.path, tell, (place) => rotateRole(place, role, conditionsOf(options)));
    process.stdout.write(`Generated ${role} key with ID: ${id}\n`);
  });
}

/** `timekeeper updates extend ROLE` */
export function runExtend(given: string, options: UpdatesOptions): Promise<void> {
  return asFleetctl(async () => {
    const role = EXTENDED_ROLES.find((name) => name === given);
    if (given === 'timestamp') throw new UsageError('A timestamp is not extended, only signed again.', { remedy: 'Run timekeeper updates timestamp.' }); // prettier-ignore
    if (role === undefined) throw new UsageError(`There is no role ${quote(given)}: it is one of ${EXTENDED_ROLES.join(', ')}.`); // prettier-ignore
    refuseUninitialised(options.path);
    const { version, expires } = await atWork(options.path, tell, (place) => extendRole(place, role, conditionsOf(options))); // prettier-ignore
    process.stdout.write(`${role}.json is version ${version} now, and lives until ${formatInstant(expires)}\n`);
  });
}

/** `timekeeper updates change-passphrase ROLE` */
export function runChangePassphrase(given: string, options: UpdatesOptions & { readonly plain?: true }): Promise<void> {
  return asFleetctl(async () => {
    const role = roleNamed(given);
    if (!existsSync(join(options.path, 'keys')) && !hasBegun(options.path)) throw withoutKeys(options.path);
    const isPlain = options.plain === true;
    await atWork(options.path, tell, (place) => changePassphrase(place, role, isPlain, conditionsOf(options)));
    const how = isPlain ? 'has no passphrase now: whoever reads the file can sign' : 'has its new passphrase';
    process.stdout.write(`keys/${role}.json ${how}\n`);
  });
}

/** Keys may be on a stick, without a repository beside them. */
function withoutKeys(path: string): UsageError {
  return new UsageError(`no keys in ${path}`, { remedy: 'Name the folder with keys/ in it with --path.' });
}

/** @throws UsageError if there is no such role */
export function roleNamed(given: string): RoleType {
  const role = ROLES.find((name) => name === given);
  if (role !== undefined) return role;
  throw new UsageError(`There is no role ${quote(given)}: it is one of ${ROLES.join(', ')}.`);
}

/** Under what a command runs: the passphrases that are asked for, the clock, and its options. */
export function conditionsOf(options: UpdatesOptions): Conditions {
  const { rootValidity, targetsValidity, snapshotValidity, timestampValidity } = options;
  return {
    keyRing: askingKeyRing(),
    validity: {
      root: parseDuration(rootValidity ?? '3650 days', '--root-validity'),
      targets: parseDuration(targetsValidity ?? '1095 days', '--targets-validity'),
      snapshot: parseDuration(snapshotValidity ?? '1095 days', '--snapshot-validity'),
      timestamp: parseDuration(timestampValidity ?? '14 days', '--timestamp-validity'),
    },
    now: instantOf(Date.now() + 500), // to the nearest second, as fleetctl rounds
    random: systemRandom,
    timestampFloor: floorOf(options.path),
    tell,
  };
}

/** A re-sign may have recorded a version that it never published. It is never used again. */
function floorOf(path: string): number {
  const journal = readStored(join(path, '.timekeeper', 'journal.json'), MAX_JOURNAL_BYTES);
  return journal === undefined ? 0 : recordedVersion(journal.bytes);
}

/** The folders that a version and tags have. */
function foldersIn(paths: readonly string[], { name, platform, version, tag }: RemovalOptions): readonly string[] {
  const tags = [...(version === undefined ? [] : [version]), ...tag];
  if (name === undefined && platform === undefined && tags.length === 0 && paths.length > 0) return [];
  if (name !== undefined && platform !== undefined && tags.length > 0) {
    return tags.map((each) => [name, platform, each].join('/'));
  }
  throw new UsageError('It takes paths of targets, or --name, --platform and a --version or --tag.', {
    remedy: 'See timekeeper updates remove --help; timekeeper updates list shows what there is.',
  });
}

const ONE = ['target', 'name', 'platform', 'version'] as const;

/** One artefact, or those of a list or a folder. */
function artefactsOf(options: ArtefactOptions): readonly Artefact[] {
  const { folder, list, tag } = options;
  if (list !== undefined) {
    refuseBeside('--list', options, [...ONE, 'folder', 'tag']);
    return parseArtefactList(readNamedFile(list, MAX_LIST_BYTES, '--list'), list);
  }
  if (folder !== undefined) {
    refuseBeside('--folder', options, ONE);
    return artefactsOfFolder(folder, tag);
  }
  return [{ ...required(options), tags: tag }];
}

const MAX_LIST_BYTES = 64 * 1_024 * 1_024; // some 400,000 lines

/** The options of `updates add` alone. */
type AddOption = Exclude<keyof ArtefactOptions, keyof UpdatesOptions>;

function refuseBeside(option: string, options: ArtefactOptions, others: readonly AddOption[]): void {
  const other = others.find((name) => options[name] !== undefined && options[name].length > 0);
  if (other === undefined) return;
  throw new UsageError(`--${other} cannot stand beside ${option}.`, {
    remedy: `Leave one of the two out: what ${option} names says it of each file.`,
  });
}

/** In urfave/cli's words, as fleetctl says it. */
function required({ target, name, platform, version }: ArtefactOptions): Omit<Artefact, 'tags'> {
  const missing = Object.entries({ target, name, platform, version }).flatMap(([flag, given]) => (given === undefined ? [flag] : [])); // prettier-ignore
  if (target === undefined || name === undefined || platform === undefined || version === undefined) {
    const flags = missing.length === 1 ? `Required flag "${missing.join('')}" not set` : `Required flags "${missing.join(', ')}" not set`; // prettier-ignore
    throw new UsageError(flags, { remedy: 'See timekeeper updates add --help.' });
  }
  return { file: target, name, platform, version };
}

/** @throws UsageError if there is no repository, in fleetctl's words */
export function refuseUninitialised(path: string): void {
  if (existsSync(path) && (new Workplace(path).isInitialized() || hasBegun(path))) return;
  throw new UsageError(`repo not initialized: ${path}`, {
    remedy: 'Name the folder with keys/ and repository/ in it with --path, or make one with timekeeper updates init.',
  });
}

/** An `init` that was interrupted may have put nothing in its place yet. */
function hasBegun(path: string): boolean {
  return existsSync(join(path, '.timekeeper', 'update', 'intent.json'));
}

/** Makes the folder of a repository that is to be. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw diskError(error, path, 'made');
  }
}

/** Tells a person what is no result: on stderr. */
export function tell(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
