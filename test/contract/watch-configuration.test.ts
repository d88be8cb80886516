import { expect, test } from '@jest/globals';
import { DEFAULTS } from '../../lib/contract/defaults.ts';
import { expiresSoonOf } from '../../lib/contract/watch-configuration.ts';

const [HOUR, DAY] = [3_600, 86_400]; // seconds

test.each([
  { given: 'what is the default', ...DEFAULTS, timestamp: 4 * DAY },
  { given: 'a short life', validity: 6 * DAY, resignAfter: DAY, check: HOUR, timestamp: 2 * DAY },
  { given: 'a late signature', validity: 14 * DAY, resignAfter: 11 * DAY, check: HOUR, timestamp: 3 * DAY - 2 * HOUR },
  { given: 'a night for a person', validity: 82 * HOUR, resignAfter: 72 * HOUR, check: HOUR, timestamp: 8 * HOUR },
  { given: 'nothing that is left', validity: DAY, resignAfter: DAY, check: HOUR, timestamp: 0 },
])('a timestamp expires soon when there is less left than a healthy signer ever leaves: $given', ({ timestamp, ...times }) => {
  expect(expiresSoonOf(times).timestamp).toBe(timestamp);
}); // prettier-ignore
