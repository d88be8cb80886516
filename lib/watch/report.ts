import { CODES } from '../contract/codes.ts';
import { FINDINGS, type Finding, type FindingCode } from '../contract/findings.ts';
import { isCoded } from '../contract/errors.ts';
import type { WatchOutcome } from '../contract/watch-outcome.ts';
import { between, formatInstant, type Instant } from '../tuf/instant.ts';
import type { Judgement } from './judge.ts';
import type { Recalled } from './memory.ts';
import type { WatchPolicy } from './policy.ts';

/** What was found, with since when, and whether it counts yet. */
export function findingsOf(
  { found }: Judgement,
  recalled: Recalled,
  { cacheMax }: WatchPolicy,
  now: Instant,
): readonly Finding[] {
  // prettier-ignore
  return found.map(({ code, message, mayPass = false }) => {
    const since = (recalled.is === 'kept' ? recalled.memory.findings.get(code) : undefined) ?? now;
    const isPending = mayPass && recalled.is !== 'not kept' && between(since, now) < cacheMax;
    return { code, message, since: formatInstant(since), isPending };
  });
}

/** What a look comes to: the gravest finding that counts gives the code. */
export function reportOf(repository: string, judgement: Judgement, findings: readonly Finding[]): WatchOutcome {
  const { roles, age, newClientOk, returningClientOk, cacheAge } = judgement;
  const counting = findings.filter(({ code, isPending }) => FINDINGS[code].level === 'bad' && !isPending);
  const gravest = ORDER.map((code) => counting.find((finding) => finding.code === code)).find((finding) => finding !== undefined); // prettier-ignore
  const first = Math.min(...roles.map(({ expires }) => expires)) as Instant;
  // What a publish under way explains is not told as a client that fails: the next look tells.
  const isPassing = (code: FindingCode) => findings.some((finding) => finding.code === code && finding.isPending);
  const backPasses = isPassing('VERSION_WENT_BACK') || isPassing('SNAPSHOT_WENT_BACK');
  const newcomerPasses = isPassing('NEW_CLIENT_FAILS');
  return {
    ...bareReport(repository),
    outcome: gravest === undefined ? 'healthy' : 'unhealthy',
    code: gravest?.code ?? 'HEALTHY',
    message: gravest?.message ?? 'Clients get through, and what is served is as new as it should be.',
    remedy: gravest === undefined ? '' : FINDINGS[gravest.code].remedy,
    roles: roles.map(({ name, version, expires }) => ({ name, version, expires: formatInstant(expires) })),
    effectiveExpiry: roles.length === 0 ? null : formatInstant(first),
    timestampAge: age ?? null,
    newClientOk: newClientOk === undefined ? null : newClientOk || newcomerPasses,
    returningClientOk:
      returningClientOk === undefined
        ? null
        : returningClientOk || newcomerPasses || backPasses || isPassing('RETURNING_CLIENT_FAILS'),
    cacheAge: cacheAge ?? null,
    findings,
  };
}

const ORDER = Object.keys(FINDINGS) as FindingCode[];

/** What an error comes to. Anything that is not ours says no more than its name. */
export function failedReport(repository: string, error: unknown): WatchOutcome {
  const bare = bareReport(repository);
  if (isCoded(error)) {
    const outcome = error.name === 'RefusalError' ? 'refused' : 'failed';
    return { ...bare, outcome, code: error.code, message: error.message, remedy: error.remedy };
  }
  const name = error instanceof Error ? error.name : typeof error;
  const message = `Something went wrong that should not be possible (${name}).`;
  return { ...bare, outcome: 'failed', code: 'UNEXPECTED', message, remedy: CODES.UNEXPECTED.remedy };
}

function bareReport(repository: string): Omit<WatchOutcome, 'outcome' | 'code' | 'message' | 'remedy'> {
  return {
    repository,
    roles: [],
    effectiveExpiry: null,
    timestampAge: null,
    newClientOk: null,
    returningClientOk: null,
    cacheAge: null,
    findings: [],
    durationMs: 0,
  };
}
