#!/usr/bin/env node
/**
 * Runs command.js as `require` would, but from what V8 made of it beforehand (precompile.js): compiling it takes longer than all that it then does.
 * Where that is missing, was made by another Node or does not fit, the command is compiled as ever.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';

const filename = join(__dirname, 'command.js');
const source = readFileSync(filename);
const script = new Script(source.toString('latin1'), {
  filename,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  ...precompiled(),
});
const run = script.runInThisContext() as (require: NodeJS.Require, thisUrl: string) => void;
run(require, pathToFileURL(filename).href);

/** V8 looks at the head alone, so it is checked here that the file is whole and was made of this very source. */
function precompiled(): { readonly cachedData?: Buffer } {
  try {
    const file = readFileSync(join(__dirname, `command-${process.version}-${process.arch}.v8`));
    const [digest, cachedData] = [file.subarray(0, 32), file.subarray(32)];
    const found = createHash('sha256').update(source).update(cachedData).digest();
    return found.equals(digest) ? { cachedData } : {};
  } catch {
    return {};
  }
}
