import { FINDINGS, type Finding } from '../contract/findings.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { WatchOutcome } from '../contract/watch-outcome.ts';
import { before, formatInstant, parseInstant, seconds, type Instant } from '../tuf/instant.ts';
import { NO_PROGRESS, type Checked, type Problem } from './progress.ts';
import type { DeployedView } from './status-deployed.ts';
import { statusOf, type Setting, type Status } from './status-model.ts';

/**
 * How a repository is that was only looked at: nobody keeps it fresh from here.
 * @param outcome - what a run would do now; undefined where that is not to be seen from here
 * @param more - what else is wrong, and what could not be looked at
 */
export function lookedAt(
  seen: WatchOutcome,
  outcome: Outcome | undefined,
  setting: Setting,
  now: Instant,
  more: Pick<DeployedView, 'problems' | 'notes'> = { problems: [], notes: [] },
): Status {
  const problems = seen.findings.filter(({ code }) => FINDINGS[code].level === 'bad').map(problemOf);
  const warned = (outcome?.warnings ?? []).map(({ code }): string => code);
  const soon = seen.findings.filter(({ code }) => FINDINGS[code].level === 'soon' && !warned.includes(code)).map(problemOf); // prettier-ignore
  const status = statusOf(
    {
      ...NO_PROGRESS,
      doing: { is: 'nothing' },
      outcome,
      check: checkedBy(seen, problems, now),
      found: { now: [...problems, ...unhealed(outcome), ...more.problems], soon: [...soon, ...more.notes] },
      roles: seen.roles.map(({ name, version, expires }) => ({ name, version, expires: instantIn(expires) })),
      rolesSeenAt: now,
    },
    setting,
    now,
  );
  return { ...status, next: { ...status.next, signatureDueAt: dueAt(seen, outcome, setting, now) } };
}

function problemOf({ code, message }: Finding): Problem {
  return { code, message, remedy: FINDINGS[code].remedy };
}

/** What keeps clients from updating is the gravest of what was found. */
function checkedBy({ newClientOk }: WatchOutcome, problems: readonly Problem[], at: Instant): Checked {
  const [first] = problems;
  if (newClientOk === true || first === undefined) return { is: 'updated', at };
  return { is: 'refused', who: 'all', at, ...first };
}

/** A run would repair it, but none has. */
function unhealed(outcome: Outcome | undefined): Problem[] {
  if (outcome?.outcome !== 'signed' || outcome.code === 'SIGNED') return [];
  const { code, message, remedy } = outcome;
  return [{ code, message, remedy: `The next run repairs it: timekeeper resign. ${remedy}`.trim() }];
}

function dueAt(seen: WatchOutcome, outcome: Outcome | undefined, { policy }: Setting, now: Instant): string | null {
  if (outcome !== undefined) return outcome.outcome === 'signed' ? formatInstant(now) : outcome.nextDueAt;
  const timestamp = seen.roles.find(({ name }) => name === 'timestamp');
  if (timestamp === undefined) return null;
  return formatInstant(before(instantIn(timestamp.expires), seconds(policy.validity - policy.resignAfter)));
}

function instantIn(date: string): Instant {
  return parseInstant(date, 'a date of ours');
}
