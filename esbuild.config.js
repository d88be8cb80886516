/**
 * Builds what runs: the Lambda's one file, and the command. The same sources give the same bytes.
 * `node esbuild.config.js [FOLDER] [FILE]`: into another folder than dist; and an account of what is in the Lambda's file.
 */
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const [folder = 'dist', account] = process.argv.slice(2);

const { version } = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'));

const common = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'], // the SDK's ES modules are half the size of its CommonJS
  legalComments: 'none',
  logLevel: 'warning',
  define: { VERSION: JSON.stringify(version) },
  loader: { '.html': 'text' },
};

await rm(resolve(import.meta.dirname, folder), { recursive: true, force: true });
const lambda = await build({
  ...common,
  entryPoints: { resign: 'lambda/resign.ts', watch: 'lambda/watch.ts', verdict: 'lambda/verdict.ts' },
  outdir: join(folder, 'lambda'),
  outExtension: { '.js': '.mjs' },
  target: 'node24',
  minify: true,
  alias: { '@aws-sdk/credential-provider-node': './lambda/environment-credentials.ts' },
  metafile: true,
});
if (account !== undefined) await writeFile(account, JSON.stringify(lambda.metafile));
const bin = { ...common, outdir: join(folder, 'bin'), format: 'cjs', target: 'node20', minify: true };
await build({ ...bin, entryPoints: { timekeeper: 'bin/timekeeper.ts' } });
/** What a command imports only when it runs (lib/cli, `import('./….ts')`) goes into files of its own: a re-sign of a directory loads nothing of AWS. */
const later = new Set();
const loadLater = {
  name: 'load-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/.*\.ts$/ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      later.add(resolve(resolveDir, path));
      return { path: path.replace(/\.ts$/, ''), namespace: 'later' };
    });
    // By require: V8's precompiled scripts cannot import.
    onLoad({ filter: /./, namespace: 'later' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(`${path}.mjs`)});`,
    }));
    onResolve({ filter: /^\.\/.*\.mjs$/, namespace: 'later' }, ({ path }) => ({ path, external: true }));
  },
};
await build({
  ...bin,
  entryPoints: { command: 'bin/command.ts' },
  plugins: [loadLater],
  define: { ...bin.define, 'import.meta.url': 'thisUrl' },
  // commander loads it for commands that are programs of their own, of which there are none here: 4 ms of every run.
  alias: { 'node:child_process': './bin/no-child-process.ts' },
  banner: { js: '(function (require, thisUrl) {' }, // bin/timekeeper.ts calls it
  footer: { js: '})' },
});
await build({
  ...bin,
  entryPoints: [...later].sort(),
  format: 'esm',
  splitting: true,
  chunkNames: 'shared-[hash]',
  outExtension: { '.js': '.mjs' },
  // For packages that are CommonJS inside.
  banner: {
    js: "import { createRequire as madeRequire } from 'node:module'; const require = madeRequire(import.meta.url);",
  },
});
/** The CDK app, and the constructs for somebody else's: aws-cdk-lib is theirs. One folder, so that both find the Lambdas' files in the same place. */
await build({
  ...common,
  entryPoints: { deploy: 'bin/deploy.ts', constructs: 'lib/infra/constructs.ts' },
  outdir: join(folder, 'infra'),
  outExtension: { '.js': '.mjs' },
  target: 'node20',
  splitting: true,
  chunkNames: 'shared-[hash]',
  external: ['aws-cdk-lib', 'constructs'],
});
// CommonJS, because Node starts it 4 ms sooner than an ES module.
await writeFile(resolve(import.meta.dirname, folder, 'bin', 'package.json'), '{ "type": "commonjs" }\n');
// For editors, from the schema with which the command reads timekeeper.json.
const schema = await build({ ...common, entryPoints: ['lib/config/json-schema.ts'], write: false });
const { jsonSchema } = await import(
  `data:text/javascript;base64,${Buffer.from(schema.outputFiles[0].contents).toString('base64')}`
);
await writeFile(
  join(resolve(import.meta.dirname, folder), 'timekeeper.schema.json'),
  `${JSON.stringify(jsonSchema(), null, 2)}\n`,
);
await chmod(resolve(import.meta.dirname, folder, 'bin', 'timekeeper.js'), 0o755);
