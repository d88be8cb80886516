import { describe, expect, test } from '@jest/globals';
import { ALARMS } from '../../lib/contract/alarms.ts';
import { METRICS } from '../../lib/contract/metrics.ts';
import { page } from './pages.ts';

const CODES_A_MONTH = 2; // a healthy repository says NOT_DUE and SIGNED, each a metric of its own

/** A row of the README's table: how many, what each costs and what that comes to, in cents. */
function row(what: string): { readonly count: number; readonly each: number; readonly all: number } {
  const [, count, each, all] = new RegExp(`^\\| ${what} \\| ([\\d,]+) \\| ([\\d.]+) \\| ([\\d.]+) \\|$`, 'm').exec(page('README.md')) ?? []; // prettier-ignore
  const cents = (text = '') => Math.round(Number(text) * 100);
  return { count: Number(count), each: cents(each), all: cents(all) };
}

describe('what the README says that a repository costs', () => {
  test.each([
    { what: 'metrics in CloudWatch', count: Object.keys(METRICS).length + CODES_A_MONTH },
    { what: 'alarms', count: Object.keys(ALARMS).length },
  ])('counts the $what that there are', ({ what, count }) => {
    const found = row(what);

    expect(found.count).toBe(count);
    expect(found.all).toBe(found.count * found.each);
  });
});
