import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { OTHER_KEYS } from '../authoring/public-keys.ts';
import { contentOf, ours } from '../authoring/updates.ts';
import { describeWhere } from './describe-where.ts';
import { findTerminal } from './terminal.ts';
import { commandLine, environment, type Run, type RunOptions } from './timekeeper.ts';
import { Client, newPath, WorkingCopy } from './working-copy.ts';

const PASSPHRASES = { root: 'for root', targets: 'for targets', snapshot: 'for snapshot', timestamp: 'for timestamp' };
const WORDS = Object.fromEntries(
  Object.entries(PASSPHRASES).map(([role, word]) => [`FLEET_${role.toUpperCase()}_PASSPHRASE`, word]),
);
const [ed25519, p256, rsa] = OTHER_KEYS;

let original: string;
let copy: WorkingCopy;
beforeAll(async () => {
  original = newPath();
  await ours.init(original, { passphrases: PASSPHRASES });
});
beforeEach(() => {
  copy = new WorkingCopy(newPath());
  cpSync(original, copy.folder, { recursive: true });
  writeFileSync(copy.path('key.json'), JSON.stringify(ed25519.json));
  writeFileSync(copy.path('key.pem'), p256.pem);
  writeFileSync(copy.path('rsa.pem'), rsa.pem);
});

const run = (words: readonly string[], options: RunOptions = {}): Promise<Run> =>
  copy.run(['updates', ...words], { passphrase: null, env: WORDS, ...options });
const done = async (words: readonly string[], options: RunOptions = {}): Promise<string> => {
  const { status, stdout, stderr } = await run(words, options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};
const roleIn = (role: string, name = 'root.json') =>
  (copy.signed(name) as unknown as { roles: Record<string, { keyids: string[]; threshold: number }> }).roles[role]!;
const idOf = (role: string) => roleIn(role).keyids[0]!;

describe('add-key', () => {
  test('says which key was added, all that the new root changes, and what it signed again', async () => {
    const stdout = await done(['add-key', 'timestamp', 'key.json']);
    const { keyids } = roleIn('timestamp');
    expect(stdout.split('\n')).toEqual([
      `Added timestamp key with ID: ${keyids[1]!}`,
      expect.stringMatching(/^Root version 2, to follow version 1 \(SHA-256 of that file: [0-9a-f]{64}\)$/),
      '  expires 2036-11-21T00:00:00Z (version 1: 2036-11-21T00:00:00Z)',
      '  root: unchanged, 1 of 1 key',
      '  targets: unchanged, 1 of 1 key',
      '  snapshot: unchanged, 1 of 1 key',
      '  timestamp: 1 of 2 keys (before: 1 of 1)',
      `    + ${keyids[1]!} (ed25519)`,
      expect.stringMatching(/^ {2}fingerprint [0-9a-f]{64}$/),
      'Published 2.root.json and root.json; nothing else had to be signed',
      '',
    ]);
    new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
  });

  test('takes PEM, a threshold, and a life for the new root', async () => {
    await done(['add-key', 'root', 'key.pem', '--root-validity', '10 days']);
    expect(copy.signed('root.json').expires).toBe('2026-12-04T00:00:00Z');
    await done(['add-key', 'timestamp', '--generate', '--threshold', '1']);
    expect(roleIn('timestamp')).toMatchObject({ threshold: 1, keyids: [idOf('timestamp'), expect.any(String)] });
  });

  test('--generate says the new key’s id as fleetctl does, and says what has to be signed again, before it asks for its key', async () => {
    const { status, stdout, stderr } = await run(['add-key', 'snapshot', '--generate', '--threshold', '2']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'snapshot.json does not hold under version 2 of root.json; snapshot.json and timestamp.json will be signed again.\n' }); // prettier-ignore
    expect(stdout).toMatch(/^Generated snapshot key with ID: [0-9a-f]{64}\n/);
    expect(stdout).toContain('Published 2.root.json and root.json; signed again: snapshot.json, timestamp.json\n');
  });

  test('needs no passphrase but that of the root, where nothing has to be signed again', async () => {
    const said = await done(['add-key', 'timestamp', 'rsa.pem'], { env: { FLEET_ROOT_PASSPHRASE: PASSPHRASES.root } });
    expect(said).toContain('nothing else had to be signed');
  });
});

test('revoke-key takes out a key, and says what it signed again', async () => {
  const old = idOf('timestamp');
  await done(['add-key', 'timestamp', '--generate']);
  const { status, stdout, stderr } = await run(['revoke-key', 'timestamp', old]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/timestamp\.json will be signed again/) }); // prettier-ignore
  expect(stdout).toContain(`Revoked timestamp key with ID: ${old}\n`);
  expect(stdout).toContain(`  timestamp: 1 of 1 key (before: 1 of 2)\n    - ${old} (ed25519)\n`);
  expect(stdout).toContain('Published 3.root.json and root.json; signed again: timestamp.json\n');
});

test('generate-key prints the public half, which add-key takes, and changes no root', async () => {
  const before = copy.bytes('repository', 'root.json');
  const { status, stdout, stderr } = await run(['generate-key', 'root', '--path', 'holder']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^Generated root key with ID: [0-9a-f]{64}\n$/) }); // prettier-ignore
  expect(copy.bytes('repository', 'root.json')).toEqual(before);
  writeFileSync(copy.path('holder.json'), stdout);
  await done(['add-key', 'root', 'holder.json']);
  expect(stderr).toContain(roleIn('root').keyids[1]!);
});

describe('a ceremony', () => {
  const env = { FLEET_ROOT_PASSPHRASE: 'of bob' };
  beforeEach(async () => {
    const { stdout } = await run(['generate-key', 'root', '--path', 'bob'], { env });
    writeFileSync(copy.path('bob.json'), stdout);
    mkdirSync(copy.path('usb'));
    cpSync(copy.path('repository', 'root.json'), copy.path('trusted.json'));
  });
  const stage = () => done(['stage-root', 'usb/next-root.json', '--add-key', 'root=bob.json', '--add-key', 'timestamp=rsa.pem', '--threshold', 'root=2']); // prettier-ignore
  const sign = (file: string, more: readonly string[], options?: RunOptions) => run(['sign', file, '--trusted-root', 'trusted.json', ...more], options); // prettier-ignore

  test('stages, is read in words, signed by each, and published', async () => {
    const words = await stage();
    expect(words).toMatch(/^ {2}root: 2 of 2 keys \(before: 1 of 1\)\n {4}\+ [0-9a-f]{64} \(ed25519\)$/m);
    expect(words).toMatch(
      /^ {2}timestamp: 1 of 2 keys \(before: 1 of 1\)\n {4}\+ [0-9a-f]{64} \(rsassa-pss-sha256\)$/m,
    );
    expect(words).toMatch(/^ {2}root keys of version 2: 0 signed, 2 needed \(still to sign: [0-9a-f]{64}, [0-9a-f]{64}\)$/m); // prettier-ignore

    const first = await sign('usb/next-root.json', ['--yes']);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    const [shown] = words.split('Written to');
    expect(first.stdout.startsWith(shown!)).toBe(true); // the same words, and the same fingerprint
    expect(first.stdout).toMatch(/Signed with the key [0-9a-f]{64}\n {2}root keys of version 1: 1 signed, 1 needed \(enough\)\n {2}root keys of version 2: 1 signed, 2 needed \(still to sign: [0-9a-f]{64}\)\n {2}next, each who is to sign: timekeeper updates sign usb\/next-root\.json --key keys\/root\.json --trusted-root root\.json\n$/); // prettier-ignore
    expect(await run(['publish-root', 'usb/next-root.json'])).toMatchObject({ status: 1, stderr: expect.stringContaining('(THRESHOLD_NOT_MET)') }); // prettier-ignore

    const second = await sign('usb/next-root.json', ['--key', 'bob/keys/root.json', '--yes'], { env });
    expect(second.stdout).toMatch(
      /root keys of version 2: 2 signed, 2 needed \(enough\)\n {2}next, once home: timekeeper updates publish-root usb\/next-root\.json\n$/,
    );
    expect((await sign('usb/next-root.json', ['--yes'])).stdout).toContain('Nothing to do: these keys have signed it already.'); // prettier-ignore
    expect(await done(['publish-root', 'usb/next-root.json'])).toContain('Published 2.root.json and root.json; nothing else had to be signed\n'); // prettier-ignore
    expect(await done(['publish-root', 'usb/next-root.json'])).toBe('Nothing to do: this root is published already.\n');
    new Client(copy.bytes('trusted.json')).update(copy.repository);
  });

  test('is proved from an older root that a holder trusts by those in between', async () => {
    await done(['add-key', 'timestamp', 'key.json']);
    await done(['stage-root', 'next.json']);
    expect(await sign('next.json', ['--yes'])).toMatchObject({ status: 1, stderr: expect.stringMatching(/has version 3, and the newest root that you named has version 1.*--root 2\.root\.json/s) }); // prettier-ignore
    expect(await sign('next.json', ['--yes', '--root', 'repository/2.root.json'])).toMatchObject({ status: 0 });
  });

  test('shows every change of a file that nobody has signed yet', async () => {
    const words = await stage();
    const file = copy.path('usb', 'next-root.json');
    const text = readFileSync(file, 'utf8');
    const edits: readonly (readonly [RegExp, string, RegExp])[] = [
      [/2036-11-21/, '2037-11-21', /expires 2037-11-21T00:00:00Z/],
      [/"threshold":2/, '"threshold":1', /root: 1 of 2 keys/],
      [/"spec_version":"1.0"/, '"spec_version":"1.0.31"', /"spec_version": "1.0.31" \(before: "1.0"\)/],
      [/"signed":\{/, '"signed":{"x":"y",', /"x": "y" \(before: not there\)/],
      [/"threshold":2/, '"threshold":2,"x":1', /roles or fields of roles besides the four: changed/],
    ];
    for (const [from, to, shown] of edits) {
      writeFileSync(file, text.replace(from, to));
      const { status, stdout } = await sign('usb/next-root.json', []); // nobody answers, so nothing is signed
      expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringMatching(shown) });
      expect(stdout).not.toContain(/fingerprint .*/.exec(words)![0]);
      expect(readFileSync(file, 'utf8')).toBe(text.replace(from, to));
    }
  });

  test.each([
    { given: 'a file that is there already', words: ['stage-root', 'bob.json'], says: '"bob.json" is there already' },
    { given: 'a change without a role', words: ['stage-root', 'next.json', '--add-key', 'bob.json'], says: '--add-key is "bob.json", and names no role' }, // prettier-ignore
    { given: 'a threshold that is no number', words: ['stage-root', 'next.json', '--threshold', 'root=two'], says: '--threshold is "two", not a number of keys' }, // prettier-ignore
    { given: 'a key file where a public key is to be', words: ['add-key', 'timestamp', 'keys/timestamp.json'], says: 'is a key file, with private keys in it' }, // prettier-ignore
    { given: 'neither a file nor --generate', words: ['add-key', 'timestamp'], says: 'What is to be added is one key' },
    {
      given: 'both',
      words: ['add-key', 'timestamp', 'key.json', '--generate'],
      says: 'What is to be added is one key',
    },
    { given: 'an unknown role', words: ['revoke-key', 'mirror', 'x'], says: 'There is no role "mirror"' },
    { given: 'no key id', words: ['revoke-key', 'root'], says: "Missing required argument 'key-id'." },
    { given: 'no root that the holder trusts', words: ['sign', 'bob.json'], says: "Required option '--trusted-root <file>' not specified." }, // prettier-ignore
    { given: 'a file that is no root', words: ['sign', 'bob.json', '--trusted-root', 'trusted.json'], says: 'bob.json.signed is missing' }, // prettier-ignore
    { given: 'no such file', words: ['publish-root', 'none.json'], says: 'There is no file "none.json"' },
    { given: 'no repository', words: ['publish-root', 'bob.json', '--path', 'elsewhere'], says: 'repo not initialized: elsewhere' }, // prettier-ignore
  ])('says in fleetctl’s words what is wrong, and changes nothing: $given', async ({ words, says }) => {
    const before = contentOf(copy.folder);
    const { status, stderr } = await run(words);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^Error: .*\n {2}What to do: {2}.*\n$/),
    });
    expect(stderr).toContain(says);
    expect(contentOf(copy.folder)).toEqual(before);
  });
});

describeWhere('on a terminal, sign', 'Python 3 for a pseudo-terminal', findTerminal(), (terminal) => {
  const typing = (typed: readonly string[]) => {
    const shell = ['sh', '-c', 'cd "$0" && exec "$@"', copy.folder];
    const words = ['updates', 'sign', 'next.json', '--trusted-root', 'repository/root.json'];
    return terminal.converse([...shell, ...commandLine(words)], typed, environment({ passphrase: null }));
  };
  const signatures = () => (JSON.parse(copy.bytes('next.json').toString()) as { signatures: object[] }).signatures.length; // prettier-ignore
  beforeEach(async () => {
    await done(['stage-root', 'next.json']);
  });

  test('asks after all was shown, then for the passphrase', async () => {
    const { status, screen } = await typing(['sign', 'for root']);
    expect(screen).toMatch(
      /Root version 2.*fingerprint.*To sign exactly this, enter sign:.*Enter root key passphrase/s,
    );
    expect({ status, signatures: signatures() }).toEqual({ status: 0, signatures: 1 });
  });

  test('signs nothing for another answer', async () => {
    const { status, screen } = await typing(['no']);
    expect(screen).toContain('Not signed.');
    expect({ status, signatures: signatures() }).toEqual({ status: 1, signatures: 0 });
  });
});
