import { FailureError, RefusalError, unlessRefused } from '../contract/errors.ts';
import { textOf } from '../stores/foreign-error.ts';
import type { Store, Stored } from '../stores/store.ts';
import { isObject, parseJson } from '../tuf/json.ts';
import type { SnapshotName } from './judge-snapshot.ts';

/** The name of the receipt in the signer's state. */
const RECEIPT = 'expected.json';
const MAX_BYTES = 65_536;

/**
 * Reads what is there before a publish. A publisher may not list the state, so S3 says of a receipt that is missing what it says of one that may not be read;
 * which of the two it is, the put will tell.
 * @throws FailureError STORE_UNREACHABLE
 */
export async function readReceipt(state: Store): Promise<Stored | undefined> {
  try {
    return await state.get(RECEIPT, MAX_BYTES);
  } catch (error) {
    if (textOf(error, 'code') === 'ACCESS_DENIED') return undefined;
    throw error;
  }
}

/**
 * Leaves for the signer what it has to find: from now on a repository with an older snapshot is below its receipt. The signer reads version and SHA-256.
 * @param before - as it was read before the publish
 * @param isClaim - it is put before the snapshot, so that of two publishers at once the later one is told; else afterwards, where a higher one may stay
 * @throws RefusalError PUBLISHED_MEANWHILE if it is a claim and somebody else left another one since
 * @throws FailureError LOST_RACE, ACCESS_DENIED, STORE_UNREACHABLE
 */
export async function leaveReceipt(
  state: Store,
  { version, sha256 }: SnapshotName,
  before: Stored | undefined,
  isClaim: boolean,
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify({ version, sha256 })}\n`);
  let there = before;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (there !== undefined && bytes.equals(there.bytes)) return;
    if ((await state.putIf(RECEIPT, bytes, there?.token ?? 'absent')) === 'stored') return;
    there = await state.get(RECEIPT, MAX_BYTES);
    const other = there && receiptIn(there.bytes);
    if (other === undefined || other.sha256 === sha256) continue;
    if (isClaim)
      throw new RefusalError(
        'PUBLISHED_MEANWHILE',
        `Somebody else began to publish a snapshot of version ${other.version} meanwhile; ours has version ${version}.`,
      );
    if (other.version > version) return;
  }
  throw new FailureError('LOST_RACE', 'The receipt for the signer was written by somebody else again and again.');
}

const ATTEMPTS = 5;

/** What a receipt says; undefined if it cannot be read. */
export function receiptIn(bytes: Uint8Array): SnapshotName | undefined {
  const json = unlessRefused(() => parseJson(bytes, RECEIPT));
  const [version, sha256] = isObject(json) ? [json.get('version'), json.get('sha256')] : [];
  return typeof version === 'number' && typeof sha256 === 'string' ? { version, sha256 } : undefined;
}
