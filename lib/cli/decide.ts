import type { Outcome } from '../contract/outcome.ts';
import { FailureError } from '../contract/errors.ts';
import { look, type Places } from '../refresh/look.ts';
import { plannedOutcome } from '../refresh/outcome.ts';
import { plan, type Plan } from '../refresh/plan.ts';
import type { Policy } from '../refresh/policy.ts';
import type { Trust } from '../refresh/trust.ts';
import type { Instant } from '../tuf/instant.ts';

/** What a run would do now. */
export interface Decided {
  readonly plan: Plan;
  readonly outcome: Outcome;
}

/**
 * Decides as a run would, and writes nothing.
 * @param repository - its name, for the outcome
 * @param now - the run's one clock reading
 * @throws RefusalError and FailureError as `look` does
 */
export async function decide(
  repository: string,
  places: Places,
  trust: Trust,
  policy: Policy,
  now: Instant,
): Promise<Decided> {
  const seen = await look(places, trust, policy, false, now);
  if (seen === 'changed') throw new FailureError('LOST_RACE', 'Somebody else wrote the state meanwhile.'); // only a look that keeps roots can
  const decided = plan(seen.state, policy, false, now);
  return { plan: decided, outcome: plannedOutcome({ repository, dryRun: true }, decided, seen.state) };
}
