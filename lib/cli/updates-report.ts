import { outcomeOf } from '../refresh/outcome.ts';
import { errorAsFleetctl } from './updates-error.ts';

/** Runs a command of the group and ends as fleetctl does: exit status 0 or 1, an error on stderr. */
export async function asFleetctl(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(errorAsFleetctl(outcomeOf(error, { repository: '', dryRun: false })));
  }
}
