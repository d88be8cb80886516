import { Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, GraphWidget, TextWidget, type IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { MetricName } from '../contract/metrics.ts';
import { ownMetric } from './alarm-set.ts';

/** What one page shows. */
export interface RepositoryDashboardProps {
  readonly dashboardName: string;
  readonly repositories: readonly { readonly repository: string; readonly page: IAlarm }[];
  /** Hours that are left; the first is the one to look at. */
  readonly hours: readonly MetricName[];
  /** What is counted. */
  readonly counts: readonly MetricName[];
}

const HOUR = Duration.hours(1);

/** One page with a row for each repository: whether it pages, how many hours are left, and what the runs came to. */
export class RepositoryDashboard extends Construct {
  constructor(scope: Construct, id: string, { dashboardName, repositories, hours, counts }: RepositoryDashboardProps) {
    super(scope, id);
    const dashboard = new Dashboard(this, 'Dashboard', { dashboardName, defaultInterval: Duration.days(14) });
    for (const { repository, page } of repositories) {
      dashboard.addWidgets(
        new TextWidget({ markdown: `## ${repository}\n\`timekeeper status ${repository}\``, width: 24, height: 2 }),
      );
      dashboard.addWidgets(
        new AlarmStatusWidget({ title: 'Pages', alarms: [page], width: 4, height: 6 }),
        new GraphWidget({
          title: 'Hours left',
          left: hours.map((name) => ownMetric(repository, name, 'Minimum', HOUR)),
          leftYAxis: { min: 0 },
          width: 12,
          height: 6,
        }),
        new GraphWidget({
          title: 'Runs',
          left: counts.map((name) => ownMetric(repository, name, 'Sum', HOUR)),
          leftYAxis: { min: 0 },
          width: 8,
          height: 6,
        }),
      );
    }
  }
}
