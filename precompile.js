/**
 * Has V8 compile the built command, for the Node that runs this; bin/timekeeper.ts starts it from there.
 * `node precompile.js [FOLDER]`: in another folder than dist. Not part of esbuild.config.js, because V8 gives other bytes each time.
 * The file stands beside the command, where only who could replace the command can replace it; no run writes it, and no folder is shared with others.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const [folder = 'dist'] = process.argv.slice(2);
const bin = resolve(import.meta.dirname, folder, 'bin');

const filename = join(bin, 'command.js');
const source = await readFile(filename);
setFlagsFromString('--no-lazy'); // every function now, not when it is first called
const script = new Script(source.toString('latin1'), { filename });
setFlagsFromString('--lazy'); // V8 takes only what was made under the flags of the run
const compiled = script.createCachedData();
const digest = createHash('sha256').update(source).update(compiled).digest();
await writeFile(join(bin, `command-${process.version}-${process.arch}.v8`), Buffer.concat([digest, compiled]));
