import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
/** In the project, so that the CDK is found; the package is where npm would install it. */
const app = join(PROJECT, '.cache', `example-${process.pid}`);
const installed = join(app, 'node_modules', 'tuf-timekeeper');
const dist = join(installed, 'dist');
const TSC = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc');
const ESBUILD = join(PROJECT, 'node_modules', 'esbuild', 'bin', 'esbuild');

const run = (program: string, ...words: readonly string[]) =>
  promisify(execFile)(program, words, { cwd: app, env: { ...process.env, CDK_OUTDIR: join(app, 'cdk.out') } });
const node = (...words: readonly string[]) => run(process.execPath, ...words);

beforeAll(async () => {
  mkdirSync(installed, { recursive: true });
  cpSync(join(PROJECT, 'package.json'), join(installed, 'package.json'));
  cpSync(join(PROJECT, 'examples', 'own-app'), app, { recursive: true });
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n'); // a project of its own: else our name is ours
  await node(join(PROJECT, 'esbuild.config.js'), relative(PROJECT, dist));
  await node(TSC, '-p', join(PROJECT, 'tsconfig.types.json'), '--outDir', join(dist, 'types'));
}, 180_000);
afterAll(() => {
  rmSync(app, { recursive: true, force: true });
});

describe("the example of one's own CDK app", () => {
  test('compiles against the types of the package as it is installed', async () => {
    await expect(node(TSC, '-p', app)).resolves.toMatchObject({ stdout: '' });
  }, 120_000);

  test('synthesises its three stacks with the constructs and the handlers of the package', async () => {
    await run(ESBUILD, 'app.ts', '--format=esm', '--outfile=app.mjs', '--log-level=warning');
    await node('app.mjs');
    const template = (stack: string) => readFileSync(join(app, 'cdk.out', `${stack}.template.json`), 'utf8');
    expect(template('updates-hosting')).toContain(':role/acme-orbit-signer');
    expect(template('updates-signing')).toContain('acme-orbit-resign');
    expect(template('updates-watch')).toContain('acme-orbit-watch-page');
  }, 120_000);
});

describe('the app that cdk.json names', () => {
  const deploy = () =>
    node(join(dist, 'infra', 'deploy.mjs')).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );

  test('says in one line what to do where timekeeper.json is missing', async () => {
    const { code, stderr } = await deploy();
    expect(code).toBe(1);
    expect(stderr).toBe('There is no file "timekeeper.json". Run `timekeeper init-config`: it asks and writes one.\n');
  });

  test('says in one line what to do where timekeeper.json has more repositories than fit, and writes no template', async () => {
    const repositories = Array.from({ length: 20 }, (_, at) => [
      `tuf-${at}`,
      { hosting: {}, root: { version: 1, sha256: String(at).padStart(64, 'a') } },
    ]);
    const file = join(app, 'timekeeper.json');
    writeFileSync(file, JSON.stringify({ repositories: Object.fromEntries(repositories) as object }));
    const { code, stderr } = await deploy();
    rmSync(file);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^timekeeper\.json makes more of the stack updates-signing than AWS takes: \d+ resources of 500\. Keep about 1[56] of its 20 repositories\. .*\n$/,
    );
  }, 120_000);

  test('is the file that is built', () => {
    const { app: named } = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8')) as { app: string };
    expect(named).toBe(`node ${relative(installed, join(dist, 'infra', 'deploy.mjs'))}`);
  });
});
