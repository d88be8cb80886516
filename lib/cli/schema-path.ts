import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCHEMA = 'timekeeper.schema.json';
const LEVELS = 4; // from dist/bin/ or from lib/cli/ to the package's own folder, and to spare

/**
 * Where editors find the schema that came with this command, as seen from a configuration file.
 * @returns a relative path that exists; undefined if the command was not built
 */
export function schemaPath(configurationFile: string): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let level = 0; level < LEVELS; level += 1) {
    const found = [join(folder, SCHEMA), join(folder, 'dist', SCHEMA)].find((file) => existsSync(file));
    if (found !== undefined) return relativePath(dirname(resolve(configurationFile)), found);
    folder = dirname(folder);
  }
  return undefined;
}

function relativePath(from: string, to: string): string {
  const path = relative(from, to).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}
