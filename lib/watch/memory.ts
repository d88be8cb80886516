import type { FindingCode } from '../contract/findings.ts';
import type { Instant } from '../tuf/instant.ts';
import type { RootPin } from '../tuf/root-chain.ts';

/** What the watchdog keeps from one look to the next: without it, it could see neither rollback nor equivocation nor silence. */
export interface Memory {
  readonly pin: RootPin;
  /** When it was begun. */
  readonly begunAt: Instant;
  /** When an earlier one was found lost. */
  readonly lostAt: Instant | undefined;
  /** The exact bytes of every root, from the pinned one on. Never empty. */
  readonly roots: readonly Uint8Array[];
  /** The newest timestamp, and when it was first seen. */
  readonly timestamp: { readonly bytes: Uint8Array; readonly since: Instant } | undefined;
  readonly snapshot: Uint8Array | undefined;
  /** The targets roles, by name. */
  readonly targets: ReadonlyMap<string, { readonly version: number; readonly sha256: string }>;
  /** Since when each finding has lasted. */
  readonly findings: ReadonlyMap<FindingCode, Instant>;
}

/** What there was to remember: a memory; none yet; one that is gone or damaged; or nobody keeps one. */
export type Recalled =
  | { readonly is: 'kept'; readonly memory: Memory }
  | { readonly is: 'none yet' }
  | { readonly is: 'lost'; readonly message: string }
  | { readonly is: 'not kept' };

/** The files that a client holds who updated when the memory was written. */
export function clientMemory({ roots, timestamp, snapshot }: Memory): ReadonlyMap<string, Uint8Array> {
  const held = new Map<string, Uint8Array>();
  const newest = roots.at(-1);
  if (newest !== undefined) held.set('root.json', newest);
  if (timestamp !== undefined) held.set('timestamp.json', timestamp.bytes);
  if (snapshot !== undefined) held.set('snapshot.json', snapshot);
  return held;
}
