import { createHash } from 'node:crypto';
import { isRefusal, RefusalError } from '../contract/errors.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import { parseInstant, type Instant } from '../tuf/instant.ts';
import { parseJson } from '../tuf/json.ts';
import type { PublicKey } from '../tuf/key.ts';
import type { Root } from '../tuf/root.ts';
import { parseSnapshot, type Snapshot } from '../tuf/snapshot.ts';
import type { RootChain } from '../tuf/root-chain.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import { verified, type Verified } from '../tuf/verify.ts';
import type { Warning } from '../contract/codes.ts';
import type { Journal } from './journal.ts';
import { verifyTimestamp } from './journal-file.ts';

/** The timestamp that is published now, called C in docs/architecture.md. */
export type Current =
  | { readonly is: 'absent' }
  /** Its bytes verify under no key of the latest root, or cannot be read. */
  | { readonly is: 'unverified'; readonly sha256: string; readonly because: RefusalError }
  | { readonly is: 'verified'; readonly timestamp: Verified<Timestamp> };

/** A snapshot as it is published now. */
export type PublishedSnapshot =
  | { readonly is: 'absent'; readonly file: string }
  | { readonly is: 'invalid'; readonly because: RefusalError }
  | { readonly is: 'verified'; readonly snapshot: Verified<Snapshot> };

/** What reading the targets metadata came to; in refresh mode it is not read. */
export type PublishedTargets =
  | { readonly is: 'unread' }
  | { readonly is: 'refused'; readonly because: RefusalError }
  | { readonly is: 'verified'; readonly expires: readonly { readonly file: string; readonly expires: Instant }[] };

/** What the last publish left for us: a floor. */
export interface Receipt {
  readonly version: number;
  readonly sha256: string;
}

/** Nobody signs until then. */
export interface Pause {
  readonly until: Instant;
  readonly reason: string;
}

/** Everything that `plan` decides on: read and verified. */
export interface State {
  readonly chain: RootChain;
  readonly journal: Journal;
  readonly current: Current;
  readonly snapshot: PublishedSnapshot;
  readonly targets: PublishedTargets;
  readonly receipt: Receipt | undefined;
  readonly pause: Pause | undefined;
  /** The public halves of the signer's keys; undefined until they were once opened. */
  readonly keys: readonly PublicKey[] | undefined;
  /** The largest difference between our clock and an answer's `Date`, in seconds; undefined without a network. */
  readonly clockSkew: number | undefined;
  /** Who signs here. */
  readonly deployment: string;
  /** What reading has found worth telling. */
  readonly warnings: readonly Warning[];
}

/** Reads the published timestamp under the latest root. */
export function observeTimestamp(bytes: Uint8Array | undefined, root: Root): Current {
  if (bytes === undefined) return { is: 'absent' };
  try {
    return { is: 'verified', timestamp: verifyTimestamp(bytes, root) };
  } catch (error) {
    return { is: 'unverified', sha256: createHash('sha256').update(bytes).digest('hex'), because: refusal(error) };
  }
}

/** Reads a published snapshot under the latest root. Whether it is the endorsed one is for `plan` to say. */
export function observeSnapshot(bytes: Uint8Array | undefined, root: Root, file: string): PublishedSnapshot {
  if (bytes === undefined) return { is: 'absent', file };
  try {
    return {
      is: 'verified',
      snapshot: verified(parseSnapshot(bytes, file), root.roles.snapshot, root.keys, 'snapshot'),
    };
  } catch (error) {
    return { is: 'invalid', because: refusal(error) };
  }
}

function refusal(error: unknown): RefusalError {
  if (isRefusal(error)) return error;
  throw error;
}

const ANY = knownFields();

/**
 * Reads expected.json. The publisher can write it, so damage is no reason to refuse.
 * @returns undefined where it cannot be read
 */
export function parseReceipt(bytes: Uint8Array): Receipt | undefined {
  try {
    const fields = new Fields(parseJson(bytes, 'expected.json'), 'expected.json', ANY);
    return { version: fields.integer('version'), sha256: fields.string('sha256') };
  } catch (error) {
    refusal(error);
    return undefined;
  }
}

/**
 * Reads pause.json. Only operators write it, so damage is told rather than guessed at.
 * @throws RefusalError PAUSE_INVALID
 */
export function parsePause(bytes: Uint8Array): Pause {
  try {
    const fields = new Fields(parseJson(bytes, 'pause.json'), 'pause.json', ANY);
    return { until: parseInstant(fields.string('until'), 'pause.json: until'), reason: fields.string('reason') };
  } catch (error) {
    throw new RefusalError('PAUSE_INVALID', `pause.json cannot be used: ${refusal(error).message}`);
  }
}
