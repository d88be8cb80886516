import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  Metric,
  Stats,
  TreatMissingData,
  type IAlarm,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarmDescription, alarmName, ALARMS, pageName, type AlarmKind, type AlarmText } from '../contract/alarms.ts';
import { METRICS_NAMESPACE, type MetricName } from '../contract/metrics.ts';
import type { AlarmTopics } from './alarm-topics.ts';

/** Whose alarms. */
export interface AlarmSetProps {
  readonly deployment: string;
  readonly repository: string;
  readonly stack: AlarmText['stack'];
  readonly topics: AlarmTopics;
  /** Whom to ask for the root ceremony. @default - nobody is named */
  readonly contacts?: readonly string[];
}

/** When an alarm goes off. */
export interface AlarmCondition {
  readonly metric: Metric;
  /** Goes off below this value, or from this value on. */
  readonly goesOff: { readonly below: number } | { readonly from: number };
  /** How many of the metric's periods in a row. @default 1 */
  readonly periods?: number;
  /** What no data means. `unknown`: the alarm stays as it is. @default 'good' */
  readonly noData?: 'good' | 'bad' | 'unknown';
}

/** The alarms of one repository in one stack. Those that page do so through one composite alarm, so that one cause is one message; the others mail. */
export class AlarmSet extends Construct {
  private readonly props: AlarmSetProps;
  private readonly paging: IAlarm[] = [];

  constructor(scope: Construct, id: string, props: AlarmSetProps) {
    super(scope, id);
    this.props = props;
  }

  /** Adds one alarm; its text and its level stand in {@link ALARMS}. */
  add(kind: AlarmKind, { metric, goesOff, periods = 1, noData = 'good' }: AlarmCondition): void {
    const { deployment, repository, topics, contacts = [] } = this.props;
    const isBelow = 'below' in goesOff;
    const alarm = new Alarm(this, kind, {
      alarmName: alarmName(deployment, repository, kind),
      alarmDescription: alarmDescription(kind, repository, contacts),
      metric,
      threshold: isBelow ? goesOff.below : goesOff.from,
      comparisonOperator: isBelow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: NO_DATA[noData],
    });
    if (ALARMS[kind].level === 'mail') alarm.addAlarmAction(new SnsAction(topics.mail));
    else this.paging.push(alarm);
  }

  /** Makes the alarm that pages. To be called when all others are added. */
  page(): CompositeAlarm {
    const { deployment, repository, stack, topics } = this.props;
    const composite = new CompositeAlarm(this, 'Page', {
      compositeAlarmName: pageName(deployment, repository, stack),
      alarmDescription: `${repository} needs somebody. The alarm that triggered it, above, says why, and has a section of its name in docs/runbook.md. Type: timekeeper status ${repository}`,
      alarmRule: AlarmRule.anyOf(...this.paging.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))),
    });
    composite.addAlarmAction(new SnsAction(topics.page));
    composite.addOkAction(new SnsAction(topics.page));
    return composite;
  }
}

const NO_DATA = {
  good: TreatMissingData.NOT_BREACHING,
  bad: TreatMissingData.BREACHING,
  unknown: TreatMissingData.IGNORE,
} as const;

/** One of our own metrics of a repository. */
export function ownMetric(
  repository: string,
  metricName: MetricName,
  statistic: 'Sum' | 'Minimum',
  period: Duration,
): Metric {
  return new Metric({ namespace: METRICS_NAMESPACE, metricName, dimensionsMap: { repository }, statistic, period });
}

/** How many messages wait in a queue. */
export function waiting(queue: Queue): Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: Stats.MAXIMUM });
}

/**
 * A period over which runs are counted: one interval between two, in whole minutes, as CloudWatch wants it.
 * @param interval - seconds
 */
export function periodOf(interval: number): Duration {
  const whole = Math.ceil(interval / 60) * 60;
  return Duration.seconds(Math.min(Math.max(whole, 300), 86_400));
}

/** How many periods make a time, at least one. Both in seconds. CloudWatch looks back over a week at most. */
export function periodsIn(time: number, period: Duration): number {
  return Math.min(Math.max(Math.ceil(time / period.toSeconds()), 1), Math.floor(604_800 / period.toSeconds()));
}
