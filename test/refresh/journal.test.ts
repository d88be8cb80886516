import { describe, expect, test } from '@jest/globals';
import { FailureError } from '../../lib/contract/errors.ts';
import { rulesOf, type Case } from './cases.ts';
import { newRepository, type Repository } from './repository.ts';

const JOURNAL = 'journal.json';
const NOT_DUE = { outcome: 'skipped', code: 'NOT_DUE' } as const;

function stateText(r: Repository, file = JOURNAL): string {
  const bytes = r.state.objects.get(file);
  if (bytes === undefined) throw new Error(`The state has no ${file}.`);
  return Buffer.from(bytes).toString();
}

function putText(r: Repository, text: string, file = JOURNAL): void {
  r.state.objects.set(file, Buffer.from(text));
}

/** With keys of its own: without options, all are copies of one. */
const anotherRepository = () => newRepository({ consistent: false });

const connectionLost = () => new FailureError('STORE_UNREACHABLE', 'The connection broke.');

describe('a journal that is missing, damaged or of another repository is refused', () => {
  const damaged: readonly Case[] = [
    {
      given: 'a root chain without a journal (84)',
      arrange: (r) => {
        r.state.objects.delete(JOURNAL);
      },
      answers: { outcome: 'refused', code: 'JOURNAL_MISSING' },
      says: /no journal\.json.* which versions were used/,
    },
    {
      given: 'a pin in the configuration and no state at all',
      arrange: (r) => {
        r.trust = { ...r.trust, pin: r.journal().identity.pin };
        r.state.objects.clear();
      },
      answers: { outcome: 'refused', code: 'JOURNAL_MISSING' },
      says: /no journal\.json/,
    },
    {
      given: 'a journal of another name (85)',
      arrange: (r) => {
        r.editJournal(({ identity }) => {
          identity.repository = 'orbit';
        });
      },
      answers: { outcome: 'refused', code: 'JOURNAL_FOREIGN' },
      says: /belongs to orbit, not to a directory\./,
    },
    {
      given: 'a journal of a name that would forge a line in a terminal',
      arrange: (r) => {
        r.editJournal(({ identity }) => {
          identity.repository = '\u001b[2K';
          identity.place = '\nall is well';
        });
      },
      answers: { outcome: 'refused', code: 'JOURNAL_FOREIGN' },
      says: /belongs to \\u001b\[2K in \\u000aall is well, not to/,
    },
    {
      given: 'the journal of a bucket in a directory (85)',
      arrange: (r) => {
        r.editJournal(({ identity }) => {
          identity.place = 's3://bucket/orbit/';
        });
      },
      answers: { outcome: 'refused', code: 'JOURNAL_FOREIGN' },
      says: /belongs to s3:\/\/bucket\/orbit\/, not to a directory\./,
    },
    {
      given: "another directory's journal beside our own root chain (85)",
      arrange: async (r) => {
        putText(r, stateText(await anotherRepository()));
      },
      answers: { outcome: 'refused', code: 'ROOT_PIN_MISMATCH' },
      says: /is not the pinned root/,
    },
    {
      given: "another directory's whole state (85)",
      arrange: async (r) => {
        const other = await anotherRepository();
        for (const [name, bytes] of other.state.objects) r.state.objects.set(name, bytes);
      },
      answers: { outcome: 'refused', code: 'SIGNATURE_INVALID' },
      says: /snapshot\.json .*no valid signature/,
    },
    {
      given: 'the journal of a directory in a bucket',
      arrange: (r) => {
        r.trust = { ...r.trust, repository: 'orbit', place: 's3://bucket/orbit/' };
      },
      answers: { outcome: 'refused', code: 'JOURNAL_FOREIGN' },
      says: /belongs to a directory, not to orbit in s3:\/\/bucket\/orbit\/\./,
    },
    {
      given: 'a journal whose pin has another version than the one of the configuration',
      arrange: (r) => {
        r.trust = { ...r.trust, pin: { ...r.journal().identity.pin, version: 2 } };
      },
      answers: { outcome: 'refused', code: 'ROOT_PIN_MISMATCH' },
      says: /journal's pin is root version 1 .*, the configuration's is version 2 /,
    },
    {
      given: 'a journal whose pin is not the one of the configuration',
      arrange: (r) => {
        r.trust = { ...r.trust, pin: { version: 1, sha256: '0'.repeat(64) } };
      },
      answers: { outcome: 'refused', code: 'ROOT_PIN_MISMATCH' },
      says: /journal's pin is root version 1/,
    },
    {
      given: 'a journal that knows no timestamp',
      arrange: (r) => {
        r.remove('timestamp.json');
        r.editJournal((journal) => {
          delete journal.entry;
          delete journal.seen;
        });
      },
      answers: { outcome: 'refused', code: 'JOURNAL_INVALID' },
      says: /knows no timestamp/,
    },
  ];
  test.each(rulesOf(damaged))('$rule', ({ expectIt }) => expectIt());

  test('and one whose pin is that of the configuration is not', async () => {
    const r = await newRepository();
    r.trust = { ...r.trust, pin: r.journal().identity.pin };
    await expect(r.run()).resolves.toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
  });
});

describe('a journal that cannot be read is refused as JOURNAL_INVALID', () => {
  test.each<{ given: string; damage: (text: string) => string; says: RegExp }>([
    { given: '0 bytes', damage: () => '', says: /it is empty/ },
    { given: 'half of it', damage: (text) => text.slice(0, text.length / 2), says: /not JSON/ },
    { given: 'an error page', damage: () => '<html></html>', says: /not JSON/ },
    { given: 'a format of the future', damage: replacing('"format": 1', '"format": 2'), says: /format 2/ },
    { given: 'no identity', damage: replacing('"identity"', '"identität"'), says: /identity is missing/ },
    { given: 'no snapshot', damage: replacing('"snapshot":', '"snap":'), says: /snapshot is missing/ },
    {
      given: "a role's version that is a text",
      damage: replacing(/("\/targets\.json": \[\s*)2/, '$1"2"'),
      says: /list of roles is damaged/,
    },
    {
      given: 'a role that has no list',
      damage: replacing(/"\/targets\.json": \[[^\]]*\]/, '"/targets.json": 2'),
      says: /list of roles is damaged/,
    },
    {
      given: 'a root that is not in the chain',
      damage: replacing('"rootVersion": 1', '"rootVersion": 2'),
      says: /root version 2/,
    },
    {
      given: 'a timestamp that was changed after it was signed',
      damage: replacing('\\"version\\":4,', '\\"version\\":5,'),
      says: /no valid signature/,
    },
    { given: 'one field twice', damage: replacing('"floor": 0', '"floor": 0, "floor": 7'), says: /floor/ },
    { given: 'a moment that is none', damage: replacing(/"issuedAt": "[^"]*"/, '"issuedAt": "soon"'), says: /"soon"/ },
  ])('given $given', async ({ damage, says }) => {
    const r = await newRepository();
    putText(r, damage(stateText(r)));
    const before = { hosting: r.hosting.contents(), state: r.state.contents(), openings: r.source.openings };
    for (const wish of [{}, { force: true }, { dryRun: true }]) {
      const outcome = await r.run(wish);
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'JOURNAL_INVALID' });
      expect(outcome.message).toMatch(/^journal\.json/);
      expect(outcome.message).toMatch(says);
    }
    expect({ hosting: r.hosting.contents(), state: r.state.contents(), openings: r.source.openings }).toEqual(before);
  });
});

describe('a root chain that is missing or damaged', () => {
  const CHAIN = 'root-chain.json';

  test.each([
    { given: 'plain names', consistent: false },
    { given: 'consistent snapshots', consistent: true },
  ])('is begun again from the pin and grows to the newest root, with $given', async ({ consistent }) => {
    const r = await newRepository({ consistent });
    r.source.keys = [await r.rotateTimestampKey()];
    await r.signed();
    const kept = stateText(r, CHAIN);
    r.state.objects.delete(CHAIN);
    await expect(r.run()).resolves.toMatchObject(NOT_DUE);
    expect(stateText(r, CHAIN)).toBe(kept);
  });

  test('is begun again although the given trusted root is a later one', async () => {
    const r = await newRepository();
    r.source.keys = [await r.rotateTimestampKey()];
    await r.signed();
    r.state.objects.delete(CHAIN);
    const outcome = await r.run({}, { ...r.trust, trustedRoot: r.bytes('2.root.json') });
    expect(outcome).toMatchObject(NOT_DUE);
    expect((JSON.parse(stateText(r, CHAIN)) as { roots: string[] }).roots).toHaveLength(2);
  });

  const broken: readonly Case[] = [
    {
      given: 'no root chain while the repository hides the pinned root',
      arrange: (r) => {
        r.state.objects.delete(CHAIN);
        r.remove('1.root.json');
      },
      answers: { outcome: 'refused', code: 'ROOT_PIN_MISMATCH' },
      says: /root chain begins at the pin.* 1\.root\.json/,
    },
    {
      given: 'a chain that was cut off',
      arrange: (r) => {
        putText(r, stateText(r, CHAIN).slice(0, -20), CHAIN);
      },
      answers: { outcome: 'refused', code: 'ROOT_CHAIN_INVALID' },
      says: /root-chain\.json cannot be used/,
    },
    {
      given: 'a chain with a root that nobody signed',
      arrange: (r) => {
        putText(r, stateText(r, CHAIN).replace('\\"version\\":1,', '\\"version\\":2,'), CHAIN);
      },
      answers: { outcome: 'refused', code: 'ROOT_CHAIN_INVALID' },
      says: /not signed by its own root keys/,
    },
    {
      given: "another repository's chain (62)",
      arrange: async (r) => {
        putText(r, stateText(await anotherRepository(), CHAIN), CHAIN);
      },
      answers: { outcome: 'refused', code: 'ROOT_PIN_MISMATCH' },
      says: /is not the pinned root/,
    },
    {
      given: 'a chain without any root',
      arrange: (r) => {
        putText(r, '{"format":1,"roots":[]}', CHAIN);
      },
      answers: { outcome: 'refused', code: 'ROOT_PIN_MISMATCH' },
      says: /empty/,
    },
  ];
  test.each(rulesOf(broken))('$rule', ({ expectIt }) => expectIt());
});

describe('whatever became of a journal entry, the next run goes on above it', () => {
  const continued: readonly Case[] = [
    {
      given: 'a journal older than our newest timestamp (86)',
      arrange: async (r) => {
        const old = stateText(r);
        await r.signed({ force: true });
        r.pass(3_600);
        await r.signed({ force: true });
        putText(r, old);
      },
      answers: { ...NOT_DUE },
      warns: ['FOREIGN_TIMESTAMP'],
      later: [
        { answers: NOT_DUE },
        { after: 3 * 86_400, answers: { outcome: 'signed', code: 'SIGNED', version: 7 } },
        { answers: NOT_DUE },
      ],
      holds: (r) => {
        expect(r.journal()).toMatchObject({ entry: { version: 7 } });
      },
    },
    {
      given: 'an entry that was never published, under a root that changed since (87)',
      arrange: async (r) => {
        await crashBeforePublishing(r);
        r.source.keys = [await r.rotateTimestampKey()];
      },
      answers: { outcome: 'signed', code: 'HEALED_UNPUBLISHED', version: 6 },
      says: /Version 5 was signed but not published/,
    },
    {
      given: 'an entry whose put was not applied (89)',
      arrange: crashBeforePublishing,
      answers: { outcome: 'signed', code: 'HEALED_UNPUBLISHED', version: 6 },
      says: /Version 5 was signed but not published/,
    },
    {
      given: 'an entry that was never published, and a timestamp that vanished meanwhile',
      arrange: async (r) => {
        await crashBeforePublishing(r);
        r.remove('timestamp.json');
      },
      answers: { outcome: 'signed', code: 'HEALED_MISSING', version: 6 },
    },
  ];
  test.each(rulesOf(continued))('$rule', ({ expectIt }) => expectIt());

  test('a put that was applied although its answer was lost is a failure, and the next run rests (88)', async () => {
    const r = await newRepository();
    let losing = true;
    r.hosting.after = ({ do: what }) => {
      if (what === 'putIf' && losing) throw connectionLost();
    };
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'failed', code: 'STORE_UNREACHABLE' });
    losing = false;
    expect(r.versionOf('timestamp.json')).toBe(5);
    await expect(r.run()).resolves.toMatchObject({ ...NOT_DUE, version: 5 });
    expect(r.source.signatures).toBe(1);
    expect(r.clientRefuses()).toBeUndefined();
  });

  test('a put that was applied, and answered "changed" when it was repeated, is signed: what is there is our own (88)', async () => {
    const r = await newRepository();
    const put = r.hosting.putIf.bind(r.hosting);
    r.hosting.putIf = async (...args) => {
      await put(...args);
      return put(...args);
    };
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'signed', code: 'SIGNED', version: 5 });
    expect(r.source.signatures).toBe(1);
    expect(r.journal().entry?.version).toBe(5);
  });

  test("a journal's put that was applied although its answer was lost burns that version", async () => {
    const r = await newRepository();
    let losing = true;
    r.state.after = ({ do: what }) => {
      if (what === 'putIf' && losing) throw connectionLost();
    };
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'failed', code: 'STORE_UNREACHABLE' });
    losing = false;
    expect(r.journal().entry?.version).toBe(5);
    expect(r.versionOf('timestamp.json')).toBe(4);
    await expect(r.run()).resolves.toMatchObject({ code: 'HEALED_UNPUBLISHED', version: 6 });
  });

  test('a journal whose put was not applied leaves everything as it was', async () => {
    const r = await newRepository();
    const before = { hosting: r.hosting.contents(), state: r.state.contents() };
    r.state.before = ({ do: what }) => {
      if (what === 'putIf') throw new FailureError('STORE_FULL', 'The disk is full.');
    };
    const outcome = await r.run({ force: true });
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'STORE_FULL' });
    expect({ hosting: r.hosting.contents(), state: r.state.contents() }).toEqual(before);
  });
});

/** A forced run that is killed when its entry is written and its timestamp is not. */
async function crashBeforePublishing(r: Repository): Promise<void> {
  r.hosting.before = ({ do: what }) => {
    if (what === 'putIf') throw connectionLost();
  };
  const outcome = await r.run({ force: true });
  expect(outcome.outcome).toBe('failed');
  r.hosting.before = () => undefined;
  expect(r.journal().entry?.version).toBe(5);
  expect(r.versionOf('timestamp.json')).toBe(4);
}

/** Replaces a text in another one, in which it has to be. */
function replacing(old: string | RegExp, by: string): (text: string) => string {
  return (text) => {
    const changed = text.replace(old, by);
    if (changed === text) throw new Error(`There is no ${String(old)}.`);
    return changed;
  };
}

test.each([
  { given: 'plain names', options: {} },
  {
    given: 'consistent snapshots in advance mode',
    options: { consistent: true, policy: { mode: 'advance' as const } },
  },
])('a failure of any read is a failure of the run, and nothing is changed, with $given', async ({ options }) => {
  const healthy = await newRepository(options);
  healthy.log.length = 0;
  await healthy.run();
  const reads = healthy.log.filter((call) => / (get|list) ?/.test(call));
  expect(reads.length).toBeGreaterThanOrEqual(8);
  for (const at of reads.keys()) {
    const r = await newRepository(options);
    const before = { hosting: r.hosting.contents(), state: r.state.contents() };
    let count = 0;
    const lose = () => {
      if (count++ === at) throw connectionLost();
    };
    r.hosting.before = lose;
    r.state.before = lose;
    const outcome = await r.run();
    expect(outcome.outcome).toBe('failed');
    expect(['STORE_UNREACHABLE', 'ROOT_PROBE']).toContain(outcome.code);
    expect({ hosting: r.hosting.contents(), state: r.state.contents() }).toEqual(before);
  }
});
