import type { CallFacts } from './call.ts';

/** One call that has ended. Times are milliseconds of `performance.now()`. */
export interface RecordedCall extends CallFacts {
  /** The ARN of who called; empty if nobody has that access key. */
  readonly caller: string;
  readonly startedAt: number;
  /** Taken before the answer is sent, so that a call that waited for this one always starts later. */
  readonly endedAt: number;
  /** HTTP status; undefined if the connection was broken instead. */
  readonly status: number | undefined;
}

/**
 * Groups calls into rounds: a call belongs to the round after the last one that had ended when it started. So calls that
 * went out together share a round, and the number of rounds is the longest chain of calls that waited for one another.
 * It needs a latency well above the caller's own work (say 30 ms), or calls meant to go together may miss one another.
 */
export function roundsOf<T extends Pick<RecordedCall, 'startedAt' | 'endedAt'>>(
  calls: readonly T[],
): readonly (readonly T[])[] {
  const rounds: T[][] = [];
  for (const call of [...calls].sort((a, b) => a.startedAt - b.startedAt)) {
    const waitedFor = rounds.findLastIndex((round) => round.some(({ endedAt }) => endedAt <= call.startedAt));
    const round = rounds[waitedFor + 1];
    if (round === undefined) rounds.push([call]);
    else round.push(call);
  }
  return rounds;
}
