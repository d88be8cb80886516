import { update, type Memory } from '../client/update.ts';
import type { Code } from '../contract/codes.ts';
import { isCoded, isRefusal } from '../contract/errors.ts';
import type { ReadStore } from '../stores/store.ts';
import type { Known } from '../tuf/client.ts';
import { BEFORE_ALL_EXPIRY } from '../tuf/instant.ts';

/** What a client came to that took everything for unexpired: expiry is judged apart, so that what has expired can be shown too. */
export interface Walk {
  /** What it holds now, by name, as far as it came: what it began with, and what it took in since. */
  readonly kept: ReadonlyMap<string, Uint8Array>;
  /** The roots that it took in, oldest first. */
  readonly newRoots: readonly Uint8Array[];
  /** What it verified, by role. */
  readonly known: Known;
  /** Why it stopped; undefined if it got through. */
  readonly stopped: Stopped | undefined;
}

/** Why a client stopped. */
export interface Stopped {
  readonly code: Code;
  readonly message: string;
  /** The file that it asked for last. */
  readonly at: string;
}

/**
 * Updates as a client does.
 * @param begins - what it holds: `root.json` at least
 * @returns also where it must not trust the repository, or is denied a file
 * @throws FailureError STORE_UNREACHABLE: it could not find out
 */
export async function walk(published: ReadStore, begins: ReadonlyMap<string, Uint8Array>): Promise<Walk> {
  const kept = new Map(begins);
  const newRoots: Uint8Array[] = [];
  const known: Known = new Map();
  let at = '';
  const store: ReadStore = {
    get(name, maxBytes) {
      at = name;
      return published.get(name, maxBytes);
    },
  };
  const memory: Memory = {
    get: (name) => kept.get(name),
    set(name, bytes) {
      kept.set(name, bytes);
      if (name === 'root.json') newRoots.push(bytes);
    },
    delete: (name) => kept.delete(name),
  };
  try {
    await update(store, memory, BEFORE_ALL_EXPIRY, known);
    return { kept, newRoots, known, stopped: undefined };
  } catch (error) {
    if (!isRefusal(error) && !(isCoded(error) && error.code === 'ACCESS_DENIED')) throw error;
    return { kept, newRoots, known, stopped: { code: error.code, message: error.message, at } };
  }
}

/** Whether it stopped at a root that is there, but does not hold. */
export function stoppedAtRoot({ stopped }: Walk): boolean {
  return stopped?.at.endsWith('.root.json') ?? false;
}
