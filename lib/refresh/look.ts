import type { Warning } from '../contract/codes.ts';
import { isRefusal } from '../contract/errors.ts';
import type { KeySource } from '../keys/signer.ts';
import type { ReadStore, Store, Token } from '../stores/store.ts';
import type { Instant } from '../tuf/instant.ts';
import { latest } from '../tuf/root-chain.ts';
import { beginJournal } from './begin.ts';
import { endorsement } from './endorsement.ts';
import { MAX_JOURNAL_BYTES, parseJournal } from './journal-file.ts';
import {
  beginAtPin,
  keepChain,
  MAX_CHAIN_BYTES,
  MAX_FIRST_ROOTS,
  MAX_NEW_ROOTS,
  parseChain,
  pinAt,
  probe,
  probeKept,
  probeRoots,
  reachesTo,
  ROOT_CHAIN,
} from './kept-roots.ts';
import { MAX_PAUSE_BYTES, PAUSE } from './pause.ts';
import type { Policy } from './policy.ts';
import { asSnapshot, expectedSnapshot, listed, readSnapshot, snapshotName } from './published-snapshot.ts';
import { readTargets } from './published-targets.ts';
import { observeTimestamp, parsePause, parseReceipt, type Receipt, type State } from './state.ts';
import { agreesWith, knownIdentity, knownKeys, newIdentity, startingPoint, type Trust } from './trust.ts';

/** Where one repository, its state and its key material are. */
export interface Places {
  readonly hosting: ReadStore;
  readonly state: Store;
  readonly keys: KeySource;
  /** The largest difference between our clock and an answer's `Date` so far, in seconds. */
  readonly clockSkew?: () => number | undefined;
}

/** What a run saw. */
export interface Look {
  readonly state: State;
  /** True where there was no journal: it is written once something was decided. */
  readonly begun: boolean;
  readonly tokens: {
    readonly journal: Token | 'absent';
    readonly timestamp: Token | 'absent';
    readonly chain: Token | undefined;
  };
  /** The journal's bytes as they were read. */
  readonly journalBytes: Uint8Array | undefined;
}

/** The name of the journal in the state. */
export const JOURNAL = 'journal.json';
const MAX_RECEIPT_BYTES = 65_536; // the receipt; a hundred times what is in it
/** How much of a timestamp is read, in bytes: one that is too large is read before it is judged, so that it can be replaced. */
export const MAX_READ_TIMESTAMP = 1_048_576;

/**
 * Reads and verifies everything that `plan` decides on. Calls that do not need one another go out together: two rounds where nothing is new.
 * @param keep - whether new roots are written to the state before anything later can refuse
 * @returns 'changed' if somebody else wrote the state meanwhile
 * @throws RefusalError NO_BASELINE, JOURNAL_MISSING, JOURNAL_INVALID, JOURNAL_FOREIGN, ROOT_PIN_MISMATCH, ROOT_CHAIN_INVALID, ROOT_INVALID, PAUSE_INVALID, TOO_LARGE
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, ROOT_PROBE, TOO_MANY_ROOTS
 */
export async function look(
  { hosting, state, keys, clockSkew }: Places,
  trust: Trust,
  policy: Policy,
  keep: boolean,
  now: Instant,
): Promise<Look | 'changed'> {
  const [chainFile, journalFile, receipt, pauseFile, timestampFile, snapshotFile, fingerprint] = await Promise.all([
    state.get(ROOT_CHAIN, MAX_CHAIN_BYTES),
    state.get(JOURNAL, MAX_JOURNAL_BYTES),
    readReceipt(state),
    state.get(PAUSE, MAX_PAUSE_BYTES),
    hosting.get('timestamp.json', MAX_READ_TIMESTAMP),
    readSnapshot(hosting, 'snapshot.json'),
    keys.fingerprint(),
  ]);
  const identity =
    journalFile === undefined
      ? await newIdentity(trust, chainFile !== undefined, hosting)
      : knownIdentity(journalFile.bytes, trust);
  const kept =
    chainFile === undefined
      ? (trust.knownRoots ?? (await beginAtPin(hosting, identity.pin, trust.trustedRoot)))
      : parseChain(chainFile.bytes, identity.pin);

  const expected = expectedSnapshot(kept, journalFile?.bytes, timestampFile?.bytes);
  const [publishedRoot, nextRoot, versioned, names] = await Promise.all([
    probeKept(hosting, latest(kept).version),
    probe(hosting, latest(kept).version + 1),
    expected === undefined ? undefined : readSnapshot(hosting, expected),
    listed(hosting, latest(kept), policy),
  ]);
  const most = journalFile === undefined ? MAX_FIRST_ROOTS : MAX_NEW_ROOTS;
  const probed = await probeRoots(hosting, kept, { kept: publishedRoot, next: nextRoot }, most);
  const { chain } = probed;
  if (keep && journalFile !== undefined && (chain.length > kept.length || chainFile === undefined)) {
    if ((await keepChain(state, chain, chainFile?.token)) === 'changed') return 'changed';
  }
  if (probed.stop !== undefined) throw probed.stop;
  agreesWith(chain, trust);

  const root = latest(chain);
  const current = observeTimestamp(timestampFile?.bytes, root);
  const journal = journalFile && parseJournal(journalFile.bytes, chain);
  reachesTo(chain, journal?.newestRoot);
  const newestRoot = keep ? { newestRoot: pinAt(latest(chain)) } : {}; // a look that keeps no roots must not claim that they are kept
  const first = startingPoint(chain, current, trust);
  const extended = journal === undefined ? first?.timestamp : endorsement({ current, journal });
  const file = await snapshotName(hosting, root, extended?.snapshot.version, names, policy);
  const fetched = new Map([[expected ?? '', versioned], ['snapshot.json', snapshotFile]]); // prettier-ignore
  const snapshot = asSnapshot(fetched.has(file) ? fetched.get(file) : await readSnapshot(hosting, file), root, file);

  const warnings: Warning[] = [...probed.warnings];
  if (receipt === 'unreadable') {
    warnings.push({ code: 'RECEIPT_IGNORED', message: 'expected.json cannot be read; it is ignored.' });
  }
  return {
    state: {
      chain,
      journal: {
        ...(journal ?? beginJournal({ identity, first, current, snapshot, epoch: 0, floor: 0 }, now)),
        ...newestRoot,
      },
      current,
      snapshot,
      targets:
        policy.mode === 'advance' && snapshot.is === 'verified'
          ? await readTargets(hosting, root, snapshot.snapshot, now)
          : { is: 'unread' },
      receipt: receipt === 'unreadable' ? undefined : receipt,
      pause: pauseFile && parsePause(pauseFile.bytes),
      keys: knownKeys(identity, fingerprint),
      clockSkew: clockSkew?.(),
      deployment: trust.deployment,
      warnings,
    },
    begun: journalFile === undefined,
    tokens: {
      journal: journalFile?.token ?? 'absent',
      timestamp: timestampFile?.token ?? 'absent',
      chain: chainFile?.token,
    },
    journalBytes: journalFile?.bytes,
  };
}

/** The publisher can write it, so whatever is wrong with it must not stop a run. */
async function readReceipt(state: Store): Promise<Receipt | 'unreadable' | undefined> {
  try {
    const stored = await state.get('expected.json', MAX_RECEIPT_BYTES);
    return stored && (parseReceipt(stored.bytes) ?? 'unreadable');
  } catch (error) {
    if (isRefusal(error)) return 'unreadable';
    throw error;
  }
}
