import { readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import type { Warning } from '../contract/codes.ts';
import { MAX_KEY_FILE_BYTES } from '../keys/key-file.ts';
import { keyFileSource } from '../keys/key-file-source.ts';
import type { Trust } from '../refresh/trust.ts';
import type { WritablePlaces } from '../refresh/refresh.ts';
import { directoryStore } from '../stores/directory.ts';
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
 * @param options - `--path`, `--state`, `--key` as they were given
 * @throws UsageError if there is no repository, or the state would lie inside it
 */
export function findWorkingDirectory(
  path: string,
  options: { readonly state?: string; readonly key?: string },
): WorkingDirectory {
  const folder = resolve(path);
  const inLayout = isFolder(join(folder, 'repository'));
  const repository = inLayout ? join(folder, 'repository') : folder;
  if (!isFolder(folder)) throw new UsageError(`There is no folder ${quote(path)}.`);
  if (!inLayout && !['timestamp.json', 'root.json', '1.root.json'].some((name) => isFile(join(folder, name)))) {
    throw new UsageError(
      `There is no TUF repository in ${quote(path)}: neither a folder repository/ nor root.json or timestamp.json.`,
    );
  }
  const state = options.state ?? (inLayout ? join(folder, '.timekeeper') : undefined);
  if (state === undefined)
    throw new UsageError(
      `${quote(path)} is the folder with the metadata itself; name a folder for our state with --state.`,
    );
  if (isInside(resolve(state), repository))
    throw new UsageError('The state must not lie inside the repository: an upload would take it along.');
  return {
    name: basename(folder) || 'repository',
    repository,
    state: resolve(state),
    keyFile: options.key ?? (inLayout ? join(folder, 'keys', 'timestamp.json') : undefined),
    staged: inLayout ? join(folder, 'staged') : undefined,
  };
}

/** The engine's places in a working directory. */
export function placesOf({ repository, state, keyFile }: WorkingDirectory): WritablePlaces {
  const file = keyFile ?? 'keys/timestamp.json';
  return {
    hosting: directoryStore(repository, { lockFolder: state }),
    state: directoryStore(state, { create: true, mode: 0o600 }),
    keys: keyFileSource({
      read: () => Promise.resolve(readOptionalFile(file, MAX_KEY_FILE_BYTES)),
      passphrase: () => passphrase('timestamp'),
      file,
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
  if (staged === undefined || !isFolder(staged)) return [];
  const left = readdirSync(staged).filter((name) => name.endsWith('.json'));
  return left.length === 0
    ? []
    : [{ code: 'STAGED_METADATA', message: `staged/ still holds ${left.map(quote).join(', ')}.` }];
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return (
    way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path && !way.startsWith(sep))
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
