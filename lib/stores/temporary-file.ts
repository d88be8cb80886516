import { randomBytes } from 'node:crypto';
import { readdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const TEMPORARY = /^\.(.+)\.[0-9a-f]{16}\.tmp$/;

/** Where a file is written before it is renamed: `.timestamp.json.0123456789abcdef.tmp` beside it. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
}

/** Whether a file is such a one. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Removes what a killed run left of a file. Under the lock: nobody else is writing one then. */
export function removeTemporaries(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (TEMPORARY.exec(name)?.[1] === basename(path)) removeQuietly(join(folder, name));
  }
}

/** Removes a file that may be gone already. What stays is taken by the next run: not worth hiding why we got here. */
export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    return;
  }
}
