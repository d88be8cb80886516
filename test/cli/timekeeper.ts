import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { CODES } from '../../lib/contract/codes.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { BUILT } from '../built.ts';
import { PASSPHRASE } from '../keys/fixture-keys.ts';
import { expectNothingSecret } from './secrets.ts';

/** What suits all fixtures: an hour or a day after they were made. */
export const NOW = '2026-11-24T00:00:00Z';

/** The command as it is built and installed. */
export const COMMAND = join(BUILT, 'bin', 'timekeeper.js');
const FIXED_CLOCK = fileURLToPath(new URL('./fixed-clock.mjs', import.meta.url));

/** How the command is run. */
export interface RunOptions {
  readonly cwd?: string;
  /** The clock. {@link NOW} if not given. */
  readonly now?: string;
  /** In place of the fixtures' passphrase; null for none. */
  readonly passphrase?: string | null;
  readonly env?: Readonly<Record<string, string>>;
  /** Test-side programs for `node --import`. */
  readonly imports?: readonly string[];
  /** What stands in front of `node`, say a shell that changes its file system. */
  readonly within?: readonly string[];
  /** What comes on stdin, which is a pipe then; else there is no stdin. */
  readonly input?: string;
  /** SIGKILL after so many milliseconds. */
  readonly killAfter?: number;
}

/** What came of one run. */
export interface Run {
  /** Null if it was killed. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process of its own. Whatever it prints, in any test, holds no secret and no stack trace. */
export async function timekeeper(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const [program, ...args] = commandLine(words, options);
  const child = spawn(program!, args, { cwd: options.cwd, env: environment(options), stdio: 'pipe' });
  const timer =
    options.killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), options.killAfter);
  child.stdin.on('error', () => undefined); // it may end without having read
  child.stdin.end(options.input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  clearTimeout(timer);
  await expectFitToPrint(stdout + stderr);
  return { status: child.exitCode, stdout, stderr };
}

/** The whole command line of a run. */
export function commandLine(words: readonly string[], { imports = [], within = [] }: RunOptions = {}): string[] {
  const preloads = [FIXED_CLOCK, ...imports].flatMap((file) => ['--import', file]);
  return [...within, process.execPath, ...preloads, COMMAND, ...words];
}

/** Ours without what an operator may have set, with a clock and a passphrase. */
export function environment({ now = NOW, passphrase, env }: RunOptions = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FLEET_'));
  const given = passphrase === undefined ? PASSPHRASE.toString() : passphrase;
  return {
    ...Object.fromEntries(inherited),
    TEST_CLOCK: now,
    ...(given === null ? {} : { FLEET_TIMESTAMP_PASSPHRASE: given }),
    ...env,
  };
}

async function expectFitToPrint(output: string): Promise<void> {
  expect(output).not.toMatch(/^\s+at .*:\d+|node:internal|UnhandledPromise|Node\.js v\d/m);
  await expectNothingSecret(output);
}

const FIELDS = [
  'repository',
  'outcome',
  'code',
  'message',
  'remedy',
  'dryRun',
  'version',
  'expires',
  'effectiveExpiry',
  'nextDueAt',
  'warnings',
  'keyIds',
  'durationMs',
];
const WORDS = { signed: 'signed', skip: 'skipped', refusal: 'refused', failure: 'failed', usage: 'failed' } as const;

/** The outcome that a run with `--json` printed: one object of the promised shape, nothing else, and the exit status that goes with its code. */
export function outcomeOf({ status, stdout, stderr }: Run): Outcome {
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\{.*\}\n$/);
  const outcome = JSON.parse(stdout) as Outcome;
  expect(Object.keys(outcome).filter((field) => field !== 'checks')).toEqual(FIELDS);
  const { kind } = CODES[outcome.code];
  expect(outcome.outcome).toBe(WORDS[kind]);
  expect(status).toBe(statusOf(outcome));
  expect(outcome.message).toMatch(/[.?…]$/);
  if (outcome.code !== 'NOT_DUE' && kind !== 'signed') expect(outcome.remedy).toMatch(/^[A-Z].*[.?]$/);
  return outcome;
}

function statusOf({ code }: Outcome): number {
  switch (CODES[code].kind) {
    case 'signed':
      return 0;
    case 'skip':
      return code === 'NOT_DUE' ? 0 : 1;
    case 'refusal':
      return 1;
    case 'usage':
      return 2;
    case 'failure':
      return 3;
  }
}
