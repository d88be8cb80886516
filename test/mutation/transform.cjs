/** Loads TypeScript as the tests do, but those sources that prepare.js put mutants into from where it left them. */
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const plain = require('../esbuild-transform.cjs');

module.exports = {
  process: (source, file) => plain.process(prepared(source, file), file),
  getCacheKey: (source, file) => createHash('sha256').update(prepared(source, file)).update(file).digest('hex'),
};

function prepared(source, file) {
  const { folder, files } = globalThis.mutation;
  const name = relative(process.cwd(), file);
  return files.has(name) ? readFileSync(join(folder, name), 'utf8') : source;
}
