import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';

declare const brand: unique symbol;

/** Whole seconds. The unit is in the type, so days never meet milliseconds: `days(14)`, `after(now, validity)`. */
export type Seconds = number & { readonly [brand]: 'seconds' };

/** A moment: whole seconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly [brand]: 'instant' };

/** A clock by which nothing has expired. */
export const BEFORE_ALL_EXPIRY = 0 as Instant;

export const seconds = (count: number): Seconds => Math.round(count) as Seconds;
export const minutes = (count: number): Seconds => seconds(count * 60);
export const hours = (count: number): Seconds => seconds(count * 3_600);
export const days = (count: number): Seconds => seconds(count * 86_400);

/** The moment `span` after `instant`. */
export const after = (instant: Instant, span: Seconds): Instant => (instant + span) as Instant;
/** The moment `span` before `instant`. */
export const before = (instant: Instant, span: Seconds): Instant => (instant - span) as Instant;
/** Seconds from `start` to `end`; negative when `end` comes first. */
export const between = (start: Instant, end: Instant): Seconds => (end - start) as Seconds;
/** A clock reading in milliseconds, cut to whole seconds. */
export const instantOf = (milliseconds: number): Instant => Math.floor(milliseconds / 1_000) as Instant;

const FIRST = Date.parse('0000-01-01T00:00:00Z') / 1_000;
/** The last moment that four digits can name. */
export const LAST = (Date.parse('9999-12-31T23:59:59Z') / 1_000) as Instant;
const DATE_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Reads a date as metadata writes it: whole seconds with `Z` or an offset of at most 23:59. fleetctl writes the offset of its host.
 * Clients differ on everything else (fractions, a 30th of February, hour 24, no zone), so everything else is refused.
 * @param where - the file and field, for the message
 * @throws RefusalError BAD_DATE
 * @see TUF specification, section 4.2.3; go-tuf reads dates with RFC 3339 of Go's package time
 */
export function parseInstant(text: string, where: string): Instant {
  const [, local = '', sign, offsetHours = '0', offsetMinutes = '0'] = DATE_TIME.exec(text) ?? [];
  const milliseconds = Date.parse(`${local}Z`);
  // Date.parse rolls 02-30 and 24:00 over; what does not come back as it went in was no date.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== local) {
    throw new RefusalError('BAD_DATE', `${where} is ${quote(text)}, not a date such as 2030-01-31T00:00:00Z.`);
  }
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60;
  const instant = (milliseconds / 1_000 + (sign === '-' ? offset : -offset)) as Instant;
  // An offset can lead out of the years that four digits can name.
  if (instant < FIRST || instant > LAST)
    throw new RefusalError('BAD_DATE', `${where} is ${quote(text)}, out of range.`);
  return instant;
}

/** Writes a moment as every client reads it: `2026-12-06T16:35:14Z`. */
export function formatInstant(instant: Instant): string {
  return `${new Date(instant * 1_000).toISOString().slice(0, 19)}Z`;
}
