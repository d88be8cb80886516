import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PACKAGE = 'node@24.21.0';
const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));
const PROGRAM = join('node_modules', 'node', 'bin', 'node');

let found: Promise<string | undefined> | undefined;

/**
 * The Node that the Lambda runs: this one if it is new enough, else the npm package, installed at the first call into a folder of its own.
 * (As a devDependency it would stand in `node_modules/.bin` and shadow the user's Node.)
 * @returns path of the program; undefined where it can't be had
 * @throws Error - instead, if the environment has TIMEKEEPER_REQUIRE_PEERS=1
 */
export function node24(): Promise<string | undefined> {
  found ??= find();
  return found;
}

async function find(): Promise<string | undefined> {
  if (majorOf(process.version) >= 24) return process.execPath;
  const home = join(CACHE, 'node24');
  if (await runs(home)) return join(home, PROGRAM);
  try {
    await install(home);
  } catch (cause) {
    if (process.env.TIMEKEEPER_REQUIRE_PEERS === '1') throw new Error('Node 24 is not available.', { cause });
    return undefined;
  }
  return join(home, PROGRAM);
}

/** Jest's workers may all be here at once: each installs into a folder of its own, and one of these gets the name. */
async function install(home: string): Promise<void> {
  const unfinished = join(CACHE, `node24.${randomUUID()}`);
  await mkdir(unfinished, { recursive: true });
  try {
    const options = ['--no-save', '--no-audit', '--no-fund', '--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
    await promisify(execFile)('npm', ['install', '--prefix', unfinished, ...options, PACKAGE], { timeout: 300_000 });
    if (!(await runs(unfinished))) throw new Error('npm installed something that does not run.');
    await rename(unfinished, home).catch(() => undefined); // somebody else was first
    if (await runs(home)) return;
    await rm(home, { recursive: true, force: true }); // half of an earlier installation
    await rename(unfinished, home);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

function runs(home: string): Promise<boolean> {
  return promisify(execFile)(join(home, PROGRAM), ['--version']).then(
    ({ stdout }) => majorOf(stdout) === 24,
    () => false,
  );
}

function majorOf(version: string): number {
  return Number(/^v(\d+)\./.exec(version)?.[1]);
}
