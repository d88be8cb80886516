import { describe, expect, test } from '@jest/globals';
import { CodedError } from '../../lib/contract/errors.ts';
import { parseEvent } from '../../lib/contract/event.ts';

const NOTHING = { force: false, dryRun: false, reason: undefined };

describe('an event', () => {
  test.each([
    { given: 'a repository', event: { repository: 'orbit' }, means: { repository: 'orbit', ...NOTHING } },
    {
      given: 'everything',
      event: { repository: 'a', force: true, dryRun: true, reason: 'drill' },
      means: { repository: 'a', force: true, dryRun: true, reason: 'drill' },
    },
    {
      given: 'flags that are false',
      event: { repository: '0-9', force: false, dryRun: false },
      means: { repository: '0-9', ...NOTHING },
    },
    {
      given: 'a name of 40 characters',
      event: { repository: 'a'.repeat(40) },
      means: { repository: 'a'.repeat(40), ...NOTHING },
    },
    {
      given: 'a reason of 200 characters',
      event: { repository: 'orbit', reason: 'x'.repeat(200) },
      means: { repository: 'orbit', ...NOTHING, reason: 'x'.repeat(200) },
    },
    {
      given: 'an empty reason',
      event: { repository: 'orbit', reason: '' },
      means: { repository: 'orbit', ...NOTHING, reason: '' },
    },
  ])('with $given is read', ({ event, means }) => {
    expect(parseEvent(event)).toEqual(means);
  });

  test.each([
    ...[null, undefined, 7, 'orbit', true, [], ['orbit']].map((event) => ({
      given: `${JSON.stringify(event)} in place of an object`,
      event,
      says: /not a JSON object/,
    })),
    { given: 'nothing in it', event: {}, says: /does not name a repository/ },
    { given: 'a repository that is no text', event: { repository: 7 }, says: /does not name a repository/ },
    { given: 'a misspelt flag', event: { repository: 'orbit', dryrun: true }, says: /unknown field "dryrun"/ },
    { given: 'a version', event: { repository: 'orbit', version: 7 }, says: /unknown field "version"/ },
    { given: 'an expiry', event: { repository: 'orbit', expires: '2030-01-01T00:00:00Z' }, says: /"expires"/ },
    { given: 'a path', event: { repository: 'orbit', path: '/etc' }, says: /unknown field "path"/ },
    {
      given: 'a field __proto__',
      event: JSON.parse('{"repository":"orbit","__proto__":{"force":true}}') as unknown,
      says: /unknown field "__proto__"/,
    },
    {
      given: 'a field that would colour a terminal',
      event: { repository: 'orbit', '\u001b[31m': 1 },
      says: /unknown field "\\u001b\[31m"/,
    },
    {
      given: 'force as a text',
      event: { repository: 'orbit', force: 'true' },
      says: /force is neither true nor false/,
    },
    { given: 'force as 1', event: { repository: 'orbit', force: 1 }, says: /force is neither/ },
    { given: 'force as null', event: { repository: 'orbit', force: null }, says: /force is neither/ },
    { given: 'dryRun as a number', event: { repository: 'orbit', dryRun: 0 }, says: /dryRun is neither/ },
    { given: 'a reason that is no text', event: { repository: 'orbit', reason: {} }, says: /reason is not a text/ },
    {
      given: 'a reason of 201 characters',
      event: { repository: 'orbit', reason: 'x'.repeat(201) },
      says: /at most 200 characters/,
    },
  ])('with $given is refused as EVENT_INVALID', ({ event, says }) => {
    expectRefused(event, 'EVENT_INVALID', says);
  });

  test.each(['', '-a', '__proto__', '../x', 'a/b', 'Orbit', 'órbit', 'a b', 'a\n', 'a'.repeat(41), '\u001b[31m'])(
    'for %j is refused as UNKNOWN_REPOSITORY: nothing can be named so',
    (repository) => {
      expectRefused({ repository }, 'UNKNOWN_REPOSITORY', /No repository can be named "/);
    },
  );
});

function expectRefused(event: unknown, code: string, says: RegExp): void {
  const parsing = () => parseEvent(event);
  expect(parsing).toThrow(CodedError);
  expect(parsing).toThrow(expect.objectContaining({ name: 'RefusalError', code }));
  expect(parsing).toThrow(says);
  expect(parsing).not.toThrow(/[\u0000-\u001f]/);
}
