import { FailureError, isCoded, isRefusal, RefusalError, type CodedError } from '../contract/errors.ts';
import type { Warning } from '../contract/codes.ts';
import type { ReadStore, Store, Stored, Token } from '../stores/store.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import { parseJson } from '../tuf/json.ts';
import { parseRoot } from '../tuf/root.ts';
import {
  beginChain,
  extendChain,
  isPinned,
  isSameRoot,
  latest,
  verifyChain,
  type RootChain,
  type RootPin,
} from '../tuf/root-chain.ts';

/** The name of the kept chain in the state. */
export const ROOT_CHAIN = 'root-chain.json';
/** The largest kept chain that is read, in bytes: more roots than a repository has in a century. */
export const MAX_CHAIN_BYTES = 64 * 1_024 * 1_024;

/** The most new roots that a run takes in; the next one goes on from there. */
export const MAX_NEW_ROOTS = 32;
/** The most that are taken in where a state is begun: nothing is kept before it holds, so it has to be all of them. Clients take as many. */
export const MAX_FIRST_ROOTS = 1_000;

/** Nobody but us reads it, so no spelling of a field is another one's. */
const ANY = knownFields();

/** Writes a chain: the exact bytes of every root, oldest first. */
export function encodeChain(chain: RootChain): Uint8Array {
  const roots = chain.map(({ bytes }) => Buffer.from(bytes).toString('utf8'));
  return Buffer.from(`${JSON.stringify({ format: 1, roots }, null, 1)}\n`, 'utf8');
}

/**
 * Reads a kept chain and verifies it from the pin on.
 * @throws RefusalError ROOT_CHAIN_INVALID, ROOT_PIN_MISMATCH
 */
export function parseChain(bytes: Uint8Array, pin: RootPin): RootChain {
  try {
    return verifyChain(rootsIn(bytes), pin);
  } catch (error) {
    if (!isRefusal(error) || error.code === 'ROOT_PIN_MISMATCH') throw error;
    throw new RefusalError('ROOT_CHAIN_INVALID', `${ROOT_CHAIN} cannot be used: ${error.message}`);
  }
}

/**
 * What an older chain tells of the roots after one that is trusted now.
 * @returns undefined if it does not hold that root, or cannot be verified from there on
 */
export function knownFrom(bytes: Uint8Array, trustedRoot: Uint8Array): RootChain | undefined {
  try {
    const roots = rootsIn(bytes);
    const at = roots.findIndex((root) => isSameRoot(root, trustedRoot));
    return at === -1 ? undefined : verifyChain(roots.slice(at), pinOf(trustedRoot));
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function rootsIn(bytes: Uint8Array): readonly Uint8Array[] {
  const fields = new Fields(parseJson(bytes, ROOT_CHAIN), ROOT_CHAIN, ANY);
  return fields.strings('roots').map((root) => Buffer.from(root, 'utf8'));
}

/**
 * Begins the chain again from the pin, where no chain is kept (a copy of the state without it, or the very first run).
 * @param candidate - the trusted root file, if one was given; unless it is the pinned root, the repository's copy of that is asked for
 * @throws RefusalError ROOT_PIN_MISMATCH if neither is the pinned root
 */
export async function beginAtPin(
  hosting: ReadStore,
  pin: RootPin,
  candidate: Uint8Array | undefined,
): Promise<RootChain> {
  const file = `${pin.version}.root.json`;
  const bytes =
    candidate !== undefined && isPinned(candidate, pin) ? candidate : (await hosting.get(file, MAX_BYTES.root))?.bytes;
  if (bytes === undefined)
    throw new RefusalError('ROOT_PIN_MISMATCH', `The root chain begins at the pin, and the repository has no ${file}.`);
  return verifyChain([bytes], pin);
}

/** What probing for new roots came to. */
export interface Probed {
  readonly chain: RootChain;
  readonly warnings: readonly Warning[];
  /** Why the run must end once the new roots are kept. */
  readonly stop: CodedError | undefined;
}

/**
 * Looks for roots beyond the kept chain. Whatever was verified before something went wrong, also with asking for the next, is to be kept first.
 * @param first - what the repository has under the kept root's name and under the next one
 * @param most - how many new ones are taken in
 * @see TUF specification, section 5.3; only 404 means that there is no newer root
 */
export async function probeRoots(
  hosting: ReadStore,
  kept: RootChain,
  first: { readonly kept: Stored | RefusalError | undefined; readonly next: Stored | undefined },
  most: number,
): Promise<Probed> {
  const { version, sha256 } = latest(kept);
  const warnings: Warning[] = [];
  const isSame = first.kept !== undefined && !isRefusal(first.kept) && isSameRoot(first.kept.bytes, latest(kept).bytes);
  if (!isSame) {
    const message = `${version}.root.json ${first.kept === undefined ? 'is missing from' : 'is another one in'} the repository; we keep SHA-256 ${sha256.slice(0, 16)}….`;
    warnings.push({ code: 'ROOT_HIDDEN', message });
  }
  let chain = kept;
  let { next } = first;
  for (let found = 0; next !== undefined; found++) {
    if (found === most) {
      return {
        chain,
        warnings,
        stop: new FailureError(
          'TOO_MANY_ROOTS',
          `More than ${most} new roots were published; version ${latest(chain).version} is kept now.`,
        ),
      };
    }
    try {
      chain = extendChain(chain, next.bytes);
      next = await probe(hosting, latest(chain).version + 1);
    } catch (error) {
      if (isCoded(error)) return { chain, warnings, stop: error };
      throw error;
    }
  }
  return { chain, warnings, stop: undefined };
}

/** Asks for one root. A refused permission is not "there is none": it would hide a revocation. */
export async function probe(hosting: ReadStore, version: number): Promise<Stored | undefined> {
  const file = `${version}.root.json`;
  try {
    return await hosting.get(file, MAX_BYTES.root);
  } catch (error) {
    if (isRefusal(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new FailureError('ROOT_PROBE', `Whether ${file} exists could not be found out: ${why}`, { cause: error });
  }
}

/** Asks for the root that is kept. One that is too large to be read is another one, and no reason to stop: we have ours. */
export async function probeKept(hosting: ReadStore, version: number): Promise<Stored | RefusalError | undefined> {
  try {
    return await probe(hosting, version);
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

/**
 * A root once seen is never unseen: a chain without it is an older one that was put back, while the repository hides the rest.
 * @param newest - the newest root that was kept, as the journal knows it
 * @throws RefusalError ROOT_CHAIN_INVALID
 */
export function reachesTo(chain: RootChain, newest: RootPin | undefined): void {
  if (newest === undefined || chain.some(({ sha256 }) => sha256 === newest.sha256)) return;
  throw new RefusalError(
    'ROOT_CHAIN_INVALID',
    `${ROOT_CHAIN} ends with version ${latest(chain).version}, but version ${newest.version} was kept already.`,
  );
}

/** Keeps a chain that has grown. @returns 'changed' if somebody else kept one meanwhile */
export function keepChain(state: Store, chain: RootChain, token: Token | undefined): Promise<'stored' | 'changed'> {
  return state.putIf(ROOT_CHAIN, encodeChain(chain), token ?? 'absent');
}

/** The root in a file that somebody vouches for, as a pin. @throws RefusalError ROOT_INVALID, and what parseRoot throws */
export function pinOf(trustedRoot: Uint8Array): RootPin {
  return pinAt(beginChain(trustedRoot, 'The trusted root')[0]);
}

/**
 * Appends given roots to a chain. One that it holds already changes nothing.
 * @throws RefusalError ROOT_INVALID, ROOT_PIN_MISMATCH, and what parseRoot throws
 */
export function withRoots(chain: RootChain, roots: readonly Uint8Array[]): RootChain {
  const given = roots.map((bytes) => ({ bytes, version: parseRoot(bytes, 'The given root').version }));
  let extended = chain;
  for (const { bytes, version } of given.sort((a, b) => a.version - b.version)) {
    const held = extended.find((root) => root.version === version);
    if (held === undefined) extended = extendChain(extended, bytes, `The given root`);
    else if (!isSameRoot(held.bytes, bytes))
      throw new RefusalError(
        'ROOT_PIN_MISMATCH',
        `The given root has version ${version} like one of the trusted chain, but other contents.`,
      );
  }
  return extended;
}

/** A root by version and SHA-256. */
export function pinAt({ version, sha256 }: RootPin): RootPin {
  return { version, sha256 };
}
