/** Builds the benchmarks and runs them, all or those that are named: `npm run bench -- updates`. Node 20 does not load TypeScript. */
import { build } from 'esbuild';

process.chdir(new URL('..', import.meta.url).pathname);
await build({
  entryPoints: ['bench/all.ts', 'bench/read-targets.ts', 'bench/refresh-by-tuf-js.ts', 'bench/serve.ts'],
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  outdir: '.cache/bench',
  outExtension: { '.js': '.mjs' },
  logLevel: 'warning',
  // What finds the peers and Node 24 goes by its own place; in the bundle it has another.
  define: { 'import.meta.url': JSON.stringify(new URL('../test/peers/go-tuf.ts', import.meta.url).href) },
});
await import(new URL('../.cache/bench/all.mjs', import.meta.url));
