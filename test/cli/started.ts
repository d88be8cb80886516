import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { initRepository } from '../../lib/authoring/init.ts';
import type { Status } from '../../lib/cli/status-model.ts';
import { hours, instantOf } from '../../lib/tuf/instant.ts';
import { COMMAND } from './timekeeper.ts';
import { newPath } from './working-copy.ts';

/** The passphrase of every key that `newRepository` makes. */
export const WORD = 'correct horse';

const PATIENCE = 30_000; // ms; many tests run at once

let made: Promise<string> | undefined;

/** A working directory made in this hour, so that it suits the real clock that `start` lives by. */
export async function newRepository(folder = newPath()): Promise<string> {
  made ??= makeRepository(newPath());
  cpSync(await made, folder, { recursive: true });
  return folder;
}

async function makeRepository(folder: string): Promise<string> {
  const word = Buffer.from(WORD, 'utf8');
  const passphrases = { root: word, targets: word, snapshot: word, timestamp: word };
  await initRepository(folder, { passphrases, timestampValidity: hours(1) }, instantOf(Date.now()));
  return folder;
}

/** An empty folder. */
export function emptyFolder(): string {
  const folder = newPath();
  mkdirSync(folder);
  return folder;
}

/** The words that keep a repository of {@link newRepository} fresh so fast that a test can watch. */
export function fast(folder: string): string[] {
  const trust = ['--trusted-root', join(folder, 'repository', 'root.json')];
  return ['start', folder, '--port', '0', '--check', '1s', '--resign-after', '2s', '--validity', '1 hour', ...trust];
}

/** The built command, running until it is told to end. */
export class Started {
  /** Where the page is, with a slash at the end. */
  url = '';
  stdout = '';
  stderr = '';
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;

  constructor(words: readonly string[], cwd?: string, env: Readonly<Record<string, string>> = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FLEET_'));
    this.#process = spawn(process.execPath, [COMMAND, ...words], {
      cwd,
      env: { ...Object.fromEntries(inherited), FLEET_TIMESTAMP_PASSPHRASE: WORD, ...env },
    });
    this.#process.stdin.end();
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#closed = once(this.#process, 'close');
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Waits until it has printed its address and done its first step. */
  async ready(): Promise<this> {
    await this.until(() => /Status page {2}\S+\/\n/.test(this.stdout));
    this.url = /Status page {2}(\S+\/)\n/.exec(this.stdout)?.[1] ?? '';
    await this.status(({ client }) => client !== null);
    return this;
  }

  /** Waits until the condition holds. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!(await condition())) {
      if (this.hasEnded) throw new Error(`It ended: ${this.stdout}${this.stderr}`);
      if (Date.now() > deadline) throw new Error(`It did not come to that: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The first status that is as wanted. */
  async status(wanted: (status: Status) => boolean = () => true): Promise<Status> {
    let status: Status | undefined;
    await this.until(async () => {
      status = (await (await fetch(`${this.url}status.json`)).json()) as Status;
      return wanted(status);
    });
    return status!;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits for its end. Whatever it printed, it was no stack trace and no passphrase. */
  async end(): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
    await this.#closed;
    expectFitToPrint(this.stdout + this.stderr);
    return { status: this.#process.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  /** Ends it as Ctrl-C does. */
  stop(signal: NodeJS.Signals = 'SIGINT'): ReturnType<Started['end']> {
    this.kill(signal);
    return this.end();
  }
}

function expectFitToPrint(output: string): void {
  expect(output).not.toMatch(/^\s+at .*:\d+|node:internal|UnhandledPromise|Node\.js v\d/m);
  expect(output).not.toContain(WORD);
}

/** The version of a role that a status shows. */
export function versionOf({ roles }: Status, role = 'timestamp'): number {
  return roles.find(({ name }) => name === role)?.version ?? 0;
}

const running: Started[] = [];

/** Starts the command; `endAll` ends it, whatever becomes of the test. */
export function start(...given: ConstructorParameters<typeof Started>): Started {
  const started = new Started(...given);
  running.push(started);
  return started;
}

/** For `afterEach`: ends what a test has started and left. */
export async function endAll(): Promise<void> {
  for (const started of running.splice(0)) {
    if (!started.hasEnded) started.kill('SIGKILL');
    await started.end();
  }
}
