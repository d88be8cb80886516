import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { goTuf } from '../test/peers/go-tuf.ts';
import { node24 } from '../test/lambda/node24.ts';

/** Where everything is built, below the project's folder. */
const FOLDER = resolve('.cache', 'bench');

/** The programs that are measured. */
export interface Programs {
  /** Node 24, which the Lambda runs; else the present one. */
  readonly node: string;
  readonly nodeVersion: string;
  /** The command, built by that Node as `npm ci` builds it. */
  readonly timekeeper: string;
  /** The Lambda's file. */
  readonly lambda: string;
  /** The library that fleetctl uses, as a program; undefined where it can't be compiled. */
  readonly goTuf: string | undefined;
  /** Scripts that do as little as one can: nothing, and one scrypt as a key file needs it. */
  readonly nothing: string;
  readonly oneScrypt: string;
}

/** Builds and finds them. */
export async function programs(): Promise<Programs> {
  const node = (await node24()) ?? process.execPath;
  const dist = join(FOLDER, 'dist');
  execFileSync(node, ['esbuild.config.js', dist]);
  execFileSync(node, ['precompile.js', dist]);
  return {
    node,
    nodeVersion: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    timekeeper: join(dist, 'bin', 'timekeeper.js'),
    lambda: join(dist, 'lambda', 'resign.mjs'),
    goTuf: (await goTuf())?.program,
    nothing: script('nothing.cjs', ''),
    oneScrypt: script(
      'one-scrypt.cjs',
      "require('node:crypto').scrypt('x', Buffer.alloc(32), 32, { N: 32768, r: 8, p: 1, maxmem: 2 ** 26 }, () => {});",
    ),
  };
}

function script(name: string, text: string): string {
  const file = join(FOLDER, name);
  writeFileSync(file, `${text}\n`);
  return file;
}
