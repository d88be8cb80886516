import { describe, expect, test } from '@jest/globals';
import type { ClientCheck, PublishedRole } from '../../lib/client/client-check.ts';
import { keepFresh, nextStep, type Doing } from '../../lib/cli/keep-fresh.ts';
import { dueAfter, NO_PROGRESS, withStep, type Progress } from '../../lib/cli/progress.ts';
import { newsOf, statusOf } from '../../lib/cli/status-model.ts';
import type { Code } from '../../lib/contract/codes.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { bareOutcome } from '../../lib/refresh/outcome.ts';
import {
  after,
  days,
  formatInstant,
  hours,
  minutes,
  parseInstant,
  seconds,
  type Instant,
} from '../../lib/tuf/instant.ts';

const now = parseInstant('2026-11-24T12:00:00Z', 'the clock');
const SETTING = {
  title: 'here',
  isDemonstration: false,
  policy: { validity: days(14), resignAfter: days(3), check: minutes(1) },
  rhythm: { validity: '14 days', resignAfter: '3 days', check: '1 minute' },
  addresses: { page: 'http://page/', repository: 'http://page/tuf/' },
};

/** Every role with much life left, but for those that are given. */
function roles(lives: Readonly<Record<string, number>> = {}): PublishedRole[] {
  const usual = { root: days(3_000), targets: days(900), snapshot: days(900), timestamp: days(13) };
  return Object.entries({ ...usual, ...lives }).map(([name, life]) => ({
    name,
    version: 7,
    expires: after(now, seconds(life)),
  }));
}

function outcome(code: Code, more: Partial<Outcome> = {}): Outcome {
  return { ...bareOutcome({ repository: 'here', dryRun: false }, code, `It was ${code}.`), ...more };
}

const updated = (of = roles()): ClientCheck => ({ is: 'updated', at: now, roles: of });
const refused = (who: 'all' | 'new' | 'returning', code: Code, of: PublishedRole[] | undefined = roles()): ClientCheck => ({ is: 'refused', who, at: now, roles: of, code, message: `Refused for ${code}.`, remedy: 'Do something.' }); // prettier-ignore
const step = (of: Outcome, check: ClientCheck = updated(), before = NO_PROGRESS): Progress =>
  withStep(before, now, of, check);
const status = (progress: Progress, at: Instant = now) => statusOf(progress, SETTING, at);
const UNTIL = formatInstant(after(now, days(13)));

describe('the verdict', () => {
  test.each([
    { given: 'nothing yet', progress: NO_PROGRESS, level: 'unknown', word: 'Starting', until: null },
    { given: 'a signature', progress: step(outcome('SIGNED')), level: 'good', word: 'Fresh', until: UNTIL },
    { given: 'nothing due', progress: step(outcome('NOT_DUE')), level: 'good', word: 'Fresh', until: UNTIL },
    {
      given: 'a refusal that clients do not see',
      progress: step(outcome('KEY_UNREADABLE')),
      level: 'warning',
      word: 'Not signing',
      until: UNTIL,
    },
    { given: 'a failure', progress: step(outcome('STORE_FULL')), level: 'warning', word: 'Not signing', until: UNTIL },
    {
      given: 'a publish under way',
      progress: step(outcome('PUBLISH_IN_PROGRESS')),
      level: 'warning',
      word: 'Waiting',
      until: UNTIL,
    },
    {
      given: 'an expired snapshot',
      progress: step(outcome('SIGNED'), refused('all', 'METADATA_EXPIRED', roles({ snapshot: -1 }))),
      level: 'bad',
      word: 'Expired',
      until: null,
    },
    {
      given: 'a refusal of every client',
      progress: step(outcome('SNAPSHOT_MISSING'), refused('all', 'SNAPSHOT_MISSING', undefined)),
      level: 'bad',
      word: 'Broken',
      until: null,
    },
    {
      given: 'a check that failed',
      progress: step(outcome('NOT_DUE'), { ...refused('all', 'STORE_UNREACHABLE'), is: 'failed' } as ClientCheck),
      level: 'unknown',
      word: 'Unknown',
      until: null,
    },
  ])('is "$word" given $given', ({ progress, level, word, until }) => {
    // prettier-ignore
    expect(status(progress).verdict).toMatchObject({ level, word, until });
  });

  test('is that of the role which expires first', () => {
    const soon = formatInstant(after(now, days(2)));
    expect(status(step(outcome('NOT_DUE'), updated(roles({ snapshot: days(2) })))).verdict.until).toBe(soon);
  });

  test('changes by itself when the time has passed, without another check', () => {
    const late = after(now, days(14));
    expect(status(step(outcome('NOT_DUE')), late).verdict).toEqual({
      level: 'bad',
      word: 'Expired',
      sentence: 'Clients cannot update: timestamp has expired.',
      until: null,
    });
  });

  test.each([
    { who: 'all', sentence: 'Clients cannot update: they refuse what is published.' },
    { who: 'new', sentence: 'New clients cannot update: they refuse what is published.' },
    { who: 'returning', sentence: 'Clients that have updated before cannot update: they refuse what is published.' },
  ] as const)('says who cannot update: $who', ({ who, sentence }) => {
    expect(status(step(outcome('NOT_DUE'), refused(who, 'METADATA_ROLLBACK'))).verdict.sentence).toBe(sentence);
  });
});

describe('what is wrong', () => {
  test("is told once where signer and client find the same, and in the signer's words", () => {
    // prettier-ignore
    const { problems } = status(step(outcome('SNAPSHOT_MISSING'), refused('new', 'SNAPSHOT_MISSING')));
    expect(problems).toEqual([{ code: 'SNAPSHOT_MISSING', message: 'It was SNAPSHOT_MISSING.', remedy: 'Publish snapshot.json again: clients cannot update without it.' }]); // prettier-ignore
  });

  test('is told of both where they find different things', () => {
    const { problems } = status(step(outcome('KEY_UNREADABLE'), refused('all', 'METADATA_EXPIRED')));
    expect(problems.map(({ code }) => code)).toEqual(['KEY_UNREADABLE', 'METADATA_EXPIRED']);
  });

  test('has the warnings apart, with their remedies', () => {
    const warned = outcome('SIGNED', { warnings: [{ code: 'ROOT_EXPIRES_SOON', message: 'root.json expires.' }] });
    const { problems, warnings, verdict } = status(step(warned));
    expect({ problems, word: verdict.word }).toEqual({ problems: [], word: 'Fresh' });
    expect(warnings).toEqual([{ code: 'ROOT_EXPIRES_SOON', message: 'root.json expires.', remedy: expect.stringContaining('root keys') }]); // prettier-ignore
  });
});

test('what has expired is told once, as the client finds it', () => {
  const expired = outcome('SIGNED', { warnings: [{ code: 'SNAPSHOT_EXPIRED', message: 'snapshot.json expired.' }] });
  const lives = roles({ snapshot: -1, targets: -1 });
  const { problems, warnings, verdict } = status(step(expired, refused('all', 'METADATA_EXPIRED', lives)));
  expect({ problems: problems.map(({ code }) => code), warnings }).toEqual({
    problems: ['METADATA_EXPIRED'],
    warnings: [],
  });
  expect(verdict.sentence).toBe('Clients cannot update: targets and snapshot have expired.');
});

describe('a role', () => {
  const stateOf = (name: string, life: number) =>
    status(step(outcome('NOT_DUE'), updated(roles({ [name]: life })))).roles.find((role) => role.name === name)?.state;

  test.each([
    { name: 'timestamp', life: days(11), state: 'fresh' },
    { name: 'timestamp', life: days(11) - 120, state: 'overdue' },
    { name: 'timestamp', life: 0, state: 'expired' },
    { name: 'snapshot', life: days(30) + 1, state: 'fresh' },
    { name: 'snapshot', life: days(30), state: 'expires soon' },
    { name: 'root', life: -1, state: 'expired' },
    { name: 'extensions', life: days(29), state: 'expires soon' },
  ])('$name is $state with $life seconds left', ({ name, life, state }) => {
    expect(stateOf(name, life)).toBe(state);
  });

  test('has a purpose in plain words and the whole life it usually has', () => {
    const { roles: shown } = status(step(outcome('NOT_DUE'), updated(roles({ 'bin/0-f': days(100) }))));
    expect(shown.map(({ name, life }) => [name, life])).toEqual([
      ['root', days(3_650)],
      ['targets', days(1_095)],
      ['snapshot', days(1_095)],
      ['timestamp', days(14)],
      ['bin/0-f', days(1_095)],
    ]);
    for (const { purpose } of shown) expect(purpose).toMatch(/^[A-Z][^]*\.$/);
  });

  test('stays as it was last seen where it can no longer be read', () => {
    const before = step(outcome('NOT_DUE'));
    const later = withStep(before, after(now, hours(1)), outcome('SNAPSHOT_MISSING'), { ...refused('all', 'SNAPSHOT_MISSING'), roles: undefined, at: after(now, hours(1)) }); // prettier-ignore
    expect(statusOf(later, SETTING, after(now, hours(1)))).toMatchObject({
      rolesSeenAt: formatInstant(now),
      client: { ok: false },
    });
    expect(later.roles).toEqual(before.roles);
  });
});

describe('the last runs', () => {
  const runs = (...codes: readonly Code[]) =>
    codes.reduce(
      (progress, code, index) => withStep(progress, after(now, seconds(index)), outcome(code), updated()),
      NO_PROGRESS,
    ).runs;

  test('come newest first, and one line for the same in a row', () => {
    expect(runs('NOT_DUE', 'NOT_DUE', 'SIGNED', 'NOT_DUE')).toMatchObject([
      { code: 'NOT_DUE', times: 1, first: '2026-11-24T12:00:03Z' },
      { code: 'SIGNED', times: 1 },
      { code: 'NOT_DUE', times: 2, first: '2026-11-24T12:00:00Z', last: '2026-11-24T12:00:01Z' },
    ]);
  });

  test('are at most 20', () => {
    expect(
      runs(...Array.from({ length: 50 }, (_, index): Code => (index % 2 === 0 ? 'SIGNED' : 'NOT_DUE'))),
    ).toHaveLength(20);
  });
});

describe('the news', () => {
  const fresh = status(step(outcome('NOT_DUE')));

  test('are none for a check that found all as it was', () => {
    expect(newsOf(fresh, status(step(outcome('NOT_DUE'))))).toBeUndefined();
  });

  test.each([
    { of: 'the first check', earlier: undefined, later: fresh, says: `Fresh. Clients can update until ${UNTIL}.` },
    {
      of: 'a signature',
      earlier: fresh,
      later: status(withStep(step(outcome('NOT_DUE')), after(now, seconds(5)), outcome('SIGNED'), updated())),
      says: `Signed timestamp.json, now version 7 (SIGNED). Fresh. Clients can update until ${UNTIL}.`,
    },
    {
      of: 'a repair',
      earlier: fresh,
      later: status(withStep(step(outcome('NOT_DUE')), after(now, seconds(5)), outcome('HEALED_MISSING'), updated())),
      says: `Signed timestamp.json, now version 7 (HEALED_MISSING). It was HEALED_MISSING. Find out who deleted timestamp.json. Fresh. Clients can update until ${UNTIL}.`,
    },
    {
      of: 'a refusal',
      earlier: fresh,
      later: status(step(outcome('KEY_FILE_MISSING'))),
      says: `Not signing. Clients can still update until ${UNTIL}. It was KEY_FILE_MISSING. (KEY_FILE_MISSING) What to do: Name the key file with --key, or put it at keys/timestamp.json.`,
    },
    {
      of: 'its end',
      earlier: status(step(outcome('KEY_FILE_MISSING'))),
      later: fresh,
      says: `Fresh. Clients can update until ${UNTIL}.`,
    },
  ])('tell of $of in one line', ({ earlier, later, says }) => {
    // prettier-ignore
    expect(newsOf(earlier, later)).toBe(says);
  });
});

describe('the next step', () => {
  test.each([
    { given: 'nothing due', due: undefined, at: 10 },
    { given: 'something due later', due: 60, at: 10 },
    { given: 'something due sooner', due: 4, at: 4 },
    { given: 'something due long ago', due: -100, at: 1 },
  ])('comes after $at seconds given $given', ({ due, at }) => {
    const dueAt = due === undefined ? undefined : after(now, seconds(due));
    expect(nextStep(now, dueAt, seconds(10))).toBe(now + at);
  });

  test('is when the outcome says', () => {
    expect(dueAfter(outcome('NOT_DUE', { nextDueAt: '2026-11-24T12:00:00Z' }))).toBe(now);
    expect(dueAfter(outcome('KEY_UNREADABLE'))).toBeUndefined();
  });

  test('never comes before the one under way has ended, and not after the end was asked for', async () => {
    const end = new AbortController();
    const heard: Doing['is'][] = [];
    let [underWay, most, steps] = [0, 0, 0];
    await keepFresh({
      step: async () => {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setTimeout(resolve, 1_200)); // longer than a check
        underWay--;
        if (++steps === 2) end.abort();
        return undefined;
      },
      check: seconds(1),
      on: ({ is }) => heard.push(is),
      signal: end.signal,
    });
    expect({ most, steps }).toEqual({ most: 1, steps: 2 });
    expect(heard).toEqual(['checking', 'waiting', 'checking', 'waiting']);
  });

  test('does not hold up the end', async () => {
    const end = new AbortController();
    const started = performance.now();
    setTimeout(() => {
      end.abort();
    }, 50);
    await keepFresh({
      step: () => Promise.resolve(undefined),
      check: days(30),
      on: () => undefined,
      signal: end.signal,
    });
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
