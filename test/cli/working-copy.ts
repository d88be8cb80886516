import { createHash } from 'node:crypto';
import {
  cpSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { refreshClient, type Trusted } from '../../lib/tuf/client.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { NOW, outcomeOf, timekeeper, type Run, type RunOptions } from './timekeeper.ts';

/** Repositories that go-tuf made: see `test/fixtures/README.md`. */
export const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

const scratch = mkdtempSync(join(tmpdir(), 'timekeeper-'));
let folders = 0;
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** A path where nothing is yet; removed after the tests of the file. */
export function newPath(): string {
  return join(scratch, String(++folders));
}

/** A copy of a fixture that nobody has enrolled yet, or of any other working directory. */
export function copyOf(fixture = 'go-tuf-v0.5.2', folder = newPath()): WorkingCopy {
  cpSync(resolve(FIXTURES, fixture), folder, { recursive: true });
  return new WorkingCopy(folder);
}

/** A copy of a fixture whose state is begun. */
export async function enrolledCopyOf(fixture?: string): Promise<WorkingCopy> {
  const copy = copyOf(fixture);
  const { code } = await copy.json(['resign', '--trusted-root', 'repository/root.json']);
  if (code !== 'NOT_DUE') throw new Error(`It was not enrolled: ${code}`);
  return copy;
}

/** A working directory of fleetctl, and what one does with it. */
export class WorkingCopy {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  get repository(): string {
    return this.path('repository');
  }

  /** Runs the command in the folder. */
  run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
    return timekeeper(words, { cwd: this.folder, ...options });
  }

  /** Runs the command in the folder, with `--json`. */
  async json(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return outcomeOf(await this.run([...words, '--json'], options));
  }

  bytes(...names: readonly string[]): Buffer {
    return readFileSync(this.path(...names));
  }

  get timestamp(): Buffer {
    return this.bytes('repository', 'timestamp.json');
  }

  set timestamp(bytes: Uint8Array | string) {
    writeFileSync(this.path('repository', 'timestamp.json'), bytes);
  }

  /** What a published file says. */
  signed(file = 'timestamp.json'): Signed {
    return (JSON.parse(this.bytes('repository', file).toString()) as { signed: Signed }).signed;
  }

  journal(folder = '.timekeeper'): Journal {
    return JSON.parse(this.bytes(folder, 'journal.json').toString()) as Journal;
  }

  tree(): Tree {
    return treeOf(this.folder);
  }
}

/** What tests look at in metadata. */
export interface Signed {
  readonly version: number;
  readonly expires: string;
  readonly meta: Readonly<Record<string, { readonly version: number }>>;
}

/** What tests look at in a journal. */
export interface Journal {
  readonly epoch: number;
  readonly entry?: { readonly version: number; readonly timestamp: string; readonly reason?: string };
  readonly probedAt?: string;
}

/** Every file and folder, with a text that says all that can be seen of it. A folder's time is left out: it changes with what is in it. */
export type Tree = Readonly<Record<string, string>>;

function treeOf(folder: string): Tree {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(names.map((name) => [name, seen(join(folder, name))]));
}

function seen(path: string): string {
  const stats = lstatSync(path);
  const { mtimeMs, ino } = stats;
  const common = stats.mode.toString(8);
  if (stats.isDirectory()) return common;
  const content = stats.isSymbolicLink() ? readlinkSync(path) : readFileSync(path);
  return `${common} ${mtimeMs} ${ino} ${createHash('sha256').update(content).digest('hex')}`;
}

/** The names of what differs between two trees, what is new and what is gone among them. */
export function differences(before: Tree, after: Tree): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Array.from(names)
    .filter((name) => before[name] !== after[name])
    .sort();
}

/** A client with a memory, as the TUF specification has it: it never takes what is older than what it took before. */
export class Client {
  readonly #memory: Map<string, Uint8Array>;

  /** @param root - the root that it trusts from the start */
  constructor(root: Uint8Array) {
    this.#memory = new Map([['root.json', root]]);
  }

  /**
   * Checks for updates.
   * @throws RefusalError if it refuses
   */
  update(repository: string, now = NOW): Trusted {
    const walk = refreshClient(this.#memory, parseInstant(now, 'now'));
    let step = walk.next();
    while (step.done !== true) {
      if (step.value.do === 'store') this.#memory.set(step.value.name, step.value.bytes);
      if (step.value.do === 'forget') this.#memory.delete(step.value.name);
      step = walk.next(step.value.do === 'fetch' ? fileIn(repository, step.value.file) : undefined);
    }
    return step.value;
  }
}

function fileIn(folder: string, name: string): Uint8Array | undefined {
  return readdirSync(folder).includes(name) ? readFileSync(join(folder, name)) : undefined;
}
