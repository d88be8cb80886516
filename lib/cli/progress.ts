import { WARNINGS, type Code, type Warning } from '../contract/codes.ts';
import type { Outcome } from '../contract/outcome.ts';
import { formatInstant, instantOf, type Instant } from '../tuf/instant.ts';
import type { ClientCheck, PublishedRole, Who } from '../client/client-check.ts';
import type { Doing } from './keep-fresh.ts';

/** Something that is wrong, or will be, and what to do about it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** One line of the history: a run, or several in a row that came to the same. */
export interface RunLine {
  readonly first: string;
  readonly last: string;
  readonly times: number;
  readonly outcome: Outcome['outcome'];
  readonly code: Code;
  readonly message: string;
  readonly remedy: string;
}

/** What updating as clients do came to: a check of ours, or the watchdog's. */
export type Checked = { readonly at: Instant } & (
  { readonly is: 'updated' } | ({ readonly is: 'refused' | 'failed'; readonly who: Who } & Problem)
);

/** Everything that has happened since the start, as far as it is shown. */
export interface Progress {
  /** `nothing`: nobody keeps it fresh here, it was only looked at. */
  readonly doing: Doing | { readonly is: 'nothing' };
  /** Newest first. */
  readonly runs: readonly RunLine[];
  readonly outcome: Outcome | undefined;
  readonly check: Checked | undefined;
  /** What else was found: wrong now, and what will be. */
  readonly found: { readonly now: readonly Problem[]; readonly soon: readonly Problem[] };
  /** As they were last seen. */
  readonly roles: readonly PublishedRole[];
  /** When `roles` were seen. */
  readonly rolesSeenAt: Instant | undefined;
}

const SHOWN_RUNS = 20;

/** Before the first step. */
export const NO_PROGRESS: Progress = {
  doing: { is: 'checking' },
  runs: [],
  outcome: undefined,
  check: undefined,
  found: { now: [], soon: [] },
  roles: [],
  rolesSeenAt: undefined,
};

/** The progress after one more step. */
export function withStep(progress: Progress, at: Instant, outcome: Outcome, check: ClientCheck): Progress {
  return {
    ...progress,
    runs: withRun(progress.runs, formatInstant(at), outcome),
    outcome,
    check,
    roles: check.roles ?? progress.roles,
    rolesSeenAt: check.roles === undefined ? progress.rolesSeenAt : check.at,
  };
}

/** Looks at which there was nothing to do are most of all runs: in a row they take one line, and so does a failure that lasts. */
function withRun(runs: readonly RunLine[], at: string, { outcome, code, message, remedy }: Outcome): RunLine[] {
  const run: RunLine = { first: at, last: at, times: 1, outcome, code, message, remedy };
  const [newest, ...older] = runs;
  if (newest?.code === code && newest.message === message)
    return [{ ...run, first: newest.first, times: newest.times + 1 }, ...older];
  return [run, ...runs].slice(0, SHOWN_RUNS);
}

/** What the last step found wrong: what keeps us from signing, what keeps clients from updating, and what only will. */
export function problemsOf({ outcome, check, found }: Progress): Progress['found'] {
  const now = new Map<string, Problem>();
  if (outcome !== undefined && keepsFromSigning(outcome)) now.set(outcome.code, pick(outcome));
  if (check !== undefined && check.is !== 'updated' && !now.has(check.code)) now.set(check.code, pick(check));
  for (const problem of found.now) if (!now.has(problem.code)) now.set(problem.code, pick(problem));
  // A client that stops at what has expired says so already.
  const isTold = ({ code }: Problem) => now.has(code) || (now.has('METADATA_EXPIRED') && code.endsWith('_EXPIRED'));
  const soon = new Map<string, Problem>();
  for (const problem of [...(outcome?.warnings ?? []).map(fromWarning), ...found.soon]) {
    if (!isTold(problem) && !soon.has(keyOf(problem))) soon.set(keyOf(problem), problem);
  }
  return { now: Array.from(now.values()), soon: Array.from(soon.values()) };
}

function keyOf({ code, message }: Problem): string {
  return `${code} ${message}`;
}

/** Whether a run ended without a signature for another reason than that none was due. */
export function keepsFromSigning({ outcome, code }: Outcome): boolean {
  return outcome !== 'signed' && code !== 'NOT_DUE';
}

function pick({ code, message, remedy }: Problem): Problem {
  return { code, message, remedy };
}

function fromWarning({ code, message }: Warning): Problem {
  return { code, message, remedy: WARNINGS[code] };
}

/** When the outcome says that there will be something to do. */
export function dueAfter({ nextDueAt }: Outcome): Instant | undefined {
  return nextDueAt === null ? undefined : instantOf(Date.parse(nextDueAt));
}
