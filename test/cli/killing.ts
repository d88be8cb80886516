import { fileURLToPath } from 'node:url';
import type { RunOptions } from './timekeeper.ts';

const KILL_AT_CALL = fileURLToPath(new URL('./kill-at-call.mjs', import.meta.url));

/** Tests that kill do so at every call if it is 1, which takes some minutes; else at one of so many. */
export const KILL_EVERY = Number(process.env.TIMEKEEPER_KILL_EVERY ?? 7);

/** A run that is killed before call number `n` of those that change the disk, if it makes so many. */
export function killedAtCall(n: number, env: Readonly<Record<string, string>> = {}) {
  return { imports: [KILL_AT_CALL], env: { ...env, KILL_AT: String(n) } } satisfies RunOptions;
}
