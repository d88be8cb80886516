import { FailureError, RefusalError } from '../lib/contract/errors.ts';
import { parseEvent, type ResignEvent } from '../lib/contract/event.ts';
import type { Outcome } from '../lib/contract/outcome.ts';
import { quote } from '../lib/contract/printable.ts';
import {
  SIGNER_CONFIGURATION,
  type SignedRepository,
  type SignerConfiguration,
} from '../lib/contract/signer-configuration.ts';
import { outcomeOf } from '../lib/refresh/outcome.ts';
import { DEFAULT_POLICY, type Policy } from '../lib/refresh/policy.ts';
import { refresh, type WritablePlaces } from '../lib/refresh/refresh.ts';
import { instantOf, seconds } from '../lib/tuf/instant.ts';
import { awsPlaces } from './aws-places.ts';
import { logLine } from './log-line.ts';
import { RunFailed } from './run-failed.ts';

// `timekeeper start` signs with this file's engine: what runs on a laptop is what runs in the Lambda.
export { refresh };

/**
 * Re-signs one repository if it is due. A refusal returns, since a retry would refuse again; a failure throws, so that Lambda retries it.
 * @param input - the event: `{repository, force?, dryRun?, reason?}`
 * @throws RunFailed, whose name is the code and whose message is the outcome's JSON
 */
export async function handler(input: unknown): Promise<Outcome> {
  const now = Date.now(); // the run's one clock reading
  let asked: ResignEvent = { repository: '', force: false, dryRun: false, reason: undefined };
  const run = async (): Promise<Outcome> => {
    const event = parseEvent(input);
    const configuration = readConfiguration();
    const repository = named(configuration, event.repository);
    asked = event; // only a name that is configured becomes the dimension of a metric
    const { bucket, prefix, root } = repository;
    const trust = {
      repository: event.repository,
      place: `s3://${bucket}/${prefix}`,
      deployment: configuration.deployment,
      pin: root,
    };
    return refresh(
      event,
      placesOf(event.repository, repository, configuration),
      trust,
      policyOf(repository),
      instantOf(now),
    );
  };
  const decided = await run().catch((error: unknown) => outcomeOf(error, asked));
  const outcome = { ...decided, durationMs: Date.now() - now };
  process.stdout.write(`${logLine(outcome, asked, now)}\n`);
  if (outcome.outcome === 'failed') throw new RunFailed(outcome);
  return outcome;
}

let configured: SignerConfiguration | undefined;

/** Read once for each new instance of the function; it cannot change while one lives. */
function readConfiguration(): SignerConfiguration {
  const text = process.env[SIGNER_CONFIGURATION];
  if (text === undefined)
    throw new FailureError('UNEXPECTED', `The environment variable ${SIGNER_CONFIGURATION} is missing.`);
  configured ??= JSON.parse(text) as SignerConfiguration;
  return configured;
}

function named({ repositories }: SignerConfiguration, name: string): SignedRepository {
  const repository = Object.hasOwn(repositories, name) ? repositories[name] : undefined;
  if (repository === undefined)
    throw new RefusalError('UNKNOWN_REPOSITORY', `There is no repository ${quote(name)} in the configuration.`);
  return repository;
}

const opened = new Map<string, WritablePlaces>();

/** Connections are kept between runs. */
function placesOf(name: string, repository: SignedRepository, configuration: SignerConfiguration): WritablePlaces {
  const places = opened.get(name) ?? awsPlaces(name, repository, configuration);
  opened.set(name, places);
  return places;
}

function policyOf({
  mode,
  validity,
  resignAfter,
  check,
  cacheMax,
  freezeGrace,
  maxVersionJump,
}: SignedRepository): Policy {
  return {
    mode,
    validity: seconds(validity),
    resignAfter: seconds(resignAfter),
    check: seconds(check),
    cacheMax: seconds(cacheMax),
    freezeGrace: seconds(freezeGrace),
    maxVersionJump,
    minInterval: DEFAULT_POLICY.minInterval,
  };
}
