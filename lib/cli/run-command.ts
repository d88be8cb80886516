import { CODES } from '../contract/codes.ts';
import type { Outcome } from '../contract/outcome.ts';
import { outcomeOf, type Asked } from '../refresh/outcome.ts';
import { render } from './render.ts';

const EXIT_STATUS = { signed: 0, skip: 1, refusal: 1, failure: 3, usage: 2 } as const;

/** 0 signed or nothing to do; 1 refused, or skipped for another reason; 2 wrong usage; 3 could not find out or could not do. */
export function exitStatus({ code }: Pick<Outcome, 'code'>): number {
  return code === 'NOT_DUE' ? 0 : EXIT_STATUS[CODES[code].kind];
}

/**
 * Runs one command and turns whatever comes of it into output and exit status. The only place where errors end.
 * @param json - one JSON object on stdout and nothing else
 * @param shown - the outcome for a person
 */
export async function runCommand(
  asked: Asked,
  json: boolean,
  run: () => Promise<Outcome>,
  shown: (outcome: Outcome) => string = render,
): Promise<void> {
  const started = Date.now();
  const outcome = await run().catch((error: unknown) => outcomeOf(error, asked));
  report({ ...outcome, durationMs: Math.round(Date.now() - started) }, json, shown);
}

/** Prints an outcome and sets the exit status. */
export function report(outcome: Outcome, json: boolean, shown: (outcome: Outcome) => string = render): void {
  process.exitCode = exitStatus(outcome);
  if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  else if (process.exitCode < 2 && outcome.outcome !== 'refused') process.stdout.write(shown(outcome));
  else process.stderr.write(shown(outcome));
}

/** For commands that show something else than an outcome: errors alone end here. */
export async function orReport(asked: Asked, json: boolean, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    report(outcomeOf(error, asked), json);
  }
}
