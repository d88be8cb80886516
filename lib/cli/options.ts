import { Option, type Command } from 'commander';
import { UsageError } from '../contract/errors.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { seconds } from '../tuf/instant.ts';
import { checkedPolicy, DEFAULT_POLICY, type Policy } from '../refresh/policy.ts';
import { parseDuration } from './duration.ts';
import { readNamedFile } from './read-file.ts';

/** The options that every command over a directory has. */
export interface DirectoryOptions {
  readonly path: string;
  readonly trustedRoot?: string;
  readonly mode: Policy['mode'];
  readonly validity: string;
  readonly resignAfter: string;
  readonly state?: string;
  readonly json?: true;
}

/** Adds the options that every command over a directory has. */
export function directoryOptions(command: Command): Command {
  return command
    .option('--path <dir>', 'working directory of fleetctl updates, or the folder with the metadata', '.')
    .option('--trusted-root <file>', 'a root.json that you trust; begins the state at the first run')
    .addOption(
      new Option('--mode <mode>', 'refresh: extend time only; advance: also endorse a newer snapshot')
        .choices(['refresh', 'advance'])
        .default('refresh'),
    )
    .option('--validity <duration>', 'how long a new timestamp lives', '14 days')
    .option('--resign-after <duration>', 'how old a timestamp is when the next one is signed', '3 days')
    .option('--state <dir>', 'where our state is kept (default: DIR/.timekeeper)')
    .option('--json', 'print one JSON object and nothing else');
}

/**
 * The policy that the options ask for.
 * @throws UsageError
 */
export function policyOf({ mode, validity, resignAfter }: DirectoryOptions): Policy {
  const life = parseDuration(validity, '--validity');
  const age = parseDuration(resignAfter, '--resign-after');
  // A directory has no schedule of ours; whoever calls us once an hour or more often fits this.
  const check = seconds(Math.min(DEFAULT_POLICY.check, life - age));
  if (check < 1) throw new UsageError('--validity has to be longer than --resign-after.');
  return checkedPolicy({ ...DEFAULT_POLICY, mode, validity: life, resignAfter: age, check, minInterval: seconds(0) });
}

/**
 * The root file that the caller vouches for, if one was named.
 * @throws UsageError
 */
export function trustedRootOf({ trustedRoot }: Pick<DirectoryOptions, 'trustedRoot'>): Uint8Array | undefined {
  return trustedRoot === undefined ? undefined : readNamedFile(trustedRoot, MAX_BYTES.root, '--trusted-root');
}
