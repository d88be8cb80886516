import { CODES, type Code } from '../contract/codes.ts';
import { isCoded } from '../contract/errors.ts';
import type { ReadStore } from '../stores/store.ts';
import type { Trusted } from '../tuf/client.ts';
import type { Metadata } from '../tuf/envelope.ts';
import type { Instant } from '../tuf/instant.ts';
import { update, type Memory } from './update.ts';

/** One role as a client reads it. */
export interface PublishedRole {
  /** `root`, `targets`, `snapshot`, `timestamp`, or the name of a delegated role. */
  readonly name: string;
  readonly version: number;
  readonly expires: Instant;
}

/** Whom something concerns: every client, those that have updated before and remember, or those that come for the first time. */
export type Who = 'all' | 'returning' | 'new';

/** What updating as clients do came to. */
export type ClientCheck = {
  readonly at: Instant;
  /** Every role that could be verified, whether expired or not; undefined where the repository does not hold together. */
  readonly roles: readonly PublishedRole[] | undefined;
} & (
  | { readonly is: 'updated' }
  /** `refused`: they must not trust the repository. `failed`: they could not find out. */
  | {
      readonly is: 'refused' | 'failed';
      readonly who: Who;
      readonly code: Code;
      readonly message: string;
      readonly remedy: string;
    }
);

/**
 * Updates as two clients do: one that remembers what it has seen, and so notices a rollback, and one that comes for the first time, and so reads every file.
 * @param trustedRoot - the root that both begin with; asked for until there is one
 * @returns one check at a time; never rejects
 */
export function newClients(
  store: ReadStore,
  trustedRoot: () => Promise<Uint8Array | undefined>,
): (now: Instant) => Promise<ClientCheck> {
  const remembered = new Map<string, Uint8Array>();
  let first: Uint8Array | undefined;
  return async (at) => {
    try {
      first ??= await trustedRoot();
    } catch (error) {
      return { ...failure(error), is: 'failed', who: 'all', at, roles: undefined };
    }
    if (first === undefined) return { ...NO_ROOT, is: 'failed', who: 'all', at, roles: undefined };
    if (!remembered.has('root.json')) remembered.set('root.json', first);

    const returning = await attempt(store, remembered, at);
    const newcomer = await attempt(store, new Map([['root.json', first]]), at);
    const roles = newcomer.is === 'updated' ? newcomer.roles : await rolesWhateverTheirAge(store, first);
    if (returning.is !== 'updated')
      return { ...returning, who: newcomer.is === 'updated' ? 'returning' : 'all', at, roles };
    if (newcomer.is !== 'updated') return { ...newcomer, who: 'new', at, roles };
    return { is: 'updated', at, roles };
  };
}

const NO_ROOT = {
  code: 'NO_BASELINE',
  message: 'No root is trusted yet, so there is nothing to check from.',
  remedy: CODES.NO_BASELINE.remedy,
} as const;

async function attempt(store: ReadStore, memory: Memory, now: Instant) {
  try {
    return { is: 'updated', roles: rolesOf(await update(store, memory, now)) } as const;
  } catch (error) {
    return failure(error);
  }
}

/** The same walk at a time before everything expires: what is there to be shown. */
async function rolesWhateverTheirAge(
  store: ReadStore,
  root: Uint8Array,
): Promise<readonly PublishedRole[] | undefined> {
  const found = await attempt(store, new Map([['root.json', root]]), 0 as Instant);
  return found.is === 'updated' ? found.roles : undefined;
}

function rolesOf({ root, targets, snapshot, timestamp }: Trusted): readonly PublishedRole[] {
  const role = (name: string, { version, expires }: Metadata): PublishedRole => ({ name, version, expires });
  return [
    role('root', root),
    ...Array.from(targets, ([name, metadata]) => role(name, metadata)),
    role('snapshot', snapshot),
    role('timestamp', timestamp),
  ];
}

function failure(error: unknown) {
  if (!isCoded(error)) {
    const message = 'The check went wrong in a way that should not be possible.';
    return { is: 'failed', code: 'UNEXPECTED', message, remedy: CODES.UNEXPECTED.remedy } as const;
  }
  const is = error.name === 'RefusalError' ? 'refused' : 'failed';
  return { is, code: error.code, message: error.message, remedy: error.remedy } as const;
}
