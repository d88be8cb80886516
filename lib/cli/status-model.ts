import { VALIDITY } from '../authoring/validity.ts';
import type { Policy } from '../refresh/policy.ts';
import { after, days, formatInstant, seconds, type Instant, type Seconds } from '../tuf/instant.ts';
import type { PublishedRole, Who } from '../client/client-check.ts';
import { keepsFromSigning, problemsOf, type Problem, type Progress, type RunLine } from './progress.ts';

/** What does not change while the command runs. */
export interface Setting {
  /** What is kept fresh, for people. */
  readonly title: string;
  readonly isDemonstration: boolean;
  readonly policy: Pick<Policy, 'validity' | 'resignAfter' | 'check'>;
  /** What the policy is in the operator's words. */
  readonly rhythm: { readonly validity: string; readonly resignAfter: string; readonly check: string };
  readonly addresses: { readonly page: string; readonly repository: string };
}

/** How things are: in one word, and in a sentence for somebody who was woken up by it. */
export interface Verdict {
  readonly level: 'good' | 'warning' | 'bad' | 'unknown';
  readonly word: string;
  /** Stands before `until` if there is one. */
  readonly sentence: string;
  /** Until when clients can update; null where they cannot, or it is not known. */
  readonly until: string | null;
}

/** One row of the table of roles. */
export interface RoleStatus {
  readonly name: string;
  readonly purpose: string;
  readonly version: number;
  readonly expires: string;
  /** The whole life that such a role usually has, in seconds. */
  readonly life: number;
  readonly state: 'fresh' | 'overdue' | 'expires soon' | 'expired';
}

/** What `/status.json` says and the page shows. */
export interface Status extends Omit<Setting, 'policy'> {
  readonly now: string;
  readonly verdict: Verdict;
  readonly problems: readonly Problem[];
  /** What will be a problem, or may be one. */
  readonly warnings: readonly Problem[];
  readonly roles: readonly RoleStatus[];
  /** When the roles were seen like this; not the time of the last check where that could not read them. */
  readonly rolesSeenAt: string | null;
  readonly next: {
    readonly isChecking: boolean;
    readonly checkAt: string | null;
    readonly signatureDueAt: string | null;
  };
  readonly client: { readonly at: string; readonly ok: boolean } | null;
  /** Newest first. */
  readonly runs: readonly RunLine[];
}

/** How everything is now. The same input gives the same status. */
export function statusOf(progress: Progress, { policy, ...setting }: Setting, now: Instant): Status {
  const { doing, check, outcome, roles, rolesSeenAt, runs } = progress;
  const { now: problems, soon: warnings } = problemsOf(progress);
  return {
    ...setting,
    now: formatInstant(now),
    verdict: verdictOf(progress, now),
    problems,
    warnings,
    roles: roles.map((role) => roleStatus(role, policy, now)),
    rolesSeenAt: rolesSeenAt === undefined ? null : formatInstant(rolesSeenAt),
    next: {
      isChecking: doing.is === 'checking',
      checkAt: doing.is === 'waiting' ? formatInstant(doing.until) : null,
      signatureDueAt: outcome?.nextDueAt ?? null,
    },
    client: check === undefined ? null : { at: formatInstant(check.at), ok: check.is === 'updated' },
    runs,
  };
}

function verdictOf(progress: Progress, now: Instant): Verdict {
  const { outcome, check, found, roles } = progress;
  const verdict = (level: Verdict['level'], word: string, sentence: string, until: string | null = null): Verdict => ({ level, word, sentence, until }); // prettier-ignore
  if (check === undefined) return verdict('unknown', 'Starting', 'The first check is under way.');

  const expired = roles.filter(({ expires }) => expires <= now).map(({ name }) => name);
  if (check.is === 'failed') return verdict('unknown', 'Unknown', 'Whether clients can update could not be found out.');
  if (expired.length > 0)
    return verdict(
      'bad',
      'Expired',
      `Clients cannot update: ${expired.join(' and ')} ${expired.length === 1 ? 'has' : 'have'} expired.`,
    );
  if (check.is === 'refused')
    return verdict('bad', 'Broken', `${REFUSERS[check.who]} cannot update: they refuse what is published.`);

  const until = formatInstant(Math.min(...roles.map(({ expires }) => expires)) as Instant);
  if (outcome !== undefined && keepsFromSigning(outcome)) {
    const word = outcome.outcome === 'skipped' ? 'Waiting' : 'Not signing';
    return verdict('warning', word, 'Clients can still update until', until);
  }
  if (found.now.length > 0) return verdict('warning', 'Faulty', 'Clients can still update until', until);
  return verdict('good', 'Fresh', 'Clients can update until', until);
}

const REFUSERS: Readonly<Record<Who, string>> = {
  all: 'Clients',
  returning: 'Clients that have updated before',
  new: 'New clients',
};

const SOON = days(30); // a root ceremony takes people and a date

const PURPOSES: Readonly<Record<string, string>> = {
  root: 'Says whose signatures count. People sign it, rarely.',
  targets: 'Lists the files that clients may install. Signed with every release.',
  snapshot: 'Says which lists belong together. Signed with every release.',
  timestamp: 'Says that all this is still current. Signed here, again and again.',
};
const DELEGATED = 'Lists a part of the files, for the role above it.';

function roleStatus({ name, version, expires }: PublishedRole, policy: Setting['policy'], now: Instant): RoleStatus {
  return {
    name,
    purpose: PURPOSES[name] ?? DELEGATED,
    version,
    expires: formatInstant(expires),
    life: lifeOf(name, policy),
    state: stateOf(name, expires, policy, now),
  };
}

function stateOf(name: string, expires: Instant, policy: Setting['policy'], now: Instant): RoleStatus['state'] {
  if (expires <= now) return 'expired';
  if (name === 'timestamp') return expires <= after(now, lifeLeftWhenOverdue(policy)) ? 'overdue' : 'fresh';
  return expires <= after(now, SOON) ? 'expires soon' : 'fresh';
}

/** Only the timestamp's life is ours to choose; the others have what fleetctl gives them. */
function lifeOf(name: string, { validity }: Setting['policy']): Seconds {
  if (name === 'timestamp') return validity;
  return name === 'root' ? VALIDITY.root : VALIDITY.targets;
}

/** The life that is left when two checks have passed without the signature that was due. */
function lifeLeftWhenOverdue({ validity, resignAfter, check }: Setting['policy']): Seconds {
  return seconds(Math.max(0, validity - resignAfter - 2 * check));
}

/**
 * What there is to tell between two statuses: a signature, or another verdict. Nothing for a check that found all as it was.
 * @returns one line, without the time
 */
export function newsOf(earlier: Status | undefined, later: Status): string | undefined {
  const [run] = later.runs;
  const signed = run?.outcome === 'signed' && run.last !== earlier?.runs[0]?.last ? run : undefined;
  const { verdict, problems } = later;
  const hasChanged = verdict.word !== earlier?.verdict.word || codes(problems) !== codes(earlier.problems);
  if (signed === undefined && !hasChanged) return undefined;

  const version = later.roles.find(({ name }) => name === 'timestamp')?.version;
  const signature = signed && `Signed timestamp.json, now version ${version ?? '?'} (${signed.code}).`;
  const found = signed?.code === 'SIGNED' ? [] : [signed?.message, signed?.remedy];
  const state = `${verdict.word}. ${verdict.until === null ? verdict.sentence : `${verdict.sentence} ${verdict.until}.`}`;
  const wrong = problems.map(({ code, message, remedy }) => `${message} (${code}) What to do: ${remedy}`);
  return [signature, ...found, state, ...(hasChanged ? wrong : [])].filter((text) => text !== undefined && text !== '').join(' '); // prettier-ignore
}

function codes(problems: readonly Problem[]): string {
  return problems.map(({ code }) => code).join();
}
