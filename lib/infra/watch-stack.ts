import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RepositoryWatch, type RepositoryWatchProps } from './repository-watch.ts';
import { WatchFoundation } from './watch-foundation.ts';

/** What a watch stack looks at. */
export interface WatchStackProps {
  readonly stack: StackProps;
  readonly deployment: string;
  readonly email: string | undefined;
  readonly repositories: readonly Omit<RepositoryWatchProps, 'foundation'>[];
}

/** The watchdogs of all repositories of a deployment: best in another region than the signers. */
export class WatchStack extends Stack {
  constructor(scope: Construct, id: string, { stack, deployment, repositories }: WatchStackProps) {
    super(scope, id, stack);
    const foundation = new WatchFoundation(this, 'Foundation', { deployment });
    for (const watched of repositories) new RepositoryWatch(this, watched.repository, { ...watched, foundation });
  }
}
