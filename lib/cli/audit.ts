import { Command } from 'commander';
import { deploymentOptions, type DeploymentOptions } from './deployment-options.ts';
import { orReport } from './run-command.ts';

/** What `timekeeper audit` was told. */
export interface AuditOptions extends DeploymentOptions {
  readonly json?: true;
}

/** `timekeeper audit NAME`: what was signed, when and why, and whether anything is wrong with it. What it needs is loaded only when it runs. */
export const auditCommand = deploymentOptions(new Command('audit'))
  .description('walk the history of the journal: what was signed, when and why, and whether anything is wrong with it')
  .argument('<name>', 'a repository of the deployment')
  .option('--json', 'print one JSON object and nothing else')
  .action(async (name: string, options: AuditOptions) => {
    await orReport({ repository: name, dryRun: true }, options.json ?? false, async () => {
      const { auditDeployed } = await import('./audit-run.ts');
      await auditDeployed(name, options);
    });
  });
