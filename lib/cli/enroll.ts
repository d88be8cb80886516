import { Command } from 'commander';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import type { Outcome } from '../contract/outcome.ts';
import { enroll, type Enrolment } from '../refresh/enroll.ts';
import { withLock } from '../stores/lock.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { instantOf } from '../tuf/instant.ts';
import { deploymentOptions, type DeploymentOptions } from './deployment-options.ts';
import { directoryOptions, policyOf, trustedRootOf, type DirectoryOptions } from './options.ts';
import { readNamedFile } from './read-file.ts';
import { render } from './render.ts';
import { runCommand } from './run-command.ts';
import { directoryTrust, findWorkingDirectory, placesOf, stagedMetadata } from './working-directory.ts';

/** What `timekeeper enroll` was told. */
export interface EnrollOptions extends DirectoryOptions, DeploymentOptions {
  readonly key?: string;
  readonly root?: readonly string[];
  readonly again?: true;
  readonly acceptVersion?: string;
  readonly acceptSnapshot?: string;
  readonly acceptTimestamp?: string;
  readonly allowSharedSnapshotKey?: true;
}

/** What the options come to, for a repository of a deployment. */
export interface DeployedEnrolment {
  readonly options: EnrollOptions;
  readonly enrolment: Pick<Enrolment, 'again' | 'acceptVersion' | 'acceptSnapshot' | 'allowSharedSnapshotKey'>;
  readonly acceptedTimestamp: Uint8Array | undefined;
}

/** `timekeeper enroll`: begins the state of a repository, or begins it again where a person has to decide. With a name it hands the deployed function its key, too. */
export const enrollCommand = deploymentOptions(directoryOptions(new Command('enroll')))
  .description(
    'hand the deployed function its key; without a name, begin the state of a folder. --again is the way out where a person must decide',
  )
  .argument('[name]', 'a repository of the deployment; without it, the folder of --path')
  .option('--key <file>', 'the key file (for a folder, if not given: DIR/keys/timestamp.json)')
  .option('--root <file...>', 'newer roots, which the repository may not show (with a name)')
  .option('--again', 'begin again although there is, or was, a state')
  .option('--accept-version <n>', 'count versions up to n as used')
  .option('--accept-snapshot <n>', 'accept the published snapshot although a higher one was endorsed')
  .option('--accept-timestamp <file>', 'begin from this timestamp, whose key a newer root removed')
  .option('--allow-shared-snapshot-key', 'allow the timestamp key in the snapshot role')
  .action(async (name: string | undefined, options: EnrollOptions) => {
    const json = options.json ?? false;
    const asked = { repository: name ?? options.path, dryRun: true };
    if (name === undefined) await runCommand(asked, json, () => enrolDirectory(options), renderEnrolment);
    else
      await runCommand(
        asked,
        json,
        () => enrolNamed(name, options, json),
        (outcome) => render(outcome, name),
      );
  });

async function enrolNamed(name: string, options: EnrollOptions, json: boolean): Promise<Outcome> {
  if (options.trustedRoot !== undefined)
    throw new UsageError('--trusted-root is for a folder: timekeeper.json pins the root of a deployed repository.', {
      remedy: 'Leave it out; newer roots, which the repository may not show, are named with --root.',
    });
  const asked = { options, enrolment: enrolmentOf(options), acceptedTimestamp: acceptedTimestampOf(options) };
  const { enrolDeployed } = await import('./enroll-deployed.ts');
  return enrolDeployed(name, asked, (line) => {
    if (!json) process.stdout.write(`${line}\n`);
  });
}

function enrolmentOf(options: EnrollOptions): DeployedEnrolment['enrolment'] {
  return {
    again: options.again ?? false,
    acceptVersion: wholeNumber(options.acceptVersion, '--accept-version'),
    acceptSnapshot: wholeNumber(options.acceptSnapshot, '--accept-snapshot'),
    allowSharedSnapshotKey: options.allowSharedSnapshotKey ?? false,
  };
}

function acceptedTimestampOf({ acceptTimestamp }: EnrollOptions): Uint8Array | undefined {
  return acceptTimestamp === undefined
    ? undefined
    : readNamedFile(acceptTimestamp, MAX_BYTES.timestamp, '--accept-timestamp');
}

async function enrolDirectory(options: EnrollOptions): Promise<Outcome> {
  if (options.root !== undefined)
    throw new UsageError('--root is for a deployed repository, and none is named.', {
      remedy: 'Name it, or put the newer roots into the folder, where they are found.',
    });
  const trustedRoot = trustedRootOf(options);
  if (trustedRoot === undefined)
    throw new UsageError('No root is named to begin from.', {
      remedy: 'Name a root.json that you trust with --trusted-root FILE; `timekeeper plan` shows the published one.',
    });
  const directory = findWorkingDirectory(options.path, options);
  const acceptedTimestamp = acceptedTimestampOf(options);
  const trust = { ...directoryTrust(trustedRoot), ...(acceptedTimestamp ? { acceptedTimestamp } : {}) };
  const enrolment = { repository: directory.name, ...enrolmentOf(options) };
  const policy = policyOf(options);
  const now = instantOf(Date.now());
  const outcome = await withLock(
    directory.state,
    'run',
    () => enroll(enrolment, placesOf(directory), trust, policy, now),
    { create: true },
  );
  return { ...outcome, warnings: [...outcome.warnings, ...stagedMetadata(directory)] };
}

/** The outcome is that of the next run; that the state is begun has to be said besides. */
function renderEnrolment(outcome: Outcome): string {
  const isBegun = outcome.outcome === 'signed' || outcome.outcome === 'skipped';
  return `${isBegun ? 'Enrolled: the state is begun. What the next run would do:\n' : ''}${render(outcome)}`;
}

function wholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new UsageError(`${option} is ${quote(text)}, not a whole number of 1 or more.`);
  return Number(text);
}
