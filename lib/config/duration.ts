import ms, { type StringValue } from 'ms';
import { seconds, type Seconds } from '../tuf/instant.ts';

/** A duration in words: `90 minutes`, `3 days`, `14d`. */
export const DURATION = /^\d+(\.\d+)? ?(s|seconds?|m|minutes?|h|hours?|d|days?)$/;

/** Reads a duration in words; undefined if it is none. */
export function readDuration(text: string): Seconds | undefined {
  return DURATION.test(text) && text.length <= 100 ? seconds(ms(text as StringValue) / 1_000) : undefined; // ms throws above 100
}

/** A duration as one says it: `13 days`, `5 hours`. */
export function inWords(span: number): string {
  return ms(span * 1_000, { long: true });
}
