import { FailureError, isRefusal } from '../contract/errors.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Store } from '../stores/store.ts';
import type { Instant } from '../tuf/instant.ts';
import { latest } from '../tuf/root-chain.ts';
import type { Entry, Journal } from './journal.ts';
import { encodeJournal } from './journal-file.ts';
import { keepChain } from './kept-roots.ts';
import { JOURNAL, look, MAX_READ_TIMESTAMP, type Look, type Places } from './look.ts';
import type { Trust } from './trust.ts';
import { openKeys, signProbe } from './our-keys.ts';
import { outcomeOf, plannedOutcome, signedOutcome } from './outcome.ts';
import { plan, type Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { record } from './record.ts';
import { assemble, compose, messageOf, refuseOddLife, verifyOwnOutput } from './statement.ts';

/** What one run is asked for. */
export interface Wish {
  /** The repository's name in the outcome. */
  readonly repository: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly reason: string | undefined;
}

/** The places of a run that may publish. */
export type WritablePlaces = Places & { readonly hosting: Store };

interface Run {
  readonly wish: Wish;
  readonly places: WritablePlaces;
  readonly trust: Trust;
  readonly policy: Policy;
  readonly now: Instant;
}

const ATTEMPTS = 3; // a lost race is decided again so often; then somebody else keeps writing

/**
 * Re-signs one repository if it is due: reads, decides, signs, verifies its own output, records it, publishes it.
 * Whatever happens in between, the journal is written before the timestamp, so the next run heals what this one leaves.
 * @param now - the run's one clock reading
 * @returns signed, skipped or refused; `durationMs` is for the caller to fill in
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL, LOCKED, ROOT_PROBE, TOO_MANY_ROOTS, KMS_UNAVAILABLE, SECRET_UNAVAILABLE, KEY_FILE_MISSING, LOST_RACE
 */
export async function refresh(
  wish: Wish,
  places: WritablePlaces,
  trust: Trust,
  policy: Policy,
  now: Instant,
): Promise<Outcome> {
  const run: Run = { wish, places, trust, policy, now };
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const outcome = await decideAndObey(run);
      // Too soon after a signature of this very run is no answer: it was lost, and whoever called is to try again.
      const isLost = outcome === 'changed' || (attempt > 0 && outcome.code === 'TOO_SOON');
      if (!isLost) return { ...outcome, dryRun: wish.dryRun };
    }
  } catch (error) {
    if (isRefusal(error)) return outcomeOf(error, wish);
    throw error;
  }
  throw new FailureError('LOST_RACE', `Somebody else wrote at the same time, ${ATTEMPTS} times in a row.`);
}

async function decideAndObey(run: Run): Promise<Outcome | 'changed'> {
  const { wish, places, trust, policy, now } = run;
  const seen = await look(places, trust, policy, !wish.dryRun, now);
  if (seen === 'changed') return 'changed';
  const decided = plan(seen.state, policy, wish.force, now);
  switch (decided.do) {
    case 'refuse':
      // A refused first run leaves no state.
      if (!seen.begun && (await keepJournal(run, seen, decided.journal)) === 'changed') return 'changed';
      return plannedOutcome(wish, decided, seen.state);
    case 'skip':
      if (decided.code === 'NOT_DUE' && wish.dryRun) return probeSignature(run, seen, decided);
      if ((await keepJournal(run, seen, decided.journal)) === 'changed') return 'changed';
      return plannedOutcome(wish, decided, seen.state);
    case 'sign':
      refuseOddLife(decided, now);
      return wish.dryRun ? probeSignature(run, seen, decided) : sign(run, seen, decided);
  }
}

/** Writes what looking taught, if it taught anything. A dry run teaches nothing. */
async function keepJournal(run: Run, seen: Look, journal: Journal): Promise<'stored' | 'changed'> {
  const bytes = encodeJournal(journal);
  if (run.wish.dryRun || (seen.journalBytes !== undefined && Buffer.compare(bytes, seen.journalBytes) === 0))
    return 'stored';
  return putJournal(run, seen, bytes);
}

/** The journal comes first, also before the chain that a first run begins: it holds the pin, from which the chain can be begun again. */
async function putJournal(
  { places: { state } }: Run,
  { tokens, begun, state: { chain } }: Look,
  bytes: Uint8Array,
): Promise<'stored' | 'changed'> {
  const put = await state.putIf(JOURNAL, bytes, tokens.journal);
  return put === 'stored' && begun ? keepChain(state, chain, undefined) : put;
}

async function sign(run: Run, seen: Look, decided: Extract<Plan, { do: 'sign' }>): Promise<Outcome | 'changed'> {
  const { wish, places, trust, policy, now } = run;
  const root = latest(seen.state.chain);
  const { signers, identity } = await openKeys(places.keys, seen.state);
  const signed = compose(decided);
  const message = messageOf(signed);
  const signatures = await Promise.all(
    Array.from(signers, async ([keyid, signer]) => [keyid, await signer.sign(message)] as const),
  );
  const bytes = assemble(decided.base, signed, new Map(signatures));
  const timestamp = verifyOwnOutput(bytes, root, decided);

  const entry: Entry = {
    timestamp,
    rootVersion: root.version,
    issuedAt: now,
    code: decided.code,
    replaces: replaced(seen),
    reason: wish.reason,
    by: trust.deployment,
  };
  const next = record({ ...decided.journal, identity }, entry, decided.snapshot, decided.heals, policy);
  if ((await putJournal(run, seen, encodeJournal(next))) === 'changed') return 'changed';
  if ((await publish(places.hosting, bytes, seen)) === 'changed') return 'changed';
  return signedOutcome(wish, { ...decided, journal: next }, seen.state, Array.from(signers.keys()), policy, now);
}

function replaced({ state: { current } }: Look): string | undefined {
  if (current.is === 'absent') return undefined;
  return current.is === 'verified' ? current.timestamp.sha256 : current.sha256;
}

/** P2: a lost race whose winner has our own bytes is a put whose answer was lost and that was repeated. */
async function publish(hosting: Store, bytes: Uint8Array, { tokens }: Look): Promise<'stored' | 'changed'> {
  const put = await hosting.putIf('timestamp.json', bytes, tokens.timestamp);
  if (put === 'stored') return put;
  const now = await hosting.get('timestamp.json', MAX_READ_TIMESTAMP);
  return now !== undefined && Buffer.compare(now.bytes, bytes) === 0 ? 'stored' : 'changed';
}

/** A dry run shows that the keys can be opened and sign: over bytes that are no metadata, thrown away at once. It is noted in the journal. */
async function probeSignature(run: Run, seen: Look, decided: Plan): Promise<Outcome | 'changed'> {
  const { signers, identity } = await openKeys(run.places.keys, seen.state);
  await signProbe(signers);
  if (!seen.begun) {
    const noted = encodeJournal({ ...seen.state.journal, identity, probedAt: run.now });
    if ((await run.places.state.putIf(JOURNAL, noted, seen.tokens.journal)) === 'changed') return 'changed';
  }
  return { ...plannedOutcome(run.wish, decided, seen.state), keyIds: Array.from(signers.keys()) };
}
