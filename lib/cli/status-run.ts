import { writeFileSync } from 'node:fs';
import { diskError } from '../stores/disk-error.ts';
import { instantOf } from '../tuf/instant.ts';
import type { Status } from './status-model.ts';
import { pageWith } from './status-file.ts';
import { statusAt } from './status-places.ts';
import { statusText } from './status-text.ts';
import type { StatusOptions } from './status.ts';

/**
 * Shows how a repository is. Exit status: 0 healthy; 1 unhealthy, or nobody signs; 3 could not find out.
 * @throws UsageError, RefusalError, FailureError: where there is nothing to show
 */
export async function showStatus(where: string | undefined, options: StatusOptions): Promise<void> {
  const status = await statusAt(where, options, instantOf(Date.now()));
  if (options.html !== undefined) writePage(options.html, status);
  const exitStatus = EXIT_STATUS[status.verdict.level];
  process.exitCode = exitStatus === 0 && status.problems.length > 0 ? 1 : exitStatus;
  process.stdout.write(options.json === true ? `${JSON.stringify(status)}\n` : statusText(status));
}

const EXIT_STATUS = { good: 0, warning: 1, bad: 1, unknown: 3 } as const;

function writePage(file: string, status: Status): void {
  try {
    writeFileSync(file, pageWith(status));
  } catch (error) {
    throw diskError(error, file, 'written');
  }
}
