import { readFileSync } from 'node:fs';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { CONFIGURATION_FILE, type Configuration } from './configuration.ts';
import { configurationError } from './fault.ts';
import { readConfiguration } from './read-configuration.ts';

/**
 * Reads the configuration from its file.
 * @throws UsageError CONFIGURATION_MISSING, CONFIGURATION_INVALID with all that is wrong
 */
export function configurationOf(path: string = CONFIGURATION_FILE): Configuration {
  const bytes = readIfThere(path);
  if (bytes === undefined) throw new UsageError(`There is no file ${quote(path)}.`, { code: 'CONFIGURATION_MISSING' });
  return configurationIn(bytes, path);
}

/** The same for bytes that were read already. */
export function configurationIn(bytes: Uint8Array, path: string): Configuration {
  const reading = readConfiguration(bytes);
  if (reading.is === 'faulty') throw configurationError(path, reading.faults);
  return reading.configuration;
}

/**
 * The bytes of a file that may be missing.
 * @throws UsageError CONFIGURATION_INVALID
 */
export function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = 'an error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw configurationError(path, [{ field: '', message: `cannot be read: ${code}.` }]);
  }
}
