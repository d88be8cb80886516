import { readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import type { Warning } from '../contract/codes.ts';
import { MAX_KEY_FILE_BYTES } from '../keys/key-file.ts';
import { keyFileSource } from '../keys/key-file-source.ts';
import type { Trust } from '../refresh/trust.ts';
import type { WritablePlaces } from '../refresh/refresh.ts';
import { directoryStore } from '../stores/directory.ts';
import { diskError, systemCode } from '../stores/disk-error.ts';
import { passphrase } from './passphrase.ts';
import { readOptionalFile } from './read-file.ts';

/** The folders of one repository on this machine. */
export interface WorkingDirectory {
  /** Its name in outcomes. */
  readonly name: string;
  /** Where the metadata is. */
  readonly repository: string;
  readonly state: string;
  readonly keyFile: string | undefined;
  readonly staged: string | undefined;
}

/**
 * Finds the parts of a repository: fleetctl's layout (`keys/ repository/ staged/`), or the folder with the metadata itself.
 * @param options - `--state` and `--key` as they were given, and how the folder is named on the command line
 * @throws UsageError if there is no repository, or the state would lie inside it
 * @throws FailureError ACCESS_DENIED, STORE_UNREACHABLE
 */
export function findWorkingDirectory(
  path: string,
  options: { readonly state?: string; readonly key?: string; readonly named?: string },
): WorkingDirectory {
  const { folder, repository, inLayout } = findRepository(path, options.named ?? '--path');
  const state = options.state ?? (inLayout ? join(folder, '.timekeeper') : undefined);
  const elsewhere = { remedy: 'Name a folder for our state outside the repository with --state.' };
  if (state === undefined)
    throw new UsageError(
      `${quote(path)} is the folder with the metadata itself, so our state needs another place.`,
      elsewhere,
    );
  if (isInside(realPath(resolve(state)), realPath(repository)))
    throw new UsageError('The state must not lie inside the repository: an upload would take it along.', elsewhere);
  return {
    name: basename(folder) || 'repository',
    repository,
    state: resolve(state),
    keyFile: options.key ?? (inLayout ? join(folder, 'keys', 'timestamp.json') : undefined),
    staged: inLayout ? join(folder, 'staged') : undefined,
  };
}

/**
 * Finds the folder with the metadata: `repository/` in fleetctl's layout, or the folder itself. Both absolute.
 * @param named - how the folder is named on the command line
 * @throws UsageError if there is no repository
 */
export function findRepository(path: string, named: string) {
  const folder = resolve(path);
  const inLayout = isFolder(join(folder, 'repository'));
  const remedy = `Name the working directory of fleetctl updates, or the folder with the metadata, with ${named}.`;
  if (!isFolder(folder)) throw new UsageError(`There is no folder ${quote(path)}.`, { remedy });
  if (!inLayout && !['timestamp.json', 'root.json', '1.root.json'].some((name) => isFile(join(folder, name)))) {
    throw new UsageError(
      `There is no TUF repository in ${quote(path)}: neither a folder repository/ nor root.json or timestamp.json.`,
      { remedy },
    );
  }
  return { folder, repository: inLayout ? join(folder, 'repository') : folder, inLayout };
}

/**
 * The engine's places in a working directory.
 * @param ask - how the timestamp key's passphrase is got, each time that an encrypted key file is opened
 */
export function placesOf(
  { repository, state, keyFile }: WorkingDirectory,
  ask: () => Promise<Uint8Array> = () => passphrase('timestamp'),
): WritablePlaces {
  return {
    hosting: directoryStore(repository, { lockFolder: state }),
    state: directoryStore(state, { create: true, mode: 0o600 }),
    keys: keyFileSource({
      read: () => Promise.resolve(keyFile === undefined ? undefined : readOptionalFile(keyFile, MAX_KEY_FILE_BYTES)),
      passphrase: ask,
      file: keyFile ?? 'keys/timestamp.json beside a folder with the metadata itself',
    }),
  };
}

/** A directory is known by its pin, not by its path: it may be moved. */
export function directoryTrust(trustedRoot: Uint8Array | undefined): Trust {
  const trust = { repository: '', place: '', deployment: 'directory' };
  return trustedRoot === undefined ? trust : { ...trust, trustedRoot };
}

/** fleetctl signs over whatever is left in staged/, also when it is older than what is published. */
export function stagedMetadata({ staged }: WorkingDirectory): readonly Warning[] {
  const left = staged === undefined ? [] : namesIn(staged).filter((name) => name.endsWith('.json'));
  return left.length === 0
    ? []
    : [{ code: 'STAGED_METADATA', message: `staged/ still holds ${left.map(quote).join(', ')}.` }];
}

/** Whether a path is a folder or lies in it. Both absolute. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return (
    way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path && !way.startsWith(sep))
  );
}

/** Where a path leads when its links are followed, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && dirname(path) !== path) return join(realPath(dirname(path)), basename(path));
    throw diskError(error, path, 'found');
  }
}

/** What is in a folder; nothing where there is none, or none that we may read: a warning more or less must not hide what a run did. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return stats(path)?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return stats(path)?.isFile() ?? false;
}

function stats(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw diskError(error, path, 'looked at');
  }
}
