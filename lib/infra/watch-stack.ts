import { Stack, type StackProps } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { AlarmTopics } from './alarm-topics.ts';
import { RepositoryDashboard } from './repository-dashboard.ts';
import { WatchAlarms } from './watch-alarms.ts';
import { RepositoryWatch, type RepositoryWatchProps } from './repository-watch.ts';
import { WatchFoundation } from './watch-foundation.ts';

/** What a watch stack looks at. */
export interface WatchStackProps {
  readonly stack: StackProps;
  readonly deployment: string;
  readonly email: string | undefined;
  readonly repositories: readonly (Omit<RepositoryWatchProps, 'foundation'> & {
    readonly contacts: readonly string[];
  })[];
}

/** The watchdogs of all repositories of a deployment: best in another region than the signers. */
export class WatchStack extends Stack {
  constructor(scope: Construct, id: string, { stack, deployment, email, repositories }: WatchStackProps) {
    super(scope, id, stack);
    const foundation = new WatchFoundation(this, 'Foundation', { deployment });
    const topics = new AlarmTopics(this, 'Topics', {
      deployment,
      stack: 'watch',
      ...(email !== undefined && { email }),
    });
    const pages: { repository: string; page: IAlarm }[] = [];
    for (const { contacts, ...watched } of repositories) {
      const { repository } = watched;
      const watch = new RepositoryWatch(this, repository, { ...watched, foundation });
      const { page } = new WatchAlarms(watch, 'Watched', { deployment, topics, contacts, watch });
      pages.push({ repository, page });
    }
    new RepositoryDashboard(this, 'Dashboard', {
      dashboardName: `${deployment}-timekeeper-watch`,
      repositories: pages,
      hours: ['WatchTimestampHoursLeft', 'WatchOthersHoursLeft'],
      counts: ['WatchRuns', 'WatchUnhealthy', 'WatchFailed'],
    });
  }
}
