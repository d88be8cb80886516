import type { SkipCode } from '../lib/contract/codes.ts';
import type { Outcome } from '../lib/contract/outcome.ts';

/** What one version of the signer said to a dry run. */
export type Verdict =
  | { readonly is: 'outcome'; readonly outcome: Outcome['outcome']; readonly code: string }
  /** No such version or alias. */
  | { readonly is: 'absent' }
  /** It threw something that is no outcome: it did not start, or ran out of time. */
  | { readonly is: 'broken'; readonly why: string };

/**
 * Whether the alias may move to a new version: it must say what the live one says, unless that one is no use either.
 * @returns undefined if it may; else why not, in one sentence
 */
export function objection(live: Verdict, next: Verdict): string | undefined {
  if (!isUseful(live) || isSame(live, next)) return undefined;
  // A due date that came nearer, or passed between the two answers; also while the last signature is too young. The other way round would be a version that stops signing.
  if (isSkip(live, 'NOT_DUE') && (isSigned(next) || isSkip(next, 'TOO_SOON'))) return undefined;
  if (isSkip(live, 'TOO_SOON') && isSigned(next)) return undefined;
  return `The live version says ${inWords(live)}, the new one ${inWords(next)}; the alias stays where it is.`;
}

/** A live version that refuses, fails or does not run can only be replaced by a better one. */
function isUseful(live: Verdict): boolean {
  return live.is === 'outcome' && (live.outcome === 'signed' || live.outcome === 'skipped');
}

function isSame(live: Verdict, next: Verdict): boolean {
  return live.is === 'outcome' && next.is === 'outcome' && live.outcome === next.outcome && live.code === next.code;
}

function isSkip(verdict: Verdict, code: SkipCode): boolean {
  return verdict.is === 'outcome' && verdict.code === code;
}

function isSigned(verdict: Verdict): boolean {
  return verdict.is === 'outcome' && verdict.outcome === 'signed';
}

function inWords(verdict: Verdict): string {
  switch (verdict.is) {
    case 'outcome':
      return `${verdict.outcome} ${verdict.code}`;
    case 'absent':
      return 'nothing, since it does not exist';
    case 'broken':
      return `nothing that is an outcome (${verdict.why})`;
  }
}
