import ms, { type StringValue } from 'ms';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { seconds, type Seconds } from '../tuf/instant.ts';

const WORDS = /^\d+(\.\d+)? ?(s|seconds?|m|minutes?|h|hours?|d|days?)$/;

/**
 * Reads a duration in words: `90 minutes`, `3 days`, `14d`.
 * @param option - its name, for the message
 * @throws UsageError
 */
export function parseDuration(text: string, option: string): Seconds {
  if (!WORDS.test(text))
    throw new UsageError(`${option} is ${quote(text)}, not a duration such as "90 minutes" or "3 days".`);
  return seconds(ms(text as StringValue) / 1_000);
}

/** A duration as one says it: `13 days`, `5 hours`. */
export function inWords(span: Seconds): string {
  return ms(span * 1_000, { long: true });
}
