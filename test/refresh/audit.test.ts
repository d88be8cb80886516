import { describe, expect, test } from '@jest/globals';
import { audit, type Audit, type JournalVersion } from '../../lib/refresh/audit.ts';
import { parseChain } from '../../lib/refresh/kept-roots.ts';
import { newRepository, type Repository } from './repository.ts';

/** A repository whose journal keeps every version of itself, as a versioned bucket does. */
async function recorded(): Promise<{ r: Repository; history: JournalVersion[]; audited: () => Audit }> {
  const r = await newRepository({ policy: { minInterval: 0 as never } });
  const history: JournalVersion[] = [];
  const keep = (bytes: Uint8Array) => history.push({ writtenAt: `${history.length}`, bytes: Uint8Array.from(bytes) });
  keep(r.state.objects.get('journal.json')!);
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
});

describe('an audit finds', () => {
  /** Changes the last version of the journal that is in the history. */
  const edit = (history: JournalVersion[], change: (text: string) => string): void => {
    const { bytes, writtenAt } = history.pop()!;
    history.push({ writtenAt, bytes: Buffer.from(change(Buffer.from(bytes!).toString())) });
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

  test.each([
    { given: 'a journal that was deleted', bytes: undefined, is: 'deleted' },
    { given: 'a journal that is none', bytes: Buffer.from('{}'), is: 'unreadable' },
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
