import { rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { candidatesFor } from './add-many.ts';
import { median, timeInTurn } from './in-turn.ts';
import { manyFiles } from './many-files.ts';
import { plot, type Line } from './plot.ts';
import type { Programs } from './programs.ts';
import type { Bound } from './report.ts';
import { copyOfFixture, repositoryWithTargets } from './repositories.ts';

const LISTED = [1_000, 25_000, 50_000, 75_000, 100_000];
const ADDED = [500, 2_500, 5_000, 7_500, 10_000];
const PICTURE = 'docs/performance-growth.svg';

/** How the cost of `updates add` grows with the number of targets, as a picture; a straight line through the ends predicts what is between. */
export async function plotGrowth(programs: Programs, folder: string): Promise<readonly Bound[]> {
  const onto: Point[] = [];
  const one = manyFiles(join(folder, 'growth-one'), 'one', 1, 4_096);
  for (const count of LISTED) {
    const fresh = await repositoryWithTargets(join(folder, `growth-onto-${count}`), count);
    onto.push(measured(programs, join(folder, 'growth'), fresh, one, count));
  }
  const together: Point[] = [];
  for (const count of ADDED) {
    const fresh = await copyOfFixture(join(folder, `growth-fresh-${count}`));
    const build = manyFiles(join(folder, `growth-${count}`), 'many', count, 4_096);
    together.push(measured(programs, join(folder, 'growth'), fresh, build, count));
    rmSync(build, { recursive: true });
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'an unknown processor'}, Node ${programs.nodeVersion}, ${new Date().toISOString().slice(0, 10)}`; // prettier-ignore
  writeFileSync(
    PICTURE,
    plot(`Seconds of the processor for one updates add: ${machine}`, [
      { title: 'one target onto so many', lines: linesOf(onto) },
      { title: 'so many targets of 4 KiB in one commit', lines: linesOf(together) },
    ]),
  );
  console.log(`\n${PICTURE} is drawn anew:\n\n${rows('onto so many, one more', onto)}\n\n${rows('so many in one commit', together)}`); // prettier-ignore
  return [
    { what: 'j. one onto 50,000, to half the way from 1,000 to 100,000', ratio: bend(onto), atMost: 1.2, tolerance: 0.2 }, // prettier-ignore
    { what: 'j. 5,000 in one commit, to half the way from 500 to 10,000', ratio: bend(together), atMost: 1.2, tolerance: 0.2 }, // prettier-ignore
  ];
}

/** Seconds of the processor, ours and go-tuf's, where the system tells; else of the clock. */
interface Point {
  readonly count: number;
  readonly seconds: readonly number[];
}

function measured(programs: Programs, place: string, fresh: string, build: string, count: number): Point {
  const runs = timeInTurn(candidatesFor(programs, place, fresh, build), 1, 0); // of the processor: it varies little
  const seconds = runs.map(({ processor, times }) => median(processor.map((time, round) => time ?? times[round] ?? NaN)) / 1_000); // prettier-ignore
  return { count, seconds };
}

function linesOf(points: readonly Point[]): readonly Line[] {
  return ['timekeeper', 'go-tuf v0.5.2'].map((name, index) => ({
    name,
    points: points.flatMap(({ count, seconds }) => (seconds[index] === undefined ? [] : [[count, seconds[index]] as const])), // prettier-ignore
  }));
}

/** The middle one, to what a straight line from the first to the last would have there. */
function bend(points: readonly Point[]): number {
  const [first, , middle, , last] = points.map(({ count, seconds: [ours = NaN] }) => ({ count, ours }));
  if (first === undefined || middle === undefined || last === undefined) return NaN;
  const slope = (last.ours - first.ours) / (last.count - first.count);
  return middle.ours / (first.ours + slope * (middle.count - first.count));
}

function rows(title: string, points: readonly Point[]): string {
  const row = ({ count, seconds }: Point) => `| ${count.toLocaleString('en')} | ${seconds.map((time) => time.toFixed(2)).join(' | ')} |`; // prettier-ignore
  return [`| ${title} | timekeeper, s | go-tuf, s |`, '| --- | --- | --- |', ...points.map(row)].join('\n');
}
