import { rmdirSync } from 'node:fs';

/** Removes a folder, unless it is not there, or somebody has put something into it. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return; // it may stay
  }
}
