import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { BUILT } from '../built.ts';
import { describeWhere } from './describe-where.ts';
import { environment } from './timekeeper.ts';
import { copyOf, newPath } from './working-copy.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };

/** Neither a project's settings nor what npm put into our environment count in the folder where we install. */
const env = Object.fromEntries(Object.entries(environment()).filter(([name]) => !/^npm_|^NODE_OPTIONS$/i.test(name)));
const quiet = ['--no-audit', '--no-fund', '--no-update-notifier'];

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}
const run = (program: string, words: readonly string[], cwd: string, more = {}): Promise<Ran> =>
  promisify(execFile)(program, words, { cwd, env: { ...env, ...more }, timeout: 240_000 });

/** The package, packed. Without its scripts: they would build anew what other tests are just running. */
async function pack(): Promise<{ readonly tarball: string; readonly files: readonly { readonly path: string }[] }> {
  const folder = newPath();
  mkdirSync(folder);
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', words, PROJECT);
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(folder, filename), files };
}

/** An empty project into which the package was installed; undefined where what it depends on cannot be had. */
async function install(tarball: string): Promise<string | undefined> {
  const folder = newPath();
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  try {
    await run('npm', ['install', tarball, '--omit=dev', '--prefer-offline', ...quiet], folder);
    return folder;
  } catch (error) {
    // A package that cannot be installed is a defect; a machine without network is none.
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test((error as Ran).stderr))
      return undefined;
    throw error;
  }
}

const { tarball, files } = await pack();
const installed = await install(tarball);

describe('the package', () => {
  test('holds what runs and what one reads, and nothing else', () => {
    const paths = files.map(({ path }) => path);
    const top = new Set(paths.map((path) => path.split('/')[0]));
    const allowed = ['dist', 'docs', 'package.json', 'LICENSE', 'README.md', 'CHANGELOG.md'];
    expect(Array.from(top).filter((name) => !allowed.includes(name!))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['dist/bin/timekeeper.js', 'dist/lambda/resign.mjs', 'LICENSE']));
    expect(paths.filter((path) => /(^|\/)(test|fixtures|node_modules)\/|\.test\./.test(path))).toEqual([]);
    expect(
      paths.filter(
        (path) => path.startsWith('dist/') && !/\.(js|mjs|html|d\.ts)$|(package|timekeeper\.schema)\.json$/.test(path),
      ),
    ).toEqual([]);
  });

  test('the folder dist alone is enough for a ceremony on an offline machine', async () => {
    const stick = newPath();
    cpSync(BUILT, join(stick, 'dist'), { recursive: true });
    const passphrases = Object.fromEntries(['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'].map((role) => [`FLEET_${role}_PASSPHRASE`, role])); // prettier-ignore
    const alone = (words: readonly string[]) => run(process.execPath, ['dist/bin/timekeeper.js', 'updates', ...words], stick, passphrases); // prettier-ignore
    await alone(['generate-key', 'root', '--path', 'bob']);
    await alone(['init', '--path', 'ceremony']);
    await alone(['stage-root', 'next.json', '--path', 'ceremony']);
    await alone(['sign', 'next.json', '--key', 'ceremony/keys/root.json', '--trusted-root', 'ceremony/repository/root.json', '--yes']); // prettier-ignore
    await alone(['publish-root', 'next.json', '--path', 'ceremony']);
    expect(existsSync(join(stick, 'ceremony', 'repository', '2.root.json'))).toBe(true);
  });

  test('says nothing of the machine on which it was built', () => {
    const telling = files.filter(({ path }) => {
      const content = readFileSync(join(PROJECT, path), 'utf8');
      return content.includes(PROJECT) || content.includes('sourceMappingURL=data:');
    });
    expect(telling).toEqual([]);
  });
});

describeWhere(
  'the package, installed from a registry',
  "the registry, or what it has in npm's cache",
  installed,
  (folder) => {
    const npx = (...words: readonly string[]) => run('npx', ['--no-install', 'timekeeper', ...words], folder);

    test('tells its version', async () => {
      expect((await npx('--version')).stdout).toBe(`${version}\n`);
    });

    test('re-signs a repository as plain JavaScript', async () => {
      const copy = copyOf();
      const trust = ['--trusted-root', copy.path('repository', 'root.json')];
      const words = ['resign', '--path', copy.folder, '--force', '--json'];
      const dry = JSON.parse((await npx(...words, '--dry-run', ...trust)).stdout) as object;
      expect(dry).toMatchObject({ outcome: 'signed', code: 'SIGNED', dryRun: true, version: 3 });
      const real = JSON.parse((await npx(...words, ...trust)).stdout) as object;
      expect(real).toMatchObject({ outcome: 'signed', code: 'SIGNED', dryRun: false, version: 4 });
      expect(copy.signed().version).toBe(4);
    });

    test('brings no TypeScript of ours and no tests', () => {
      const own = readdirSync(join(folder, 'node_modules', 'tuf-timekeeper'), { recursive: true, encoding: 'utf8' });
      expect(own.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([]);
      expect(own.filter((name) => /test|fixture/.test(name))).toEqual([]);
    });
  },
);
