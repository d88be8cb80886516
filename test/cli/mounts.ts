import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { newPath } from './working-copy.ts';

const UNSHARE = 'unshare'; // of util-linux

/** File systems that are there for a test and gone with it: mounted in a name space of its own, seen from here through /proc. */
export class Mounts {
  readonly #holders: ChildProcess[] = [];

  /** Mounts an empty file system in memory; resolves to its path. */
  async inMemory(size: string): Promise<string> {
    return this.#mount('mount -t tmpfs -o "size=$2" none "$1"', newFolder(), size);
  }

  /** Shows a folder in a second place, where nobody can write; resolves to that place. */
  async readOnly(folder: string): Promise<string> {
    return this.#mount('mount --bind "$2" "$1" && mount -o remount,bind,ro "$1"', newFolder(), folder);
  }

  /** Ends it all. */
  end(): void {
    for (const holder of this.#holders) holder.kill('SIGKILL');
  }

  async #mount(how: string, place: string, what: string): Promise<string> {
    const script = `${how} && echo mounted && exec sleep 600`;
    const holder = spawn(UNSHARE, ['-rm', 'sh', '-c', script, 'sh', place, what], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#holders.push(holder);
    await once(holder.stdout, 'data');
    return `/proc/${holder.pid}/root${place}`;
  }
}

/** Undefined where this user may not mount anything, or there is no /proc. */
export function findMounts(): Mounts | undefined {
  try {
    const place = newFolder();
    execFileSync(UNSHARE, ['-rm', 'sh', '-c', `mount -t tmpfs none ${place} && test -d /proc/$$/root`], {
      stdio: 'ignore',
    });
    return new Mounts();
  } catch {
    return undefined;
  }
}

function newFolder(): string {
  const folder = newPath();
  mkdirSync(folder);
  return folder;
}
