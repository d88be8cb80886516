/** Builds what runs: the Lambda's one file, and the command. The same sources give the same bytes. */
import { chmod, readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const { version } = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'));

/** Some packages of the AWS SDK are CommonJS and call require for Node's own modules. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

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

await rm(new URL('dist', import.meta.url), { recursive: true, force: true });
await build({
  ...common,
  entryPoints: { resign: 'lambda/resign.ts' },
  outdir: 'dist/lambda',
  outExtension: { '.js': '.mjs' },
  target: 'node24',
  minify: true,
  alias: { '@aws-sdk/credential-provider-node': './lambda/environment-credentials.ts' },
  banner: { js: REQUIRE },
});
await build({
  ...common,
  entryPoints: { timekeeper: 'bin/timekeeper.ts' },
  outdir: 'dist/bin',
  target: 'node20',
  splitting: true,
  chunkNames: '[name]-[hash]',
  minifySyntax: true,
  banner: { js: REQUIRE },
  external: ['../lambda/resign.mjs'],
});
await chmod(new URL('dist/bin/timekeeper.js', import.meta.url), 0o755);
