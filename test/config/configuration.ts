import type { Configuration } from '../../lib/config/configuration.ts';
import { readConfiguration } from '../../lib/config/read-configuration.ts';

/** JSON that a test changes. */
export type Written = Record<string, unknown>;

/** A pin of the right form. */
export const PIN = { version: 1, sha256: 'a1'.repeat(32) };
/** Another one. */
export const OTHER_PIN = { version: 3, sha256: 'b2'.repeat(32) };

/** The least that a file has to say. */
export function least(repository: Written = {}, rest: Written = {}): Written {
  return { ...rest, repositories: { orbit: { hosting: {}, root: PIN, ...repository } } };
}

/** What comes of a file: the configuration, or its faults as they are printed. */
export function reading(json: unknown): Configuration | string[] {
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  const result = readConfiguration(Buffer.from(text));
  if (result.is === 'sound') return result.configuration;
  return result.faults.map(({ field, message }) => `${field} ${message}`.trim());
}

/** The configuration that a file has to come to. */
export function configuration(json: unknown): Configuration {
  const result = reading(json);
  if (Array.isArray(result)) throw new Error(result.join('\n'));
  return result;
}
