import { FailureError } from '../contract/errors.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Store, Stored } from '../stores/store.ts';
import type { Instant } from '../tuf/instant.ts';
import { latest } from '../tuf/root-chain.ts';
import { checkedKeys, installed, type Enrolment } from './enroll.ts';
import type { Identity } from './journal.ts';
import { encodeJournal, MAX_JOURNAL_BYTES, parseIdentity } from './journal-file.ts';
import {
  beginAtPin,
  encodeChain,
  keepChain,
  MAX_CHAIN_BYTES,
  parseChain,
  pinAt,
  ROOT_CHAIN,
  withRoots,
} from './kept-roots.ts';
import { JOURNAL, look, type Look, type Places } from './look.ts';
import { plannedOutcome } from './outcome.ts';
import { plan } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Trust } from './trust.ts';

const ATTEMPTS = 3; // the signer writes the journal too, once a check

/**
 * Gives an enrolled repository other key material, and roots that it may not show. The journal stays: no version is used twice, nothing is begun again.
 * What signs today goes on signing until the journal names the new material, in one write.
 * @param now - the run's one clock reading
 * @returns the verdict that the next run would have, as a dry run; refused if anything does not hold, and then nothing is written
 * @throws FailureError LOST_RACE, and as refresh does
 */
export async function replaceKey(
  enrolment: Enrolment,
  places: Places,
  trust: Trust,
  policy: Policy,
  now: Instant,
): Promise<Outcome> {
  const asked = { repository: enrolment.repository, dryRun: true };
  let identity: Identity | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const seen = await lookToReplace(enrolment.roots ?? [], places, trust, policy, now);
    if (seen === 'changed') continue;
    const decided = plan({ ...seen.state, keys: undefined }, policy, false, now);
    const outcome = plannedOutcome(asked, decided, seen.state);
    if (decided.do === 'refuse') return outcome;

    const keys = await checkedKeys(places.keys, seen, enrolment);
    identity ??= await installed(keys, enrolment);
    const { journal, chain } = seen.state;
    const newestRoot = pinAt(latest(chain));
    const isKept = seen.tokens.chain !== undefined && journal.newestRoot?.sha256 === newestRoot.sha256;
    if (!isKept && (await keepChain(places.state, chain, seen.tokens.chain)) === 'changed') continue;
    const next = { ...journal, newestRoot, identity, probedAt: now };
    const put = await places.state.putIf(JOURNAL, encodeJournal(next), seen.tokens.journal);
    if (put === 'stored') return { ...outcome, keyIds: Array.from(keys.signers.keys()) };
  }
  throw new FailureError('LOST_RACE', `Somebody else wrote at the same time, ${ATTEMPTS} times in a row.`);
}

/**
 * What a replacement decides on: read and verified, with roots that the repository may not show.
 * @throws what look throws
 */
export async function lookToReplace(
  roots: readonly Uint8Array[],
  places: Places,
  trust: Trust,
  policy: Policy,
  now: Instant,
): Promise<Look | 'changed'> {
  if (roots.length === 0) return look(places, trust, policy, false, now);
  const [chain, journal] = await Promise.all([
    places.state.get(ROOT_CHAIN, MAX_CHAIN_BYTES),
    places.state.get(JOURNAL, MAX_JOURNAL_BYTES),
  ]);
  if (journal === undefined) return look(places, trust, policy, false, now);
  const { pin } = parseIdentity(journal.bytes);
  if (chain === undefined) {
    const begun = await beginAtPin(places.hosting, pin, trust.trustedRoot);
    return look(places, { ...trust, knownRoots: withRoots(begun, roots) }, policy, false, now);
  }
  const shown = { bytes: encodeChain(withRoots(parseChain(chain.bytes, pin), roots)), token: chain.token };
  return look({ ...places, state: showing(places.state, shown) }, trust, policy, false, now);
}

/** The state as it will be with the given roots: they are written only once everything holds. */
function showing(state: Store, chain: Stored): Store {
  return {
    ...state,
    get: (name, maxBytes) => (name === ROOT_CHAIN ? Promise.resolve(chain) : state.get(name, maxBytes)),
  };
}
