import { readDuration } from '../config/duration.ts';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import type { Seconds } from '../tuf/instant.ts';

/**
 * Reads a duration in words: `90 minutes`, `3 days`, `14d`.
 * @param option - its name, for the message
 * @throws UsageError
 */
export function parseDuration(text: string, option: string): Seconds {
  const duration = readDuration(text);
  if (duration === undefined)
    throw new UsageError(`${option} is ${quote(text)}, not a duration such as "90 minutes" or "3 days".`);
  return duration;
}
