import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import type { ReadStore } from '../stores/store.ts';
import { refreshTopLevel, type Known } from '../tuf/client.ts';
import { findTarget } from '../tuf/find-target.ts';
import type { Instant } from '../tuf/instant.ts';
import { beginChain } from '../tuf/root-chain.ts';
import { download, type FetchedTarget, type TargetPlaces } from './download.ts';
import { walk, type Memory } from './update.ts';

/** What is fetched, and what came of it so far: filled while it goes on, so that it can be told of a run that stopped. */
export interface Fetching {
  readonly targets: readonly string[];
  readonly places: Omit<TargetPlaces, 'consistentSnapshot'>;
  readonly known: Known;
  readonly fetched: FetchedTarget[];
}

/**
 * Refreshes, then downloads targets in the order given, and stops at the first that cannot be had.
 * @param memory - `root.json` has to be in it
 * @throws RefusalError TARGET_UNKNOWN, and what refreshTopLevel, findTarget and download throw
 * @throws FailureError as the store, the memory and download do
 * @see TUF specification, sections 5.3 to 5.7
 */
export async function fetchTargets(
  store: ReadStore,
  memory: Memory,
  { targets, places, known, fetched }: Fetching,
  now: Instant,
): Promise<void> {
  const trusted = await walk(refreshTopLevel(memory, now, known), store, memory);
  const { consistentSnapshot } = trusted.root;
  const asked = new Set<string>();
  for (const name of targets) {
    const target = await walk(findTarget(name, trusted, memory, asked, now, known), store, memory);
    if (target === undefined) throw new RefusalError('TARGET_UNKNOWN', `There is no target ${quote(name)}.`);
    fetched.push(await download(name, target, { ...places, consistentSnapshot }));
  }
}

/**
 * Gives a memory that has no root yet the one that somebody vouches for.
 * @param trustedRoot - asked for only then
 * @throws RefusalError ROOT_INVALID and what parseRoot throws; then nothing is kept
 * @see TUF specification, section 5.2
 */
export async function beginWith(memory: Memory, trustedRoot: () => Uint8Array): Promise<void> {
  if (memory.get('root.json') !== undefined) return;
  const bytes = trustedRoot();
  beginChain(bytes);
  await memory.set('root.json', bytes);
}
