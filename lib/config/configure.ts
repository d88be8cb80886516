import type { Configuration, Environment, Hosting, RepositoryConfiguration } from './configuration.ts';
import type { Draft, RepositoryDraft } from './schema.ts';

/** A configuration that may lack what has no default, where that cannot be read or was left out. */
export interface Incomplete extends Omit<Configuration, 'repositories'> {
  readonly repositories: readonly (readonly [name: string, repository: IncompleteRepository])[];
}

/** What of a repository has a default. */
export type RepositorySettings = Omit<RepositoryConfiguration, 'hosting' | 'root'>;

/** A repository whose place or pin may be missing. */
export interface IncompleteRepository {
  readonly hosting: Hosting | undefined;
  readonly root: RepositoryConfiguration['root'] | undefined;
  readonly settings: RepositorySettings;
  /** As it was written, for what has to be said about it. */
  readonly written: RepositoryDraft;
}

/** Fills in what follows from other fields: places from signing's, addresses from domains, slashes at the end. */
export function incomplete({ name, signing, watch, alarms, operators, repositories }: Draft): Incomplete {
  const home = within({}, signing);
  return {
    name,
    signing: home,
    watch: within(home, watch),
    alarms: { email: alarms.email },
    operators,
    repositories: Object.entries(repositories).map(([key, written]) => [key, repositoryOf(written, home)]),
  };
}

/** The whole, once it is known that nothing lacks. */
export function complete({ repositories, ...rest }: Incomplete): Configuration | undefined {
  const whole = Object.create(null) as Record<string, RepositoryConfiguration>; // no name is inherited: `constructor` is one like any other
  for (const [name, { hosting, root, settings }] of repositories) {
    if (hosting === undefined || root === undefined) return undefined;
    whole[name] = { ...settings, hosting, root };
  }
  return { ...rest, repositories: whole };
}

function repositoryOf(written: RepositoryDraft, home: Environment): IncompleteRepository {
  return { hosting: hostingOf(written, home), root: written.root, settings: settingsOf(written), written };
}

function settingsOf(written: RepositoryDraft): RepositorySettings {
  const { publishers, key, mode, check, resignAfter, validity, cacheMax } = written;
  const { freezeGrace, maxVersionJump, allowSharedSnapshotKey, contacts } = written;
  return {
    ...{ publishers, key, mode, check, resignAfter, validity, cacheMax },
    ...{ freezeGrace, maxVersionJump, allowSharedSnapshotKey, contacts },
  };
}

function hostingOf(
  { hosting, bucket, prefix = '', url, ...place }: RepositoryDraft,
  home: Environment,
): Hosting | undefined {
  if (hosting !== undefined) {
    const { domainName, certificateArn, bucketName } = hosting;
    const domain = domainName && certificateArn ? { name: domainName, certificateArn } : undefined;
    const address = hosting.url ?? (domainName === undefined ? undefined : `https://${domainName}/`);
    return {
      kind: 'stack',
      ...within(home, hosting),
      bucketName,
      domain,
      url: address === undefined ? undefined : withSlash(address),
    };
  }
  if (bucket === undefined || url === undefined) return undefined;
  return {
    kind: 'bucket',
    ...within(home, place),
    bucketName: bucket,
    prefix: prefix === '' ? '' : withSlash(prefix),
    url: withSlash(url),
  };
}

/** A place, in another one where it does not say. */
function within(
  { account, region }: Partial<Environment>,
  inner: { readonly account?: string | undefined; readonly region?: string | undefined },
): Environment {
  return { account: inner.account ?? account, region: inner.region ?? region };
}

const withSlash = (text: string): string => (text.endsWith('/') ? text : `${text}/`);
