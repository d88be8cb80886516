/** Lets jest load TypeScript (and the status page as text) through esbuild, the bundler that we have anyway. */
const { transformSync } = require('esbuild');
const { extname } = require('node:path');

const LOADERS = { '.ts': 'ts', '.html': 'text' };

module.exports = {
  process(source, file) {
    const { code, map } = transformSync(source, {
      loader: LOADERS[extname(file)],
      format: 'esm',
      target: 'node20',
      sourcefile: file,
      sourcemap: true,
    });
    return { code, map };
  },
};
