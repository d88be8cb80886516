import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  after,
  before,
  between,
  days,
  formatInstant,
  hours,
  instantOf,
  minutes,
  parseInstant,
  type Instant,
} from '../../lib/tuf/instant.ts';
import { verdict } from './verdict.ts';

const parsed = (text: string): string => formatInstant(parseInstant(text, 'f'));

describe('parseInstant reads', () => {
  test.each([
    { text: '2026-12-06T16:35:14Z', expected: '2026-12-06T16:35:14Z' },
    { text: '2023-10-03T17:48:08-03:00', expected: '2023-10-03T20:48:08Z' }, // fleet#14178
    { text: '2026-12-06T16:35:14+05:30', expected: '2026-12-06T11:05:14Z' },
    { text: '2026-12-06T16:35:14+00:00', expected: '2026-12-06T16:35:14Z' },
    { text: '2026-12-06T16:35:14-00:00', expected: '2026-12-06T16:35:14Z' },
    { text: '2026-12-06T16:35:14+23:59', expected: '2026-12-05T16:36:14Z' },
    { text: '2028-02-29T23:59:59Z', expected: '2028-02-29T23:59:59Z' },
    { text: '0000-01-01T00:00:00Z', expected: '0000-01-01T00:00:00Z' },
    { text: '0099-01-01T00:00:00Z', expected: '0099-01-01T00:00:00Z' },
    { text: '9999-12-31T23:59:59Z', expected: '9999-12-31T23:59:59Z' },
  ])('$text as $expected', ({ text, expected }) => {
    expect(parsed(text)).toBe(expected);
  });
});

describe('parseInstant refuses', () => {
  test.each([
    '',
    'never',
    'Z',
    '2026-12-06',
    '2026-12-06T16:35Z',
    '2026-12-06T16:35:14',
    '2026-12-06T16:35:14z',
    '2026-12-06t16:35:14Z',
    '2026-12-06 16:35:14Z',
    '2026-12-06T16:35:14.123Z',
    '2026-12-06T16:35:14.0Z',
    '2026-12-06T16:35:14,5Z',
    '2026-12-06T16:35:60Z',
    '2026-12-06T24:00:00Z',
    '2026-12-06T25:00:00Z',
    '2026-02-30T00:00:00Z',
    '2027-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-12-06T16:35:14+24:00',
    '2026-12-06T16:35:14+05:60',
    '2026-12-06T16:35:14+0530',
    '2026-12-06T16:35:14+05',
    '2026-12-06T16:35:14+5:30',
    '2026-12-06T16:35:14 +05:30',
    '2026-12-06T16:35:14\u221205:30',
    '2026-12-06T16:35:14Z\n',
    ' 2026-12-06T16:35:14Z',
    '+002026-12-06T16:35:14Z',
    '-002026-12-06T16:35:14Z',
    '12026-12-06T16:35:14Z',
    '٢٠٢٦-12-06T16:35:14Z',
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
  ])('%j', (text) => {
    expect(verdict(() => parseInstant(text, 'f'))).toBe('BAD_DATE');
  });
});

test('every second of four-digit years comes back as it was written, from any offset', () => {
  const offset = fc.tuple(fc.constantFrom('+', '-'), fc.nat(23), fc.nat(59));
  const two = (number: number): string => String(number).padStart(2, '0');
  fc.assert(
    fc.property(fc.integer({ min: -62_000_000_000, max: 253_000_000_000 }), offset, (instant, [sign, hour, minute]) => {
      const written = formatInstant(instant as Instant);
      expect(parseInstant(written, 'f')).toBe(instant);
      const shifted = written.replace('Z', `${sign}${two(hour)}:${two(minute)}`);
      expect(parseInstant(shifted, 'f')).toBe(Date.parse(shifted) / 1_000);
    }),
  );
});

test('arithmetic is in whole seconds', () => {
  const noon = parseInstant('2026-11-24T12:00:00Z', 'f');
  expect(formatInstant(after(noon, days(14)))).toBe('2026-12-08T12:00:00Z');
  expect(formatInstant(before(noon, hours(1.5)))).toBe('2026-11-24T10:30:00Z');
  expect(between(noon, after(noon, minutes(10)))).toBe(600);
  expect(between(after(noon, minutes(10)), noon)).toBe(-600);
  expect(instantOf(noon * 1_000 + 999)).toBe(noon);
});
