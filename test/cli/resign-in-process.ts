import type { Outcome } from '../../lib/contract/outcome.ts';
import { directoryTrust, findWorkingDirectory, placesOf } from '../../lib/cli/working-directory.ts';
import { DEFAULT_POLICY } from '../../lib/refresh/policy.ts';
import { refresh } from '../../lib/refresh/refresh.ts';
import { withLock } from '../../lib/stores/lock.ts';
import { parseInstant, seconds } from '../../lib/tuf/instant.ts';
import { NOW } from './timekeeper.ts';

/** `timekeeper resign --force --path FOLDER` without a process of its own, for tests that need hundreds; the key must not be encrypted. */
export async function resignInProcess(folder: string): Promise<Outcome> {
  const directory = findWorkingDirectory(folder, {});
  const wish = { repository: directory.name, force: true, dryRun: false, reason: undefined };
  const policy = { ...DEFAULT_POLICY, minInterval: seconds(0) };
  const now = parseInstant(NOW, 'now');
  const run = () => refresh(wish, placesOf(directory), directoryTrust(undefined), policy, now);
  return withLock(directory.state, 'run', run, { create: true });
}
