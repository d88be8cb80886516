import { describe, expect, test } from '@jest/globals';
import { readCheck } from '../../lib/config/check.ts';
import { inWords, readDuration } from '../../lib/config/duration.ts';
import { awayInWords, margins } from '../../lib/config/margins.ts';

const HOUR = 3_600; // seconds
const DAY = 86_400; // seconds

describe('a duration in words', () => {
  test.each([
    ['90 minutes', 5_400],
    ['1 minute', 60],
    ['3 days', 3 * DAY],
    ['14d', 14 * DAY],
    ['1.5 hours', 5_400],
    ['36h', 36 * HOUR],
    ['30 s', 30],
    ['0 seconds', 0],
  ])('%s is %d seconds', (text, seconds) => {
    expect(readDuration(text)).toBe(seconds);
  });

  test.each([
    '',
    '14',
    'three days',
    '-1 day',
    '1e3 days',
    '3 weeks',
    '3  days',
    '3 days ',
    'P3D',
    `${'9'.repeat(200)} days`,
  ])('%j is none', (text) => {
    expect(readDuration(text)).toBeUndefined();
  });

  test('is said as it was meant', () => {
    expect([inWords(14 * DAY), inWords(DAY), inWords(5 * HOUR), inWords(90)]).toEqual([
      '14 days',
      '1 day',
      '5 hours',
      '2 minutes',
    ]);
  });
});

describe('a check', () => {
  test.each([
    ['1 hour', 'rate(1 hour)', HOUR],
    ['90 minutes', 'rate(90 minutes)', 5_400],
    ['60 minutes', 'rate(1 hour)', HOUR],
    ['2 days', 'rate(2 days)', 2 * DAY],
    ['1m', 'rate(1 minute)', 60],
  ])('%s is %s', (text, expression, seconds) => {
    expect(readCheck(text)).toEqual({ expression, seconds });
  });

  test.each([
    ['every hour', '0 * * * ? *', HOUR],
    ['every quarter of an hour', '*/15 * * * ? *', 900],
    ['the same from 0', '0/15 * * * ? *', 900],
    ['twice within an hour, far apart from hour to hour', '0,10 * * * ? *', 50 * 60],
    ['once a day', '30 6 * * ? *', DAY],
    ['in working hours, Monday to Friday: a week-end lies between', '0 8-17 ? * MON-FRI *', 63 * HOUR],
    ['on Mondays and Thursdays, by number', '0 0 ? * 2,5 *', 4 * DAY],
    ['on the first and fifteenth: 17 days in a month of 31', '0 0 1,15 * ? *', 17 * DAY],
    ['monthly', '0 0 1 * ? *', 31 * DAY],
    ['on the 31st: a month of 30 days lies between', '0 0 31 * ? *', 61 * DAY],
    ['from June to August', '0 0 * JUN-AUG ? *', 275 * DAY],
    ['on February 29', '0 0 29 2 ? *', 1_461 * DAY],
  ])('%s leaves the longest gap that it ever leaves', (_, fields, seconds) => {
    expect(readCheck(`cron(${fields})`)).toEqual({ expression: `cron(${fields})`, seconds });
  });

  test.each([
    '0 minutes',
    '90 seconds',
    'hourly',
    'rate(1 hour)',
    'cron()',
    'cron(0 * * * *)',
    'cron(0 * * * * *)',
    'cron(0 * ? * ? *)',
    'cron(60 * * * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 0 0 * ? *)',
    'cron(0 0 L * ? *)',
    'cron(0 0 ? * 2#1 *)',
    'cron(0 0 ? * FRI-MON *)',
    'cron(0/0 * * * ? *)',
    'cron(0 0 1 1 ? 2030)',
    'cron(0 0 30 2 ? *)',
    'cron(a * * * ? *)',
    'cron(0 * * * ? *) ',
  ])('%s is none', (text) => {
    expect(readCheck(text)).toBeUndefined();
  });
});

describe('the margins', () => {
  test.each([
    { given: 'the defaults', validity: 14 * DAY, resignAfter: 3 * DAY, check: HOUR, says: '10 days' },
    { given: 'a life of a day', validity: DAY, resignAfter: 4 * HOUR, check: HOUR, says: '18 hours' },
    { given: 'just less than two days', validity: 50 * HOUR, resignAfter: HOUR, check: HOUR, says: '47 hours' },
    { given: 'one hour', validity: 4 * HOUR, resignAfter: HOUR, check: HOUR, says: '1 hour' },
  ])('of $given: you can be away for $says, and never longer', ({ says, ...times }) => {
    const left = margins(times);
    expect(left).toEqual({
      oldest: times.resignAfter + times.check,
      alarmAfter: times.resignAfter + 2 * times.check,
      away: times.validity - times.resignAfter - 2 * times.check,
    });
    expect(awayInWords(left)).toBe(`you can be away for ${says}`);
  });
});
