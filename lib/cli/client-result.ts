import type { Ailment } from '../authoring/diagnosis.ts';
import type { FetchedTarget } from '../client/download.ts';
import { CODES, type Code } from '../contract/codes.ts';
import { outcomeOf } from '../refresh/outcome.ts';
import type { Known } from '../tuf/client.ts';
import { between, formatInstant, type Instant } from '../tuf/instant.ts';
import { printable } from '../contract/printable.ts';
import { exitStatus } from './run-command.ts';

/** What `fetch` and `verify` print with `--json`. */
export interface ClientResult {
  readonly outcome: 'done' | 'refused' | 'failed';
  /** Null if it is done. */
  readonly code: Code | null;
  /** Every role that verified, also when a later one did not; only a root in it may be expired. */
  readonly roles: Readonly<Record<string, { readonly version: number; readonly expires: string }>>;
  /** What was asked for and is on the disk now, in that order. */
  readonly targets: readonly FetchedTarget[];
  /** What is wrong and what to do; absent if it is done. */
  readonly message?: string;
  readonly remedy?: string;
  /** All that is wrong in a folder, with what mends it; absent if nothing is. */
  readonly problems?: readonly Ailment[];
}

/** What a run as a client leaves to be told, whether it goes through or not. */
export interface ClientRun {
  readonly known: Known;
  readonly fetched: readonly FetchedTarget[];
  /** What else is wrong where it looked. */
  readonly ailments?: readonly Ailment[];
}

/**
 * Runs as a client, prints what came of it and sets the exit status: 0 done, 1 refused, 2 wrong usage, 3 could not find out.
 * @param told - filled by the run
 * @param now - asked for after the run: what it is judged by
 */
export async function runAsClient(
  told: ClientRun,
  json: boolean,
  now: () => Instant,
  run: () => Promise<void>,
): Promise<void> {
  const result = await run().then(
    () => resultOf(told),
    (error: unknown) => resultOf(told, error),
  );
  if (result.code !== null) process.exitCode = exitStatus({ code: result.code });
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (result.code === null) process.stdout.write(render(result, told.known, now()));
  else process.stderr.write(render(result, told.known, now()));
}

function resultOf({ known, fetched, ailments = [] }: ClientRun, error?: unknown): ClientResult {
  const roles = Object.fromEntries(
    Array.from(known, ([name, { version, expires }]) => [name, { version, expires: formatInstant(expires) }]),
  );
  const [first] = ailments;
  if (error === undefined && first === undefined) return { outcome: 'done', code: null, roles, targets: fetched };
  const { code, message, remedy } = error === undefined && first !== undefined ? first : outcomeOf(error, { repository: '', dryRun: false }); // prettier-ignore
  const outcome = CODES[code].kind === 'refusal' ? 'refused' : 'failed';
  const mending = ailments.find((ailment) => ailment.code === code)?.remedy ?? remedy;
  const problems = ailments.length === 0 ? {} : { problems: ailments };
  return { outcome, code, roles, targets: fetched, message, remedy: mending, ...problems };
}

/** For a person at a terminal. */
function render(
  { outcome, code, message = '', remedy = '', targets, problems = [] }: ClientResult,
  known: Known,
  now: Instant,
): string {
  const lines = Array.from(known, ([name, { version, expires }]) => {
    const left = code === 'USAGE' ? '' : leftUntil(expires, now);
    return `  ${printable(name).padEnd(12)} version ${String(version).padEnd(6)} expires ${formatInstant(expires)}  ${left}`;
  });
  for (const { path, length, downloaded } of targets)
    lines.push(`  ${downloaded ? 'Downloaded' : 'Up to date'}   ${printable(path)} (${length} bytes)`);
  const verdict =
    code === null
      ? 'Done: a client can update.'
      : `${outcome === 'refused' ? 'Refused' : 'Failed'} (${code}): ${message}`;
  const advice = remedy === '' ? [] : [`  What to do:  ${remedy}`];
  const others = problems
    .filter((problem) => problem.code !== code || problem.message !== message)
    .map((problem) => `Also wrong (${problem.code}): ${problem.message}\n  What to do:  ${problem.remedy}`);
  return `${[verdict, ...advice, ...others, ...lines].join('\n')}\n`;
}

const HOUR = 3_600; // s

/** In hours as long as they matter, else in days. */
function leftUntil(expires: Instant, now: Instant): string {
  const left = between(now, expires);
  if (left <= 0) return 'expired';
  const hours = Math.floor(left / HOUR);
  return hours < 72 ? `${hours} hours left` : `${Math.floor(hours / 24)} days left`;
}
