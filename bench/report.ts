import { median, type Measured } from './in-turn.ts';

/** One thing that has to hold. */
export interface Bound {
  readonly what: string;
  readonly ratio: number;
  readonly atMost: number;
  /** How much above the bound a busy machine may measure. */
  readonly tolerance: number;
}

/** A table of what was measured, in Markdown, each against the first. */
export function table(title: string, [reference, ...others]: readonly Measured[], ratios: readonly number[]): string {
  if (reference === undefined) return '';
  const row = ({ name, times, processor }: Measured, against: string) =>
    `| ${name} | ${figure(Math.min(...times))} / ${figure(median(times))} / ${figure(Math.max(...times))} | ${processorOf(processor)} | ${against} |`;
  return [
    `\n**${title}** (n = ${reference.times.length})\n`,
    '| what | ms: least / median / most | of the processor | ratio to the first |',
    '| --- | --- | --- | --- |',
    row(reference, '1'),
    ...others.map((other, index) => row(other, (ratios[index] ?? NaN).toFixed(3))),
  ].join('\n');
}

/** Says of each bound whether it is kept. @returns whether all are, within their tolerances */
export function judge(bounds: readonly Bound[]): boolean {
  console.log('\n| bound | measured | at most | |\n| --- | --- | --- | --- |');
  for (const { what, ratio, atMost, tolerance } of bounds) {
    const verdict = ratio <= atMost ? 'kept' : ratio <= atMost + tolerance ? 'within the tolerance' : 'BROKEN';
    console.log(`| ${what} | ${ratio.toFixed(3)} | ${atMost} | ${verdict} |`);
  }
  return bounds.every(({ ratio, atMost, tolerance }) => ratio <= atMost + tolerance);
}

function processorOf(times: readonly (number | undefined)[]): string {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? 'unknown' : figure(median(known));
}

function figure(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
