import { describe, expect, test } from '@jest/globals';
import { RefusalError } from '../../lib/contract/errors.ts';
import { audit, type Audit, type JournalVersion } from '../../lib/refresh/audit.ts';
import { parseChain } from '../../lib/refresh/kept-roots.ts';
import { enrol, enrolAgain } from './enrolment.ts';
import { newRepository, type Repository } from './repository.ts';

/** A repository whose journal keeps every version of itself, as a versioned bucket does; `fresh` if there is none yet. */
async function recorded({ fresh = false } = {}): Promise<{
  r: Repository;
  history: JournalVersion[];
  audited: () => Audit;
}> {
  const r = await newRepository({ policy: { minInterval: 0 as never }, fresh });
  const history: JournalVersion[] = [];
  const keep = (bytes: Uint8Array) => history.push({ writtenAt: `${history.length}`, bytes: Uint8Array.from(bytes) });
  if (!fresh) keep(r.state.objects.get('journal.json')!);
  const put = r.state.putIf.bind(r.state);
  r.state.putIf = (name, bytes, expected) => {
    if (name === 'journal.json') keep(bytes);
    return put(name, bytes, expected);
  };
  const audited = () => audit(history, parseChain(r.state.objects.get('root-chain.json')!, r.journal().identity.pin));
  return { r, history, audited };
}

const findings = ({ findings: found }: Audit) => found.map(({ is }) => is);

describe('an audit finds nothing', () => {
  test('in a history of signatures, a publish, a repair and a new root, and lists each signature once with its reason', async () => {
    const { r, audited } = await recorded();
    await r.signed({ force: true, reason: 'drill' });
    await r.publish();
    await r.run();
    r.pass(4 * 86_400);
    await r.run();
    r.remove('timestamp.json');
    await r.run();
    await r.publishRoot();
    r.pass(4 * 86_400);
    await r.run();
    expect(audited().findings).toEqual([]);
    expect(audited().entries.map(({ version, code, reason }) => [version, code, reason])).toEqual([
      [4, 'SIGNED', null],
      [5, 'SIGNED', 'drill'],
      [7, 'SIGNED', null], // 6 was published by somebody else
      [8, 'HEALED_MISSING', null],
      [9, 'SIGNED', null],
    ]);
  });

  test("where somebody else's timestamp was replaced that no journal ever knew", async () => {
    const { r, audited } = await recorded();
    await r.publishTimestamp({ version: 50 });
    await r.signed({ force: true });
    expect(audited().entries.at(-1)?.version).toBe(51);
    expect(audited().findings).toEqual([]);
  });

  test('where nothing was signed yet, not even after the state was begun again', async () => {
    const { r, history, audited } = await recorded({ fresh: true });
    await enrol(r);
    await enrolAgain(r);
    expect(history).toHaveLength(2);
    expect(audited()).toEqual({ entries: [], findings: [] });
  });

  test('where a run noted what it saw, and signed nothing', async () => {
    const { r, history, audited } = await recorded();
    r.flipSignature('timestamp.json');
    await expect(r.run()).resolves.toMatchObject({ code: 'HEAL_WAITS' });
    expect(history).toHaveLength(2);
    expect(audited()).toMatchObject({ entries: [{ version: 4 }], findings: [] });
  });

  test('where a person began again and accepted an older snapshot', async () => {
    const { r, audited } = await recorded();
    const old = r.copy();
    await r.publish();
    await r.signed({ force: true });
    r.restore(old, 'snapshot.json', 'timestamp.json');
    await enrolAgain(r, { acceptSnapshot: 2 });
    await r.signed({ force: true });
    expect(audited().entries.map(({ version, snapshot }) => [version, snapshot])).toEqual([[4, 2], [6, 3], [107, 2]]); // prettier-ignore
    expect(audited().findings).toEqual([]);
  });

  test('where a person began again with a later root as the pin', async () => {
    const { r, history, audited } = await recorded();
    await r.publishRoot();
    await r.signed({ force: true });
    history.shift(); // what was signed under the first root cannot be verified from the new pin on
    await enrolAgain(r, { trustedRoot: r.bytes('2.root.json') });
    expect(history).toHaveLength(2);
    expect(audited().findings).toEqual([]);
  });

  test('where versions were left out because a person began again above them, although the bucket lost that journal', async () => {
    const { r, history, audited } = await recorded();
    await enrolAgain(r);
    await r.signed({ force: true });
    history.splice(1, 1);
    expect(audited()).toMatchObject({ entries: [{ version: 4 }, { version: 105 }], findings: [] });
  });
});

describe('an audit finds', () => {
  /** Changes the last version of the journal that is in the history. */
  const edit = (history: JournalVersion[], change: (text: string) => string): void => {
    const { bytes, writtenAt } = history.pop()!;
    history.push({ writtenAt, bytes: Buffer.from(change(Buffer.from(bytes as Uint8Array).toString())) });
  };

  test('an older journal that was put back, and the version that was then signed a second time', async () => {
    const { r, history, audited } = await recorded();
    const older = new Map(r.state.objects);
    await r.signed({ force: true, reason: 'one' });
    for (const [name, bytes] of older) r.state.objects.set(name, bytes);
    history.push({ writtenAt: 'put back', bytes: older.get('journal.json') });
    r.put('timestamp.json', r.text('timestamp.json').replace(/"sig":"../, '"sig":"00'));
    r.remove('timestamp.json');
    r.pass(60);
    await r.run();
    expect(findings(audited())).toEqual(['version went back', 'two contents of one version']);
  });

  test('a version that was left out', async () => {
    const { r, history, audited } = await recorded();
    await r.signed({ force: true });
    await r.signed({ force: true });
    history.splice(1, 1);
    expect(findings(audited())).toEqual([]); // it replaced a timestamp that this history does not know
    edit(history, (text) => text.replace(/"replaces": "[0-9a-f]+",/, ''));
    expect(findings(audited())).toEqual(['gap']);
  });

  test.each<{ given: string; arrange: (r: Repository) => unknown; after: number }>([
    { given: 'our own', arrange: () => undefined, after: 4 },
    { given: "somebody else's that the journal had seen", arrange: seen, after: 50 },
    {
      given: 'none, although the journal had seen one',
      arrange: async (r) => {
        await seen(r);
        r.remove('timestamp.json');
      },
      after: 50,
    },
  ])('versions that nobody knows of, where the timestamp that was replaced is $given', async ({ arrange, after }) => {
    const { r, history, audited } = await recorded();
    await arrange(r);
    r.editJournal((journal) => {
      journal.floor = 99;
    });
    await r.signed({ force: true });
    edit(history, (text) => text.replace('"floor": 99', '"floor": 0'));
    expect(audited().findings).toMatchObject([
      { is: 'gap', message: `Version 100 was signed after ${after}; nobody knows of those in between.` },
    ]);
  });

  test('versions that no longer count as used, although a person had said so', async () => {
    const { r, history, audited } = await recorded();
    await enrolAgain(r);
    history.push(history.at(-1)!);
    edit(history, (text) => text.replace('"floor": 104', '"floor": 0'));
    expect(audited().findings).toMatchObject([
      { is: 'version went back', message: 'The highest known version went from 104 to 4.' },
    ]);
  });

  test.each([
    { given: 'a journal that was deleted', bytes: undefined, is: 'deleted' },
    { given: 'a journal that is none', bytes: Buffer.from('{}'), is: 'unreadable' },
    { given: 'a journal that was too large to be read', bytes: new RefusalError('TOO_LARGE', 'It is.'), is: 'unreadable' }, // prettier-ignore
  ] as const)('$given', async ({ bytes, is }) => {
    const { history, audited } = await recorded();
    history.push({ writtenAt: 'then', bytes });
    expect(audited().findings).toMatchObject([{ is, writtenAt: 'then' }]);
  });

  test.each([
    {
      given: 'a lower endorsed snapshot',
      from: /("snapshot": \{\n {2}"version": )\d+/,
      to: '$11',
      is: 'snapshot went back',
    },
    {
      given: 'another snapshot of the same version',
      from: /("sha256": ")[0-9a-f]{64}(",\n {2}"meta")/,
      to: `$1${'0'.repeat(64)}$2`,
      is: 'two snapshots of one version',
    },
    {
      given: 'the journal of another place',
      from: /"place": "[^"]*"/,
      to: '"place": "s3://other/"',
      is: 'of another repository',
    },
    {
      given: 'the journal of another name',
      from: /"repository": "[^"]*"/,
      to: '"repository": "other"',
      is: 'of another repository',
    },
    {
      given: 'another pin, although nobody began again',
      from: /("pin": \{\n {3}"version": 1,\n {3}"sha256": ")[0-9a-f]{64}/,
      to: `$1${'0'.repeat(64)}`,
      is: 'of another repository',
    },
    { given: 'a timestamp that nobody signed', from: /(\\"sig\\":\\")../, to: '$100', is: 'unreadable' },
  ])('$given', async ({ from, to, is }) => {
    const { r, history, audited } = await recorded();
    await r.signed({ force: true });
    edit(history, (text) => {
      expect(text).toMatch(from);
      return text.replace(from, to);
    });
    expect(findings(audited())).toEqual([is]);
  });
});

/** Somebody else's version 50, of which a run took note. */
async function seen(r: Repository): Promise<void> {
  await r.publishTimestamp({ version: 50 });
  await r.run();
}
