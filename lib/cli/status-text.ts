import { inWords } from '../config/duration.ts';
import { printable } from '../contract/printable.ts';
import type { Problem } from './progress.ts';
import type { Status } from './status-model.ts';

/** A status for a person at a terminal: the verdict, what is wrong and what to do, every role's life, what happens next. */
export function statusText(status: Status): string {
  const { verdict, problems, warnings, roles, next, rhythm, addresses, now } = status;
  const until = verdict.until === null ? '' : ` ${moment(verdict.until, now)}.`;
  return [
    `${verdict.word}. ${verdict.sentence}${until}`,
    ...problems.map((problem) => told('Wrong', problem)),
    ...warnings.map((problem) => told('Warning', problem)),
    ...roles.map(({ name, version, expires, state }) => {
      const mark = state === 'fresh' ? '' : `  ${state}`;
      return `  ${printable(name).padEnd(12)} version ${String(version).padEnd(6)} until ${moment(expires, now)}${mark}`;
    }),
    ...(next.signatureDueAt === null ? [] : [`  Next signature due: ${moment(next.signatureDueAt, now)}`]),
    `  Signed again after ${rhythm.resignAfter}, each time for ${rhythm.validity}; checked every ${rhythm.check}.`,
    `  Looked at: ${printable(addresses.repository)}`,
    '',
  ].join('\n');
}

function told(how: string, { code, message, remedy }: Problem): string {
  const advice = remedy === '' ? '' : `\n    What to do: ${remedy}`;
  return `  ${how} (${code}): ${message}${advice}`;
}

/** A moment with its distance from now. */
function moment(date: string, now: string): string {
  const distance = (Date.parse(date) - Date.parse(now)) / 1_000;
  if (distance === 0) return `${date} (now)`;
  const words = inWords(Math.abs(distance));
  return distance < 0 ? `${date} (${words} ago)` : `${date} (in ${words})`;
}
