import type { CompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ALARM_THRESHOLDS } from '../contract/alarms.ts';
import { AlarmSet, ownMetric, periodOf, waiting, type AlarmSetProps } from './alarm-set.ts';
import type { RepositoryWatch } from './repository-watch.ts';

/** Which watchdog, and whom to tell. */
export interface WatchAlarmsProps extends Omit<AlarmSetProps, 'stack' | 'repository'> {
  readonly watch: RepositoryWatch;
}

/** What tells somebody that clients are not served as they should be. */
export class WatchAlarms extends Construct {
  readonly page: CompositeAlarm;

  constructor(scope: Construct, id: string, { watch, ...props }: WatchAlarmsProps) {
    super(scope, id);
    const { repository, interval, expiresSoon } = watch;
    const set = new AlarmSet(this, 'Alarms', { ...props, repository, stack: 'watch' });
    const period = periodOf(interval);
    const sum = (name: Parameters<typeof ownMetric>[1]) => ownMetric(repository, name, 'Sum', period);
    const least = (name: Parameters<typeof ownMetric>[1]) => ownMetric(repository, name, 'Minimum', period);
    set.add('watch-silent', {
      metric: sum('WatchRuns'),
      goesOff: { below: 1 },
      periods: ALARM_THRESHOLDS.missedChecks,
      noData: 'bad',
    });
    set.add('watch-blind', { metric: sum('WatchFailed'), goesOff: { from: ALARM_THRESHOLDS.failures } });
    const hoursBelow = (name: Parameters<typeof ownMetric>[1], seconds: number) =>
      ({ metric: least(name), goesOff: { below: seconds / 3_600 }, noData: 'unknown' }) as const;
    set.add('served-timestamp-expiring', hoursBelow('WatchTimestampHoursLeft', expiresSoon.timestamp));
    set.add('served-role-expiring', hoursBelow('WatchOthersHoursLeft', expiresSoon.others));
    set.add('served-role-expiring-soon', hoursBelow('WatchOthersHoursLeft', ALARM_THRESHOLDS.othersPage));
    set.add('served-stale', { metric: sum('WatchStale'), goesOff: { from: 1 } });
    set.add('served-went-back', { metric: sum('WatchRollback'), goesOff: { from: 1 } });
    set.add('served-two-ways', { metric: sum('WatchEquivocation'), goesOff: { from: 1 } });
    set.add('root-gap', { metric: sum('WatchRootGap'), goesOff: { from: 1 } });
    // Once: what a publish that is under way may cause, the watchdog itself holds back until a later look.
    set.add('new-client-fails', { metric: sum('WatchNewClientFails'), goesOff: { from: 1 } });
    set.add('returning-client-fails', { metric: sum('WatchReturningClientFails'), goesOff: { from: 1 } });
    set.add('watch-unhealthy', { metric: sum('WatchUnhealthy'), goesOff: { from: 1 } });
    set.add('watch-memory-lost', { metric: sum('WatchMemoryLost'), goesOff: { from: 1 } });
    set.add('watch-lost', { metric: waiting(watch.lost), goesOff: { from: 1 } });
    this.page = set.page();
  }
}
