import { describe, expect, test } from '@jest/globals';
import { parseEvent } from '../../lib/contract/event.ts';
import { logLine } from '../../lambda/log-line.ts';
import { rulesOf, type Case } from './cases.ts';
import { newRepository, type Repository } from './repository.ts';

const MINUTE = 60; // seconds
const DAY = 86_400; // seconds
const force = { force: true };
const PAUSED = { outcome: 'skipped', code: 'PAUSED' } as const;
const TOO_SOON = { outcome: 'skipped', code: 'TOO_SOON' } as const;
const NOT_DUE = { outcome: 'skipped', code: 'NOT_DUE' } as const;

function pause(r: Repository, until = '2026-11-24T12:00:00Z', reason = 'maintenance'): void {
  r.putState('pause.json', { until, reason });
}

describe('force', () => {
  const forced: readonly Case[] = [
    {
      given: 'a healthy repository',
      arrange: () => undefined,
      wish: force,
      answers: { outcome: 'signed', code: 'SIGNED', version: 5 },
      says: /was not due before .*; it was forced/,
    },
    {
      given: 'a second force within 10 minutes (96)',
      arrange: async (r) => {
        await r.signed(force);
        r.pass(10 * MINUTE - 1);
      },
      wish: force,
      answers: TOO_SOON,
      later: [{ after: 1, wish: force, answers: { outcome: 'signed', code: 'SIGNED', version: 6 } }],
    },
    {
      given: 'a second force at once in a directory on our own machine',
      options: { policy: { minInterval: 0 as never } },
      arrange: (r) => r.signed(force),
      wish: force,
      answers: { outcome: 'signed', code: 'SIGNED', version: 6 },
    },
    {
      given: 'a force while paused (97)',
      arrange: (r) => {
        pause(r);
      },
      wish: force,
      answers: PAUSED,
      says: /paused until 2026-11-24T12:00:00Z: maintenance/,
    },
    {
      given: 'a timestamp that nobody can verify, at the first look (98)',
      arrange: (r) => {
        r.put('timestamp.json', '');
      },
      wish: force,
      answers: { outcome: 'signed', code: 'HEALED_GARBAGE', version: 5 },
    },
    {
      given: 'a publish that is under way (98)',
      arrange: (r) => r.publishSnapshot(),
      wish: force,
      answers: { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' },
    },
  ];
  test.each(rulesOf(forced))('$rule', ({ expectIt }) => expectIt());
});

describe('a pause', () => {
  const paused: readonly Case[] = [
    {
      given: 'a pause, although it is due',
      arrange: (r) => {
        pause(r, '2026-12-24T00:00:00Z');
        r.pass(10 * DAY);
      },
      answers: PAUSED,
    },
    {
      given: 'a pause, although the timestamp is missing',
      arrange: (r) => {
        pause(r);
        r.remove('timestamp.json');
      },
      answers: PAUSED,
      later: [{ after: 12 * 3_600, answers: { outcome: 'signed', code: 'HEALED_MISSING', version: 5 } }],
    },
    {
      given: 'a pause that ends this second',
      arrange: (r) => {
        pause(r, '2026-11-24T01:00:00Z');
      },
      answers: NOT_DUE,
    },
    {
      given: 'a pause with a reason that would forge a line in a terminal',
      arrange: (r) => {
        pause(r, undefined, '\u001b[2Kall is well\n');
      },
      answers: PAUSED,
      says: /: \\u001b\[2Kall is well\\u000a\.$/,
    },
    ...[
      { given: 'a damaged pause', text: '{"until":', says: /pause\.json/ },
      { given: 'a pause without an end', text: '{"reason":"x"}', says: /until is missing/ },
      { given: 'a pause whose end is no date', text: '{"until":"tomorrow","reason":"x"}', says: /"tomorrow"/ },
      { given: 'a pause without a reason', text: '{"until":"2026-12-01T00:00:00Z"}', says: /reason is missing/ },
    ].map(({ given, text, says }): Case => ({
      given,
      arrange: (r) => {
        r.state.objects.set('pause.json', Buffer.from(text));
      },
      answers: { outcome: 'refused', code: 'PAUSE_INVALID' },
      says,
    })),
  ];
  test.each(rulesOf(paused))('$rule', ({ expectIt }) => expectIt());
});

describe('a dry run', () => {
  test('signs a probe, never metadata, notes that in the journal, and changes nothing else', async () => {
    const r = await newRepository();
    const { hosting, state } = { hosting: r.hosting.contents(), state: r.state.contents() };
    const before = r.journal();
    r.pass(4 * DAY);
    const outcome = await r.run({ dryRun: true });
    expect(outcome).toMatchObject({ outcome: 'signed', code: 'SIGNED', dryRun: true, version: 4, nextDueAt: null });
    expect(outcome.keyIds).toEqual(r.signedOf('root.json').roles.timestamp!.keyids);
    expect(r.source).toMatchObject({ openings: 1, probes: 1, signatures: 0 });
    expect(r.hosting.contents()).toEqual(hosting);
    expect(r.state.contents()['root-chain.json']).toBe(state['root-chain.json']);
    expect(r.journal()).toEqual({ ...before, probedAt: '2026-11-28T01:00:00Z' });
  });

  test('of a run that would wait opens no key and writes nothing', async () => {
    const r = await newRepository();
    await r.publishSnapshot();
    const state = r.state.contents();
    await expect(r.run({ dryRun: true })).resolves.toMatchObject({ code: 'PUBLISH_IN_PROGRESS', dryRun: true });
    expect(r.source.openings).toBe(0);
    expect(r.state.contents()).toEqual(state);
  });

  test('keeps no new root, and judges by it all the same', async () => {
    const r = await newRepository();
    await r.rotateTimestampKey();
    const state = r.state.contents();
    await expect(r.run({ dryRun: true })).resolves.toMatchObject({ outcome: 'refused', code: 'KEY_NOT_IN_ROOT' });
    expect(r.state.contents()).toEqual(state);
  });
});

describe('who signs', () => {
  test('is warned of another deployment that signed last, and then is the last itself', async () => {
    const r = await newRepository();
    const other = { ...r.trust, deployment: 'them' };
    const outcome = await r.run({ force: true }, other);
    expect(outcome.warnings).toEqual([
      { code: 'OTHER_SIGNER', message: 'The last timestamp was signed by the deployment us.' },
    ]);
    expect(r.journal().entry?.by).toBe('them');
    r.pass(3_600);
    await expect(r.run({ force: true }, other)).resolves.toMatchObject({ warnings: [] });
    r.pass(3_600);
    await expect(r.run()).resolves.toMatchObject({ ...NOT_DUE, warnings: [{ code: 'OTHER_SIGNER' }] });
  });
});

test('the name of another deployment is escaped: whoever can write the state can write anything there', async () => {
  const r = await newRepository();
  await r.run({ force: true }, { ...r.trust, deployment: '\u001b[2K' });
  const { warnings } = await r.run();
  expect(warnings[0]?.message).toBe('The last timestamp was signed by the deployment \\u001b[2K.');
});

describe('a reason', () => {
  const HOSTILE = '\u001b[31mred\n{"_aws":{"CloudWatchMetrics":[]}}\u202e';

  test('stands in the journal as it was given, and changes nothing that is signed (99)', async () => {
    const r = await newRepository();
    await r.signed({ force: true, reason: HOSTILE });
    expect(r.journal().entry).toMatchObject({ reason: HOSTILE });
    expect(r.text('timestamp.json')).not.toContain('_aws');
    r.pass(3_600);
    await expect(r.run()).resolves.toMatchObject(NOT_DUE);
  });

  test('is escaped in the log line, under detail alone: it forges neither a line nor a metric (99)', async () => {
    const r = await newRepository();
    const outcome = await r.signed({ force: true, reason: HOSTILE });
    const line = logLine(outcome, { force: true, reason: HOSTILE }, 0);
    expect(line).not.toMatch(/[\u0000-\u001f\u202e]/u);
    const { _aws, detail, ...rest } = JSON.parse(line) as {
      _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] };
      detail: { reason: string };
    };
    expect(detail.reason).toBe('\\u001b[31mred\\u000a{"_aws":{"CloudWatchMetrics":[]}}\\u202e');
    expect(JSON.stringify(rest)).not.toContain('red');
    const names = _aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
    expect(names).toContain('Forced');
    for (const name of names) expect(rest).toHaveProperty(name);
  });
});

describe('an event', () => {
  test('that names a version is refused as EVENT_INVALID: what to sign is never asked for (94)', () => {
    expect(() => parseEvent({ repository: 'orbit', version: 7 })).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID', message: expect.stringContaining('"version"') as unknown }),
    );
  });

  test.each(['__proto__', '../x', 'Orbit', ''])(
    'that names the repository %j is refused as UNKNOWN_REPOSITORY (95)',
    (repository) => {
      const event: unknown = JSON.parse(JSON.stringify({ repository }));
      expect(() => parseEvent(event)).toThrow(expect.objectContaining({ code: 'UNKNOWN_REPOSITORY' }));
    },
  );
});
