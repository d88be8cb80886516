import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { HostedRepository, type HostedRepositoryProps } from './hosted-repository.ts';

/** One repository's files and where they are served from: in the file server's account. */
export class HostingStack extends Stack {
  readonly hosted: HostedRepository;

  constructor(
    scope: Construct,
    id: string,
    { stack, ...hosted }: HostedRepositoryProps & { readonly stack: StackProps },
  ) {
    super(scope, id, stack);
    this.hosted = new HostedRepository(this, 'Repository', hosted);
  }
}
