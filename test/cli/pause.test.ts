import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { enrolledCopyOf, type WorkingCopy } from './working-copy.ts';

const NO_SECRET = { passphrase: null };
const nameOf = (copy: WorkingCopy) => basename(copy.folder);
const SIX_HOURS = ['pause', '--for', '6 hours', '--reason', 'moving the bucket'];

const object = async (copy: WorkingCopy, words: readonly string[]): Promise<unknown> =>
  JSON.parse((await copy.run([...words, '--json'], NO_SECRET)).stdout);

describe('pause and resume, in a folder', () => {
  test('stop the signing, also what is forced, and let it go on', async () => {
    const copy = await enrolledCopyOf();
    expect(await copy.run(SIX_HOURS, NO_SECRET)).toEqual({
      status: 0,
      stdout: `Signing of ${nameOf(copy)} is paused until 2026-11-24T06:00:00Z: moving the bucket\n  To end it sooner:  timekeeper resume\n`,
      stderr: '',
    });
    expect(await copy.json(['resign', '--force'])).toMatchObject({ outcome: 'skipped', code: 'PAUSED' });
    expect(await copy.run(['resume'], NO_SECRET)).toEqual({ status: 0, stdout: `Signing of ${nameOf(copy)} goes on.\n`, stderr: '' }); // prettier-ignore
    expect(await copy.json(['resign', '--force'])).toMatchObject({ outcome: 'signed', code: 'SIGNED' });
  });

  test('say it in one object, and keep who paused and why', async () => {
    const copy = await enrolledCopyOf();
    const until = ['pause', '--until', '2026-11-25T00:00:00Z', '--reason', 'audit'];
    const done = { repository: nameOf(copy), outcome: 'done', code: null };
    expect(await object(copy, until)).toEqual({
      ...done,
      pausedUntil: '2026-11-25T00:00:00Z',
      reason: 'audit',
    });
    const kept = JSON.parse(readFileSync(copy.path('.timekeeper', 'pause.json'), 'utf8')) as unknown;
    expect(kept).toEqual({ until: '2026-11-25T00:00:00Z', reason: 'audit' });
    expect(await object(copy, ['resume'])).toEqual({ ...done, pausedUntil: null, reason: 'resumed' });
  });

  test.each([
    { given: 'no end', words: ['--reason', 'x'], status: 2, code: 'USAGE', message: 'A pause needs an end.' },
    {
      given: 'two ends',
      words: ['--for', '1h', '--until', '2026-11-25T00:00:00Z', '--reason', 'x'],
      status: 2,
      code: 'USAGE',
      message: 'A pause needs an end.',
    },
    {
      given: 'an end that is no date',
      words: ['--until', 'tomorrow', '--reason', 'x'],
      status: 2,
      code: 'USAGE',
      message: '--until is "tomorrow", not a date such as 2030-01-31T00:00:00Z.',
    },
    {
      given: 'no reason',
      words: ['--for', '1h'],
      status: 2,
      code: 'USAGE',
      message: 'A pause needs a reason of at most 200 characters.',
    },
    {
      given: 'an end that is over',
      words: ['--until', '2026-11-23T00:00:00Z', '--reason', 'x'],
      status: 2,
      code: 'USAGE',
      message: 'The pause would end at 2026-11-23T00:00:00Z, which is over.',
    },
    {
      given: 'an end less than a day before clients fail',
      words: ['--until', '2026-12-05T16:35:15Z', '--reason', 'x'],
      status: 1,
      code: 'PAUSE_TOO_LONG',
      message:
        'The pause would end at 2026-12-05T16:35:15Z; it may last until 2026-12-05T16:35:14Z, one day before clients fail.',
    },
  ])('refuse $given, and change nothing', async ({ words, status, code, message }) => {
    const copy = await enrolledCopyOf();
    const run = await copy.run(['pause', ...words, '--json'], NO_SECRET);
    expect(run.status).toBe(status);
    expect(JSON.parse(run.stdout)).toMatchObject({ code, message });
    expect(existsSync(copy.path('.timekeeper', 'pause.json'))).toBe(false);
  });
});
