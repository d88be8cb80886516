import { Command } from 'commander';
import type { Outcome } from '../contract/outcome.ts';
import { look } from '../refresh/look.ts';
import { plannedOutcome } from '../refresh/outcome.ts';
import { plan, type Plan } from '../refresh/plan.ts';
import { instantOf } from '../tuf/instant.ts';
import { directoryOptions, policyOf, trustedRootOf, type DirectoryOptions } from './options.ts';
import { render } from './render.ts';
import { exitStatus, orReport, report } from './run-command.ts';
import { directoryTrust, findWorkingDirectory, placesOf, stagedMetadata } from './working-directory.ts';

/** `timekeeper plan`: what a re-sign would do now, and why. Writes nothing, needs no secret. */
export const planCommand = directoryOptions(new Command('plan'))
  .description('show what a re-sign would do now and why; writes nothing and needs no passphrase')
  .action(async (options: DirectoryOptions) => {
    const json = options.json ?? false;
    await orReport({ repository: options.path, dryRun: true }, json, () => show(options, json));
  });

async function show(options: DirectoryOptions, json: boolean): Promise<void> {
  const started = Date.now();
  const directory = findWorkingDirectory(options.path, options);
  const now = instantOf(Date.now());
  const policy = policyOf(options);
  const seen = await look(placesOf(directory), directoryTrust(trustedRootOf(options)), policy, false, now);
  if (seen === 'changed') return; // only a look that keeps roots can lose a race
  const decided = plan(seen.state, policy, false, now);
  const asked = { repository: directory.name, dryRun: true };
  const outcome = {
    ...plannedOutcome(asked, decided, seen.state),
    warnings: [...decided.warnings, ...stagedMetadata(directory)],
    durationMs: Date.now() - started,
  };
  if (json) {
    report(withChecks(outcome, decided), json);
  } else {
    process.exitCode = exitStatus(outcome);
    process.stdout.write(`${checklist(decided)}\n${render(outcome)}`); // also a refusal: it is what was asked for
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
