import { inWords } from '../config/duration.ts';
import { WARNINGS } from '../contract/codes.ts';
import type { Outcome } from '../contract/outcome.ts';
import { between, instantOf, parseInstant } from '../tuf/instant.ts';

const VERDICTS = { signed: 'Signed', skipped: 'Nothing done', refused: 'Refused', failed: 'Failed' } as const;
const DRY_VERDICTS = { ...VERDICTS, signed: 'Would sign', skipped: 'Would do nothing' } as const;

/**
 * An outcome for a person at a terminal: what happened, what to do, until when clients are served.
 * @param name - of a deployed repository, which a command has to name
 */
export function render(outcome: Outcome, name?: string): string {
  const { code, message, remedy, dryRun, version, expires, effectiveExpiry, nextDueAt, warnings } = outcome;
  const verdict = (dryRun ? DRY_VERDICTS : VERDICTS)[outcome.outcome];
  const lines = [`${verdict} (${code}): ${message}`];
  if (remedy !== '') lines.push(`  What to do:  ${remedy}`);
  if (code === 'NOT_DUE')
    lines.push(`  To sign now all the same:  timekeeper resign${name === undefined ? '' : ` ${name}`} --force`);
  if (version !== null && expires !== null)
    lines.push(`  Published:   timestamp.json version ${version}, expires ${when(expires)}`);
  if (effectiveExpiry !== null && effectiveExpiry !== expires)
    lines.push(`  Clients fail from ${when(effectiveExpiry)}, when another role expires`);
  if (nextDueAt !== null) lines.push(`  Next:        ${when(nextDueAt)}`);
  for (const warning of warnings)
    lines.push(`  Warning (${warning.code}): ${warning.message} ${WARNINGS[warning.code]}`);
  return `${lines.join('\n')}\n`;
}

/** A moment with its distance from now. Only for people: nothing is decided on it. */
function when(date: string): string {
  const distance = between(instantOf(Date.now()), parseInstant(date, 'a date of ours'));
  const words = inWords(Math.abs(distance));
  return distance < 0 ? `${date} (${words} ago)` : `${date} (in ${words})`;
}
