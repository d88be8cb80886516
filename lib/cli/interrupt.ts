import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const SAME_KEY = 500; // ms; under `npm start`, one Ctrl-C comes from the terminal and from npm

/**
 * Runs until Ctrl-C, or SIGTERM, asks for its end. A second one ends the process at once.
 * @param run - ends soon after the signal
 */
export async function untilInterrupted(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const asked = new AbortController();
  let first = 0;
  const onSignal = (name: (typeof SIGNALS)[number]) => {
    if (asked.signal.aborted && performance.now() - first > SAME_KEY) process.exit(128 + constants.signals[name]);
    if (asked.signal.aborted) return;
    first = performance.now();
    asked.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  await run(asked.signal);
  // A process on its way out no longer hears signals, and the second of one Ctrl-C would kill it: so it waits for that one.
  if (asked.signal.aborted) await sleep(Math.max(0, first + SAME_KEY - performance.now()));
}
