import { Command } from 'commander';
import { deploymentOptions, type DeploymentOptions } from './deployment-options.ts';
import { orReport } from './run-command.ts';

/** What `timekeeper publish` was told. */
export interface PublishOptions extends DeploymentOptions {
  readonly roots?: true;
  readonly prune?: true;
  readonly yes?: true;
  readonly replace?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `timekeeper publish WHERE [DIR]`: uploads a repository in an order in which clients get through. What it needs is loaded only when it runs. */
export const publishCommand = deploymentOptions(new Command('publish'))
  .description('upload a repository, verified, in the order that clients need, never over something newer')
  .argument(
    '<where>',
    'a repository of the deployment, s3://bucket/prefix, or a folder, which has a slash in it: ./out',
  )
  .argument('[dir]', 'working directory of fleetctl updates, or the folder with the metadata', '.')
  .option('--dry-run', 'say what would be done, and write nothing')
  .option('--prune', 'also remove files below targets/ that nothing lists any more; asks before')
  .option('--yes', 'do not ask before removing')
  .option('--replace <version>', 'publish over this version of the snapshot although the folder does not come from it')
  .option('--roots', 'only put back every N.root.json that is missing there')
  .option('--json', 'print one JSON object and nothing else')
  .action(async (where: string, dir: string, options: PublishOptions) => {
    await orReport({ repository: where, dryRun: options.dryRun ?? false }, options.json ?? false, async () => {
      const { runPublish } = await import('./publish-run.ts');
      await runPublish(where, dir, options);
    });
  });
