import type { Warning } from '../contract/codes.ts';
import { after, type Instant } from '../tuf/instant.ts';
import type { Policy } from './policy.ts';
import type { State } from './state.ts';

const MAX_AHEAD = 1_000; // versions; a receipt from further ahead is a mistake or a lie, and must not stop us

/** What the publisher's receipt says against what is published. */
export interface ReceiptVerdict {
  readonly isBelow: boolean;
  readonly warnings: readonly Warning[];
  /** Set once the repository has been below its receipt for too long. */
  readonly refusal: { readonly code: 'PUBLISHED_SNAPSHOT_MISSING'; readonly message: string } | undefined;
}

/** Judges the publisher's receipt: a floor for the snapshot, first a warning, after `freezeGrace` a refusal. */
export function judgeReceipt(
  { receipt, snapshot, journal }: State,
  { freezeGrace }: Policy,
  now: Instant,
): ReceiptVerdict {
  const fine: ReceiptVerdict = { isBelow: false, warnings: [], refusal: undefined };
  if (receipt === undefined || snapshot.is !== 'verified') return fine;
  const { version, sha256 } = snapshot.snapshot;
  if (receipt.version > version + MAX_AHEAD) {
    const message = `The receipt names snapshot version ${receipt.version}, far beyond the published ${version}; it is ignored.`;
    return { ...fine, warnings: [{ code: 'RECEIPT_IGNORED', message }] };
  }
  const isBelow = version < receipt.version || (version === receipt.version && sha256 !== receipt.sha256);
  if (!isBelow) return fine;
  const message = `The last publish left snapshot version ${receipt.version}; now the repository has version ${version}${version === receipt.version ? ' with other contents' : ''}.`;
  const isOver = now >= after(journal.badSince.receipt ?? now, freezeGrace);
  const code = 'PUBLISHED_SNAPSHOT_MISSING';
  return { isBelow, warnings: [{ code, message }], refusal: isOver ? { code, message } : undefined };
}
