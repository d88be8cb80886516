/** What the package exports for use in one's own CDK app. */
export { HostedRepository, type HostedRepositoryProps } from './hosted-repository.ts';
export type { RepositoryDomain } from './repository-distribution.ts';
export { SigningFoundation, type SigningFoundationProps } from './signing-foundation.ts';
export { TimestampSigner, type SignedPlace, type SignerCheck, type TimestampSignerProps } from './timestamp-signer.ts';
export { WatchFoundation } from './watch-foundation.ts';
export { RepositoryWatch, type RepositoryWatchProps } from './repository-watch.ts';
export { AlarmTopics, type AlarmTopicsProps } from './alarm-topics.ts';
export { SigningAlarms, type SigningAlarmsProps } from './signing-alarms.ts';
export { WatchAlarms, type WatchAlarmsProps } from './watch-alarms.ts';
