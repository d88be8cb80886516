import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const STORES = fileURLToPath(new URL('../../lib/stores/', import.meta.url));
const FAULTY_FS = fileURLToPath(new URL('./faulty-fs.ts', import.meta.url));

/**
 * Makes a program for processes of their own out of TypeScript that imports `./lock.ts` and the like.
 * @param faulty - what the stores import from `node:fs` goes through `faulty-fs.ts`; the program's own `fs` does not
 * @returns path of the program
 */
export function program(folder: string, name: string, contents: string, { faulty = false } = {}): string {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: STORES, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    ...(faulty && { alias: { 'node:fs': FAULTY_FS } }),
  });
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, outputFiles[0]!.contents, { mode: 0o644 });
  return path;
}

/** A process of its own. */
export class Child {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;
  readonly #errors: Promise<string>;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    // An iterator keeps the lines that come before anybody asks.
    this.#lines = createInterface(this.process.stdout!)[Symbol.asyncIterator]();
    this.#exit = once(this.process, 'exit');
    this.#errors = text(this.process.stderr!);
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`It ended without a line: ${await this.#errors}`);
    return next.value;
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  /** Waits for its end. */
  async end(): Promise<{ readonly status: number | null; readonly errors: string }> {
    await this.#exit;
    return { status: this.process.exitCode, errors: await this.#errors };
  }
}

/** Runs a program with node. */
export function run(path: string, args: readonly string[] = [], options: SpawnOptions = {}): Child {
  return new Child(process.execPath, [path, ...args], options);
}
