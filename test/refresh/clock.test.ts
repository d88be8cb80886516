import { describe, expect, test } from '@jest/globals';
import { rulesOf, type Case } from './cases.ts';
import { enrolAgain } from './enrolment.ts';
import { newRepository } from './repository.ts';

const MINUTE = 60; // seconds
const SIGNED = { outcome: 'signed', code: 'SIGNED', version: 5 } as const;
const SKEW = { outcome: 'refused', code: 'CLOCK_SKEW' } as const;
const FUTURE = { outcome: 'refused', code: 'JOURNAL_FROM_FUTURE' } as const;

describe('Q1: the clock is right', () => {
  const clocks: readonly Case[] = [
    skewed('by exactly 5 minutes', 5 * MINUTE, { answers: SIGNED }),
    skewed('by 5 minutes and a second', 5 * MINUTE + 1, { answers: SKEW, says: /differ by 301 seconds/ }),
    skewed('by 6 minutes (92)', 6 * MINUTE, { answers: SKEW, says: /differ by 360 seconds/ }),
    {
      given: 'a journal of 2031 (93)',
      arrange: (r) => {
        r.editJournal(({ entry }) => {
          entry!.issuedAt = '2031-01-01T00:00:00Z';
        });
      },
      answers: FUTURE,
      says: /written at 2031-01-01T00:00:00Z; now it is 2026-11-24T01:00:00Z/,
    },
    {
      given: 'a clock 6 minutes behind the journal (92)',
      arrange: (r) => {
        r.pass(-66 * MINUTE);
      },
      answers: FUTURE,
      says: /written at 2026-11-24T00:00:00Z; now it is 2026-11-23T23:54:00Z/,
    },
    {
      given: 'a clock 5 minutes behind the journal',
      arrange: (r) => {
        r.pass(-65 * MINUTE);
      },
      answers: { outcome: 'skipped', code: 'NOT_DUE' },
    },
    {
      given: 'a foreign timestamp that was first seen in 2031',
      arrange: async (r) => {
        await r.publishTimestamp();
        await r.run();
        r.editJournal(({ seen }) => {
          seen!.since = '2031-01-01T00:00:00Z';
        });
      },
      answers: FUTURE,
      says: /2031-01-01/,
    },
    ...(['timestamp', 'snapshot', 'receipt'] as const).map((what) => ({
      given: `a ${what} that has been wrong since 2031`,
      arrange: (r: Parameters<Case['arrange']>[0]) => {
        r.editJournal(({ badSince }) => {
          badSince[what] = '2031-01-01T00:00:00Z';
        });
      },
      answers: FUTURE,
      says: /2031-01-01/,
    })),
  ];
  test.each(rulesOf(clocks))('$rule', ({ expectIt }) => expectIt());

  test('a journal of the future is left with enroll --again, and then it signs', async () => {
    const r = await newRepository();
    r.editJournal(({ entry }) => {
      entry!.issuedAt = '2031-01-01T00:00:00Z';
    });
    await expect(r.run()).resolves.toMatchObject(FUTURE);
    await expect(enrolAgain(r)).resolves.toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'signed', version: 105 });
  });

  test('nobody enrols with a wrong clock', async () => {
    const r = await newRepository({ fresh: true });
    r.skew = 360;
    await expect(enrolAgain(r)).resolves.toMatchObject(SKEW);
    expect(r.state.contents()).toEqual({});
  });
});

/** The difference has no sign: the store reports how far apart the two clocks are. */
function skewed(by: string, seconds: number, rest: Pick<Case, 'answers' | 'says'>): Case {
  return {
    given: `a storage whose clock differs ${by}`,
    arrange: (r) => {
      r.skew = seconds;
    },
    wish: { force: true },
    ...rest,
  };
}
