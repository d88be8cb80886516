import { Command } from 'commander';
import { deploymentOptions, type DeploymentOptions } from './deployment-options.ts';
import { orReport } from './run-command.ts';

/** What `timekeeper drill` was told. */
export interface DrillOptions extends DeploymentOptions {
  readonly json?: true;
}

/** `timekeeper drill NAME [ALARM]`: sets alarms off, to see that they reach somebody. What it needs is loaded only when it runs. */
export const drillCommand = deploymentOptions(new Command('drill'))
  .description('set alarms off to see that they reach somebody; they go back by themselves')
  .argument('<name>', 'a repository of the deployment')
  .argument('[alarm]', 'one alarm, such as signer-silent (default: all)')
  .option('--json', 'print one JSON object and nothing else')
  .action(async (name: string, alarm: string | undefined, options: DrillOptions) => {
    await orReport({ repository: name, dryRun: true }, options.json ?? false, async () => {
      const { drill } = await import('./drill-run.ts');
      await drill(name, alarm, options);
    });
  });
