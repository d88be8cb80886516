import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Code } from '../../lib/contract/codes.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { describeWhere } from './describe-where.ts';
import { testWrongUsage } from './expect-directory-command.ts';
import { findMounts } from './mounts.ts';
import { publishSnapshot } from './publish-snapshot.ts';
import { ask, findTerminal } from './terminal.ts';
import { commandLine, environment, NOW, outcomeOf, timekeeper, type RunOptions } from './timekeeper.ts';
import { Client, copyOf, differences, enrolledCopyOf, FIXTURES, newPath, WorkingCopy } from './working-copy.ts';

const STATE = ['.timekeeper', '.timekeeper/journal.json', '.timekeeper/root-chain.json'];
const TRUST = ['--trusted-root', 'repository/root.json'];

describe('resign', () => {
  test('refuses to begin without a trusted root, and says how to pin the one that is published', async () => {
    const copy = copyOf();
    const before = copy.tree();
    const run = await copy.run(['resign']);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(/^Refused \(NO_BASELINE\): .*version 1 and SHA-256 85913544[0-9a-f]{56}; its root keys/);
    expect(run.stderr).toContain('What to do:  Compare the published root with a copy from another place');
    expect(copy.tree()).toEqual(before);
  });

  test('begins the state with the first trusted root, and does nothing more while nothing is due', async () => {
    const copy = copyOf();
    const before = copy.tree();
    const outcome = await copy.json(['resign', ...TRUST]);
    expect(outcome).toMatchObject({
      outcome: 'skipped',
      code: 'NOT_DUE',
      remedy: '',
      dryRun: false,
      version: 3,
      expires: '2026-12-06T16:35:14Z',
      effectiveExpiry: '2026-12-06T16:35:14Z',
      nextDueAt: '2026-11-25T16:35:14Z',
      warnings: [],
      keyIds: [],
    });
    expect(differences(before, copy.tree())).toEqual(STATE);
  });

  test('says to a person when it signs next, and how to sign now', async () => {
    const copy = await enrolledCopyOf();
    const run = await copy.run(['resign']);
    expect(run).toEqual({
      status: 0,
      stderr: '',
      stdout: `Nothing done (NOT_DUE): timestamp.json version 3 is healthy; the next signature is due at 2026-11-25T16:35:14Z.
  To sign now all the same:  timekeeper resign --force
  Published:   timestamp.json version 3, expires 2026-12-06T16:35:14Z (in 13 days)
  Next:        2026-11-25T16:35:14Z (in 2 days)
`,
    });
  });

  test('signs when it is due, and changes nothing but timestamp.json and its own state', async () => {
    const copy = await enrolledCopyOf();
    const now = '2026-11-25T16:35:14Z';
    const client = new Client(copy.bytes('repository', '1.root.json'));
    client.update(copy.repository);
    chmodSync(copy.path('repository', 'timestamp.json'), 0o640);
    const before = copy.tree();
    const outcome = await copy.json(['resign'], { now });
    expect(outcome).toMatchObject({
      repository: copy.folder.split('/').at(-1),
      outcome: 'signed',
      code: 'SIGNED',
      remedy: '',
      dryRun: false,
      version: 4,
      expires: '2026-12-09T16:35:14Z',
      effectiveExpiry: '2026-12-09T16:35:14Z',
      nextDueAt: '2026-11-28T16:35:14Z',
      keyIds: ['d3865141412fb29830bb75dd110ff8f2a78aa74b515e5cd094f3107ba376bf28'],
    });
    const after = copy.tree();
    expect(differences(before, after)).toEqual(['.timekeeper/journal.json', 'repository/timestamp.json']);
    expect(after['repository/timestamp.json']).toMatch(/^100640 /);
    expect(client.update(copy.repository, now).timestamp.version).toBe(4);
  });

  test('keeps its state to itself', async () => {
    const copy = await enrolledCopyOf();
    const tree = copy.tree();
    expect(tree['.timekeeper']).toBe('40700');
    expect(tree['.timekeeper/journal.json']).toMatch(/^100600 /);
    expect(tree['.timekeeper/root-chain.json']).toMatch(/^100600 /);
  });

  test('tells a person what it signed', async () => {
    const copy = await enrolledCopyOf();
    const { status, stdout, stderr } = await copy.run(['resign', '--force']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout)
      .toBe(`Signed (SIGNED): timestamp.json version 3 was not due before 2026-11-25T16:35:14Z; it was forced.
  Published:   timestamp.json version 4, expires 2026-12-08T00:00:00Z (in 14 days)
  Next:        2026-11-27T00:00:00Z (in 3 days)
`);
  });

  test('signs a timestamp that has expired long ago', async () => {
    const copy = await enrolledCopyOf();
    expect(await copy.json(['resign'], { now: '2028-01-01T00:00:00Z' })).toMatchObject({ code: 'SIGNED', version: 4 });
  });

  test('lets a new timestamp live as long as --validity says', async () => {
    const copy = await enrolledCopyOf();
    const options = ['--validity', '30 days', '--resign-after', '90 minutes'];
    const outcome = await copy.json(['resign', ...options]);
    expect(outcome).toMatchObject({ expires: '2026-12-24T00:00:00Z', nextDueAt: '2026-11-24T01:30:00Z' });
    expect(copy.signed().expires).toBe('2026-12-24T00:00:00Z');
  });

  test('writes the reason into the journal, and nowhere else', async () => {
    const copy = await enrolledCopyOf();
    await copy.json(['resign', '--force', '--reason', 'the "drill" of May \u202e']);
    expect(copy.journal().entry).toMatchObject({ version: 4, reason: 'the "drill" of May \u202e' });
    expect(copy.timestamp.toString()).not.toContain('drill');
  });

  test('works on the folder that is current, on another, and on the one with the metadata itself', async () => {
    const copy = await enrolledCopyOf();
    expect(await copy.json(['resign', '--force'])).toMatchObject({ version: 4 });
    const elsewhere = { cwd: '/' };
    expect(await copy.json(['resign', '--force', '--path', copy.folder], elsewhere)).toMatchObject({ version: 5 });
    const bare = ['--path', copy.repository, '--state', copy.path('.timekeeper')];
    const key = ['--key', copy.path('keys', 'timestamp.json')];
    expect(await copy.json(['resign', '--force', ...bare, ...key], elsewhere)).toMatchObject({
      repository: 'repository',
      version: 6,
    });
  });

  test('keeps its state where --state says', async () => {
    const copy = copyOf();
    const before = copy.tree();
    const state = newPath();
    expect(await copy.json(['resign', '--force', ...TRUST, '--state', state])).toMatchObject({ version: 4 });
    expect(differences(before, copy.tree())).toEqual(['repository/timestamp.json']);
    expect(Object.keys(new WorkingCopy(state).tree())).toEqual(['journal.json', 'root-chain.json']);
    expect(await copy.json(['resign', '--state', join(state, 'a', 'b')])).toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  test('may be moved with its folder', async () => {
    const copy = await enrolledCopyOf();
    const moved = new WorkingCopy(newPath());
    renameSync(copy.folder, moved.folder);
    expect(await moved.json(['resign', '--force'])).toMatchObject({ code: 'SIGNED', version: 4 });
  });

  test('warns of metadata that fleetctl left in staged/', async () => {
    const copy = await enrolledCopyOf();
    mkdirSync(copy.path('staged'));
    copyFileSync(copy.path('repository', 'timestamp.json'), copy.path('staged', 'timestamp.json'));
    expect((await copy.json(['resign', '--force'])).warnings).toEqual([
      { code: 'STAGED_METADATA', message: 'staged/ still holds "timestamp.json".' },
    ]);
    expect((await copy.run(['resign'])).stdout).toContain(
      'Warning (STAGED_METADATA): staged/ still holds "timestamp.json". Empty the folder staged/: fleetctl would sign over it.',
    );
  });

  test('repairs a repository and says what to find out', async () => {
    const copy = await enrolledCopyOf();
    unlinkSync(copy.path('repository', 'timestamp.json'));
    const run = await copy.run(['resign']);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^Signed \(HEALED_MISSING\): .*\n {2}What to do: {2}Find out who deleted timestamp\.json\.\n/,
    );
    expect(copy.signed().version).toBe(4);
  });

  test('leaves a repository that only --force repairs at once, with status 1', async () => {
    const copy = await enrolledCopyOf();
    copy.timestamp = '<html>502 Bad Gateway</html>';
    expect(await copy.json(['resign'])).toMatchObject({ outcome: 'skipped', code: 'HEAL_WAITS' });
    expect(await copy.json(['resign', '--force'])).toMatchObject({
      outcome: 'signed',
      code: 'HEALED_GARBAGE',
      version: 4,
    });
  });

  test('endorses a newer snapshot with --mode advance only', async () => {
    const copy = await enrolledCopyOf('plain-key');
    await publishSnapshot(copy, 2);
    const later = { now: '2026-11-24T03:00:00Z' };
    expect(await copy.json(['resign'])).toMatchObject({ outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' });
    expect(await copy.json(['resign', '--force'], later)).toMatchObject({
      outcome: 'refused',
      code: 'SNAPSHOT_NOT_ENDORSED',
    });
    expect(copy.signed().version).toBe(1);
    expect(await copy.json(['resign', '--mode', 'advance'], later)).toMatchObject({ code: 'SIGNED', version: 2 });
    expect(copy.signed().meta['snapshot.json']?.version).toBe(2);
    new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
  });
});

test('a root as updates roots prints it, with a newline more than the published one, is trusted like that', async () => {
  for (const [pinned, later] of [['printed.json', 'repository/1.root.json'], ['repository/1.root.json', 'printed.json']] as const) {
    const copy = copyOf();
    const { stdout } = await copy.run(['updates', 'roots']);
    writeFileSync(copy.path('printed.json'), stdout);
    expect(copy.bytes('printed.json')).toEqual(Buffer.concat([copy.bytes('repository', '1.root.json'), Buffer.from('\n')]));
    const answers: readonly (readonly string[])[] = [['resign', '--trusted-root', pinned], ['resign', '--force'], ['plan', '--trusted-root', later], ['status', '.', '--trusted-root', later]];
    for (const words of answers) {
      const { status, stdout: json } = await copy.run([...words, '--json']);
      expect({ words, status, warnings: (JSON.parse(json) as { warnings: unknown }).warnings }).toEqual({ words, status: 0, warnings: [] });
    }
  }
}); // prettier-ignore

describe('resign --dry-run', () => {
  test('changes nothing at all before the state is begun', async () => {
    const copy = copyOf();
    const before = copy.tree();
    const outcome = await copy.json(['resign', '--dry-run', '--force', ...TRUST]);
    expect(outcome).toMatchObject({ outcome: 'signed', code: 'SIGNED', dryRun: true, version: 3 });
    expect(outcome.keyIds).toHaveLength(1);
    expect(copy.tree()).toEqual(before);
  });

  test('has the verdict of a real run, and notes in the journal that it signed a probe', async () => {
    const copy = await enrolledCopyOf();
    const before = copy.tree();
    expect(await copy.json(['resign', '--dry-run'])).toMatchObject({ code: 'NOT_DUE', dryRun: true });
    expect(differences(before, copy.tree())).toEqual(['.timekeeper/journal.json']);
    expect(copy.journal().probedAt).toBe(NOW);
    const { status, stdout } = await copy.run(['resign', '--dry-run', '--force']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Would sign \(SIGNED\)/);
    expect((await copy.run(['resign', '--dry-run'])).stdout).toMatch(/^Would do nothing \(NOT_DUE\)/);
    expect(copy.signed().version).toBe(3);
  });

  test('opens the key, and so finds a wrong passphrase', async () => {
    const copy = await enrolledCopyOf();
    expect(await copy.json(['resign', '--dry-run'], { passphrase: 'wrong' })).toMatchObject({ code: 'KEY_UNREADABLE' });
  });
});

testWrongUsage('resign');

describe('resign --json prints one object when the words themselves are wrong', () => {
  test.each([
    { words: ['bogus', '--json'], message: "Unknown command 'bogus'." },
    { words: ['resign', '--jsom', '--json'], message: "Unknown option '--jsom' (Did you mean --json?)." },
    { words: ['resign', '--json', '--key'], message: "Option '--key <file>' argument missing." },
  ])('$words', async ({ words, message }) => {
    const { code, ...outcome } = outcomeOf(await timekeeper(words));
    expect(code).toBe('USAGE');
    expect(outcome.message).toBe(message);
  });
});

test('without a command it shows the help and ends with status 2', async () => {
  const run = await timekeeper([]);
  expect(run).toMatchObject({ status: 2, stdout: '' });
  expect(run.stderr).toMatch(/^Usage: timekeeper \[options\] \[command\]\n/);
  expect(run.stderr).not.toContain('outputHelp');
});

test.each([['--help'], ['help'], ['resign', '--help'], ['help', 'enroll'], ['--version']])(
  'answers %s %s with status 0',
  async (...words) => {
    const { status, stdout, stderr } = await timekeeper(words.filter((word) => typeof word === 'string'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: timekeeper|^\d+\.\d+\.\d+\n$/);
  },
);

describe('resign signs with the key file', () => {
  test.each([
    { fixture: 'go-tuf-v0.5.2', of: 'of go-tuf', version: 4 },
    { fixture: 'rotated', of: 'with an old key and a new one', version: 5 },
    { fixture: 'consistent', of: 'of a repository with consistent snapshots', version: 5 },
    { fixture: 'plain-key', of: 'that is not encrypted', version: 2 },
    { fixture: 'ecdsa-key', of: 'with an ECDSA key', version: 2 },
    { fixture: 'rsa-key', of: 'with an RSA key', version: 2 },
    { fixture: 'scrypt-65536', of: 'with scrypt N=65536', version: 2 },
    { fixture: 'scrypt-131072', of: 'with scrypt N=131072', version: 2 },
  ])('$of', async ({ fixture, version }) => {
    const copy = copyOf(fixture);
    const client = new Client(copy.bytes('repository', '1.root.json'));
    client.update(copy.repository);
    const passphrase = fixture === 'plain-key' ? { passphrase: null } : {};
    const outcome = await copy.json(['resign', '--force', '--trusted-root', 'repository/1.root.json'], passphrase);
    expect(outcome).toMatchObject({ outcome: 'signed', version, expires: '2026-12-08T00:00:00Z' });
    expect(client.update(copy.repository).timestamp).toMatchObject({ version });
  });
});

interface Trouble {
  readonly given: string;
  readonly fixture?: string;
  readonly arrange?: (copy: WorkingCopy) => void;
  readonly words?: readonly string[];
  readonly options?: RunOptions;
  readonly code: Code;
  readonly says: RegExp;
  readonly advises: RegExp;
}

const TROUBLES: readonly Trouble[] = [
  {
    given: 'a wrong passphrase',
    options: { passphrase: 'timestampe5' },
    code: 'KEY_UNREADABLE',
    says: /keys\/timestamp\.json cannot be decrypted: the passphrase is wrong, or the file is damaged\.$/,
    advises: /FLEET_TIMESTAMP_PASSPHRASE, no newline/,
  },
  {
    given: 'the right passphrase with a newline behind it',
    options: { passphrase: 'timestämp5#$#@\n' },
    code: 'KEY_UNREADABLE',
    says: /the passphrase ends in a newline, which may not belong to it\.$/,
    advises: /no newline at its end/,
  },
  {
    given: 'an empty passphrase',
    options: { passphrase: '' },
    code: 'USAGE',
    says: /^The passphrase of the timestamp key is empty\.$/,
    advises: /^Set FLEET_TIMESTAMP_PASSPHRASE to the passphrase, or unset it/,
  },
  {
    given: 'a passphrase in which bytes were lost because they are not UTF-8',
    options: { passphrase: 'caf\ufffd' },
    code: 'USAGE',
    says: /^The passphrase of the timestamp key is not UTF-8\.$/,
    advises: /^Set FLEET_TIMESTAMP_PASSPHRASE in UTF-8/,
  },
  {
    given: 'no passphrase and no terminal to ask',
    options: { passphrase: null },
    code: 'USAGE',
    says: /^The passphrase of the timestamp key is not known, and there is no terminal to ask for it\.$/,
    advises: /^Set FLEET_TIMESTAMP_PASSPHRASE, or run this in a terminal\.$/,
  },
  {
    given: 'a passphrase on stdin, which is no terminal',
    options: { passphrase: null, input: 'timestämp5#$#@\n' },
    code: 'USAGE',
    says: /no terminal/,
    advises: /Set FLEET_TIMESTAMP_PASSPHRASE/,
  },
  {
    given: 'no key file',
    arrange: (copy) => {
      unlinkSync(copy.path('keys', 'timestamp.json'));
    },
    code: 'KEY_FILE_MISSING',
    says: /^There is no key file \/.*keys\/timestamp\.json\.$/,
    advises: /^Name the key file with --key/,
  },
  {
    given: 'a key file that --key names and that is not there',
    words: ['--key', 'nothing.json'],
    code: 'KEY_FILE_MISSING',
    says: /^There is no key file nothing\.json\.$/,
    advises: /--key/,
  },
  {
    given: 'the folder with the metadata itself and no --key',
    words: ['--path', 'repository', '--state', 'state'],
    code: 'KEY_FILE_MISSING',
    says: /^There is no key file keys\/timestamp\.json beside a folder with the metadata itself\.$/,
    advises: /^Name the key file with --key/,
  },
  {
    given: 'a folder as the key file',
    words: ['--key', 'keys'],
    code: 'USAGE',
    says: /"keys" is a folder, not a file/,
    advises: /Name the right file/,
  },
  {
    given: 'the key file of another role, that opens',
    fixture: 'plain-key',
    words: ['--key', 'keys/snapshot.json'],
    code: 'KEY_NOT_IN_ROOT',
    says: /^Root version 1 does not list our key for the timestamp role; it lists 51fcb8538e156087\.$/,
    advises: /Use a key that the root lists for the timestamp role/,
  },
  {
    given: 'the key file of another role, under another passphrase',
    words: ['--key', 'keys/snapshot.json'],
    code: 'KEY_UNREADABLE',
    says: /keys\/snapshot\.json cannot be decrypted/,
    advises: /Check the passphrase/,
  },
  {
    given: 'the key of another repository',
    fixture: 'plain-key',
    words: ['--key', join(FIXTURES, 'go-tuf-v0.5.2', 'keys', 'timestamp.json')],
    code: 'KEY_NOT_IN_ROOT',
    says: /^Root version 1 does not list our key/,
    advises: /after a rotation: the new one/,
  },
  {
    given: 'metadata as the key file',
    words: ['--key', 'repository/root.json'],
    code: 'KEY_UNREADABLE',
    says: /repository\/root\.json/,
    advises: /the key file\.$/,
  },
  {
    given: 'a key file that is cut off',
    arrange: (copy) => {
      writeFileSync(copy.path('keys', 'timestamp.json'), copy.bytes('keys', 'timestamp.json').subarray(0, 300));
    },
    code: 'KEY_UNREADABLE',
    says: /keys\/timestamp\.json/,
    advises: /the key file\.$/,
  },
  {
    given: 'a private key that is cut off, in a file that is not encrypted',
    fixture: 'plain-key',
    arrange: (copy) => {
      const text = copy.bytes('keys', 'timestamp.json').toString();
      writeFileSync(copy.path('keys', 'timestamp.json'), text.replace(/("private": "[0-9a-f]{100})[0-9a-f]+/, '$1'));
    },
    code: 'KEY_UNREADABLE',
    says: /keys\/timestamp\.json/,
    advises: /the key file\.$/,
  },
  {
    given: 'a key file that wants scrypt with 2^20',
    arrange: (copy) => {
      const text = copy.bytes('keys', 'timestamp.json').toString();
      writeFileSync(copy.path('keys', 'timestamp.json'), text.replace('"N": 32768', '"N": 1048576'));
    },
    code: 'KDF_REFUSED',
    says: /N=1048576/,
    advises: /N=32768/,
  },
  {
    given: 'a file that is no root as the trusted root',
    words: ['--trusted-root', 'repository/snapshot.json'],
    code: 'MISSING_FIELD',
    says: /trusted root.* is "snapshot", not "root"/,
    advises: /another kind of file/,
  },
  {
    given: 'a trusted root that is not JSON',
    arrange: (copy) => {
      writeFileSync(copy.path('text'), 'root\n');
    },
    words: ['--trusted-root', 'text'],
    code: 'NOT_JSON',
    says: /trusted root/,
    advises: /Put back the file/,
  },
  {
    given: 'the trusted root of another repository',
    words: ['--trusted-root', join(FIXTURES, 'plain-key', 'repository', 'root.json')],
    code: 'SIGNATURE_INVALID',
    says: /^timestamp\.json \(version 3\) .* Is the trusted root that of this repository\?$/,
    advises: /^Put back the file/,
  },
];

describe('resign changes nothing and says what to do', () => {
  test.each(TROUBLES)('given $given', async ({ fixture, arrange, words = [], options, code, says, advises }) => {
    const copy = copyOf(fixture);
    arrange?.(copy);
    const before = copy.tree();
    const line = ['resign', '--force', ...(words.includes('--trusted-root') ? [] : TRUST), ...words];
    const outcome = await copy.json(line, options);
    const plain = await copy.run(line, options);
    expect(outcome).toMatchObject({ code, version: null, expires: null, keyIds: [] });
    expect(outcome.message).toMatch(says);
    expect(outcome.remedy).toMatch(advises);
    expect(plain.stdout).toBe('');
    expect(plain.stderr).toMatch(/^(Refused|Failed) \([A-Z_]+\): .*\n {2}What to do: {2}.*\n$/);
    expect(plain.stderr).toContain(`${outcome.message}\n  What to do:  ${outcome.remedy}`);
    expect(copy.tree()).toEqual(before);
  });

  test.each([
    { given: 'the root of another repository', file: ['plain-key', 'repository', 'root.json'] },
    { given: 'a root of another chain with a higher version', file: ['rotated', 'repository', 'root.json'] },
  ])('given $given once the state is begun', async ({ file }) => {
    const copy = await enrolledCopyOf();
    const before = copy.tree();
    const words = ['resign', '--force', '--trusted-root', join(FIXTURES, ...file)];
    expect(await copy.json(words)).toMatchObject({ outcome: 'refused', code: 'ROOT_PIN_MISMATCH' });
    expect(copy.tree()).toEqual(before);
  });

  test('given a passphrase that became wrong once the state is begun', async () => {
    const copy = await enrolledCopyOf();
    const before = copy.tree();
    expect(await copy.json(['resign', '--force'], { passphrase: 'no' })).toMatchObject({ code: 'KEY_UNREADABLE' });
    expect(copy.tree()).toEqual(before);
  });

  test('given a timestamp.json that is a link out of the repository', async () => {
    const copy = await enrolledCopyOf();
    renameSync(copy.path('repository', 'timestamp.json'), copy.path('elsewhere.json'));
    symlinkSync('../elsewhere.json', copy.path('repository', 'timestamp.json'));
    const before = copy.tree();
    const outcome = await copy.json(['resign', '--force']);
    expect(outcome).toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('is a symbolic link, not a file'),
    });
    expect(copy.tree()).toEqual(before);
  });
});

test('never asks for a passphrase when there is nothing to sign', async () => {
  const copy = await enrolledCopyOf();
  expect(await copy.json(['resign'], { passphrase: null })).toMatchObject({ code: 'NOT_DUE' });
});

describeWhere('resign on a terminal', 'Python 3 for a pseudo-terminal', findTerminal(), (terminal) => {
  const passphrase = 'timestämp5#$#@';

  test('would be seen to echo, if it did', async () => {
    const cat = ['sh', '-c', 'echo ready; read line; echo done'];
    const { screen } = await terminal.run(cat, `${passphrase}\r`, 'ready');
    expect(screen).toContain(passphrase);
  });

  test('asks for the passphrase and does not echo it', async () => {
    const copy = await enrolledCopyOf();
    const { status, screen, raw } = await ask(terminal, ['resign', '--force'], `${passphrase}\r`, { cwd: copy.folder });
    expect(screen).toMatch(/Enter timestamp key passphrase:/);
    expect(screen).toMatch(/Signed \(SIGNED\)/);
    expect(status).toBe(0);
    for (const piece of ['timestä', '5#$', 'stämp']) expect(raw).not.toContain(piece);
  });

  test.each([
    { typed: 'nonsense\r', status: 1, says: /Refused \(KEY_UNREADABLE\)/ },
    { typed: '\r', status: 2, says: /Failed \(USAGE\): The passphrase of the timestamp key is empty\./ },
    { typed: '\u0003', status: 2, says: /Failed \(USAGE\): No passphrase for the timestamp key was entered\./ },
    { typed: '\u0004', status: 2, says: /Failed \(USAGE\)/ },
  ])('changes nothing when somebody types $typed', async ({ typed, status, says }) => {
    const copy = await enrolledCopyOf();
    const before = copy.tree();
    const shown = await ask(terminal, ['resign', '--force'], typed, { cwd: copy.folder });
    expect(shown.screen).toMatch(says);
    expect(shown.screen).not.toMatch(/nonsense|^\s+at /m);
    expect(shown.status).toBe(status);
    expect(copy.tree()).toEqual(before);
  });

  test('asks on stderr, so that stdout is one JSON object', async () => {
    const copy = await enrolledCopyOf();
    const [command, ...words] = commandLine(['resign', '--force', '--json']);
    const toFile = ['sh', '-c', 'cd "$0" && exec "$@" >out', copy.folder, command!, ...words];
    const env = environment({ passphrase: null });
    const { status, screen } = await terminal.run(toFile, `${passphrase}\r`, 'passphrase:', env);
    expect(status).toBe(0);
    expect(screen).not.toContain('{');
    expect(outcomeOf({ status, stdout: copy.bytes('out').toString(), stderr: '' })).toMatchObject({ version: 4 });
  });
});

describe('resign whose output nobody takes', () => {
  test('has signed all the same when the reader of a pipe is gone', async () => {
    const copy = await enrolledCopyOf();
    const [program, ...args] = commandLine(['resign', '--force']);
    const child = spawn(program!, args, { cwd: copy.folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const errors: string[] = [];
    child.stderr.on('data', (piece: Buffer) => errors.push(piece.toString()));
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect({ status, errors }).toEqual({ status: 0, errors: [] });
    expect(copy.signed().version).toBe(4);
  });
});

describeWhere(
  'resign whose output finds no room',
  '/dev/full',
  existsSync('/dev/full') ? '/dev/full' : undefined,
  (full) => {
    test('ends with status 3 when the file that it goes to cannot be written', async () => {
      const copy = await enrolledCopyOf();
      const [program, ...args] = commandLine(['resign', '--force', '--json']);
      const stdio = ['ignore', openSync(full, 'w'), 'pipe'] as const;
      const child = spawn(program!, args, { cwd: copy.folder, env: environment(), stdio: [...stdio] });
      const errors: string[] = [];
      child.stderr!.on('data', (piece: Buffer) => errors.push(piece.toString()));
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(3);
      expect(errors.join('')).toMatch(/^The output could not be written: .*\n {2}What to do: {2}.*\n$/);
      expect(copy.signed().version).toBe(4);
    });
  },
);

describeWhere('resign on file systems that say no', 'the right to mount (unshare -rm)', findMounts(), (mounts) => {
  afterAll(() => {
    mounts.end();
  });

  test('fails with status 3 where nobody can write, and works there once the state is elsewhere and nothing is due', async () => {
    const copy = await enrolledCopyOf();
    const readOnly = new WorkingCopy(await mounts.readOnly(copy.folder));
    const before = copy.tree();
    for (const words of [['resign', '--force'], ['resign']]) {
      const outcome = await readOnly.json([...words, '--path', readOnly.folder], { cwd: '/' });
      expect(outcome).toMatchObject({ code: 'ACCESS_DENIED' });
      expect(outcome.message).toMatch(
        /run\.lock in .*\.timekeeper could not be taken: EROFS: read-only file system\.$/,
      );
    }
    const state = newPath();
    const elsewhere = [
      '--path',
      readOnly.folder,
      '--state',
      state,
      '--trusted-root',
      copy.path('repository', 'root.json'),
    ];
    expect(await readOnly.json(['resign', ...elsewhere], { cwd: '/' })).toMatchObject({ code: 'NOT_DUE' });
    const forced = await readOnly.json(['resign', '--force', ...elsewhere], { cwd: '/' });
    expect(forced).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(/^timestamp\.json in .*EROFS/),
    });
    expect(copy.tree()).toEqual(before);
  });

  test('leaves nothing half-written on a full disk, however little room there is, and the next run repairs what there is', async () => {
    const outcomes: Outcome[] = [];
    for (let pages = 0; pages < 5; pages++) {
      const disk = await mounts.inMemory('256k');
      const copy = copyOf('plain-key', join(disk, 'copy'));
      // A process cannot tell the path of its current folder across name spaces.
      const run = (...words: readonly string[]) =>
        copy.json(['resign', '--force', '--path', copy.folder, ...words], { cwd: '/' });
      const client = new Client(copy.bytes('repository', '1.root.json'));
      expect(await run('--trusted-root', copy.path('repository', 'root.json'))).toMatchObject({ version: 2 });
      client.update(copy.repository);
      const names = Object.keys(copy.tree());

      fill(join(disk, 'filling'), pages);
      const outcome = await run();
      outcomes.push(outcome);
      expect(Object.keys(copy.tree())).toEqual(names);
      expect(client.update(copy.repository).timestamp.version).toBe(outcome.outcome === 'signed' ? 3 : 2);

      rmSync(join(disk, 'filling'));
      const healed = await run();
      expect(healed).toMatchObject({ outcome: 'signed' });
      expect(Object.keys(copy.tree())).toEqual(names);
      expect(client.update(copy.repository).timestamp.version).toBe(healed.version);
    }
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(['STORE_FULL', 'SIGNED']));
    for (const { message } of outcomes.filter(({ outcome }) => outcome === 'failed'))
      expect(message).toMatch(/ in .* could not be (taken|written): ENOSPC: no space left on device\.$/);
  });
});

/** Fills a disk up but for some pages of 4 KiB. */
function fill(path: string, pages: number): void {
  const page = Buffer.alloc(4_096);
  const file = openSync(path, 'w');
  let written = 0;
  try {
    for (;;) written += writeSync(file, page);
  } catch {
    ftruncateSync(file, Math.max(0, written - pages * page.length));
  }
  closeSync(file);
}
