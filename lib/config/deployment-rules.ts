import { hostingBucketName, type Place } from '../contract/names.ts';
import { parseArn, partitionOf } from './arn.ts';
import type { Environment, Hosting } from './configuration.ts';
import type { Incomplete, IncompleteRepository } from './configure.ts';
import { longNames, longRepositoryNames } from './name-limits.ts';
import { fieldName } from './fault.ts';
import { repositoryFaults } from './repository-rules.ts';
import { fault, type RuleFault } from './rule.ts';
import { REPOSITORY_NAME, repositoryNameMessage } from './schema.ts';

/** What is wrong between fields that can each be read. */
export function ruleFaults(whole: Incomplete): RuleFault[] {
  const named = { ...whole, repositories: whole.repositories.filter(([name]) => REPOSITORY_NAME.test(name)) };
  return [
    ...nameFaults(whole),
    ...principalFaults(whole),
    ...emptyFaults(whole),
    ...misnamed(whole),
    ...whole.repositories.flatMap(([name, repository]) => repositoryFaults(name, repository, whole)),
    ...repositoryNameFaults(named),
    ...sharedFaults(named),
  ];
}

function nameFaults({ name, signing, watch }: Incomplete): RuleFault[] {
  return longNames(name, placeOf(signing), placeOf(watch))
    .slice(0, 1)
    .map((long) => {
      const wrong = `makes the name of ${long.what} ${long.name.length} characters long, "${long.name}"; AWS takes ${long.most}`;
      return fault('name', ['signing', 'watch'], `${wrong}. Shorten it by ${long.name.length - long.most}.`);
    });
}

/** Nothing is said of the repositories' names while the deployment's is too long by itself. */
function repositoryNameFaults({ name: deployment, signing, watch, repositories }: Incomplete): RuleFault[] {
  if (longNames(deployment, placeOf(signing), placeOf(watch)).length > 0) return [];
  return repositories.flatMap(([name, { hosting }]) => {
    const made = hosting?.kind === 'stack' && hosting.bucketName === undefined;
    const [long] = longRepositoryNames(deployment, name, made ? placeOf(hosting) : undefined);
    if (long === undefined) return [];
    const wrong = `makes the name of ${long.what} ${long.name.length} characters long, "${long.name}"; AWS takes ${long.most}`;
    const advice = `Shorten it, or name, by ${long.name.length - long.most}`;
    const other = long.what === 'the hosting bucket' ? ', or name the bucket with hosting.bucketName' : '';
    const at = fieldName(['repositories', name]);
    return [fault(at, ['name', `${at}.hosting`, 'signing'], `${wrong}. ${advice}${other}.`)];
  });
}

/** A place without what is not known of it. */
function placeOf({ account, region }: Environment): Partial<Place> {
  return { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) };
}

/** An ARN of another partition than the region that it is to act in. */
function principalFaults({ signing, operators, repositories }: Incomplete): RuleFault[] {
  return [
    ...foreign('operators', operators, signing.region, 'signing'),
    ...repositories.flatMap(
      ([
        name,
        {
          settings: { publishers },
          hosting,
        },
      ]) =>
        foreign(
          fieldName(['repositories', name, 'publishers']),
          publishers,
          hosting?.region,
          fieldName(['repositories', name, 'hosting']),
        ),
    ),
  ];
}

function foreign(field: string, arns: readonly string[], region: string | undefined, place: string): RuleFault[] {
  if (region === undefined) return [];
  return arns.flatMap((arn, at) => {
    const { partition } = parseArn(arn);
    if (partition === partitionOf(region)) return [];
    const wrong = `is of partition ${partition}, but ${region} is in ${partitionOf(region)}`;
    return [fault(`${field}[${at}]`, [place, 'signing.region'], `${wrong}. Write one of that partition.`)];
  });
}

function emptyFaults({ repositories }: Incomplete): RuleFault[] {
  if (repositories.length > 0) return [];
  return [fault('repositories', [], 'is empty. Add a repository: `timekeeper init-config` asks and writes it.')];
}

/** Whatever else is wrong with the repository: so it is said apart from its fields. */
function misnamed({ repositories }: Incomplete): RuleFault[] {
  return repositories
    .filter(([name]) => !REPOSITORY_NAME.test(name))
    .map(([name]) => ({ field: fieldName(['repositories', name]), from: [], message: repositoryNameMessage(name) }));
}

/** What two repositories must not have in common: a pin (one repository, or its keys, served twice), a place, an address. */
function sharedFaults({ name: deployment, repositories }: Incomplete): RuleFault[] {
  return repositories.flatMap(([name, repository], at) =>
    repositories
      .slice(0, at)
      .flatMap(([other, earlier]) => [
        ...samePin(name, repository, other, earlier),
        ...samePlace(name, repository, other, earlier, deployment),
        ...sameAddress(name, repository, other, earlier),
      ]),
  );
}

type Pair = [name: string, repository: IncompleteRepository, other: string, earlier: IncompleteRepository];

function samePin(...[name, { root }, other, earlier]: Pair): RuleFault[] {
  if (root === undefined || root.sha256 !== earlier.root?.sha256) return [];
  const why = 'Two repositories with the same keys cannot be told apart: a timestamp does not name its repository';
  const field = fieldName(['repositories', name, 'root.sha256']);
  return [
    fault(
      field,
      [fieldName(['repositories', other, 'root'])],
      `is that of ${other} too. ${why}. Give each its own keys.`,
    ),
  ];
}

function samePlace(...[name, { hosting }, other, earlier, deployment]: [...Pair, deployment: string]): RuleFault[] {
  if (hosting === undefined || earlier.hosting === undefined) return [];
  const [one, two] = [bucketOf(hosting, deployment, name), bucketOf(earlier.hosting, deployment, other)];
  if (one === undefined || one !== two) return [];
  const [prefix, taken] = [prefixOf(hosting), prefixOf(earlier.hosting)];
  if (!prefix.startsWith(taken) && !taken.startsWith(prefix)) return [];
  const at = fieldName(['repositories', name]);
  const field = hosting.kind === 'stack' ? `${at}.hosting.bucketName` : `${at}.${prefix === '' ? 'bucket' : 'prefix'}`;
  const where = `"${prefix}" in bucket ${one} overlaps with "${taken}" of ${other}`;
  const from = [at, fieldName(['repositories', other])].flatMap((base) =>
    ['bucket', 'prefix', 'hosting'].map((key) => `${base}.${key}`),
  );
  return [fault(field, from, `overlaps: ${where}. Give each repository a folder of its own.`)];
}

function sameAddress(...[name, { hosting }, other, earlier]: Pair): RuleFault[] {
  if (hosting?.url === undefined || hosting.url !== earlier.hosting?.url) return [];
  const at = fieldName(['repositories', name]);
  const field = hosting.kind === 'bucket' ? `${at}.url` : `${at}.hosting.${hosting.domain ? 'domainName' : 'url'}`;
  const wrong = `makes the address ${hosting.url}, which is that of ${other} too`;
  return [
    fault(field, [`${at}.hosting`, fieldName(['repositories', other])], `${wrong}. Give each repository its own.`),
  ];
}

function bucketOf(hosting: Hosting, deployment: string, repository: string): string | undefined {
  const { bucketName, account, region } = hosting;
  if (bucketName !== undefined) return bucketName;
  return account && region ? hostingBucketName(deployment, repository, { account, region }) : undefined;
}

const prefixOf = (hosting: Hosting): string => (hosting.kind === 'bucket' ? hosting.prefix : '');
