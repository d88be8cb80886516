import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { RepositoryConfiguration } from '../config/configuration.ts';
import { UsageError } from '../contract/errors.ts';
import { publisherRoleName, stateBucketName } from '../contract/names.ts';
import { quote } from '../contract/printable.ts';
import type { Destination } from '../publishing/destination.ts';
import { directoryDestination } from '../publishing/directory-destination.ts';
import { s3Destination } from '../publishing/s3-destination.ts';
import { s3Store } from '../stores/s3.ts';
import type { Store } from '../stores/store.ts';
import { configuredRepository, hostingAt } from './deployed.ts';
import type { DeploymentOptions } from './deployment-options.ts';
import { callerOf, credentialsOf } from './operator.ts';

/** Where a publish goes, and what goes with it there. */
export interface Whereto {
  readonly destination: Destination;
  /** Of a repository of the deployment. */
  readonly repository?: RepositoryConfiguration;
  /** Where its signer looks for the receipt. */
  readonly receipts?: Store;
}

/** An upload may take long, as long as it goes on; what broke is tried again. */
const CLIENT = {
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
} satisfies S3ClientConfig;

/**
 * Finds where a publish goes: a name of timekeeper.json, with the publisher's role assumed; a place in S3; or a folder.
 * @throws UsageError, CONFIGURATION_MISSING, CONFIGURATION_INVALID
 * @throws RefusalError UNKNOWN_REPOSITORY
 * @throws FailureError NO_CREDENTIALS, ROLE_REFUSED
 */
export async function findWhereto(where: string, options: DeploymentOptions): Promise<Whereto> {
  if (where.startsWith('s3://')) return { destination: bucket(where, options) };
  if (/[./\\]/.test(where)) return { destination: folder(where) }; // no name has any of these
  return deployment(where, options);
}

function bucket(where: string, { profile }: DeploymentOptions): Destination {
  const [, name, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(where) ?? [];
  if (name === undefined || path.startsWith('/') || path.includes('//'))
    throw new UsageError(`${quote(where)} is no place in S3.`, { remedy: 'Write it as s3://bucket or s3://bucket/prefix.' }); // prettier-ignore
  const own = profile === undefined ? {} : { profile };
  // Where none is configured any will do: S3 says where the bucket is.
  const region = () => new S3Client(own).config.region().catch(() => 'us-east-1');
  const client = new S3Client({ ...CLIENT, ...own, region, followRegionRedirects: true });
  return s3Destination({ client, bucket: name, prefix: path === '' || path.endsWith('/') ? path : `${path}/` });
}

function folder(where: string): Destination {
  if (existsSync(join(where, 'repository')))
    throw new UsageError(`${quote(where)} is a working directory, not a folder that is served.`, {
      remedy: `Name the folder with the metadata: ${join(where, 'repository')}.`,
    });
  return directoryDestination(where);
}

/** The publisher's role is made with the hosting stack; a bucket of one's own is written with one's own credentials. */
async function deployment(name: string, options: DeploymentOptions): Promise<Whereto> {
  const configured = configuredRepository(name, options);
  const { configuration, repository } = configured;
  const caller = await callerOf(configuration, options);
  const signing = { account: configuration.signing.account ?? caller.account, region: caller.region };
  const { bucket, prefix, account, region } = hostingAt({ name, ...configured }, signing);
  const role = publisherRoleName(configuration.name, name);
  const assume = () => credentialsOf(caller, account, role);
  const isOwn = repository.hosting.kind === 'bucket';
  const credentials = isOwn ? caller.sts.config.credentials : assume;
  if (!isOwn) await assume(); // who may not is told before anything is read
  const at = (one: string) => new S3Client({ ...CLIENT, region: one, credentials });
  return {
    destination: s3Destination({ client: at(region), bucket, prefix }),
    repository,
    receipts: s3Store({ client: at(signing.region), bucket: stateBucketName(configuration.name, signing), prefix: name }), // prettier-ignore
  };
}
