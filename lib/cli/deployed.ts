import { S3Client } from '@aws-sdk/client-s3';
import { configurationOf } from '../config/configuration-file.ts';
import type { Configuration, RepositoryConfiguration } from '../config/configuration.ts';
import { FailureError, RefusalError } from '../contract/errors.ts';
import { hostingBucketName, stateBucketName, type Place } from '../contract/names.ts';
import { quote } from '../contract/printable.ts';
import type { KeySource } from '../keys/signer.ts';
import type { Places } from '../refresh/look.ts';
import { DEFAULT_POLICY, type Policy } from '../refresh/policy.ts';
import type { Trust } from '../refresh/trust.ts';
import { watchClock } from '../stores/clock-skew.ts';
import { s3Store } from '../stores/s3.ts';
import { seconds } from '../tuf/instant.ts';
import type { DeploymentOptions } from './deployment-options.ts';
import { operate, type Operator } from './operator.ts';

/** A repository of a deployment, and the operator's access to it. */
export interface Deployed {
  readonly name: string;
  readonly configuration: Configuration;
  readonly repository: RepositoryConfiguration;
  readonly operator: Operator;
}

/**
 * Finds a repository in timekeeper.json and assumes the operator's role.
 * @throws UsageError CONFIGURATION_MISSING, CONFIGURATION_INVALID
 * @throws RefusalError UNKNOWN_REPOSITORY
 * @throws FailureError NO_CREDENTIALS, ROLE_REFUSED
 */
export async function deployed(name: string, options: DeploymentOptions): Promise<Deployed> {
  const configured = configuredRepository(name, options);
  return { name, ...configured, operator: await operate(configured.configuration, options) };
}

/**
 * Finds a repository in timekeeper.json.
 * @throws UsageError CONFIGURATION_MISSING, CONFIGURATION_INVALID
 * @throws RefusalError UNKNOWN_REPOSITORY
 */
export function configuredRepository(
  name: string,
  { config }: DeploymentOptions,
): Pick<Deployed, 'configuration' | 'repository'> {
  const configuration = configurationOf(config);
  const repository = Object.hasOwn(configuration.repositories, name) ? configuration.repositories[name] : undefined;
  if (repository === undefined)
    throw new RefusalError('UNKNOWN_REPOSITORY', `There is no repository ${quote(name)} in the configuration.`);
  return { configuration, repository };
}

/** The bucket with a deployment's state. */
export function stateBucketOf({ configuration, operator }: Deployed): string {
  return stateBucketName(configuration.name, operator.place);
}

/** The region of a stack's alarms and topics; undefined where the operator's role does not reach, which is another account. */
export function alarmRegionOf(
  { configuration: { watch }, operator: { place } }: Deployed,
  stack: 'signing' | 'watch',
): string | undefined {
  if (stack === 'signing') return place.region;
  return watch.account === undefined || watch.account === place.account ? (watch.region ?? place.region) : undefined;
}

/**
 * The engine's places, as the operator may read and write them.
 * @param keys - whoever only looks needs none
 */
export function deployedPlaces(deployed: Deployed, keys: KeySource = NO_KEYS): Places {
  const { name, operator } = deployed;
  const { bucket, prefix, region } = hostingOf(deployed);
  const [hosting, own] = [region, operator.place.region].map((one) => new S3Client({ ...operator.client, region: one })) as [S3Client, S3Client]; // prettier-ignore
  const watches = [hosting, own].map((client) => watchClock(client, Date.now));
  return {
    hosting: s3Store({ client: hosting, bucket, prefix }),
    state: s3Store({ client: own, bucket: stateBucketOf(deployed), prefix: name }),
    keys,
    clockSkew: () => Math.max(0, ...watches.map(({ skewSeconds }) => skewSeconds() ?? 0)),
  };
}

/** The key material is where only the signer reads it. */
const NO_KEYS: KeySource = {
  fingerprint: () => Promise.resolve(undefined),
  open: () => Promise.reject(new FailureError('KEY_FILE_MISSING', 'No key was named.')),
};

/** What the signer is configured to trust. */
export function deployedTrust(deployed: Deployed): Trust {
  const { bucket, prefix } = hostingOf(deployed);
  return {
    repository: deployed.name,
    place: `s3://${bucket}/${prefix}`,
    deployment: deployed.configuration.name,
    pin: deployed.repository.root,
  };
}

/** The policy that the signer runs with. */
export function deployedPolicy({ repository }: Pick<Deployed, 'repository'>): Policy {
  const { mode, validity, resignAfter, check, cacheMax, freezeGrace, maxVersionJump } = repository;
  return {
    mode,
    validity: seconds(validity),
    resignAfter: seconds(resignAfter),
    check: seconds(check.seconds),
    cacheMax: seconds(cacheMax),
    freezeGrace: seconds(freezeGrace),
    maxVersionJump,
    minInterval: DEFAULT_POLICY.minInterval,
  };
}

function hostingOf({ operator: { place }, ...deployed }: Deployed) {
  return hostingAt(deployed, place);
}

/**
 * Where the repository's files are. What is left out is where the signer is.
 * @param place - of the signer
 */
export function hostingAt(
  { name, configuration, repository: { hosting } }: Pick<Deployed, 'name' | 'configuration' | 'repository'>,
  place: Place,
) {
  const where = { account: hosting.account ?? place.account, region: hosting.region ?? place.region };
  return {
    bucket: hosting.bucketName ?? hostingBucketName(configuration.name, name, where),
    prefix: hosting.kind === 'bucket' ? hosting.prefix : '',
    ...where,
  };
}
