import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Files as `updates add --folder` takes them: `NAME/PLATFORM/VERSION/FILE`, a hundred versions of a name.
 * @param name - what their names begin with
 */
export function manyFiles(folder: string, name: string, count: number, bytes: number): string {
  for (let index = 0; index < count; index++) {
    const own = `${name}-${Math.floor(index / 100)}`;
    const file = join(folder, own, 'linux', `1.${index % 100}`, own);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.alloc(bytes, file));
  }
  return folder;
}

/** The same, where go-tuf looks for targets that are to be added. */
export function staged(folder: string, repository: string): void {
  cpSync(folder, join(repository, 'staged', 'targets'), { recursive: true });
}
