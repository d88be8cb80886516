import { existsSync, readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { isRefusal, RefusalError } from '../contract/errors.ts';
import { firstFew } from '../contract/printable.ts';
import { MAX_KEY_FILE_BYTES } from '../keys/key-file.ts';
import { readStored } from '../stores/directory.ts';
import { diskError, systemCode } from '../stores/disk-error.ts';
import { withLock } from '../stores/lock.ts';
import { contentToken } from '../stores/plain-file.ts';
import { removeIfEmpty } from '../stores/remove-files.ts';
import type { Stored } from '../stores/store.ts';
import { FileSwitch, type PreparedFile, type Recovery } from '../stores/switch-files.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { readPublished, type Published, type ReadFile } from './published.ts';
import { isContentOf } from './target-faults.ts';
import type { Publication } from './publication.ts';

/** Ours, in a working directory: the lock that a re-sign takes too, and what is prepared. */
const STATE = '.timekeeper';

/** A working directory of `fleetctl updates`: `keys/ repository/ staged/`. */
export class Workplace {
  readonly folder: string;
  /** Where a command prepares what it changes. */
  readonly switch: FileSwitch;
  readonly #read = new Map<string, Stored | undefined>();

  constructor(folder: string) {
    this.folder = folder;
    this.switch = new FileSwitch(folder, join(STATE, 'update'));
  }

  /** A file of `repository/`, read once. */
  readonly read: ReadFile = (name, maxBytes) => this.#stored(join('repository', name), maxBytes)?.bytes;

  /** The folder with the files of the targets. */
  get targets(): string {
    return join(this.folder, 'repository', 'targets');
  }

  /** A key file, undefined if there is none. */
  keyFile(role: RoleType): Uint8Array | undefined {
    return this.#stored(join('keys', `${role}.json`), MAX_KEY_FILE_BYTES)?.bytes;
  }

  /** Whether there is any metadata, published or staged. @see go-tuf v0.5.2, local_store.go (GetMeta) */
  isInitialized(): boolean {
    return ['repository', 'staged'].some((folder) => this.#files(folder).some((name) => name.endsWith('.json')));
  }

  /** Whether a command of ours was interrupted after it had recorded what it was about to do. */
  isInterrupted(): boolean {
    return this.#exists(join(STATE, 'update', 'intent.json')) || this.#exists(join(STATE, 'update', 'undo.json'));
  }

  /** What fleetctl left unfinished: its next command would take staged files for the newest, however old they are. */
  leftovers(): { readonly staged: readonly string[]; readonly backups: readonly string[] } {
    const staged = this.#files('staged').filter((name) => name.endsWith('.json'));
    const targets = this.#files('staged', 'targets');
    const backups = ['keys', 'repository'].map((name) => join(name, '.backup')).filter((name) => this.#exists(name));
    return { staged: [...staged.map((name) => `staged/${name}`), ...targets.map((name) => `staged/targets/${name}`)], backups }; // prettier-ignore
  }

  /**
   * Refuses what fleetctl left unfinished.
   * @throws RefusalError UNFINISHED_WORK
   */
  refuseLeftovers(): void {
    const { staged, backups } = this.leftovers();
    const left = [...staged, ...backups];
    if (left.length === 0) return;
    throw new RefusalError('UNFINISHED_WORK', `A command of fleetctl's did not end well and left ${firstFew(left)}.`);
  }

  /**
   * Puts a publication in its place, after what clients need before it. Only while what was read is still there.
   * @param before - targets and key files, prepared already
   * @param removed - files that nobody needs any more then
   * @throws FailureError LOST_RACE, STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
   */
  publish(publication: Publication, before: readonly PreparedFile[] = [], removed: readonly string[] = []): void {
    const files = Array.from(publication, ([name, bytes], index) =>
      this.prepare(`metadata-${index}`, bytes, join('repository', name), 0o666, true),
    );
    const all = [...before, ...files];
    const folders = foldersOf(['keys/', 'repository/', 'staged/targets/', ...all.map(({ to }) => to)]);
    this.switch.switchIn(all, folders, removed);
  }

  /** Prepares one file whose bytes are at hand. What was read of it before has to be there still when it is put in its place. */
  prepare(from: string, bytes: Uint8Array, to: string, mode: number, isPublished: boolean): PreparedFile {
    this.switch.prepare(from, bytes, to, mode);
    const prepared = { from, to, content: contentToken([bytes]), isPublished };
    return this.#read.has(to) ? { ...prepared, expected: this.#read.get(to)?.token ?? 'absent' } : prepared;
  }

  #stored(path: string, maxBytes: number): Stored | undefined {
    if (!this.#read.has(path)) this.#read.set(path, readStored(join(this.folder, path), maxBytes));
    return this.#read.get(path);
  }

  #exists(path: string): boolean {
    return existsSync(join(this.folder, path));
  }

  /** The names of the files in a folder, not of folders; below it, if it is the one for targets. */
  #files(...path: readonly string[]): readonly string[] {
    const folder = join(this.folder, ...path);
    try {
      return readdirSync(folder, { withFileTypes: true, recursive: path.includes('targets') })
        .filter((entry: Dirent) => entry.isFile())
        .map(({ name }) => name);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw diskError(error, folder, 'listed');
    }
  }
}

/**
 * Works on a working directory while nobody else of ours does, after finishing or undoing what a killed command had begun.
 * @param tell - is told of what was begun by a killed command
 * @throws RefusalError UNFINISHED_WORK if that can be neither finished nor undone
 * @throws FailureError LOCKED, and what the disk throws
 */
export async function atWork<T>(
  folder: string,
  tell: (sentence: string) => void,
  work: (place: Workplace) => Promise<T>,
): Promise<T> {
  const state = join(folder, STATE);
  const underLock = async () => {
    const place = new Workplace(folder);
    recover(place, tell);
    try {
      return await work(place);
    } finally {
      place.switch.discard();
    }
  };
  try {
    return await withLock(state, 'run', underLock, { create: true });
  } finally {
    removeIfEmpty(state); // a killed command may have made it
  }
}

const RECOVERED: Readonly<Record<Exclude<Recovery['is'], 'stuck'>, string | undefined>> = {
  nothing: undefined,
  finished: 'Finished what a command that was interrupted had begun.',
  undone: 'Undid what a command that was interrupted had begun.',
};

/**
 * Finishes or undoes what a killed command had begun. Under the lock.
 * @throws RefusalError UNFINISHED_WORK
 */
export function recover(place: Workplace, tell: (sentence: string) => void): void {
  const recovery = place.switch.recover();
  if (recovery.is === 'stuck') {
    const published = refuseUnlessWhole(recovery.changed, place);
    place.switch.giveUp((to, file) => isTarget(published, to, file));
    tell('Left alone what a command that was interrupted had begun: somebody else published meanwhile.');
    return;
  }
  const sentence = RECOVERED[recovery.is];
  if (sentence !== undefined) tell(sentence);
}

/** A tag such as `stable` may show clients the new file already, while targets.json, which stays, lists the old one. */
function isTarget({ targets }: Published, to: string, file: string): boolean {
  const path = to.replace('repository/targets/', '');
  const target = targets.targets.get(path) ?? targets.targets.get(`/${path}`);
  return target !== undefined && isContentOf(file, target);
}

function refuseUnlessWhole(changed: string, { folder }: Workplace): Published {
  try {
    return readPublished(new Workplace(folder).read);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new RefusalError(
      'UNFINISHED_WORK',
      `A command was interrupted while it published, then somebody else wrote ${changed}; what is there now does not fit together: ${error.message} What the command had prepared is in ${join(STATE, 'update')}.`,
    );
  }
}

/** Every folder above some files, each after the one that it is in. */
function foldersOf(files: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let at = file.indexOf('/'); at !== -1; at = file.indexOf('/', at + 1)) folders.add(file.slice(0, at));
  }
  return Array.from(folders);
}
