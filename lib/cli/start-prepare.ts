import { join, resolve } from 'node:path';
import { UsageError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { checkedPolicy, DEFAULT_POLICY, type Policy } from '../refresh/policy.ts';
import type { WritablePlaces } from '../refresh/refresh.ts';
import type { Trust } from '../refresh/trust.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { seconds, type Instant } from '../tuf/instant.ts';
import { DEMONSTRATION, demonstrationPassphrase, prepareDemonstration, type Found } from './demonstration.ts';
import { parseDuration } from './duration.ts';
import { trustedRootOf } from './options.ts';
import { passphrase } from './passphrase.ts';
import { readNamedFile } from './read-file.ts';
import type { StartOptions } from './start.ts';
import {
  directoryTrust,
  findWorkingDirectory,
  isInside,
  placesOf,
  type WorkingDirectory,
} from './working-directory.ts';

/** A policy as the operator said it. */
export interface Rhythm {
  readonly validity: string;
  readonly resignAfter: string;
  readonly check: string;
}

/** A repository that is to be kept fresh. */
export interface Kept {
  readonly directory: WorkingDirectory;
  /** The folder as it was named, for people. */
  readonly title: string;
  /** Whether the demonstration was there already; undefined for a repository of the operator's. */
  readonly demonstration: Found | undefined;
  readonly places: WritablePlaces;
  readonly trust: Trust;
  readonly policy: Policy;
  readonly rhythm: Rhythm;
}

const FOR_DEMONSTRATION: Rhythm = { validity: '1 hour', resignAfter: '1 minute', check: '10 seconds' };
const FOR_REAL: Rhythm = { validity: '14 days', resignAfter: '3 days', check: '1 minute' };

/**
 * Finds the repository that is meant, or makes the demonstration. Nothing of it is read yet.
 * @throws UsageError
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function prepare(dir: string | undefined, options: StartOptions, now: Instant): Promise<Kept> {
  return dir === undefined ? prepareDemo(options, now) : prepareReal(dir, options);
}

async function prepareDemo(options: StartOptions, now: Instant): Promise<Kept> {
  if ([options.trustedRoot, options.key, options.state].some((option) => option !== undefined)) {
    throw new UsageError('The demonstration has a root, a key and a state of its own.', {
      remedy: 'Name the folder of your repository: timekeeper start DIR.',
    });
  }
  const { policy, rhythm } = rhythmOf(options, FOR_DEMONSTRATION);
  const demonstration = await prepareDemonstration(options.fresh ?? false, policy.validity, now);
  const directory = findWorkingDirectory(DEMONSTRATION, {});
  const root = readNamedFile(join(directory.repository, '1.root.json'), MAX_BYTES.root, 'the demonstration');
  return {
    directory,
    title: `./${DEMONSTRATION}`,
    demonstration,
    places: placesOf(directory, () => Promise.resolve(demonstrationPassphrase())),
    trust: directoryTrust(root), // we made it
    policy,
    rhythm,
  };
}

function prepareReal(dir: string, options: StartOptions): Kept {
  if (options.fresh === true) {
    throw new UsageError('--fresh makes a new demonstration; it does nothing to a repository of yours.', {
      remedy: 'Leave out --fresh, or the folder.',
    });
  }
  const directory = findWorkingDirectory(dir, { ...options, named: 'timekeeper start DIR' });
  if (directory.keyFile !== undefined && isInside(resolve(directory.keyFile), directory.repository)) {
    throw new UsageError('The key file lies inside the folder that is to be served.', {
      remedy: 'Move the key file elsewhere, and name it with --key.',
    });
  }
  return {
    directory,
    title: printable(dir),
    demonstration: undefined,
    places: placesOf(
      directory,
      once(() => passphrase('timestamp')),
    ),
    trust: directoryTrust(trustedRootOf(options)),
    ...rhythmOf(options, FOR_REAL),
  };
}

function rhythmOf(options: StartOptions, defaults: Rhythm): { readonly policy: Policy; readonly rhythm: Rhythm } {
  const { validity = defaults.validity, resignAfter = defaults.resignAfter, check = defaults.check } = options;
  const policy = checkedPolicy({
    ...DEFAULT_POLICY,
    validity: parseDuration(validity, '--validity'),
    resignAfter: parseDuration(resignAfter, '--resign-after'),
    check: seconds(Math.max(1, parseDuration(check, '--check'))),
    minInterval: seconds(0),
  });
  return { policy, rhythm: { validity, resignAfter, check } };
}

/** Somebody is asked at the start, and never again: nobody sits there in the night. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => (asked ??= ask());
}
