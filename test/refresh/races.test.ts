import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../lib/contract/outcome.ts';
import type { Call } from './memory-store.ts';
import { newRepository, type Repository } from './repository.ts';

const FORCE = { force: true };

/** Whether a call is the put of a file. */
const puts = (file: string) => (call: Call) => call.do === 'putIf' && call.name === file;

/** Does something just before the first call that fits, as if somebody else had done it then. */
function justBefore(r: Repository, fits: (call: Call) => boolean, act: () => unknown): void {
  let done = false;
  const hook = async (call: Call) => {
    if (done || !fits(call)) return;
    done = true;
    await act();
  };
  r.hosting.before = hook;
  r.state.before = hook;
}

/** A repository whose timestamp is due, in a bucket: two signatures are at least 10 minutes apart. */
async function due(): Promise<Repository> {
  const r = await newRepository();
  r.pass(4 * 86_400);
  return r;
}

/** Every timestamp that ever was in the repository, by version: each has to have one content. */
function watchVersions(r: Repository): ReadonlyMap<number, ReadonlySet<string>> {
  const contents = new Map<number, Set<string>>();
  const put = r.hosting.putIf.bind(r.hosting);
  r.hosting.putIf = (name, bytes, expected) => {
    const text = Buffer.from(bytes).toString();
    const { version } = (JSON.parse(text) as { signed: { version: number } }).signed;
    contents.set(version, (contents.get(version) ?? new Set()).add(text));
    return put(name, bytes, expected);
  };
  return contents;
}

async function expectSettled(r: Repository): Promise<void> {
  await expect(r.run()).resolves.toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
  expect(r.versionOf('timestamp.json')).toBe(r.journal().entry?.version);
  expect(r.clientRefuses()).toBeUndefined();
}

describe('two runs at once', () => {
  test('that go hand in hand: one signs and the other finds nothing to do (90)', async () => {
    const r = await due();
    const contents = watchVersions(r);
    const outcomes = await Promise.all([r.run(), r.run()]);
    expect(outcomes.map(({ code }) => code).sort()).toEqual(['NOT_DUE', 'SIGNED']);
    for (const texts of contents.values()) expect(texts.size).toBe(1);
    await expectSettled(r);
  });

  test('of which one happens between any two steps of the other never give one version to two contents (90)', async () => {
    const whole = await due();
    whole.log.length = 0;
    await whole.run();
    const steps = whole.log.filter((call) => !call.startsWith('keys')).length;
    expect(steps).toBeGreaterThanOrEqual(10);
    const seen = new Set<string>();
    for (let at = 0; at < steps; at++) {
      const r = await due();
      const contents = watchVersions(r);
      let step = 0;
      let second: Outcome | undefined;
      justBefore(
        r,
        () => step++ === at,
        async () => {
          second = await r.run();
        },
      );
      const first = await r.run();
      seen.add(`${first.code} after ${second!.code}`);
      expect([first, second].map((outcome) => outcome?.outcome)).toContain('signed');
      for (const texts of contents.values()) expect(texts.size).toBe(1);
      await expectSettled(r);
    }
    // The last one read the old timestamp beside the new journal: it signs higher.
    expect(seen).toEqual(
      new Set(['NOT_DUE after SIGNED', 'NOT_DUE after HEALED_UNPUBLISHED', 'HEALED_ROLLBACK after SIGNED']),
    );
  });
});

describe('a publisher who wins the race', () => {
  test('for the timestamp has the run decide again, over the snapshot that was published (91)', async () => {
    const r = await due();
    justBefore(r, puts('timestamp.json'), () => r.publish());
    await expect(r.run()).resolves.toMatchObject({ outcome: 'signed', code: 'HEALED_COLLISION', version: 6 });
    expect(r.signedOf('timestamp.json').meta['snapshot.json']!.version).toBe(3);
    await expectSettled(r);
  });

  test('with a higher version than ours is seen, and left alone', async () => {
    const r = await due();
    justBefore(r, puts('timestamp.json'), () => r.publishTimestamp({ version: 9 }));
    await expect(r.run()).resolves.toMatchObject({ outcome: 'skipped', code: 'NOT_DUE', version: 9 });
    expect(r.journal()).toMatchObject({ entry: { version: 5 }, seen: { version: 9 } });
    expect(r.clientRefuses()).toBeUndefined();
  });

  test('between our reading and the journal is found by the put of the timestamp', async () => {
    const r = await due();
    justBefore(r, puts('journal.json'), () => r.publish());
    await expect(r.run()).resolves.toMatchObject({ outcome: 'signed', code: 'HEALED_COLLISION', version: 6 });
    await expectSettled(r);
  });

  test.each([
    { given: 'half of one', text: 'half of it' },
    { given: 'one of 20 kB', text: ' '.repeat(20_000) },
  ])('with a timestamp that we cannot read, $given, is not overwritten in that run', async ({ text }) => {
    const r = await due();
    justBefore(r, puts('timestamp.json'), () => {
      r.put('timestamp.json', text);
    });
    await expect(r.run()).resolves.toMatchObject({ outcome: 'skipped', code: 'HEAL_WAITS' });
    expect(r.text('timestamp.json')).toBe(text);
    r.pass(1_800);
    await expect(r.run()).resolves.toMatchObject({ outcome: 'signed', code: 'HEALED_GARBAGE', version: 6 });
  });

  test('with a timestamp that is due at once is not overwritten: right after a signature that is for the next run', async () => {
    const r = await due();
    justBefore(r, puts('timestamp.json'), () =>
      r.publishTimestamp({ version: 9, change: (signed) => (signed.expires = '2020-01-01T00:00:00Z') }),
    );
    await expect(r.run()).resolves.toMatchObject({ outcome: 'failed', code: 'LOST_RACE' });
    expect(r.versionOf('timestamp.json')).toBe(9);
    r.pass(600);
    await expect(r.run()).resolves.toMatchObject({ outcome: 'signed', code: 'SIGNED', version: 10 });
  });

  test('for the journal has a run that refuses decide again', async () => {
    const r = await due();
    r.edit('snapshot.json', (text) => `${text} `);
    justBefore(r, puts('journal.json'), () => {
      r.editJournal((journal) => {
        journal.floor = 7;
      });
    });
    await expect(r.run()).resolves.toMatchObject({ outcome: 'refused', code: 'SNAPSHOT_MISMATCH' });
    expect(r.journal()).toMatchObject({ floor: 7, badSince: { snapshot: '2026-11-28T01:00:00Z' } });
  });
});

describe('a race that is lost three times fails as LOST_RACE', () => {
  test('for the timestamp, and the next run goes on above every version that was tried', async () => {
    const r = await due();
    const old = r.copy();
    let tries = 0;
    r.hosting.before = (call) => {
      if (!puts('timestamp.json')(call)) return;
      if (tries++ % 2 === 0) r.remove('timestamp.json');
      else r.restore(old, 'timestamp.json');
    };
    const outcome = await r.run();
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'LOST_RACE' });
    expect(outcome.message).toContain('3 times');
    expect(tries).toBe(3);
    expect(r.journal().entry?.version).toBe(7);
    r.hosting.before = () => undefined;
    r.pass(601);
    await expect(r.run()).resolves.toMatchObject({ outcome: 'signed', version: 8 });
    await expectSettled(r);
  });

  test('for the journal, with nothing published', async () => {
    const r = await due();
    let tries = 0;
    r.state.before = (call) => {
      if (!puts('journal.json')(call)) return;
      r.editJournal((journal) => {
        journal.floor = ++tries;
      });
    };
    const before = r.hosting.contents();
    await expect(r.run()).resolves.toMatchObject({ outcome: 'failed', code: 'LOST_RACE' });
    expect(tries).toBe(3);
    expect(r.hosting.contents()).toEqual(before);
  });

  test('for the root chain, with nothing published', async () => {
    const r = await due();
    await r.publishRoot();
    let tries = 0;
    r.state.before = (call) => {
      if (!puts('root-chain.json')(call)) return;
      const chain = JSON.parse(r.state.contents()['root-chain.json']!) as object;
      r.state.objects.set('root-chain.json', Buffer.from(JSON.stringify(chain, null, ++tries)));
    };
    const before = r.hosting.contents();
    await expect(r.run()).resolves.toMatchObject({ outcome: 'failed', code: 'LOST_RACE' });
    expect(tries).toBe(3);
    expect(r.hosting.contents()).toEqual(before);
  });
});

test('a first run that is overtaken by another one takes up what that began', async () => {
  const r = await newRepository({ fresh: true });
  justBefore(r, puts('journal.json'), () => r.enrol());
  await expect(r.enrol(FORCE)).resolves.toMatchObject({ outcome: 'signed', code: 'SIGNED', version: 4 });
  await expectSettled(r);
});

test('a first run that is overtaken by one which was killed behind its journal takes up that journal', async () => {
  const r = await newRepository({ fresh: true });
  justBefore(r, puts('journal.json'), async () => {
    r.state.after = ({ do: what }) => {
      if (what === 'putIf') throw new Error('killed');
    };
    await expect(r.enrol()).rejects.toThrow('killed');
    r.state.after = () => undefined;
  });
  await expect(r.enrol(FORCE)).resolves.toMatchObject({ outcome: 'signed', code: 'SIGNED', version: 4 });
  await expectSettled(r);
});

test('a dry run that is overtaken notes its probe in the journal that is there then', async () => {
  const r = await newRepository();
  justBefore(r, puts('journal.json'), () => {
    r.editJournal((journal) => {
      journal.floor = 7;
    });
  });
  await expect(r.run({ dryRun: true })).resolves.toMatchObject({ code: 'NOT_DUE' });
  expect(r.journal()).toMatchObject({ floor: 7, probedAt: '2026-11-24T01:00:00Z' });
});
