import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A program to be timed as a whole: from its start to its end. */
export interface Candidate {
  readonly name: string;
  readonly command: readonly string[];
  /** Reads a figure in milliseconds from what it prints, in place of the time of the whole process. */
  readonly reads?: (stdout: string) => number;
  /** Puts everything as it was, before each run and untimed. */
  readonly before?: () => void;
}

/** What came of one candidate. */
export interface Measured {
  readonly name: string;
  /** Milliseconds, one a round. */
  readonly times: readonly number[];
  /** Milliseconds of the processor, one a round: a busy machine changes them less. Undefined where the system does not tell. */
  readonly processor: readonly (number | undefined)[];
}

/**
 * Times programs in turn, A B C A B C …, after a round that does not count: what slows this machine down slows all of them down.
 * @param warmUps - rounds that do not count
 * @throws Error if one ends with anything but 0
 */
export function timeInTurn(candidates: readonly Candidate[], rounds: number, warmUps = 1): readonly Measured[] {
  const runs = candidates.map((): Timed[] => []);
  for (let round = 0; round < warmUps + rounds; round++) {
    candidates.forEach((candidate, index) => {
      const timed = timeOnce(candidate);
      if (round >= warmUps) runs[index]?.push(timed);
    });
  }
  return candidates.map(({ name }, index) => ({
    name,
    times: (runs[index] ?? []).map(({ time }) => time),
    processor: (runs[index] ?? []).map(({ processor }) => processor),
  }));
}

interface Timed {
  readonly time: number;
  readonly processor: number | undefined;
}

function timeOnce({ name, command, reads, before }: Candidate): Timed {
  before?.();
  const ticks = ticksOfChildren();
  const started = process.hrtime.bigint();
  const stdout = run(name, command);
  const time = Number(process.hrtime.bigint() - started) / 1e6;
  const taken = ticksOfChildren();
  const processor = ticks === undefined || taken === undefined ? undefined : (taken - ticks) * 10;
  return { time: reads === undefined ? time : reads(stdout), processor };
}

/** Hundredths of a second of the processor that all children so far have had. @see proc(5), cutime and cstime */
function ticksOfChildren(): number | undefined {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return Number(fields[13]) + Number(fields[14]);
  } catch {
    return undefined;
  }
}

function run(name: string, [program = '', ...words]: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 2 ** 24 });
  if (status !== 0) throw new Error(`${name} ended with ${status ?? 'a signal'}: ${stderr}${stdout}`);
  return stdout;
}

/**
 * The most memory that a program ever has, in MiB, over some runs. GNU time asks the kernel; it is small itself, and so what it starts is not counted too high.
 * @returns undefined where there is no GNU time
 */
export function peakMemory({ name, command }: Candidate, runs: number): number | undefined {
  const peaks = Array.from({ length: runs }, () => {
    const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', ...command], { encoding: 'utf8' });
    if (status !== null && status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
    return status === null ? undefined : Number(/(\d+)\s*$/.exec(stderr)?.[1]) / 1_024;
  });
  const known = peaks.filter((peak) => peak !== undefined);
  return known.length === runs ? median(known) : undefined;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** How much longer one takes than the other: the median of the rounds' ratios, since a round's two runs had the same machine. */
export function ratio(one: Measured, other: Measured): number {
  return median(one.times.map((time, round) => time / (other.times[round] ?? NaN)));
}
