import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, unlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { FailureError } from '../contract/errors.ts';
import { diskError, place, systemCode } from './disk-error.ts';
import { flushAll, flushFolder } from './flush.ts';
import { linkOrCopy, moveFile } from './move-file.ts';
import { contentToken, isSameFile, piecesOf, withFile } from './plain-file.ts';
import { removeFiles, removeIfEmpty } from './remove-files.ts';
import { writeFlushed } from './replace-file.ts';
import { encodeIntent, readIntent, type Intent, type IntendedFile } from './switch-intent.ts';
import type { Token } from './store.ts';
import { removeTemporaries } from './temporary-file.ts';

/** A file that is prepared and waits to be put in its place. */
export interface PreparedFile {
  /** Its name in the folder of what is prepared. */
  readonly from: string;
  /** Its place, relative to the working directory. */
  readonly to: string;
  /** What has to be there until then; undefined where it does not matter. */
  readonly expected?: Token | 'absent';
  /** What will be there then, for files that are compared after a crash; undefined for the others. */
  readonly content?: Token;
  /** Whether somebody may rely on it as soon as it is in its place. From the first such file on there is no way back, only forward. */
  readonly isPublished: boolean;
}

/** What a run that was killed had left, and what became of it. */
export type Recovery =
  | { readonly is: 'nothing' | 'finished' | 'undone' }
  /** Somebody else wrote this file meanwhile, so it can be neither finished nor undone. */
  | { readonly is: 'stuck'; readonly changed: string };

/**
 * Several files of one working directory that are replaced all or not at all, also when the process is killed or the power fails.
 *
 * All of them are written and flushed in a folder of ours beside the repository. Then a file of intent is: from there on what is begun gets finished,
 * by this run or the next. Each file is put in its place by a rename, in the given order. To be used under the lock of the working directory.
 */
export class FileSwitch {
  readonly #base: string;
  readonly #folder: string;
  #unflushed: string[] = [];
  #isMade = false;

  /**
   * @param base - the working directory
   * @param folder - ours, relative to it; its parent is there
   */
  constructor(base: string, folder: string) {
    this.#base = base;
    this.#folder = join(base, folder);
  }

  /** Where what is prepared is to be written by the caller, who need not flush it. */
  prepared(name: string): string {
    const path = this.#prepared(name);
    this.#unflushed.push(path);
    return path;
  }

  /** The folder is made at the first call. */
  #prepared(name: string): string {
    const folder = join(this.#folder, 'new');
    if (!this.#isMade) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#isMade = true;
    return join(folder, name);
  }

  /**
   * Writes one prepared file, down to the disk.
   * @param to - its place to be: a file that is there gives it mode and owner
   * @param mode - for a file that is not there yet, less what the umask takes
   */
  prepare(name: string, bytes: Uint8Array, to: string, mode: number): void {
    const path = this.#prepared(name);
    try {
      const like = statsOf(join(this.#base, to));
      const isSecret = (mode & 0o077) === 0; // then it is never for everybody, whatever it replaces
      const owned = like && { uid: like.uid, gid: like.gid, mode: isSecret ? like.mode & 0o770 : like.mode };
      writeFlushed(path, bytes, owned, mode);
    } catch (error) {
      throw diskError(error, join(this.#base, to), 'written');
    }
  }

  /**
   * Puts what is prepared in its place.
   * @param folders - that have to be there, relative to the working directory, each after the one that it is in
   * @param removed - files that are removed afterwards, relative to the working directory; each with the folder that it is in, if that is empty then
   * @throws FailureError LOST_RACE if a file is not the expected one any more: nothing is changed then
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL: nothing is changed then either, or, where something could be relied on already, the next run finishes it
   */
  switchIn(files: readonly PreparedFile[], folders: readonly string[], removed: readonly string[] = []): void {
    for (const { to, expected } of files) this.#expect(to, expected);
    const missing = new Set<string>();
    for (const folder of folders) {
      if (missing.has(dirname(folder)) || !existsSync(join(this.#base, folder))) missing.add(folder);
    }
    const intent: Intent = {
      folders: Array.from(missing),
      files: files.map(({ from, to, expected, content, isPublished }): IntendedFile => ({
        from,
        to,
        before: content === undefined ? this.#presence(to, missing) : (expected ?? this.#token(to)), // compared just now
        after: content ?? null,
        isPublished,
      })),
      removed,
    };
    this.#record(intent);
    this.#finish(intent);
  }

  /** Removes what is prepared, of a run that ends without using it. Never throws: the next run removes it too. */
  discard(): void {
    try {
      if (!existsSync(this.#path('intent.json')) && !existsSync(this.#path('undo.json'))) this.#clear();
    } catch {
      return;
    }
  }

  /**
   * Finishes or undoes what a killed run had begun.
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
   */
  recover(): Recovery {
    if (!existsSync(this.#folder)) return { is: 'nothing' };
    const undo = readIntent(this.#path('undo.json'));
    if (undo !== undefined) {
      this.#removeHalfMoved(undo);
      this.#undo(undo);
      return { is: 'undone' };
    }
    const intent = readIntent(this.#path('intent.json'));
    if (intent === undefined) {
      this.#clear();
      return { is: 'nothing' };
    }
    const changed = intent.files.find((file) => !this.#isOurs(file));
    if (changed !== undefined) return { is: 'stuck', changed: changed.to };
    this.#removeHalfMoved(intent);
    this.#finish(intent);
    return { is: 'finished' };
  }

  /**
   * Gives up what is neither to be finished nor undone.
   * @param belongs - whether a file is the one that is to be at a place: then what replaced it goes
   */
  giveUp(belongs: (to: string, file: string) => boolean): void {
    for (const { from, to, after } of readIntent(this.#path('intent.json'))?.files ?? []) {
      const [at, old] = [join(this.#base, to), this.#path('old', from)];
      if (after === null && existsSync(old) && belongs(to, old) && !belongs(to, at)) moveFile(old, at);
    }
    for (const name of ['intent.json', 'undo.json']) rmSync(this.#path(name), { force: true });
    this.#clear();
  }

  #path(...names: readonly string[]): string {
    return join(this.#folder, ...names);
  }

  #expect(to: string, expected: Token | 'absent' | undefined): void {
    if (expected === undefined || this.#token(to) === expected) return;
    throw new FailureError('LOST_RACE', `${place(join(this.#base, to))} was changed by somebody else meanwhile.`);
  }

  #token(to: string): Token | 'absent' {
    return withFile(join(this.#base, to), (file) => contentToken(piecesOf(file, 0))) ?? 'absent';
  }

  #presence(to: string, missing: ReadonlySet<string>): 'absent' | null {
    return missing.has(dirname(to)) || statsOf(join(this.#base, to)) === undefined ? 'absent' : null;
  }

  /** Whether a file is as we found it, or as we wrote it. */
  #isOurs({ from, to, before, after }: IntendedFile): boolean {
    if (after === null) return true;
    const token = this.#token(to);
    // Across file systems a file is in its place before what was prepared of it is gone.
    return token === after || (existsSync(this.#path('new', from)) && token === before);
  }

  #record(intent: Intent): void {
    try {
      flushAll({ files: this.#unflushed, folders: [this.#path('new')] }, this.#folder);
      writeFlushed(this.#path('intent.tmp'), encodeIntent(intent), undefined, 0o600);
      renameSync(this.#path('intent.tmp'), this.#path('intent.json'));
      for (const folder of [this.#folder, dirname(this.#folder), this.#base]) flushFolder(folder);
    } catch (error) {
      throw diskError(error, this.#path('intent.json'), 'written');
    }
  }

  /** What is published comes last in an intent, and only once all before it is surely on the disk; only then goes what nobody is told of any more. */
  #finish(intent: Intent): void {
    const published = intent.files.filter(({ isPublished }) => isPublished);
    let relied = published.some(({ from }) => !existsSync(this.#path('new', from)));
    let at = this.#folder;
    try {
      const made = new Set(intent.folders.filter((folder) => makeFolder((at = join(this.#base, folder)))));
      const first = intent.files.filter(({ from, isPublished }) => !isPublished && existsSync(this.#path('new', from)));
      for (const { from, to } of first) {
        if (!made.has(dirname(to))) this.#keep(from, (at = join(this.#base, to))); // in a folder made just now there is nothing to be kept
      }
      this.#flushKept();
      const renamed = first.filter(({ from, to }) => moveFile(this.#path('new', from), (at = join(this.#base, to))) === 'renamed'); // prettier-ignore
      at = this.#base;
      const all = intent.files.filter(({ isPublished }) => !isPublished);
      this.#flushNames([...all.map(({ to }) => to), ...intent.folders], renamed.length === all.length);
      for (const { from, to } of published) {
        at = join(this.#base, to);
        if (!existsSync(this.#path('new', from))) continue;
        moveFile(this.#path('new', from), at);
        relied = true;
      }
      at = this.#base;
      this.#flushNames(
        published.map(({ to }) => to),
        false,
      );
    } catch (error) {
      if (!relied) this.#undoInstead();
      throw diskError(error, at, relied ? 'written; the next command finishes what was begun' : 'written');
    }
    // What may not be removed is no reason to sign nothing from now on, so it is not tried again.
    try {
      removeFiles((intent.removed ?? []).map((file) => join(this.#base, file)));
    } finally {
      unlinkSync(this.#path('intent.json'));
      this.#clear();
    }
  }

  /** @param isNear - whether all of them are known to be in the file system in which they were prepared */
  #flushNames(names: readonly string[], isNear: boolean): void {
    const folders = Array.from(new Set(names.map(dirname)), (folder) => join(this.#base, folder));
    if (isNear) flushAll({ files: [], folders }, this.#folder);
    else folders.forEach(flushFolder);
  }

  /** Keeps what is about to be replaced. */
  #keep(from: string, at: string): void {
    const old = this.#path('old', from);
    if (existsSync(old) || statsOf(at) === undefined) return;
    if (!existsSync(dirname(old))) mkdirSync(dirname(old), { mode: 0o700 });
    rmSync(`${old}.part`, { force: true });
    linkOrCopy(at, `${old}.part`); // whole, or not there at all: it may be put back
    renameSync(`${old}.part`, old);
  }

  /** What replaces it may be on the disk at once, so what is kept of it has to be. */
  #flushKept(): void {
    if (!existsSync(this.#path('old'))) return;
    for (const folder of [this.#path('old'), this.#folder]) flushFolder(folder);
  }

  #undoInstead(): void {
    const intent = readIntent(this.#path('intent.json'));
    if (intent === undefined) return;
    renameSync(this.#path('intent.json'), this.#path('undo.json')); // takes no room on a full disk
    this.#undo(intent);
  }

  #undo({ files, folders }: Intent): void {
    let at = this.#folder;
    try {
      for (const { from, to, before, isPublished } of files.toReversed()) {
        if (isPublished) continue; // none of these is in its place yet
        const old = this.#path('old', from);
        at = join(this.#base, to);
        if (existsSync(old)) {
          if (!isSameFile(old, at)) moveFile(old, at); // on another file system it would take room that there may not be
        } else if (before === 'absent' && !existsSync(this.#path('new', from))) rmSync(at, { force: true });
      }
      for (const folder of folders.toReversed()) removeIfEmpty(join(this.#base, folder));
      unlinkSync(this.#path('undo.json'));
    } catch (error) {
      throw diskError(error, at, 'put back as it was; the next command tries again');
    }
    this.#clear();
  }

  /** What was killed while it was copied from another file system: a key in the clear, maybe. */
  #removeHalfMoved({ files }: Intent): void {
    for (const { to } of files) if (existsSync(dirname(join(this.#base, to)))) removeTemporaries(join(this.#base, to));
  }

  #clear(): void {
    this.#isMade = false;
    this.#unflushed = [];
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw diskError(error, path, 'looked at');
  }
}

/** @returns whether it was not there */
function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o755 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}
