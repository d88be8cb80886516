import { Command } from 'commander';
import type { Outcome } from '../contract/outcome.ts';
import type { Plan } from '../refresh/plan.ts';
import { instantOf } from '../tuf/instant.ts';
import { decide, type Decided } from './decide.ts';
import { deploymentOptions, type DeploymentOptions } from './deployment-options.ts';
import { directoryOptions, policyOf, trustedRootOf, type DirectoryOptions } from './options.ts';
import { render } from './render.ts';
import { exitStatus, orReport, report } from './run-command.ts';
import { directoryTrust, findWorkingDirectory, placesOf, stagedMetadata } from './working-directory.ts';

type PlanOptions = DirectoryOptions & DeploymentOptions;

/** `timekeeper plan`: what a re-sign would do now, and why. Writes nothing, needs no secret. */
export const planCommand = deploymentOptions(directoryOptions(new Command('plan')))
  .description('show what a re-sign would do now and why; writes nothing and needs no passphrase')
  .argument('[name]', 'a repository of the deployment; without it, the folder of --path')
  .action(async (name: string | undefined, options: PlanOptions) => {
    const json = options.json ?? false;
    await orReport({ repository: name ?? options.path, dryRun: true }, json, async () => {
      const started = Date.now();
      const { plan, outcome } = name === undefined ? await planDirectory(options) : await planDeployed(name, options);
      show(plan, { ...outcome, durationMs: Date.now() - started }, json, name);
    });
  });

async function planDirectory(options: DirectoryOptions): Promise<Decided> {
  const directory = findWorkingDirectory(options.path, options);
  const now = instantOf(Date.now());
  const trust = directoryTrust(trustedRootOf(options));
  const { plan, outcome } = await decide(directory.name, placesOf(directory), trust, policyOf(options), now);
  return { plan, outcome: { ...outcome, warnings: [...outcome.warnings, ...stagedMetadata(directory)] } };
}

async function planDeployed(name: string, options: DeploymentOptions): Promise<Decided> {
  const { deployed, deployedPlaces, deployedPolicy, deployedTrust } = await import('./deployed.ts');
  const found = await deployed(name, options);
  const now = instantOf(Date.now());
  return decide(name, deployedPlaces(found), deployedTrust(found), deployedPolicy(found), now);
}

function show(plan: Plan, outcome: Outcome, json: boolean, name: string | undefined): void {
  if (json) {
    report(withChecks(outcome, plan), json);
  } else {
    process.exitCode = exitStatus(outcome);
    process.stdout.write(`${checklist(plan)}\n${render(outcome, name)}`); // also a refusal: it is what was asked for
  }
}

function checklist({ checks }: Plan): string {
  return checks
    .map(({ invariant, claim, holds }) => `${holds ? 'ok    ' : 'BROKEN'}  ${invariant.padEnd(6)} ${claim}`)
    .join('\n');
}

function withChecks(outcome: Outcome, { checks }: Plan): Outcome & Pick<Plan, 'checks'> {
  return { ...outcome, checks };
}
