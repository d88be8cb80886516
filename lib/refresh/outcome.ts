import { CODES, type Code } from '../contract/codes.ts';
import { isCoded } from '../contract/errors.ts';
import type { Outcome } from '../contract/outcome.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import { latest } from '../tuf/root-chain.ts';
import { counting } from './endorsement.ts';
import { dueAt } from './due.ts';
import type { Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import type { State } from './state.ts';

const KINDS = { signed: 'signed', skip: 'skipped', refusal: 'refused', failure: 'failed', usage: 'failed' } as const;

/** Who asks, and for what: the parts of an outcome that are known before anything is read. */
export interface Asked {
  readonly repository: string;
  readonly dryRun: boolean;
}

/** An outcome of which nothing is known but the code and the message. */
export function bareOutcome({ repository, dryRun }: Asked, code: Code, message: string): Outcome {
  const { kind, remedy } = CODES[code];
  return {
    repository,
    outcome: KINDS[kind],
    code,
    message,
    remedy,
    dryRun,
    version: null,
    expires: null,
    effectiveExpiry: null,
    nextDueAt: null,
    warnings: [],
    keyIds: [],
    durationMs: 0,
  };
}

/** What an error comes to. Anything that is not ours is a defect of ours, and says no more than its name: a message from elsewhere may hold a secret. */
export function outcomeOf(error: unknown, asked: Asked): Outcome {
  if (isCoded(error)) return { ...bareOutcome(asked, error.code, error.message), remedy: error.remedy };
  const name = error instanceof Error ? error.name : typeof error;
  return bareOutcome(asked, 'UNEXPECTED', `Something went wrong that should not be possible (${name}).`);
}

/** What a plan comes to before anything is signed: the published timestamp stays. */
export function plannedOutcome(asked: Asked, plan: Plan, state: State): Outcome {
  const published = counting(state.current, state.journal);
  return {
    ...bareOutcome(asked, plan.code, plan.message),
    ...lifetimes(state, published),
    nextDueAt: plan.do === 'skip' ? formatInstant(plan.dueAt) : null,
    warnings: plan.warnings,
  };
}

/** What a signature comes to. */
export function signedOutcome(
  asked: Asked,
  plan: Extract<Plan, { do: 'sign' }>,
  state: State,
  keyIds: readonly string[],
  policy: Policy,
  now: Instant,
): Outcome {
  const { version, expires, journal } = plan;
  return {
    ...bareOutcome(asked, plan.code, plan.message),
    ...lifetimes(state, { version, expires }),
    nextDueAt: formatInstant(dueAt({ expires }, now, journal.healDueAt, policy, now)),
    warnings: plan.warnings,
    keyIds,
  };
}

function lifetimes(
  { chain, snapshot }: State,
  timestamp: { readonly version: number; readonly expires: Instant } | undefined,
) {
  const roles = [latest(chain), timestamp, snapshot.is === 'verified' ? snapshot.snapshot : undefined];
  const first = Math.min(...roles.map((role) => role?.expires ?? Infinity)) as Instant;
  return {
    version: timestamp?.version ?? null,
    expires: timestamp === undefined ? null : formatInstant(timestamp.expires),
    effectiveExpiry: timestamp === undefined ? null : formatInstant(first),
  };
}
