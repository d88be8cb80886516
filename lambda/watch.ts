import { S3Client } from '@aws-sdk/client-s3';
import { FailureError, RefusalError } from '../lib/contract/errors.ts';
import { parseEvent } from '../lib/contract/event.ts';
import { quote } from '../lib/contract/printable.ts';
import { WATCH_CONFIGURATION, type WatchConfiguration } from '../lib/contract/watch-configuration.ts';
import type { WatchOutcome } from '../lib/contract/watch-outcome.ts';
import { s3Store } from '../lib/stores/s3.ts';
import type { Store } from '../lib/stores/store.ts';
import { instantOf } from '../lib/tuf/instant.ts';
import { published } from '../lib/watch/published.ts';
import { failedReport } from '../lib/watch/report.ts';
import { watch } from '../lib/watch/watch.ts';
import { RunFailed } from './run-failed.ts';
import { CLIENT } from './sdk-client.ts';
import { watchLine } from './watch-line.ts';

/**
 * Looks at one repository from outside. Whatever is wrong with it returns, since looking again would find the same; not being able to find out throws, so that Lambda retries.
 * @param input - the event: `{repository, dryRun?, reason?}`
 * @throws RunFailed, whose name is the code and whose message is the outcome's JSON
 */
export async function handler(input: unknown): Promise<WatchOutcome> {
  const now = Date.now(); // the run's one clock reading
  let repository = '';
  const run = async (): Promise<WatchOutcome> => {
    const event = parseEvent(input);
    if (event.force) throw new RefusalError('EVENT_INVALID', 'There is nothing here that could be forced.');
    const configuration = readConfiguration();
    if (event.repository !== configuration.repository)
      throw new RefusalError('UNKNOWN_REPOSITORY', `This function does not watch ${quote(event.repository)}.`);
    repository = event.repository; // only a name that is configured becomes the dimension of a metric
    const { root: pin, url, targetsUrl } = configuration;
    const asked = {
      repository,
      pin,
      published: published(url, targetsUrl),
      memory: memoryOf(configuration),
      dryRun: event.dryRun,
    };
    return watch(asked, configuration, instantOf(now));
  };
  const found = await run().catch((error: unknown) => failedReport(repository, error));
  const outcome = { ...found, durationMs: Date.now() - now };
  process.stdout.write(`${watchLine(outcome, now)}\n`);
  // Of a repository that is ours nothing may keep the look from being one: that is as bad as a failure. An event that is none of ours would be the same again.
  if (outcome.outcome === 'failed' || (outcome.outcome === 'refused' && repository !== ''))
    throw new RunFailed(outcome);
  return outcome;
}

let configured: WatchConfiguration | undefined;

/** Read once for each new instance of the function; it cannot change while one lives. */
function readConfiguration(): WatchConfiguration {
  const text = process.env[WATCH_CONFIGURATION];
  if (text === undefined)
    throw new FailureError('UNEXPECTED', `The environment variable ${WATCH_CONFIGURATION} is missing.`);
  configured ??= JSON.parse(text) as WatchConfiguration;
  return configured;
}

let opened: Store | undefined;

/** Connections are kept between runs. */
function memoryOf({ memoryBucket, repository }: WatchConfiguration): Store {
  opened ??= s3Store({ client: new S3Client(CLIENT), bucket: memoryBucket, prefix: `${repository}/` });
  return opened;
}
