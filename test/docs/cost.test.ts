import { describe, expect, test } from '@jest/globals';
import { ALARMS } from '../../lib/contract/alarms.ts';
import { STEADY_METRICS } from '../../lib/contract/metrics.ts';
import { page } from './pages.ts';

const RUNS_BY_CODE = 1; // each hour has one code: NOT_DUE, or SIGNED when it was due

/** A row of the README's table: how many, what each costs and what that comes to, in cents. */
function row(what: string): { readonly count: number; readonly each: number; readonly all: number } {
  const [, count, each, all] = new RegExp(`^\\| ${what} \\| ([\\d,]+) \\| ([\\d.]+) \\| ([\\d.]+) \\|$`, 'm').exec(page('README.md')) ?? []; // prettier-ignore
  return { count: Number(count), each: cents(each), all: cents(all) };
}

/** The two sums of a row of which there is a cheaper and a dearer kind, in cents. */
function either(what: string): readonly number[] {
  const [, less, more] = new RegExp(`^\\| ${what} \\|.*\\| ([\\d.]+) or ([\\d.]+) \\|$`, 'm').exec(page('README.md')) ?? []; // prettier-ignore
  return [cents(less), cents(more)];
}

const cents = (text = '') => Math.round(Number(text) * 100);

describe('what the README says that a repository costs', () => {
  test.each([
    { what: 'metrics in CloudWatch', count: Object.keys(STEADY_METRICS).length + RUNS_BY_CODE },
    { what: 'alarms', count: Object.keys(ALARMS).length },
    { what: 'alarms that gather others', count: new Set(Object.values(ALARMS).map(({ stack }) => stack)).size },
  ])('counts the $what that there are', ({ what, count }) => {
    const found = row(what);

    expect(found.count).toBe(count);
    expect(found.all).toBe(found.count * found.each);
  });

  test('comes to the sum of its rows', () => {
    const all = ['metrics in CloudWatch', 'alarms', 'alarms that gather others'].map((what) => row(what).all);
    const shared = all.reduce((sum, one) => sum + one, 0);

    expect(either('together')).toEqual(either('the secret .*').map((key) => shared + key));
  });
});
