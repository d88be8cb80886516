import { Duration, type App, type StackProps } from 'aws-cdk-lib';
import type { Configuration, Environment, Hosting, RepositoryConfiguration } from '../config/configuration.ts';
import { hostingBucketName, publisherRoleName, stackName, type Place } from '../contract/names.ts';
import { HostingStack } from './hosting-stack.ts';
import { environmentOf, placesFor } from './places.ts';
import { roleArn } from './principals.ts';
import { expectWithinLimits } from './stack-limits.ts';
import { SigningStack, type SignedRepositoryProps } from './signing-stack.ts';
import { WatchStack } from './watch-stack.ts';

/** Context key: `-c removable=true` lifts the termination protection, so that `cdk destroy` may follow. */
const REMOVABLE = 'removable';

/** A repository with where it is. */
interface Located {
  readonly name: string;
  readonly repository: RepositoryConfiguration;
  readonly place: Place;
}

/**
 * Adds the stacks of a configuration to an app: one for each repository that is hosted here, one that signs and one that watches.
 * @param deployer - account and region of whoever deploys; undefined if unknown
 * @throws UsageError for a place that nobody tells, or more repositories than fit
 */
export function addDeployment(app: App, configuration: Configuration, deployer: Environment): void {
  const { name: deployment, repositories, alarms, operators } = configuration;
  const placeOf = placesFor(deployer, [
    configuration.signing,
    configuration.watch,
    ...Object.values(repositories).map(({ hosting }) => hosting),
  ]);
  const signing = placeOf(configuration.signing, 'signing');
  const watch = placeOf(configuration.watch, 'watch');
  const located = Object.entries(repositories).map(([name, repository]) => ({
    name,
    repository,
    place: placeOf(repository.hosting, `repositories.${name}.hosting`),
  }));
  const isProtected = String(app.node.tryGetContext(REMOVABLE)) !== 'true';
  const stackProps = (place: Place, description: string): StackProps => ({
    env: environmentOf(place),
    description,
    terminationProtection: isProtected,
  });

  const urls = new Map<string, string>();
  for (const { name, repository, place } of located) {
    const { hosting } = repository;
    if (hosting.kind === 'bucket') urls.set(name, hosting.url);
    else {
      const { hosted } = new HostingStack(app, stackName(deployment, { hosting: name }), {
        stack: stackProps(place, `Serves the TUF repository ${name}`),
        deployment,
        repository: name,
        signing,
        publishers: repository.publishers,
        ...(hosting.bucketName !== undefined && { bucketName: hosting.bucketName }),
        ...(hosting.domain !== undefined && { domain: hosting.domain }),
      });
      urls.set(name, hosting.url ?? hosted.url);
    }
  }
  const signer = new SigningStack(app, stackName(deployment, 'signing'), {
    stack: stackProps(signing, `Keeps the TUF repositories of ${deployment} fresh`),
    deployment,
    operators,
    email: alarms.email,
    watchRegion: watch.account === signing.account ? watch.region : undefined,
    repositories: located.map((one) => signedProps(deployment, one)),
  });
  const watchdog = new WatchStack(app, stackName(deployment, 'watch'), {
    stack: stackProps(watch, `Looks at the TUF repositories of ${deployment} as clients do`),
    deployment,
    email: alarms.email,
    repositories: located.map(({ name, repository }) => ({
      repository: name,
      url: urls.get(name) ?? '',
      root: repository.root,
      check: Duration.seconds(repository.check.seconds),
      ...times(repository),
      allowSharedSnapshotKey: repository.allowSharedSnapshotKey,
      contacts: repository.contacts,
    })),
  });
  for (const stack of [signer, watchdog]) expectWithinLimits(stack, located.length);
}

function signedProps(deployment: string, { name, repository, place }: Located): SignedRepositoryProps {
  const { hosting, publishers, root, key, mode, check, freezeGrace, maxVersionJump } = repository;
  const ours = roleArn(place.account, publisherRoleName(deployment, name));
  return {
    repository: name,
    isOwnBucket: hosting.kind === 'bucket',
    contacts: repository.contacts,
    place: {
      ...place,
      bucketName: bucketNameOf(hosting, deployment, name, place),
      prefix: hosting.kind === 'bucket' ? hosting.prefix : '',
      publishers: hosting.kind === 'bucket' ? [ours, ...publishers] : [ours],
    },
    root,
    keyType: key.type,
    mode,
    check: { expression: check.expression, interval: Duration.seconds(check.seconds) },
    ...times(repository),
    freezeGrace: Duration.seconds(freezeGrace),
    maxVersionJump,
  };
}

function bucketNameOf(hosting: Hosting, deployment: string, repository: string, place: Place): string {
  return hosting.bucketName ?? hostingBucketName(deployment, repository, place);
}

function times({ resignAfter, validity, cacheMax }: RepositoryConfiguration): {
  readonly resignAfter: Duration;
  readonly validity: Duration;
  readonly cacheMax: Duration;
} {
  return {
    resignAfter: Duration.seconds(resignAfter),
    validity: Duration.seconds(validity),
    cacheMax: Duration.seconds(cacheMax),
  };
}
