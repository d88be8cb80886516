import { setTimeout as sleep } from 'node:timers/promises';
import { after, instantOf, type Instant, type Seconds } from '../tuf/instant.ts';

/** One step is under way, or none until the next. */
export type Doing = { readonly is: 'checking' } | { readonly is: 'waiting'; readonly until: Instant };

/** What is done in a loop. */
export interface Keeping {
  /** One step. Must not reject. @returns when there will be something to do; undefined if unknown */
  readonly step: (now: Instant) => Promise<Instant | undefined>;
  /** The longest time between two steps. */
  readonly check: Seconds;
  /** Hears of every change. */
  readonly on: (doing: Doing) => void;
  /** Ends the loop after the step under way. */
  readonly signal: AbortSignal;
}

const LONGEST_SLEEP = 30_000; // ms; a machine that was asleep, or whose clock was set, is noticed after so long

/** Steps for ever, one after the other: after `check`, or earlier if there is something to do earlier. */
export async function keepFresh({ step, check, on, signal }: Keeping): Promise<void> {
  while (!signal.aborted) {
    on({ is: 'checking' });
    const due = await step(instantOf(Date.now()));
    const until = nextStep(instantOf(Date.now()), due, check);
    on({ is: 'waiting', until });
    await waitUntil(until, signal);
  }
}

/** When to step again: at least a second from now, or a step that can do nothing would be tried without end. */
export function nextStep(now: Instant, due: Instant | undefined, check: Seconds): Instant {
  return Math.max(now + 1, Math.min(due ?? Infinity, after(now, check))) as Instant;
}

async function waitUntil(moment: Instant, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = moment * 1_000 - Date.now();
    if (left <= 0 || signal.aborted) return;
    await sleep(Math.min(left, LONGEST_SLEEP), undefined, { signal }).catch(() => undefined); // rejects when aborted
  }
}
