import { inWords } from './duration.ts';

const DAY = 86_400; // seconds

/** How many checks may be missed before somebody is told: the watchdog speaks when a timestamp is older than `resignAfter` and two checks. */
export const MISSED_CHECKS = 2;

/** What a person needs at least: a night, from the alarm to the repair. */
export const PERSONS_TIME = 8 * 3_600; // seconds

/** How long a repository holds without a signature, and without a person. In seconds. */
export interface Margins {
  /** A signature is at most so old while everything works. */
  readonly oldest: number;
  /** When the alarm comes, counted from the last signature. */
  readonly alarmAfter: number;
  /** From the alarm until clients refuse the repository: so long one can be away. Below 0 the alarm comes too late. */
  readonly away: number;
}

/** What the three durations of a repository leave to a person. All in seconds. */
export function margins({
  validity,
  resignAfter,
  check,
}: {
  readonly validity: number;
  readonly resignAfter: number;
  readonly check: number;
}): Margins {
  const alarmAfter = resignAfter + MISSED_CHECKS * check;
  return { oldest: resignAfter + check, alarmAfter, away: validity - alarmAfter };
}

/** `you can be away for 10 days`: never more than it is. */
export function awayInWords({ away }: Margins): string {
  const unit = away >= 2 * DAY ? DAY : 3_600;
  return `you can be away for ${hoursOrDays(Math.floor(away / unit), unit)}`;
}

function hoursOrDays(count: number, unit: number): string {
  return unit === DAY ? inWords(count * unit) : `${count} ${count === 1 ? 'hour' : 'hours'}`;
}
