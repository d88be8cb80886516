import { unlessRefused } from '../contract/errors.ts';
import type { Metadata } from '../tuf/envelope.ts';
import type { RootChain } from '../tuf/root-chain.ts';
import { latest } from '../tuf/root-chain.ts';
import type { Root } from '../tuf/root.ts';
import { verified, type Verified } from '../tuf/verify.ts';

/** Something published that some root of ours vouches for. */
export interface Observed<T> {
  readonly metadata: Verified<T>;
  /** False if only the root that is published now says so, and ours has taken the key away: clients that have our root forget it. */
  readonly isBinding: boolean;
}

/**
 * Reads what is published under a role: under our newest root, else under the newest one that is published.
 * @returns undefined for what neither vouches for, or what cannot be read: it is as good as absent
 */
export function observe<T extends Metadata>(
  bytes: Uint8Array | undefined,
  parse: (bytes: Uint8Array) => T,
  role: 'timestamp' | 'snapshot' | 'targets',
  chain: RootChain,
  publishedVersion: number,
): Observed<T> | undefined {
  if (bytes === undefined) return undefined;
  const newest = latest(chain);
  const before = chain.find(({ version }) => version === publishedVersion);
  const metadata = unlessRefused(() => parse(bytes));
  if (metadata === undefined) return undefined;
  const under = (root: Root) => unlessRefused(() => verified(metadata, root.roles[role], root.keys, role));
  const now = under(newest);
  if (now !== undefined) return { metadata: now, isBinding: true };
  const then = before && under(before);
  return then && { metadata: then, isBinding: false };
}
