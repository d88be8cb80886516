import { Command } from 'commander';
import type { Outcome } from '../contract/outcome.ts';
import { refresh } from '../refresh/refresh.ts';
import { withLock } from '../stores/lock.ts';
import { instantOf } from '../tuf/instant.ts';
import { deploymentOptions, type DeploymentOptions } from './deployment-options.ts';
import { finishUpdate } from './finish-update.ts';
import { directoryOptions, policyOf, trustedRootOf, type DirectoryOptions } from './options.ts';
import { render } from './render.ts';
import { runCommand } from './run-command.ts';
import { directoryTrust, findWorkingDirectory, placesOf, stagedMetadata } from './working-directory.ts';

interface ResignOptions extends DirectoryOptions, DeploymentOptions {
  readonly key?: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly reason?: string;
}

/** `timekeeper resign`: signs timestamp.json again if it is due and everything holds. */
export const resignCommand = deploymentOptions(directoryOptions(new Command('resign')))
  .description('re-sign timestamp.json if it is due, after verifying everything that it vouches for')
  .argument('[name]', 'a repository of the deployment, whose function is invoked; without it, the folder of --path')
  .option('--key <file>', 'the key file (default: DIR/keys/timestamp.json)')
  .option('--force', 'sign although it is not due')
  .option('--dry-run', 'decide and open the key, but publish nothing')
  .option('--reason <text>', 'why, for the journal')
  .action(async (name: string | undefined, options: ResignOptions) => {
    const dryRun = options.dryRun ?? false;
    const run = name === undefined ? () => resign(options, dryRun) : () => invoke(name, options);
    await runCommand({ repository: name ?? options.path, dryRun }, options.json ?? false, run, (outcome) =>
      render(outcome, name),
    );
  });

async function invoke(repository: string, { force, dryRun, reason, ...options }: ResignOptions): Promise<Outcome> {
  const { resignDeployed } = await import('./resign-deployed.ts');
  return resignDeployed(
    { repository, ...(force && { force }), ...(dryRun && { dryRun }), ...(reason !== undefined && { reason }) },
    options,
  );
}

async function resign(options: ResignOptions, dryRun: boolean): Promise<Outcome> {
  const directory = findWorkingDirectory(options.path, options);
  const policy = policyOf(options);
  const trust = directoryTrust(trustedRootOf(options));
  const wish = { repository: directory.name, force: options.force ?? false, dryRun, reason: options.reason };
  const outcome = await withLock(
    directory.state,
    'run',
    async () => {
      await finishUpdate(directory);
      return refresh(wish, placesOf(directory), trust, policy, instantOf(Date.now()));
    },
    { create: true },
  );
  return { ...outcome, warnings: [...outcome.warnings, ...stagedMetadata(directory)] };
}
