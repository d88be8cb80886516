import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CODES } from '../../lib/contract/codes.ts';
import { contentOf, NOW, ours, WORDS } from '../authoring/updates.ts';
import { Publisher } from '../publishing/publisher.ts';
import { describeWhere } from './describe-where.ts';
import { findTerminal } from './terminal.ts';
import { commandLine, environment, outcomeOf, type Run, type RunOptions } from './timekeeper.ts';
import { Client, copyOf, newPath } from './working-copy.ts';

/** What `publish --json` prints. */
interface Result {
  readonly uploaded: readonly string[];
  readonly removed: readonly string[];
  readonly kept: number;
  readonly signAbove: number | null;
  readonly timestamp: { readonly version: number } | null;
  readonly warnings: readonly { readonly code: string }[];
}

let made: Publisher;
beforeAll(async () => {
  made = await Publisher.begin();
});

/** A folder of somebody's who publishes into `out/` beside its repository, where it was published once if that is asked for. */
async function scene(isPublished = true): Promise<{ readonly copy: Publisher; readonly out: string }> {
  const copy = made.clone();
  const out = copy.path('out');
  if (isPublished) expect((await run(copy)).status).toBe(0);
  return { copy, out };
}

const run = (copy: Publisher, words: readonly string[] = [], options: RunOptions = {}): Promise<Run> =>
  copy.run(['publish', './out', ...words], { passphrase: null, ...options });

async function done(copy: Publisher, words: readonly string[] = []): Promise<Result> {
  const { status, stdout, stderr } = await run(copy, [...words, '--json']);
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Result;
}

const outcome = async (copy: Publisher, words: readonly string[] = []) => outcomeOf(await run(copy, [...words, '--json'])); // prettier-ignore

describe('timekeeper publish ./out', () => {
  test('uploads all of a repository, and then nothing more', async () => {
    const { copy, out } = await scene(false);
    const { status, stdout, stderr } = await run(copy);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^Uploading 7 files, \d+\.\d KiB\.\n$/) }); // prettier-ignore
    expect(stdout).toMatch(/^Uploaded 7 files \(\d+\.\d KiB\) to .*out:\n(.*\n){6} {2}timestamp\.json\n {2}Published: {3}snapshot version 2, timestamp\.json version 2, expires 2026-12-08T00:00:00Z\n$/); // prettier-ignore
    expect(contentOf(out)).toEqual(contentOf(copy.repository));
    const before = copy.tree();
    expect(await done(copy)).toMatchObject({ uploaded: [], kept: 2 });
    expect((await run(copy)).stdout).toContain('has all of it already.');
    expect(copy.tree()).toEqual(before);
  });

  test('uploads what is new, targets first and timestamp.json last', async () => {
    const { copy, out } = await scene();
    await copy.add('2', 'the second');
    await ours.rotate(copy.folder, 'snapshot', { random: 'rotated' });
    expect((await done(copy)).uploaded).toEqual([
      'targets/orbit/linux/2/orbit',
      'targets/orbit/linux/stable/orbit',
      '2.root.json',
      'root.json',
      'targets.json',
      'snapshot.json',
      'timestamp.json',
    ]);
    expect(contentOf(out)).toEqual(contentOf(copy.repository));
  });

  test('--dry-run says what would be done, and writes nothing', async () => {
    const { copy } = await scene();
    await copy.add('2', 'the second');
    const before = copy.tree();
    const { status, stdout } = await run(copy, ['--dry-run', '--prune']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Would upload 5 files .*\n {2}targets\/orbit\/linux\/2\/orbit\n/);
    expect(await done(copy, ['--dry-run'])).toMatchObject({ dryRun: true, uploaded: expect.arrayContaining(['timestamp.json']) }); // prettier-ignore
    expect(copy.tree()).toEqual(before);
  });

  test('reads a folder with the metadata itself, in which it keeps nothing', async () => {
    const { copy, out } = await scene(false);
    const before = contentOf(copy.repository);
    const { status } = await copy.run(['publish', './out', 'repository']);
    expect(status).toBe(0);
    expect(contentOf(out)).toEqual(before);
    expect(contentOf(copy.repository)).toEqual(before);
  });

  test('leaves a state in which the folder can still be re-signed', async () => {
    const { copy } = await scene();
    expect(await copy.json(['resign', '--force', '--trusted-root', 'repository/1.root.json'])).toMatchObject({ code: 'SIGNED' }); // prettier-ignore
    expect((await done(copy)).uploaded).toEqual(['timestamp.json']);
  });

  test.each(['rotated', 'consistent', 'go-tuf-v0.5.2'])('publishes what go-tuf made: %s', async (fixture) => {
    const copy = copyOf(fixture);
    const { status, stdout } = await copy.run(['publish', './out', '--json'], { now: '2026-11-23T23:00:00Z' });
    // Of some fixtures only the metadata is kept, without the files of the targets.
    const isWhole = existsSync(copy.path('repository', 'targets'));
    expect({ status, isWhole }).toEqual({ status: isWhole ? 0 : 1, isWhole });
    expect(JSON.parse(stdout)).toMatchObject({ code: isWhole ? null : 'TARGET_FILE_MISSING' });
  });
});

describe('nothing is published, and nothing written, of', () => {
  test.each<{ code: string; given: string; prepare: (copy: Publisher) => Promise<void> | void; now?: string }>([
    { code: 'TARGET_FILE_MISSING', given: 'a repository without a target’s file', prepare: (copy) => { rmSync(copy.path('repository/targets/orbit/linux/2/orbit')); } }, // prettier-ignore
    { code: 'TARGET_FILE_MISMATCH', given: 'a target that was changed', prepare: (copy) => { appendFileSync(copy.path('repository/targets/orbit/linux/2/orbit'), '!'); } }, // prettier-ignore
    { code: 'SNAPSHOT_MISMATCH', given: 'metadata of two states', prepare: (copy) => { copyFileSync(copy.path('out/snapshot.json'), copy.path('repository/snapshot.json')); } }, // prettier-ignore
    { code: 'TARGETS_MISMATCH', given: 'targets metadata of an older state', prepare: (copy) => { copyFileSync(copy.path('out/targets.json'), copy.path('repository/targets.json')); } }, // prettier-ignore
    { code: 'TIMESTAMP_MISSING', given: 'a repository without a timestamp', prepare: (copy) => { rmSync(copy.path('repository/timestamp.json')); } }, // prettier-ignore
    { code: 'SIGNATURE_INVALID', given: 'a timestamp that nobody signed', prepare: (copy) => { edit(copy.path('repository/timestamp.json'), /"sig":"../, '"sig":"00'); } }, // prettier-ignore
    { code: 'NOT_JSON', given: 'a file that was cut off', prepare: (copy) => { writeFileSync(copy.path('repository/timestamp.json'), '{'); } , }, // prettier-ignore
    { code: 'ROOT_INVALID', given: 'a repository without a root', prepare: (copy) => { rmSync(copy.path('repository/root.json')); rmSync(copy.path('repository/1.root.json')); } }, // prettier-ignore
    { code: 'METADATA_EXPIRED', given: 'an expired timestamp', prepare: () => undefined, now: '2026-12-24T00:00:00Z' },
    { code: 'METADATA_EXPIRED', given: 'an expired snapshot', prepare: () => undefined, now: '2029-12-24T00:00:00Z' },
    {
      code: 'METADATA_ROLLBACK',
      given: 'an older state',
      prepare: async (copy) => {
        const newer = copy.clone();
        rmSync(newer.path('out'), { recursive: true });
        await newer.add('3', 'the third');
        await newer.run(['publish', `${copy.folder}/out`]);
      },
    },
    {
      code: 'PUBLISHED_MEANWHILE',
      given: 'a state that lacks what somebody else published, with a higher version',
      prepare: async (copy) => {
        const other = copy.clone();
        await other.add('3', 'somebody else’s');
        expect((await other.run(['publish', `${copy.folder}/out`])).status).toBe(0);
        for (const version of ['4', '5']) await copy.add(version, 'ours');
      },
    },
    {
      code: 'PUBLISHED_MEANWHILE',
      given: 'a state of the same version as somebody else’s',
      prepare: async (copy) => {
        const other = copy.clone();
        await other.add('3', 'somebody else’s');
        expect((await other.run(['publish', `${copy.folder}/out`])).status).toBe(0);
        await copy.add('4', 'ours');
      },
    },
    {
      code: 'OTHER_REPOSITORY',
      given: 'another repository',
      prepare: async (copy) => {
        const other = newPath();
        await ours.init(other, { random: 'another' });
        for (const name of readdirSync(join(other, 'repository'))) copyFileSync(join(other, 'repository', name), copy.path('out', name)); // prettier-ignore
      },
    },
    {
      code: 'TIMESTAMP_BEHIND',
      given: 'a timestamp below the one that the signer has raised, where its key is not here',
      prepare: async (copy) => {
        expect((await run(copy)).status).toBe(0);
        const signer = copy.clone();
        await ours.timestamp(signer.folder, { timestampFloor: 80 });
        await signer.run(['publish', `${copy.folder}/out`]);
        await copy.add('3', 'the third');
        rmSync(copy.path('keys/timestamp.json'));
      },
    },
  ])('$code: $given', async ({ code, prepare, now }) => {
    const { copy } = await scene();
    await copy.add('2', 'the second');
    await prepare(copy);
    const before = copy.tree();
    const told = outcomeOf(await run(copy, ['--json'], now === undefined ? {} : { now }));
    expect(told).toMatchObject({ outcome: 'refused', code });
    expect(copy.tree()).toEqual(before);
    const { status, stderr } = await run(copy, [], now === undefined ? {} : { now });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(`Refused (${code}): `) });
    expect(stderr).toContain(CODES[code as 'OTHER_REPOSITORY'].remedy);
  });

  test('what it is told to replace is replaced, if that is what is there', async () => {
    const { copy, out } = await scene();
    const other = copy.clone();
    await other.add('3', 'somebody else’s');
    expect((await other.run(['publish', `${copy.folder}/out`])).status).toBe(0);
    for (const version of ['4', '5']) await copy.add(version, 'ours');
    expect(await outcome(copy, ['--replace', '2'])).toMatchObject({ code: 'PUBLISHED_MEANWHILE' });
    expect((await done(copy, ['--replace', '3'])).uploaded).toContain('timestamp.json');
    expect(readFileSync(join(out, 'snapshot.json'))).toEqual(copy.file('snapshot.json'));
  });
});

test('of two that publish into one folder at once, the later one is told, and nothing of the other is lost', async () => {
  const { copy, out } = await scene();
  const other = copy.clone();
  await copy.add('2', 'ours');
  await other.add('3', 'somebody else’s');
  const runs = await Promise.all([copy, other].map((one) => one.run(['publish', out, '--json'])));
  expect(runs.map(({ status }) => status).sort()).toEqual([0, 1]);
  const winner = runs[0]?.status === 0 ? copy : other;
  expect(JSON.parse(runs.find(({ status }) => status === 1)!.stdout)).toMatchObject({ code: 'PUBLISHED_MEANWHILE' });
  expect(contentOf(out)).toEqual(contentOf(winner.repository));
});

describe('wrong usage', () => {
  test.each([
    { given: 'no folder', words: ['./out', 'nowhere'], says: 'There is no folder "nowhere".' },
    {
      given: 'a folder without a repository',
      words: ['./out', 'staged'],
      says: 'There is no TUF repository in "staged"',
    },
    { given: 'a working directory as the place', words: ['.', '.'], says: '"." is a working directory' },
    { given: 'a version that is none', words: ['./out', '--replace', 'all'], says: '--replace is "all"' },
    { given: 'a bucket that is none', words: ['s3://UPPER/x'], says: '"s3://UPPER/x" is no place in S3.' },
    { given: 'a name without a configuration', words: ['orbit'], says: 'timekeeper.json' },
  ])('exit status 2 for $given', async ({ words, says }) => {
    const { copy } = await scene(false);
    const told = outcomeOf(await copy.run(['publish', ...words, '--json']));
    expect(told.message).toContain(says);
    expect(CODES[told.code].kind).toBe('usage');
  });

  test('exit status 3 where the place cannot be written', async () => {
    const { copy } = await scene(false);
    writeFileSync(copy.path('out'), 'a file');
    expect(await outcome(copy)).toMatchObject({ outcome: 'failed', code: 'STORE_UNREACHABLE' });
  });
});

describe('a timestamp that the signer has raised meanwhile', () => {
  /** The signer has signed up to version 80; then somebody adds a target, and his timestamp gets version 3. */
  async function raised(): Promise<{ readonly copy: Publisher; readonly out: string }> {
    const encrypted = new Publisher(newPath());
    await ours.init(encrypted.folder, { passphrases: WORDS });
    const all = { copy: encrypted, out: encrypted.path('out') };
    expect((await run(encrypted)).status).toBe(0);
    const signer = encrypted.clone();
    await ours.timestamp(signer.folder, { timestampFloor: 79, passphrases: WORDS });
    copyFileSync(signer.path('repository/timestamp.json'), join(all.out, 'timestamp.json'));
    const file = `${encrypted.folder}.artefact`;
    writeFileSync(file, 'a target');
    await ours.add(encrypted.folder, { file, name: 'orbit', platform: 'linux', version: '1', tags: [] }, { passphrases: WORDS }); // prettier-ignore
    return all;
  }

  test('is no obstacle: ours is signed again, above it, with the passphrase from where it always comes', async () => {
    const { copy, out } = await raised();
    const client = new Client(copy.file('1.root.json'));
    expect(client.update(out).timestamp.version).toBe(80);
    expect(await done(copy, ['--dry-run'])).toMatchObject({ signAbove: 80 });
    expect(copy.signed().version).toBe(2);
    const { status, stderr } = await run(copy, [], { passphrase: WORDS.timestamp });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('version 80: ours is signed again, above it.') }); // prettier-ignore
    expect(client.update(out).timestamp.version).toBe(81);
    expect(copy.signed().version).toBe(81);
  });

  test('without the passphrase nothing is written', async () => {
    const { copy } = await raised();
    const before = copy.tree();
    expect(await outcome(copy)).toMatchObject({ outcome: 'failed', code: 'USAGE' });
    expect(copy.tree()).toEqual(before);
  });

  test('where the key is elsewhere, updates timestamp --above signs what can be published then', async () => {
    const { copy, out } = await raised();
    const elsewhere = copy.clone();
    rmSync(copy.path('keys/timestamp.json'));
    expect(await outcome(copy)).toMatchObject({ code: 'TIMESTAMP_BEHIND', message: expect.stringContaining('version 80') }); // prettier-ignore
    const signed = await elsewhere.run(['updates', 'timestamp', '--above', '80'], { passphrase: WORDS.timestamp });
    expect(signed).toEqual({ status: 0, stdout: '', stderr: '' });
    copyFileSync(elsewhere.path('repository/timestamp.json'), copy.path('repository/timestamp.json'));
    expect((await done(copy)).timestamp?.version).toBe(81);
    expect(new Client(copy.file('1.root.json')).update(out).timestamp.version).toBe(81);
  });

  test('--above takes a version and nothing else', async () => {
    const { copy } = await scene(false);
    const { status, stderr } = await copy.run(['updates', 'timestamp', '--above', '-3'], { passphrase: null });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('Error: --above is "-3"') });
  });
});

describe('--prune', () => {
  /** Two files are there that nothing lists: one below targets/, one beside the metadata. */
  async function withLeftovers() {
    const all = await scene();
    mkdirSync(join(all.out, 'targets/orbit/linux/0'), { recursive: true });
    writeFileSync(join(all.out, 'targets/orbit/linux/0/orbit'), 'no longer listed');
    writeFileSync(join(all.out, '7.root.json.bak'), 'somebody’s');
    return all;
  }

  test('removes what nothing lists any more below targets/, and nothing else', async () => {
    const { copy, out } = await withLeftovers();
    expect((await done(copy)).removed).toEqual([]);
    expect((await done(copy, ['--prune', '--dry-run'])).removed).toEqual(['targets/orbit/linux/0/orbit']);
    expect((await done(copy, ['--prune', '--yes'])).removed).toEqual(['targets/orbit/linux/0/orbit']);
    rmSync(join(out, '7.root.json.bak'));
    expect(contentOf(out)).toEqual(contentOf(copy.repository));
  });

  test('writes nothing where nobody agrees', async () => {
    const { copy } = await withLeftovers();
    await copy.add('2', 'the second');
    const before = copy.tree();
    expect(await outcome(copy, ['--prune'])).toMatchObject({ code: 'USAGE', remedy: 'Leave --prune out, or agree with --yes.' }); // prettier-ignore
    const { status, stderr } = await run(copy, ['--prune']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('To be removed:\n  targets/orbit/linux/0/orbit\n') }); // prettier-ignore
    expect(copy.tree()).toEqual(before);
  });
});

describe('--roots', () => {
  test('puts back every N.root.json that is missing, from a folder with nothing but roots', async () => {
    const { copy, out } = await scene(false);
    for (const role of ['root', 'targets', 'snapshot'] as const) await ours.rotate(copy.folder, role, { random: role });
    await done(copy);
    for (const version of [1, 3]) rmSync(join(out, `${version}.root.json`));
    expect((await done(copy)).warnings).toEqual([
      expect.objectContaining({ code: 'ROOT_HIDDEN', message: expect.stringContaining('1.root.json') }),
      expect.objectContaining({ code: 'ROOT_HIDDEN', message: expect.stringContaining('3.root.json') }),
    ]);
    const roots = newPath();
    mkdirSync(roots);
    for (const name of readdirSync(copy.repository)) if (name.endsWith('root.json')) copyFileSync(copy.path('repository', name), join(roots, name)); // prettier-ignore
    const dry = await copy.run(['publish', './out', roots, '--roots', '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout)).toMatchObject({ uploaded: ['1.root.json', '3.root.json'] });
    const { status, stdout } = await copy.run(['publish', './out', roots, '--roots', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done', uploaded: ['1.root.json', '3.root.json'] });
    expect(new Client(copy.file('1.root.json')).update(out).root.version).toBe(4);
  });

  test('of another repository are refused', async () => {
    const { copy } = await scene();
    const other = newPath();
    await ours.init(other, { random: 'another' });
    const told = outcomeOf(await copy.run(['publish', './out', other, '--roots', '--json']));
    expect(told).toMatchObject({ outcome: 'refused', code: 'OTHER_REPOSITORY' });
  });
});

describeWhere('on a terminal', 'Python 3 for a pseudo-terminal', findTerminal(), (terminal) => {
  test('a bar shows bytes, rate and time left', async () => {
    const { copy } = await scene(false);
    await copy.add('2', Buffer.alloc(3_000_000));
    const command = commandLine(['publish', copy.path('out'), copy.folder]);
    const { status, screen } = await terminal.run(command, '', 'never', environment({ now: NOW }));
    expect(status).toBe(0);
    expect(screen).toMatch(/2\.9 MiB of 5\.7 MiB {2}[\d.]+ [KMG]?i?B\/s {2}\d+s left|5\.7 MiB of 5\.7 MiB/);
    expect(screen).toContain('Uploaded 8 files (5.7 MiB)');
  });

  test('--prune shows what it would remove, and asks', async () => {
    const { copy, out } = await scene();
    mkdirSync(join(out, 'targets/old'));
    writeFileSync(join(out, 'targets/old/orbit'), 'no longer listed');
    const command = commandLine(['publish', out, copy.folder, '--prune']);
    const no = await terminal.run(command, '\r', 'Remove 1 file after', environment({ now: NOW }));
    expect(no.status).toBe(2);
    expect(no.screen).toContain('nothing was written');
    expect(existsSync(join(out, 'targets/old/orbit'))).toBe(true);
    const yes = await terminal.run(command, '\u001b[B\r', 'Remove 1 file after', environment({ now: NOW }));
    expect(yes.screen).toContain('Removed:  targets/old/orbit');
    expect(yes.status).toBe(0);
    expect(existsSync(join(out, 'targets/old'))).toBe(false);
  });
});

function edit(path: string, from: RegExp, to: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}
