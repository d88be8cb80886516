import { UsageError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';

/** One thing that is wrong with `timekeeper.json`. */
export interface Fault {
  /** Where: `repositories.orbit.validity`; empty for the file itself. */
  readonly field: string;
  /** What is wrong there, and what to do. Reads on from the field's name: `is "3 dayz". Write …` */
  readonly message: string;
}

/** A field's name from its path; every part fit to be printed. */
export function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${printable(String(part))}`))
    .join('');
}

/** All faults of a file as one error, a line each. */
export function configurationError(file: string, faults: readonly Fault[]): UsageError {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  const lines = faults.map(({ field, message }) => `\n  - ${field === '' ? 'The file' : field} ${message}`);
  return new UsageError(`${printable(file)} has ${count}:${lines.join('')}`, { code: 'CONFIGURATION_INVALID' });
}
