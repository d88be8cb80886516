import { JOURNAL } from '../refresh/look.ts';
import { MAX_JOURNAL_BYTES, parseIdentity } from '../refresh/journal-file.ts';
import { MAX_CHAIN_BYTES, parseChain, ROOT_CHAIN } from '../refresh/kept-roots.ts';
import type { Store } from '../stores/store.ts';

/**
 * The root with which the kept state began: what a client of that day still trusts.
 * @returns its bytes; undefined where no state was begun yet
 * @throws RefusalError JOURNAL_INVALID, ROOT_CHAIN_INVALID, ROOT_PIN_MISMATCH
 */
export async function pinnedRoot(state: Store): Promise<Uint8Array | undefined> {
  const [journal, chain] = await Promise.all([
    state.get(JOURNAL, MAX_JOURNAL_BYTES),
    state.get(ROOT_CHAIN, MAX_CHAIN_BYTES),
  ]);
  if (journal === undefined || chain === undefined) return undefined;
  return parseChain(chain.bytes, parseIdentity(journal.bytes).pin)[0].bytes;
}
