import { FailureError } from '../contract/errors.ts';
import { readStored } from './directory.ts';
import { place } from './disk-error.ts';
import type { Token } from './store.ts';

/** One file of an intent. Paths are relative: `from` to what is prepared, `to` to the working directory. */
export interface IntendedFile {
  readonly from: string;
  readonly to: string;
  /** What was there when the intent was recorded; null for something that is not compared. */
  readonly before: Token | 'absent' | null;
  /** What is to be there; null for a file that is not compared. */
  readonly after: Token | null;
  readonly isPublished: boolean;
}

/** What a run is about to do, in this order: recorded before the first step, removed after the last. */
export interface Intent {
  /** Folders that were missing. */
  readonly folders: readonly string[];
  readonly files: readonly IntendedFile[];
  /** Files that are removed once all of these are in their place, relative to the working directory. */
  readonly removed?: readonly string[];
}

const FORMAT = 1;
const MAX_BYTES = 64 * 1_024 * 1_024; // 100,000 targets take 30 MB

/** Writes an intent as JSON. */
export function encodeIntent(intent: Intent): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, ...intent })}\n`, 'utf8');
}

/**
 * Reads an intent, which was renamed into its place when it was whole.
 * @returns undefined if there is none
 * @throws FailureError STORE_UNREACHABLE if it is not one of ours
 */
export function readIntent(path: string): Intent | undefined {
  const stored = readStored(path, MAX_BYTES);
  if (stored === undefined) return undefined;
  try {
    const intent = JSON.parse(Buffer.from(stored.bytes).toString('utf8')) as Intent & { readonly format: number };
    if (intent.format === FORMAT) return intent;
  } catch {
    // told below
  }
  throw new FailureError('STORE_UNREACHABLE', `${place(path)} was not written by this version of Timekeeper.`);
}
