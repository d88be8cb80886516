/** The sources under test, with every mutant in them, in a folder of their own. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withMutants } from './mutants.js';

const ROOMS = ['lib/tuf', 'lib/refresh'];

/**
 * @param {string} folder - where to put them
 * @returns {Promise<{ files: string[], mutants: import('./mutants.js').Mutant[] }>}
 */
export async function prepareSources(folder) {
  const files = [];
  const mutants = [];
  for (const room of ROOMS) {
    await rm(join(folder, room), { recursive: true, force: true });
    await mkdir(join(folder, room), { recursive: true });
    for (const name of (await readdir(room)).sort()) {
      const file = `${room}/${name}`;
      const found = withMutants(file, await readFile(file, 'utf8'), mutants.length + 1);
      await writeFile(join(folder, file), found.text);
      files.push(file);
      mutants.push(...found.mutants);
    }
  }
  return { files, mutants };
}

/** The pure tests: of the same rooms and of the client, and without programs of others, which are not everywhere and take their time. */
export async function pureTests() {
  const files = [];
  for (const room of [...ROOMS, 'lib/client']) {
    const folder = room.replace(/^lib/, 'test');
    for (const name of (await readdir(folder)).filter((found) => found.endsWith('.test.ts')).sort()) {
      const file = `${folder}/${name}`;
      if (!/from '.*(peers\/|tuf-js)/.test(await readFile(file, 'utf8'))) files.push(file);
    }
  }
  return files;
}
