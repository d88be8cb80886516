import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { RunOptions } from './timekeeper.ts';

/** The system calls by which Node changes a disk. An `openat` that makes a file is seen by what is called next on it. */
const CHANGING = 'mkdir,rmdir,rename,link,symlink,unlink,write,pwrite64,copy_file_range,ftruncate,fchmod,fchown,fsync,fdatasync,syncfs'; // prettier-ignore

/** One call that succeeded, with the files that it is about: relative to the folder, empty for the folder itself. */
export interface SystemCall {
  readonly name: string;
  readonly paths: readonly string[];
  /** Its number among the calls of this name in its thread, elsewhere too, from 1 on. */
  readonly n: number;
}

type Tracing = Required<Pick<RunOptions, 'within' | 'env'>>;

/** strace, to see or to kill a run at its system calls. */
export const strace = {
  /** A run that is killed on entering the n-th call of a name, as {@link SystemCall} counts them: all before it have been made. */
  killingAt: ({ name, n }: Pick<SystemCall, 'name' | 'n'>): Tracing => ({
    within: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${name}`, '-e', `inject=${name}:signal=SIGKILL:when=${n}`], // prettier-ignore
    env: ONE_THREAD,
  }),

  /** A run whose calls are written into a file. */
  into: (file: string): Tracing => ({
    within: ['strace', '-f', '-y', '-qq', '-s', '0', '-o', file, '-e', `trace=openat,${CHANGING}`],
    env: ONE_THREAD,
  }),

  /** Reads such a file: the calls that changed or flushed something in a folder, which was the current one. */
  read(file: string, folder: string): readonly SystemCall[] {
    const place = realpathSync(folder);
    const counts = new Map<string, number>();
    return wholeLines(readFileSync(file, 'utf8')).flatMap((line): SystemCall[] => {
      const [, thread = '', name = '', given = '', result = ''] = /^(\d+) +(\w+)\((.*)\) += (-?)\d/.exec(line) ?? [];
      const n = (counts.get(`${thread} ${name}`) ?? 0) + 1;
      counts.set(`${thread} ${name}`, n);
      if (name === '' || result === '-' || (name === 'openat' && !given.includes('O_CREAT'))) return [];
      const named = Array.from(given.matchAll(/\d+<([^>]+)>|"([^"]*)"/g), ([, open, path]) => open ?? path ?? '');
      const paths = named.map((path) => relative(place, resolve(place, path)));
      return paths.some((path) => path.startsWith('..') || path.includes(':['))
        ? []
        : [{ name, paths: namedBy(name, paths), n }];
    });
  },
};

/** Its work would else be spread over threads, each of which is counted by itself. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };

/** Undefined where there is none, or it may not trace. */
export function findStrace(): typeof strace | undefined {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return strace;
  } catch {
    return undefined;
  }
}

/** Joins a call that another thread interrupted. */
function wholeLines(text: string): readonly string[] {
  const begun = new Map<string, string>();
  return text.split('\n').flatMap((line) => {
    const [thread = ''] = line.split(' ');
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(line)?.[1];
    if (unfinished !== undefined) {
      begun.set(thread, unfinished);
      return [];
    }
    const resumed = /<\.\.\. \w+ resumed>(.*)$/.exec(line)?.[1];
    return [resumed === undefined ? line : `${begun.get(thread) ?? ''}${resumed}`];
  });
}

/** The text of a symbolic link is no path; a copy is about what it writes. */
function namedBy(name: string, paths: readonly string[]): readonly string[] {
  return name === 'symlink' || name === 'copy_file_range' ? paths.slice(-1) : paths;
}

/**
 * What would not surely be there after a power cut: files that were written and folders in which a name was made or went, since they were last flushed.
 * As POSIX has it: a name is safe once its folder is flushed, a content once its file is.
 */
export class Unflushed {
  readonly #paths = new Set<string>();

  /** Takes a call into account. */
  add({ name, paths }: SystemCall): void {
    const [first = '', second = ''] = paths;
    switch (name) {
      case 'fsync':
      case 'fdatasync':
        this.#paths.delete(first);
        break;
      case 'syncfs': // all that is looked at is in one file system
        this.#paths.clear();
        break;
      case 'write':
      case 'pwrite64':
      case 'ftruncate':
      case 'copy_file_range':
        this.#paths.add(first);
        break;
      case 'rename':
        if (this.#paths.delete(first)) this.#paths.add(second);
        this.#paths.add(folderOf(first)).add(folderOf(second));
        break;
      case 'openat':
      case 'mkdir':
      case 'rmdir':
      case 'unlink':
      case 'symlink':
      case 'link':
        this.#paths.add(folderOf(paths.at(-1) ?? ''));
        break;
    }
    if (name === 'rmdir' || name === 'unlink') this.#paths.delete(first);
  }

  /** What is not flushed of what lies below a folder, the folder itself with it. */
  below(folder: string): readonly string[] {
    return Array.from(this.#paths)
      .filter((path) => folder === '' || path === folder || path.startsWith(`${folder}/`))
      .sort();
  }
}

function folderOf(path: string): string {
  const folder = dirname(path);
  return folder === '.' ? '' : folder;
}
