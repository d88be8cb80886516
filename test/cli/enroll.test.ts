import { mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Code } from '../../lib/contract/codes.ts';
import { testWrongUsage } from './expect-directory-command.ts';
import { NOW, type RunOptions } from './timekeeper.ts';
import { Client, copyOf, differences, enrolledCopyOf, FIXTURES, type WorkingCopy } from './working-copy.ts';

const TRUST = ['--trusted-root', 'repository/root.json'];
const STATE = ['.timekeeper', '.timekeeper/journal.json', '.timekeeper/root-chain.json'];

describe('enroll', () => {
  test('begins the state, says so, and what the next run would do', async () => {
    const copy = copyOf();
    const before = copy.tree();
    expect(await copy.run(['enroll', ...TRUST])).toEqual({
      status: 0,
      stderr: '',
      stdout: `Enrolled: the state is begun. What the next run would do:
Would do nothing (NOT_DUE): timestamp.json version 3 is healthy; the next signature is due at 2026-11-25T16:35:14Z.
  To sign now all the same:  timekeeper resign --force
  Published:   timestamp.json version 3, expires 2026-12-06T16:35:14Z (in 13 days)
  Next:        2026-11-25T16:35:14Z (in 2 days)
`,
    });
    expect(differences(before, copy.tree())).toEqual(STATE);
    expect(copy.journal()).toMatchObject({ epoch: 0, floor: 0, probedAt: NOW });
    expect(await copy.json(['resign', '--force'])).toMatchObject({ code: 'SIGNED', version: 4 });
  });

  test('prints the outcome of the next run as one object', async () => {
    const copy = copyOf();
    const outcome = await copy.json(['enroll', ...TRUST], { now: '2027-01-01T00:00:00Z' });
    expect(outcome).toMatchObject({ outcome: 'signed', code: 'SIGNED', dryRun: true, version: 3 });
    expect(outcome.keyIds).toHaveLength(1);
    expect(copy.signed().version).toBe(3);
  });

  test('begins from an older root, and keeps the whole chain', async () => {
    const copy = copyOf('rotated');
    await copy.json(['enroll', '--trusted-root', 'repository/1.root.json']);
    const chain = JSON.parse(copy.bytes('.timekeeper', 'root-chain.json').toString()) as { roots: string[] };
    expect(chain.roots).toEqual(['1', '2', '3'].map((n) => copy.bytes('repository', `${n}.root.json`).toString()));
  });

  test('works on the folder with the metadata itself', async () => {
    const copy = copyOf();
    const words = ['--path', 'repository', '--state', 'state', '--key', 'keys/timestamp.json', ...TRUST];
    expect(await copy.json(['enroll', ...words])).toMatchObject({ repository: 'repository', code: 'NOT_DUE' });
    expect(copy.journal('state')).toMatchObject({ epoch: 0 });
  });

  test('warns of metadata in staged/', async () => {
    const copy = copyOf();
    mkdirSync(copy.path('staged'));
    writeFileSync(copy.path('staged', 'timestamp.json'), '');
    expect((await copy.json(['enroll', ...TRUST])).warnings).toMatchObject([{ code: 'STAGED_METADATA' }]);
  });

  test('begins again only when told so, and then leaves a gap that no lost version can fill', async () => {
    const copy = await enrolledCopyOf();
    const client = new Client(copy.bytes('repository', '1.root.json'));
    await copy.json(['resign', '--force']);
    client.update(copy.repository);
    const before = copy.tree();
    const refused = await copy.json(['enroll', ...TRUST]);
    expect(refused).toMatchObject({ outcome: 'refused', code: 'ACCEPT_INVALID' });
    expect(`${refused.message} ${refused.remedy}`).toBe(
      'This repository is enrolled already; to begin its state again, add --again. Run enroll again with what the message asks for.',
    );
    expect(copy.tree()).toEqual(before);

    const again = await copy.run(['enroll', '--again', ...TRUST]);
    expect(again).toMatchObject({ status: 0, stderr: '' });
    expect(again.stdout).toMatch(/^Enrolled: the state is begun\./);
    expect(copy.journal()).toMatchObject({ epoch: 1 });
    expect(await copy.json(['resign', '--force'])).toMatchObject({ version: 105 });
    expect(client.update(copy.repository).timestamp.version).toBe(105);
  });

  test.each([
    {
      lost: 'the journal',
      lose: (copy: WorkingCopy) => {
        unlinkSync(copy.path('.timekeeper', 'journal.json'));
      },
      code: 'JOURNAL_MISSING',
    },
    {
      lost: 'the content of the journal',
      lose: (copy: WorkingCopy) => {
        writeFileSync(copy.path('.timekeeper', 'journal.json'), '');
      },
      code: 'JOURNAL_INVALID',
    },
  ])('--again is the way out when $lost is lost', async ({ lose, code }) => {
    const copy = await enrolledCopyOf();
    lose(copy);
    const refused = await copy.json(['resign', '--force']);
    expect(refused).toMatchObject({ code, remedy: expect.stringContaining('enroll --again') });
    expect(await copy.json(['enroll', '--again', ...TRUST])).toMatchObject({ code: 'NOT_DUE' });
    expect(await copy.json(['resign', '--force'])).toMatchObject({ version: 104 });
  });

  test('--again accepts an older snapshot and a jump of versions only when they are named', async () => {
    const copy = await enrolledCopyOf();
    const file = copy.path('.timekeeper', 'journal.json');
    const journal = copy.bytes('.timekeeper', 'journal.json').toString();
    writeFileSync(file, journal.replace('"snapshot": {\n  "version": 2,', '"snapshot": {\n  "version": 7,'));
    const rollback = await copy.json(['enroll', '--again', ...TRUST]);
    expect(rollback).toMatchObject({
      code: 'SNAPSHOT_ROLLBACK',
      message: expect.stringMatching(/add --accept-snapshot 2\.$/),
    });
    expect(await copy.json(['enroll', '--again', ...TRUST, '--accept-snapshot', '2'])).toMatchObject({
      code: 'NOT_DUE',
    });
    expect(await copy.json(['enroll', '--again', ...TRUST, '--accept-version', '900'])).toMatchObject({
      code: 'NOT_DUE',
    });
    expect(await copy.json(['resign', '--force'])).toMatchObject({ version: 1001 });
  });
});

const OTHER = join(FIXTURES, 'plain-key');

interface Trouble {
  readonly given: string;
  readonly words?: readonly string[];
  readonly options?: RunOptions;
  readonly arrange?: (copy: WorkingCopy) => void;
  readonly code: Code;
}

describe('enroll leaves no state behind', () => {
  const troubles: readonly Trouble[] = [
    { given: 'a wrong passphrase', options: { passphrase: 'wrong' }, code: 'KEY_UNREADABLE' },
    { given: 'no passphrase', options: { passphrase: null }, code: 'USAGE' },
    { given: 'no key file', words: ['--key', 'nothing'], code: 'KEY_FILE_MISSING' },
    {
      given: 'the key of another role',
      words: ['--key', 'keys/snapshot.json'],
      options: { passphrase: 'snapshotpw' },
      code: 'KEY_NOT_IN_ROOT',
    },
    {
      given: 'the root of another repository',
      words: ['--trusted-root', join(OTHER, 'repository', 'root.json')],
      code: 'SIGNATURE_INVALID',
    },
    { given: 'a version below the published one', words: ['--accept-version', '2'], code: 'ACCEPT_INVALID' },
    { given: 'a snapshot that is not the published one', words: ['--accept-snapshot', '1'], code: 'ACCEPT_INVALID' },
    {
      given: 'a foreign timestamp',
      words: ['--accept-timestamp', join(OTHER, 'repository', 'timestamp.json')],
      code: 'ACCEPT_INVALID',
    },
    {
      given: 'a repository without timestamp.json',
      arrange: (copy) => {
        unlinkSync(copy.path('repository', 'timestamp.json'));
      },
      code: 'NO_BASELINE',
    },
    {
      given: 'a repository without snapshot.json',
      arrange: (copy) => {
        unlinkSync(copy.path('repository', 'snapshot.json'));
      },
      code: 'SNAPSHOT_MISSING',
    },
    {
      given: 'an empty timestamp.json',
      arrange: (copy) => {
        copy.timestamp = '';
      },
      code: 'NOT_JSON',
    },
    {
      given: 'no repository at all in the folder repository/',
      arrange: (copy) => {
        rmSync(copy.repository, { recursive: true });
        mkdirSync(copy.repository);
      },
      words: ['--trusted-root', join(FIXTURES, 'go-tuf-v0.5.2', 'repository', 'root.json')],
      code: 'NO_BASELINE',
    },
  ];

  test.each(troubles)('given $given', async ({ words = [], options, arrange, code }) => {
    const copy = copyOf();
    arrange?.(copy);
    const before = copy.tree();
    const line = ['enroll', ...(words.includes('--trusted-root') ? [] : TRUST), ...words];
    const outcome = await copy.json(line, options);
    expect(outcome).toMatchObject({ code, dryRun: true });
    const { stdout, stderr } = await copy.run(line, options);
    expect(stdout).toBe('');
    expect(stderr).toContain(`(${code}): ${outcome.message}\n  What to do:  ${outcome.remedy}\n`);
    expect(copy.tree()).toEqual(before);
  });
});

testWrongUsage('enroll', TRUST, [
  ...['0', '-1', '1.5', 'ten', '9007199254740993', ''].map((number) => ({
    given: `--accept-version ${JSON.stringify(number)}`,
    words: ['--accept-version', number],
    says: /^--accept-version is ".*", not a whole number of 1 or more\.$/,
    advises: /^See --help\.$/,
  })),
  {
    given: 'an accepted timestamp that is missing',
    words: ['--accept-timestamp', 'nothing.json'],
    says: /no file "nothing\.json", which --accept-timestamp names/,
    advises: /^Name the right file\.$/,
  },
]);

test('enroll asks for a root that somebody trusts', async () => {
  const copy = copyOf();
  expect(await copy.json(['enroll'])).toMatchObject({
    code: 'USAGE',
    message: 'No root is named to begin from.',
    remedy: expect.stringMatching(/--trusted-root FILE/),
  });
});
