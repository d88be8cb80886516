import type { ReadStore } from '../stores/store.ts';
import { refreshClient, type ClientMemory, type ClientWalk, type Known, type Trusted } from '../tuf/client.ts';
import type { Instant } from '../tuf/instant.ts';

/** What a client keeps from one update to the next, by name. A Map does for one that forgets when the process ends. */
export interface Memory extends ClientMemory {
  /** Keeps bytes that were verified just now. A promise is waited for: nothing more is asked for until they are kept. */
  set(name: string, bytes: Uint8Array): unknown;
  /** Forgets what may be kept under a name; waited for like `set`. */
  delete(name: string): unknown;
}

/**
 * Updates as a client does that reads everything: root, timestamp, snapshot, and every targets role that the snapshot lists.
 * Files are asked for one after the other. What was kept stays kept when a later step refuses or fails.
 * @param store - the repository
 * @param memory - `root.json` has to be in it
 * @param now - the start of the update, fixed for all of it
 * @param known - filled with what was verified, also if the update is refused later
 * @throws RefusalError as refreshClient does; TOO_LARGE
 * @throws FailureError as the store does
 */
export function update(store: ReadStore, memory: Memory, now: Instant, known: Known = new Map()): Promise<Trusted> {
  return walk(refreshClient(memory, now, known), store, memory);
}

/** Does what a client's walk asks for, step by step. */
export async function walk<T>(steps: ClientWalk<T>, store: ReadStore, memory: Memory): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    const { value } = step;
    if (value.do === 'store') await memory.set(value.name, value.bytes);
    if (value.do === 'forget') await memory.delete(value.name);
    step = steps.next(value.do === 'fetch' ? (await store.get(value.file, value.maxBytes))?.bytes : undefined);
  }
  return step.value;
}
