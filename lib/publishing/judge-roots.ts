import type { RefusalCode } from '../contract/codes.ts';
import { isRefusal, unlessRefused } from '../contract/errors.ts';
import type { Stored } from '../stores/store.ts';
import { beginChain, extendChain, latest, type RootChain } from '../tuf/root-chain.ts';
import { parseRoot } from '../tuf/root.ts';
import type { LocalRepository } from './local-repository.ts';
import type { PublishedState } from './published-state.ts';

/** Why something must not be published. */
export interface Refusal {
  readonly do: 'refuse';
  readonly code: RefusalCode;
  readonly message: string;
}

/** How our roots and the published ones go together. */
export interface RootVerdict {
  readonly chain: RootChain;
  /** The newest root that is published; 0 if none is. */
  readonly publishedVersion: number;
}

/**
 * Judges whether what is published is this repository, and not newer than ours: the published root has to be one of ours, and lead to our newest.
 * Gaps in our own roots are filled from the published ones.
 */
export function judgeRoots(
  { roots }: Pick<LocalRepository, 'roots'>,
  published: Pick<PublishedState, 'roots' | 'files'>,
): RootVerdict | Refusal {
  const newest = Math.max(...roots.keys());
  const plain = plainRoot(published);
  if (isDamaged(published.roots.get(newest + 1)))
    return refuse('ROOT_INVALID', `The published ${newest + 1}.root.json is no root, and clients that have ours stop at it.`); // prettier-ignore
  const readable = Array.from(published.roots).filter(([, stored]) => !isDamaged(stored));
  const theirs = new Map(readable.map(([version, { bytes }]) => [version, bytes]));
  if (plain !== undefined && !theirs.has(plain.version)) theirs.set(plain.version, plain.bytes);
  for (const [version, bytes] of theirs) {
    const own = roots.get(version);
    if (own !== undefined && !same(own, bytes))
      return refuse('OTHER_REPOSITORY', `The published root of version ${version} is not ours.`);
  }
  if (plain !== undefined && !same(plain.bytes, roots.get(plain.version) ?? theirs.get(plain.version)))
    return refuse('OTHER_REPOSITORY', `The published root.json is not the root of version ${plain.version}.`);

  const publishedVersion = Math.max(0, ...theirs.keys());
  if (publishedVersion > newest)
    return refuse('METADATA_ROLLBACK', `Our root has version ${newest}, lower than the published ${publishedVersion}.`);
  let first = newest;
  while (roots.has(first - 1) || theirs.has(first - 1)) first -= 1;
  if (publishedVersion > 0 && publishedVersion < first)
    return refuse('OTHER_REPOSITORY', `Nothing leads from the published root of version ${publishedVersion} to ours of version ${first}: the roots between them are missing.`); // prettier-ignore
  try {
    const bytesOf = (version: number) => roots.get(version) ?? theirs.get(version) ?? new Uint8Array();
    let chain = beginChain(bytesOf(first), `${first}.root.json`);
    while (latest(chain).version < newest) chain = extendChain(chain, bytesOf(latest(chain).version + 1));
    return { chain, publishedVersion };
  } catch (error) {
    if (isRefusal(error)) return refuse(error.code, error.message);
    throw error;
  }
}

/** Whether a published root cannot be read, say because it was cut off: clients stop at it, and ours replaces it. */
export function isDamaged(stored: Stored | undefined): boolean {
  return stored !== undefined && unlessRefused(() => parseRoot(stored.bytes)) === undefined;
}

/** The published root.json, if it can be read: what cannot is replaced. */
function plainRoot({
  files,
}: Pick<PublishedState, 'files'>): { readonly version: number; readonly bytes: Uint8Array } | undefined {
  // prettier-ignore
  const stored = files.get('root.json');
  return stored && unlessRefused(() => ({ version: parseRoot(stored.bytes).version, bytes: stored.bytes }));
}

/** A refusal as a value. */
export function refuse(code: RefusalCode, message: string): Refusal {
  return { do: 'refuse', code, message };
}

/** Whether two files are equal to the byte. */
export function same(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(other);
}
