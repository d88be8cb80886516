import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { WorkingDirectory } from './working-directory.ts';

/**
 * Finishes or undoes what a killed `updates` command had begun, before anything else is signed in the same directory. To be called under the lock, which is
 * the same only where our state is in its usual place.
 */
export async function finishUpdate({ repository, staged, state }: WorkingDirectory): Promise<void> {
  const folder = dirname(resolve(repository));
  if (staged === undefined || state !== join(folder, '.timekeeper') || !existsSync(join(state, 'update'))) return;
  const { finishUpdateIn } = await import('./finish-update-run.ts');
  finishUpdateIn(folder);
}
