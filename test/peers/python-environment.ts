import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from '../../lib/stores/lock.ts';

const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));

/**
 * A Python that has some packages, installed at the first call into a folder of its own.
 * @param name - of the folder
 * @param packages - with their versions, as pip takes them
 * @returns path of the program; undefined where it can't be had: no Python of 3.10 or newer with `venv` here, or no network
 * @throws Error - instead, if the environment has TIMEKEEPER_REQUIRE_PEERS=1
 */
export async function pythonWith(name: string, packages: readonly string[]): Promise<string | undefined> {
  const home = join(CACHE, name);
  const python = join(home, 'bin', 'python');
  const complete = join(home, 'installed'); // lists what is in there; written last
  const list = packages.join('\n');
  const installOnce = async () => {
    if ((await readFile(complete, 'utf8').catch(() => undefined)) === list) return;
    await install(home, python, packages);
    await writeFile(complete, list);
  };
  try {
    await withLock(CACHE, name, installOnce, { create: true, timeoutMs: 300_000 }); // jest's workers may all be here at once
  } catch (cause) {
    if (process.env.TIMEKEEPER_REQUIRE_PEERS === '1') throw new Error(`${list} cannot be had.`, { cause });
    return undefined;
  }
  return python;
}

/** A virtual environment holds its own path, so it is made where it stays; what was there is put aside first. */
async function install(home: string, python: string, packages: readonly string[]): Promise<void> {
  const run = promisify(execFile);
  const aside = `${home}.${randomUUID()}`;
  await mkdir(home, { recursive: true });
  await rename(home, aside);
  await rm(aside, { recursive: true });
  await run('python3', ['-m', 'venv', home], { timeout: 120_000 });
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], {
    timeout: 300_000,
  });
}
