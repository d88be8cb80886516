import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What launch.py is written for; without cryptography MiniStack makes no KMS keys. */
const PACKAGES = ['ministack==1.5.33', 'cryptography==50.0.2'];
const HOME = fileURLToPath(new URL('../../.cache/ministack/', import.meta.url));
const PYTHON = join(HOME, 'bin', 'python');
const COMPLETE = join(HOME, 'installed'); // lists what is in there; written last

/**
 * A Python that has MiniStack, installed at the first call into a folder of its own.
 * @returns path of the program; undefined where it can't be had: no Python of 3.10 or newer with `venv` here, or no network
 * @throws Error - instead, if the environment has TIMEKEEPER_REQUIRE_PEERS=1
 */
export async function ministackPython(): Promise<string | undefined> {
  if (await isInstalled()) return PYTHON;
  try {
    await install();
  } catch (cause) {
    if (process.env.TIMEKEEPER_REQUIRE_PEERS === '1') throw new Error('MiniStack is not available.', { cause });
    return undefined;
  }
  return PYTHON;
}

async function isInstalled(): Promise<boolean> {
  return readFile(COMPLETE, 'utf8').then(
    (list) => list === PACKAGES.join('\n'),
    () => false,
  );
}

/** A virtual environment holds its own path, so it is made where it stays; what was there is put aside first. */
async function install(): Promise<void> {
  const run = promisify(execFile);
  const aside = `${HOME.replace(/\/$/, '')}.${randomUUID()}`;
  await mkdir(HOME, { recursive: true });
  await rename(HOME, aside);
  await rm(aside, { recursive: true });
  await run('python3', ['-m', 'venv', HOME], { timeout: 120_000 });
  await run(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES], {
    timeout: 300_000,
  });
  await writeFile(COMPLETE, PACKAGES.join('\n'));
}
