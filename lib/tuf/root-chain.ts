import { createHash } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import { parseRoot, type Root } from './root.ts';
import { verified, type Verified } from './verify.ts';

/** The root that is trusted without proof, by version and SHA-256. It stands where whoever writes the repository cannot change it. */
export interface RootPin {
  readonly version: number;
  readonly sha256: string;
}

/** The roots from the pin on, each signed by a threshold of the one before and of itself. Never empty. */
export type RootChain = readonly [Verified<Root>, ...Verified<Root>[]];

/** The newest root of a chain. */
export function latest(chain: RootChain): Verified<Root> {
  return chain[chain.length - 1] ?? chain[0];
}

/**
 * Begins a chain with a root that somebody vouches for. It has to be signed by its own keys; its expiry is not judged here.
 * @throws RefusalError ROOT_INVALID, and what parseRoot throws
 * @see TUF specification, section 5.2
 */
export function beginChain(bytes: Uint8Array, file?: string): RootChain {
  const root = parseRoot(bytes, file);
  return [signedBy(root, root, `${root.file} (version ${root.version}) is not signed by its own root keys`)];
}

/**
 * Appends the next root: exactly one version higher, signed by a threshold of the last root and of its own. Expiry is judged by the caller.
 * @throws RefusalError ROOT_INVALID, and what parseRoot throws
 * @see TUF specification, sections 5.3.4 and 5.3.5
 */
export function extendChain(chain: RootChain, bytes: Uint8Array, file?: string): RootChain {
  const last = latest(chain);
  const next = parseRoot(bytes, file ?? `${last.version + 1}.root.json`);
  if (next.version !== last.version + 1) {
    throw new RefusalError('ROOT_INVALID', `${next.file} has version ${next.version}, not ${last.version + 1}.`);
  }
  signedBy(next, last, `${next.file} is not signed by a threshold of the root keys of version ${last.version}`);
  return [...chain, signedBy(next, next, `${next.file} is not signed by a threshold of its own root keys`)];
}

/**
 * Verifies a kept chain from the pin on.
 * @param roots - the exact bytes of each root, oldest first
 * @throws RefusalError ROOT_PIN_MISMATCH if it does not begin with the pinned root, and what beginChain and extendChain throw
 */
export function verifyChain(roots: readonly Uint8Array[], pin: RootPin): RootChain {
  const [first, ...rest] = roots;
  if (first === undefined) throw new RefusalError('ROOT_PIN_MISMATCH', 'The kept root chain is empty.');
  return rest.reduce<RootChain>((chain, bytes) => extendChain(chain, bytes), pinned(beginChain(first), pin));
}

function pinned(chain: RootChain, pin: RootPin): RootChain {
  const [root] = chain;
  if (root.version !== pin.version || !isPinned(root.bytes, pin)) {
    throw new RefusalError(
      'ROOT_PIN_MISMATCH',
      `Version ${root.version} with SHA-256 ${root.sha256} is not the pinned root, version ${pin.version} with SHA-256 ${pin.sha256}.`,
    );
  }
  return chain;
}

/**
 * Whether a file is the pinned root. A newline at its end counts for nothing: what `fleetctl updates roots` prints has one more than the repository's
 * own file, and what it printed is what people keep.
 */
export function isPinned(bytes: Uint8Array, { sha256 }: Pick<RootPin, 'sha256'>): boolean {
  const root = withoutNewline(bytes);
  return [root, Buffer.concat([root, NEWLINE])].some((one) => createHash('sha256').update(one).digest('hex') === sha256); // prettier-ignore
}

/** Whether two files hold one root, byte for byte, but for a newline at the end. */
export function isSameRoot(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(withoutNewline(one), withoutNewline(other)) === 0;
}

const NEWLINE = Buffer.from('\n');

function withoutNewline(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === NEWLINE[0] ? bytes.subarray(0, -1) : bytes;
}

function signedBy(root: Root, by: Root, otherwise: string): Verified<Root> {
  try {
    return verified(root, by.roles.root, by.keys, 'root');
  } catch (error) {
    if (error instanceof RefusalError) throw new RefusalError('ROOT_INVALID', `${otherwise}: ${error.message}`);
    throw error;
  }
}
