import type { Check } from './configuration.ts';
import { longestGap } from './cron.ts';
import { readDuration } from './duration.ts';

const MINUTE = 60; // seconds
const UNITS = [
  { name: 'day', seconds: 86_400 },
  { name: 'hour', seconds: 3_600 },
  { name: 'minute', seconds: MINUTE },
] as const;

/**
 * Reads how often to look: a rate in words (`1 hour`), or `cron(…)`, which runs in UTC.
 * @returns undefined if it is neither, or a rate that is not of whole minutes, which is all that EventBridge Scheduler knows
 */
export function readCheck(text: string): Check | undefined {
  const [, cron] = /^cron\(([^()]*)\)$/.exec(text) ?? [];
  if (cron !== undefined) {
    const gap = longestGap(cron);
    return gap === undefined ? undefined : { expression: text, seconds: gap };
  }
  const seconds = readDuration(text);
  return seconds === undefined ? undefined : rate(seconds);
}

function rate(seconds: number): Check | undefined {
  const unit = UNITS.find((candidate) => seconds % candidate.seconds === 0);
  if (unit === undefined || seconds === 0) return undefined;
  const count = seconds / unit.seconds;
  return { expression: `rate(${count} ${unit.name}${count === 1 ? '' : 's'})`, seconds };
}
