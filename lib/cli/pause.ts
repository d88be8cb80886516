import { Command } from 'commander';
import { isRefusal, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import type { Places } from '../refresh/look.ts';
import { pauseSigning, resumeSigning } from '../refresh/pause.ts';
import type { Policy } from '../refresh/policy.ts';
import { DEFAULT_POLICY } from '../refresh/policy.ts';
import type { Trust } from '../refresh/trust.ts';
import { after, formatInstant, instantOf, parseInstant, type Instant } from '../tuf/instant.ts';
import { decide } from './decide.ts';
import { deploymentOptions, type DeploymentOptions } from './deployment-options.ts';
import { parseDuration } from './duration.ts';
import { orReport } from './run-command.ts';
import { directoryTrust, findWorkingDirectory, placesOf } from './working-directory.ts';

interface WhereOptions extends DeploymentOptions {
  readonly path: string;
  readonly state?: string;
  readonly reason?: string;
  readonly json?: true;
}

interface PauseOptions extends WhereOptions {
  readonly for?: string;
  readonly until?: string;
}

/** `timekeeper pause`: nobody signs until then, also not with --force. */
export const pauseCommand = whereOptions(new Command('pause'))
  .description('stop the signing for a while; at the latest a day before clients would fail it goes on by itself')
  .option('--for <duration>', 'how long, such as "6 hours"')
  .option('--until <date>', 'or until when, such as 2030-01-31T00:00:00Z')
  .action(async (name: string | undefined, options: PauseOptions) => {
    await orReport({ repository: name ?? options.path, dryRun: false }, options.json ?? false, async () => {
      const now = instantOf(Date.now());
      const until = endOf(options, now);
      const { reason = '' } = options;
      const { label, places, trust, policy } = await find(name, options);
      const { outcome } = await decide(label, places, trust, policy, now);
      const { effectiveExpiry } = outcome;
      const expiry = effectiveExpiry === null ? undefined : parseInstant(effectiveExpiry, 'a date of ours');
      await pauseSigning(places.state, { until, reason }, expiry, now);
      print(options, name, {
        repository: label,
        outcome: 'done',
        code: null,
        pausedUntil: formatInstant(until),
        reason,
      });
    });
  });

/** `timekeeper resume`: signing goes on. */
export const resumeCommand = whereOptions(new Command('resume'))
  .description('let the signing go on after a pause')
  .action(async (name: string | undefined, options: WhereOptions) => {
    await orReport({ repository: name ?? options.path, dryRun: false }, options.json ?? false, async () => {
      const { label, places } = await find(name, options);
      const { reason = 'resumed' } = options;
      await resumeSigning(places.state, reason, instantOf(Date.now()));
      print(options, name, { repository: label, outcome: 'done', code: null, pausedUntil: null, reason });
    });
  });

function whereOptions(command: Command): Command {
  return deploymentOptions(command)
    .argument('[name]', 'a repository of the deployment; without it, the folder of --path')
    .option('--path <dir>', 'working directory of fleetctl updates, or the folder with the metadata', '.')
    .option('--state <dir>', 'where our state is kept (default: DIR/.timekeeper)')
    .option('--reason <text>', 'why; it stands in status, and in the state for later')
    .option('--json', 'print one JSON object and nothing else');
}

interface Found {
  readonly label: string;
  readonly places: Places;
  readonly trust: Trust;
  readonly policy: Policy;
}

async function find(name: string | undefined, options: WhereOptions): Promise<Found> {
  if (name === undefined) {
    const directory = findWorkingDirectory(options.path, options);
    return { label: directory.name, places: placesOf(directory), trust: directoryTrust(undefined), policy: DEFAULT_POLICY }; // prettier-ignore
  }
  const { deployed, deployedPlaces, deployedPolicy, deployedTrust } = await import('./deployed.ts');
  const found = await deployed(name, options);
  return { label: name, places: deployedPlaces(found), trust: deployedTrust(found), policy: deployedPolicy(found) };
}

function endOf({ for: span, until }: PauseOptions, now: Instant): Instant {
  if ((span === undefined) === (until === undefined))
    throw new UsageError('A pause needs an end.', { remedy: 'Name it with --for "6 hours", or with --until.' });
  if (span !== undefined) return after(now, parseDuration(span, '--for'));
  try {
    return parseInstant(until ?? '', '--until');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new UsageError(`--until is ${quote(until ?? '')}, not a date such as 2030-01-31T00:00:00Z.`);
  }
}

interface Done {
  readonly repository: string;
  readonly outcome: 'done';
  readonly code: null;
  /** Null after resume. */
  readonly pausedUntil: string | null;
  readonly reason: string;
}

function print({ json }: WhereOptions, name: string | undefined, done: Done): void {
  const { repository, pausedUntil, reason } = done;
  const text =
    pausedUntil === null
      ? `Signing of ${printable(repository)} goes on.\n`
      : `Signing of ${printable(repository)} is paused until ${pausedUntil}: ${printable(reason)}\n  To end it sooner:  timekeeper resume${name === undefined ? '' : ` ${name}`}\n`;
  process.stdout.write(json ? `${JSON.stringify(done)}\n` : text);
}
