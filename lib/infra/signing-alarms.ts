import { Duration } from 'aws-cdk-lib';
import type { CompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ALARM_THRESHOLDS } from '../contract/alarms.ts';
import { expiresSoonOf } from '../contract/watch-configuration.ts';
import { AlarmSet, ownMetric, periodOf, periodsIn, waiting, type AlarmSetProps } from './alarm-set.ts';
import { KeyWatch } from './key-watch.ts';
import type { TimestampSigner } from './timestamp-signer.ts';

/** Which signer, and whom to tell. */
export interface SigningAlarmsProps extends Omit<AlarmSetProps, 'stack' | 'repository'> {
  readonly signer: TimestampSigner;
}

/** What tells somebody that a repository is not signed, or by somebody else. */
export class SigningAlarms extends Construct {
  readonly page: CompositeAlarm;

  constructor(scope: Construct, id: string, { signer, ...props }: SigningAlarmsProps) {
    super(scope, id);
    const { repository, interval, validity, resignAfter } = signer;
    const set = new AlarmSet(this, 'Alarms', { ...props, repository, stack: 'signing' });
    const period = periodOf(interval);
    const seen = (name: Parameters<typeof ownMetric>[1]) => ({
      metric: ownMetric(repository, name, 'Sum', period),
      goesOff: { from: 1 },
    });
    set.add('signer-silent', {
      metric: ownMetric(repository, 'Runs', 'Sum', period),
      goesOff: { below: 1 },
      periods: Math.max(ALARM_THRESHOLDS.missedChecks, periodsIn(ALARM_THRESHOLDS.missedChecks * interval, period)),
      noData: 'bad',
    });
    set.add('timestamp-expiring', {
      metric: ownMetric(repository, 'TimestampHoursLeft', 'Minimum', period),
      goesOff: { below: expiresSoonOf({ validity, resignAfter, check: interval }).timestamp / 3_600 },
      noData: 'unknown', // no data is signer-silent's
    });
    set.add('signing-refused', seen('Refused'));
    set.add('signing-failed', {
      // Lambda's own count: it knows of a run that ended before it could say anything.
      metric: signer.function.function.metricErrors({ period, statistic: 'Sum' }),
      goesOff: { from: ALARM_THRESHOLDS.failures },
    });
    set.add('run-lost', { metric: waiting(signer.failed), goesOff: { from: 1 } });
    set.add('run-undelivered', { metric: waiting(signer.undelivered), goesOff: { from: 1 } });
    set.add('clock-wrong', seen('ClockSkew'));
    set.add('other-signer', seen('OtherSigner'));
    set.add('publish-withheld', seen('BelowReceipt'));
    set.add('repository-healed', seen('Healed'));
    const long = Duration.seconds(Math.max(period.toSeconds(), 3_600));
    set.add('paused-too-long', {
      metric: ownMetric(repository, 'Paused', 'Sum', long),
      goesOff: { from: 1 },
      periods: periodsIn(ALARM_THRESHOLDS.pausedTooLong, long),
    });
    const { metric } = new KeyWatch(this, 'Key', { signer, topic: props.topics.mail });
    set.add('key-used-elsewhere', { metric, goesOff: { from: 1 } });
    this.page = set.page();
  }
}
