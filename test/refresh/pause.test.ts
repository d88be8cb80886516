import { describe, expect, test } from '@jest/globals';
import type { CodedError } from '../../lib/contract/errors.ts';
import { pauseSigning, resumeSigning } from '../../lib/refresh/pause.ts';
import { after, days, formatInstant, hours, minutes, seconds, type Instant } from '../../lib/tuf/instant.ts';
import { newRepository, type Repository } from './repository.ts';

const FORCE = { force: true };
const LATER = 5 * 86_400; // a signature is due then

const pauseOf = (r: Repository): unknown => JSON.parse(Buffer.from(r.state.objects.get('pause.json')!).toString());

describe('a pause', () => {
  test('keeps everything from signing until its end, also what is due or forced, and then ends by itself', async () => {
    const r = await newRepository();
    r.pass(LATER);
    const until = after(r.now, hours(6));
    await pauseSigning(r.state, { until, reason: 'moving the bucket' }, after(r.now, days(8)), r.now);
    expect(pauseOf(r)).toEqual({ until: formatInstant(until), reason: 'moving the bucket' });
    for (const wish of [{}, FORCE]) await expect(r.run(wish)).resolves.toMatchObject({ code: 'PAUSED' });
    r.pass(6 * 3_600);
    await expect(r.run()).resolves.toMatchObject({ code: 'SIGNED' });
  });

  test('is lifted by resume, and what was written stays to be looked up', async () => {
    const r = await newRepository();
    r.pass(LATER);
    await pauseSigning(r.state, { until: after(r.now, hours(6)), reason: 'one' }, after(r.now, days(8)), r.now);
    await resumeSigning(r.state, 'moved', r.now);
    expect(pauseOf(r)).toEqual({ until: formatInstant(r.now), reason: 'moved' });
    await expect(r.run()).resolves.toMatchObject({ code: 'SIGNED' });
  });

  test('may be written again, longer or shorter', async () => {
    const r = await newRepository();
    for (const span of [hours(6), hours(9), minutes(5)])
      await pauseSigning(r.state, { until: after(r.now, span), reason: 'again' }, after(r.now, days(8)), r.now);
    expect(pauseOf(r)).toMatchObject({ until: formatInstant(after(r.now, minutes(5))) });
  });

  const now = 1_800_000_000 as Instant;
  const expiry = after(now, days(8));
  test.each<{ given: string; until: Instant; expiry?: undefined; reason?: string; code: string; says: RegExp }>([
    { given: 'to the second one day before clients fail', until: after(now, days(7)), code: 'accepted', says: /^$/ },
    {
      given: 'with a reason of 200 characters',
      until: after(now, hours(1)),
      reason: 'x'.repeat(200),
      code: 'accepted',
      says: /^$/,
    },
    {
      given: 'a second longer',
      until: after(now, seconds(7 * 86_400 + 1)),
      code: 'PAUSE_TOO_LONG',
      says: /^The pause would end at 2027-01-22T08:00:01Z; it may last until 2027-01-22T08:00:00Z, one day before/,
    },
    {
      given: 'where nobody knows until when clients are served',
      until: after(now, hours(1)),
      expiry: undefined,
      code: 'PAUSE_TOO_LONG',
      says: /^Until when clients are served is not known/,
    },
    { given: 'that is over already', until: now, code: 'USAGE', says: /which is over\.$/ },
    {
      given: 'without a reason',
      until: after(now, hours(1)),
      reason: '',
      code: 'USAGE',
      says: /needs a reason of at most 200/,
    },
    {
      given: 'with a reason of 201 characters',
      until: after(now, hours(1)),
      reason: 'x'.repeat(201),
      code: 'USAGE',
      says: /needs a reason of at most 200/,
    },
  ])('$given: $code', async (item) => {
    const r = await newRepository();
    const { until, reason = 'why', code, says } = item;
    const limit = 'expiry' in item ? item.expiry : expiry;
    const paused = await pauseSigning(r.state, { until, reason }, limit, now).then(
      () => ({ code: 'accepted', message: '' }),
      (error: unknown) => error as CodedError,
    );
    expect(paused.code).toBe(code);
    expect(paused.message).toMatch(says);
    expect(r.state.objects.has('pause.json')).toBe(code === 'accepted');
  });

  test('is not written over one that somebody else writes at the same time', async () => {
    const r = await newRepository();
    r.state.before = ({ do: what, name }) => {
      if (what === 'putIf' && name === 'pause.json') r.state.objects.set(name, Buffer.from('{}'));
    };
    await expect(
      pauseSigning(r.state, { until: after(r.now, hours(1)), reason: 'one' }, after(r.now, days(8)), r.now),
    ).rejects.toMatchObject({ code: 'LOST_RACE' });
  });
});
