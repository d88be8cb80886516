import { createHash } from 'node:crypto';
import { servedAs } from '../client/target-path.ts';
import { isCoded, isRefusal } from '../contract/errors.ts';
import type { ReadStore, Stored } from '../stores/store.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import type { Hashes } from '../tuf/meta-file.ts';
import { isPinned, type RootPin } from '../tuf/root-chain.ts';
import { parseTargets } from '../tuf/targets.ts';
import { clientMemory, type Memory } from './memory.ts';
import { listsTargets, servedTo, type Served } from './served.ts';
import { stoppedAtRoot, walk, type Walk } from './walk.ts';

/** What was seen in one look: what a new client gets, and one that remembers. */
export type Sight =
  | { readonly is: 'blind'; readonly message: string }
  | {
      readonly is: 'seen';
      /** The pinned root, with which new clients begin. */
      readonly pinned: Uint8Array;
      readonly newcomer: Walk;
      readonly served: Served;
      /** Undefined where nothing is remembered. */
      readonly returning: Walk | undefined;
      /** The root after the one that is missing, if it is there. */
      readonly beyondGap: string | undefined;
      /** Roots for which the server answered 403 instead of 404. */
      readonly denied: readonly string[];
      readonly cacheAge: number | undefined;
      /** Targets that could not be had, and why. */
      readonly unreachable: readonly string[];
    };

/** Where the watchdog looks. */
export interface Published {
  readonly metadata: ReadStore;
  /** For how long a cache has had timestamp.json, in seconds; asked after it was read. */
  readonly cacheAge?: () => number | undefined;
  /** Why a target of this relative address cannot be had; undefined if it can. Not given: targets are not looked for. */
  readonly unreachable?: (address: string, length: number) => Promise<string | undefined>;
}

/**
 * Looks at a repository as two clients do. Every file is read at most once, so that both judge the same bytes.
 * @param pin - the root that is trusted without proof, or what it is known by
 * @throws FailureError STORE_UNREACHABLE
 */
export async function look(
  published: Published,
  pin: RootPin | Uint8Array,
  memory: Memory | undefined,
): Promise<Sight> {
  const { store, denied } = readOnce(published.metadata);
  const pinned = memory?.roots[0] ?? (pin instanceof Uint8Array ? pin : await publishedPin(store, pin));
  if (typeof pinned === 'string') return { is: 'blind', message: pinned };

  const newcomer = await walk(store, new Map([['root.json', pinned]]));
  const returning = memory && (await walk(store, clientMemory(memory)));
  const served = servedTo(newcomer);
  const beyond = `${served.root.version + 2}.root.json`;
  return {
    is: 'seen',
    pinned,
    newcomer,
    served,
    returning,
    beyondGap: !stoppedAtRoot(newcomer) && (await isThere(store, beyond)) ? beyond : undefined,
    denied: Array.from(denied),
    cacheAge: published.cacheAge?.(),
    unreachable: await unreachableTargets(published, served),
  };
}

/** Whether a root is there, of whatever size: no client asks for this one, so nothing in its place may end the look. */
async function isThere(store: ReadStore, name: string): Promise<boolean> {
  return (await unlessTooLarge(store, name)) !== undefined;
}

async function unlessTooLarge(store: ReadStore, name: string): Promise<Stored | 'too large' | undefined> {
  try {
    return await store.get(name, MAX_BYTES.root);
  } catch (error) {
    if (isRefusal(error)) return 'too large';
    throw error;
  }
}

/** @returns the pinned root's bytes, or a sentence on why there are none */
async function publishedPin(store: ReadStore, pin: RootPin): Promise<Uint8Array | string> {
  const { version, sha256 } = pin;
  const file = `${version}.root.json`;
  const stored = await unlessTooLarge(store, file);
  if (stored === 'too large') return `${file}, which the configuration pins, is larger than any root.`;
  if (stored === undefined) return `${file}, which the configuration pins, is missing.`;
  if (isPinned(stored.bytes, pin)) return stored.bytes;
  const found = createHash('sha256').update(stored.bytes).digest('hex');
  return `${file} has SHA-256 ${found.slice(0, 16)}…, not the pinned ${sha256.slice(0, 16)}….`;
}

/** A missing root may be denied instead: most clients go on then, and so do we, but tell it. Any other file that is denied stops a client. */
function readOnce(metadata: ReadStore): { readonly store: ReadStore; readonly denied: ReadonlySet<string> } {
  const read = new Map<string, Promise<Stored | undefined>>();
  const denied = new Set<string>();
  const get = async (name: string, maxBytes: number): Promise<Stored | undefined> => {
    try {
      return await metadata.get(name, maxBytes);
    } catch (error) {
      if (!name.endsWith('.root.json') || !isCoded(error) || error.code !== 'ACCESS_DENIED') throw error;
      denied.add(name);
      return undefined;
    }
  };
  const store: ReadStore = {
    get(name, maxBytes) {
      const reading = read.get(name) ?? get(name, maxBytes);
      read.set(name, reading);
      return reading;
    },
  };
  return { store, denied };
}

const LOOKED_FOR = 3; // targets: enough to see that their place is served, few enough for every look

async function unreachableTargets({ unreachable }: Published, { root, roles }: Served): Promise<readonly string[]> {
  if (unreachable === undefined) return [];
  const listed = roles.filter(listsTargets).flatMap(({ bytes, file }) => Array.from(parseTargets(bytes, file).targets));
  const first = listed.slice(0, LOOKED_FOR);
  const reasons = await Promise.all(
    first.map(async ([path, { length, hashes }]) => {
      const served = addressOf(path, hashes, root.consistentSnapshot);
      return served.is === 'refused' ? served.message : unreachable(served.path, length);
    }),
  );
  return reasons.filter((reason) => reason !== undefined);
}

function addressOf(path: string, hashes: Hashes, consistentSnapshot: boolean) {
  try {
    return { is: 'served', path: servedAs(path, hashes, consistentSnapshot) } as const;
  } catch (error) {
    if (isRefusal(error)) return { is: 'refused', message: error.message } as const;
    throw error;
  }
}
