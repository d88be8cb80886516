import type { Command } from 'commander';

/** The options that every command over a deployment has. */
export interface DeploymentOptions {
  readonly config?: string;
  readonly profile?: string;
}

/** Adds the options that every command over a deployment has. */
export function deploymentOptions(command: Command): Command {
  return command
    .option('--config <file>', 'the configuration of the deployment (default: timekeeper.json)')
    .option('--profile <name>', "a profile of AWS's own configuration files");
}
