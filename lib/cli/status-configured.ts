import { configurationIn, readIfThere } from '../config/configuration-file.ts';
import { CONFIGURATION_FILE, type Hosting } from '../config/configuration.ts';
import { inWords } from '../config/duration.ts';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { expiresSoonOf } from '../contract/watch-configuration.ts';
import type { RootPin } from '../tuf/root-chain.ts';
import type { WatchPolicy } from '../watch/policy.ts';
import type { Setting } from './status-model.ts';

/** A repository as the configuration has it, for whoever reads it where clients do. */
export interface ConfiguredPlace {
  readonly repository: string;
  /** Where clients read it; undefined where only the hosting stack knows that. */
  readonly address: string | undefined;
  readonly pin: RootPin;
  readonly policy: WatchPolicy;
  readonly rhythm: Setting['rhythm'];
}

/**
 * Finds a repository in the configuration.
 * @param name - undefined: the only one that there is
 * @returns undefined if there is no configuration, or no such name in it: then it may be a folder
 * @throws UsageError CONFIGURATION_INVALID; if several could be meant
 */
export function configuredPlace(
  name: string | undefined,
  { config }: { readonly config?: string },
): ConfiguredPlace | undefined {
  const file = config ?? CONFIGURATION_FILE;
  const bytes = readIfThere(file);
  if (bytes === undefined) {
    if (config === undefined) return undefined;
    throw new UsageError(`There is no file ${quote(file)}.`, { code: 'CONFIGURATION_MISSING' });
  }
  const { repositories } = configurationIn(bytes, file);
  const names = Object.keys(repositories);
  const [only] = names;
  if (name === undefined && names.length !== 1)
    throw new UsageError(`${file} lists ${names.join(', ')}.`, { remedy: 'Name one of them.' });
  const meant = name ?? only ?? '';
  const repository = Object.hasOwn(repositories, meant) ? repositories[meant] : undefined;
  if (repository === undefined) return undefined;
  const { root: pin, validity, resignAfter, check, cacheMax, allowSharedSnapshotKey } = repository;
  return {
    repository: meant,
    address: repository.hosting.url ?? ownDomain(repository.hosting),
    pin,
    policy: { validity, resignAfter, check: check.seconds, cacheMax, allowSharedSnapshotKey, expiresSoon: expiresSoonOf({ validity, resignAfter, check: check.seconds }) }, // prettier-ignore
    rhythm: { validity: inWords(validity), resignAfter: inWords(resignAfter), check: inWords(check.seconds) },
  };
}

function ownDomain(hosting: Hosting): string | undefined {
  return hosting.kind === 'stack' && hosting.domain !== undefined ? `https://${hosting.domain.name}/` : undefined;
}
