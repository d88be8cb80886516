const DAY = 86_400; // seconds
const MINUTES_A_DAY = 1_440;
const FIRST_DAY = Date.UTC(2_001, 0, 1); // a Monday
const DAYS = 28 * 366; // after 28 years every date has been every day of the week

/** A field of a cron expression: its least and highest value, and the names of its values. */
interface Field {
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MINUTE: Field = { least: 0, most: 59, names: [] };
const HOUR: Field = { least: 0, most: 23, names: [] };
const DATE: Field = { least: 1, most: 31, names: [] };
const MONTH: Field = { least: 1, most: 12, names: MONTHS };
const WEEKDAY: Field = { least: 1, most: 7, names: WEEKDAYS };

/**
 * The longest time that a cron expression of EventBridge Scheduler leaves between two runs, in UTC, over 28 years of its calendar.
 * `L`, `W` and `#` are not read: alone they leave a month between two runs. Nor is a year, with which the runs would end one day.
 * @param fields - what stands between the brackets of `cron(…)`
 * @returns seconds; undefined if it is no such expression, or never runs
 * @see EventBridge Scheduler, user guide: "Cron-based schedules"
 */
export function longestGap(fields: string): number | undefined {
  const words = fields.trim().split(/\s+/);
  const [minute = '', hour = '', date = '', month = '', weekday = '', year = ''] = words;
  if (words.length !== 6 || year !== '*' || (date === '?') === (weekday === '?')) return undefined;
  const minutes = values(minute, MINUTE);
  const hours = values(hour, HOUR);
  const dates = date === '?' ? values('*', DATE) : values(date, DATE);
  const months = values(month, MONTH);
  const weekdays = weekday === '?' ? values('*', WEEKDAY) : values(weekday, WEEKDAY);
  if (!minutes || !hours || !dates || !months || !weekdays) return undefined;
  const runs = sorted(hours).flatMap((h) => sorted(minutes).map((m) => h * 60 + m)); // minutes of a day
  return gapOver(runs, (day) => {
    const moment = new Date(FIRST_DAY + day * DAY * 1_000);
    return (
      months.has(moment.getUTCMonth() + 1) && dates.has(moment.getUTCDate()) && weekdays.has(moment.getUTCDay() + 1)
    );
  });
}

function gapOver(runs: readonly number[], runsOn: (day: number) => boolean): number | undefined {
  const [first = 0] = runs;
  const last = runs[runs.length - 1] ?? first;
  let gap = Math.max(0, ...runs.slice(1).map((run, before) => run - (runs[before] ?? run)));
  let lastDay: number | undefined;
  for (let day = 0; day < DAYS; day += 1) {
    if (!runsOn(day)) continue;
    if (lastDay !== undefined) gap = Math.max(gap, (day - lastDay) * MINUTES_A_DAY - last + first);
    lastDay = day;
  }
  return gap === 0 ? undefined : gap * 60;
}

const sorted = (numbers: ReadonlySet<number>): number[] => Array.from(numbers).sort((a, b) => a - b);

/** The values of one field; undefined if it cannot be read. */
function values(text: string, field: Field): ReadonlySet<number> | undefined {
  const parts = text.split(',').map((part) => partOf(part, field));
  return parts.every((part) => part !== undefined) ? new Set(parts.flat()) : undefined;
}

/** One part of a list: `*`, `7`, `MON-FRI`, `0/15`, `10-30/5`. */
function partOf(text: string, field: Field): readonly number[] | undefined {
  const [, from = '', to, step] = /^([^-/]+)(?:-([^-/]+))?(?:\/(\d+))?$/.exec(text) ?? [];
  const start = from === '*' ? field.least : valueOf(from, field);
  const open = from === '*' || step !== undefined ? field.most : start;
  const end = to === undefined ? open : valueOf(to, field);
  const by = Number(step ?? 1);
  if (start === undefined || end === undefined || end < start || by < 1 || (from === '*' && to !== undefined))
    return undefined;
  return Array.from({ length: Math.floor((end - start) / by) + 1 }, (_, index) => start + index * by);
}

function valueOf(text: string, { least, most, names }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + least : Number(text);
  return (named >= 0 || /^\d{1,2}$/.test(text)) && value >= least && value <= most ? value : undefined;
}
