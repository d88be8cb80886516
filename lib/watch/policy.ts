import type { WatchConfiguration } from '../contract/watch-configuration.ts';

/** What the watchdog expects of a repository. Durations are in seconds. */
export type WatchPolicy = Pick<
  WatchConfiguration,
  'validity' | 'resignAfter' | 'check' | 'cacheMax' | 'allowSharedSnapshotKey' | 'expiresSoon'
>;
