import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IgnoreMode } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** The handlers that `npm run build` bundles, one file each. */
export type HandlerName = 'resign' | 'watch' | 'verdict';

/** Context key with which a folder other than dist/lambda is named. */
export const LAMBDA_FOLDER = 'timekeeper:lambda';

/**
 * The bundle of one handler, alone: a change of one function is no new version of another.
 * @throws Error if it has not been built
 */
export function handlerCode(scope: Construct, name: HandlerName): Code {
  const named: unknown = scope.node.tryGetContext(LAMBDA_FOLDER);
  const folders = typeof named === 'string' ? [named] : FOLDERS;
  const folder = folders.find((candidate) => existsSync(join(candidate, `${name}.mjs`)));
  if (folder === undefined) {
    const wanted = relative(process.cwd(), join(folders.at(-1) ?? '', `${name}.mjs`));
    throw new Error(`${wanted} is missing. Build it first: npm run build`);
  }
  return Code.fromAsset(folder, { exclude: ['*', `!${name}.mjs`], ignoreMode: IgnoreMode.GIT });
}

const HERE = dirname(fileURLToPath(import.meta.url));

/** Beside the built constructs, and seen from their sources. */
const FOLDERS = [join(HERE, '..', 'lambda'), join(HERE, '..', '..', 'dist', 'lambda')].filter(
  (folder) => !folder.endsWith(join('lib', 'lambda')),
);
