import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signersOf } from '../../lib/authoring/signing-key.ts';
import type { Code } from '../../lib/contract/codes.ts';
import { readKeyFile } from '../../lib/keys/key-file.ts';
import { parseRoot } from '../../lib/tuf/root.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import { contentOf, NOW, ours } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'refusals-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const YEARS = { two: '2028-11-24T00:00:00Z', four: '2030-11-24T00:00:00Z', eleven: '2037-11-24T00:00:00Z' } as const;

let repository: string;
let source: string;
let older: string;

beforeAll(async () => {
  repository = newPlace();
  source = newPlace();
  writeFileSync(source, 'one');
  await ours.init(repository, { random: 'init' });
  await ours.add(repository, artefact('1'));
  older = copyOf(repository);
  writeFileSync(source, 'two');
  await ours.add(repository, artefact('2'));
});

function artefact(version: string) {
  return { file: source, name: 'orbit', platform: 'linux', version, tags: ['stable'] };
}

function copyOf(folder: string): string {
  const copy = newPlace();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const published = (folder: string, name: string) => join(folder, 'repository', name);

function edit(folder: string, name: string, change: (text: string) => string): void {
  const path = published(folder, name);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function putBack(folder: string, ...names: readonly string[]): void {
  for (const name of names) cpSync(published(older, name), published(folder, name));
}

function put(folder: string, ...path: readonly string[]): void {
  mkdirSync(join(folder, ...path.slice(0, -1)), { recursive: true });
  writeFileSync(join(folder, ...path), 'left');
}

/** A repository in which one thing is wrong. `goTuf` is what go-tuf v0.5.2 makes of it with the same command. */
interface Case {
  readonly given: string;
  readonly breaks: (folder: string) => void;
  readonly code: Code;
  readonly goTuf: 'refuses' | 'signs';
  readonly now?: string;
}

const CASES: readonly Case[] = [
  { given: 'no root.json', breaks: (it) => { rmSync(published(it, 'root.json')); }, code: 'ROOT_INVALID', goTuf: 'refuses' }, // prettier-ignore
  { given: 'no targets.json', breaks: (it) => { rmSync(published(it, 'targets.json')); }, code: 'TARGETS_MISSING', goTuf: 'refuses' }, // prettier-ignore
  { given: 'no snapshot.json', breaks: (it) => { rmSync(published(it, 'snapshot.json')); }, code: 'SNAPSHOT_MISSING', goTuf: 'refuses' }, // prettier-ignore
  { given: 'no timestamp.json, where it begins again at version 1', breaks: (it) => { rmSync(published(it, 'timestamp.json')); }, code: 'TIMESTAMP_MISSING', goTuf: 'signs' }, // prettier-ignore
  { given: 'a timestamp that nobody signed', breaks: (it) => { edit(it, 'timestamp.json', (text) => text.replace('"version":3}', '"version":4}')); }, code: 'SIGNATURE_INVALID', goTuf: 'signs' }, // prettier-ignore
  { given: 'a timestamp with two versions', breaks: (it) => { edit(it, 'timestamp.json', (text) => text.replace('"version":3,', '"version":3,"version":42,')); }, code: 'DUPLICATE_KEY', goTuf: 'signs' }, // prettier-ignore
  { given: 'a snapshot that clients refuse for its length', breaks: (it) => { edit(it, 'snapshot.json', (text) => `${text} `); }, code: 'SNAPSHOT_MISMATCH', goTuf: 'signs' }, // prettier-ignore
  { given: 'an older snapshot and older targets put back', breaks: (it) => { putBack(it, 'snapshot.json', 'targets.json'); }, code: 'SNAPSHOT_MISMATCH', goTuf: 'signs' }, // prettier-ignore
  { given: 'older targets put back', breaks: (it) => { putBack(it, 'targets.json'); }, code: 'TARGETS_MISMATCH', goTuf: 'refuses' }, // prettier-ignore
  {
    given: 'a newer root than root.json',
    breaks: (it) => {
      rotateAside(it);
    },
    code: 'ROOT_INVALID',
    goTuf: 'signs',
  },
  { given: 'another root under the number of root.json', breaks: (it) => { edit(it, '1.root.json', (text) => `${text} `); }, code: 'ROOT_INVALID', goTuf: 'signs' }, // prettier-ignore
  { given: 'a staged timestamp, left by a command that failed', breaks: (it) => { cpSync(published(older, 'timestamp.json'), join(it, 'staged', 'timestamp.json')); }, code: 'UNFINISHED_WORK', goTuf: 'signs' }, // prettier-ignore
  { given: 'a staged target, left by a command that failed', breaks: (it) => { put(it, 'staged', 'targets', 'orbit', 'linux', '3', 'orbit'); }, code: 'UNFINISHED_WORK', goTuf: 'signs' }, // prettier-ignore
  { given: 'a backup, left by a rotation that was killed', breaks: (it) => { put(it, 'keys', '.backup', 'root.json'); }, code: 'UNFINISHED_WORK', goTuf: 'signs' }, // prettier-ignore
  { given: 'a timestamp key that the root does not list', breaks: (it) => { cpSync(join(it, 'keys', 'targets.json'), join(it, 'keys', 'timestamp.json')); }, code: 'KEY_NOT_IN_ROOT', goTuf: 'refuses' }, // prettier-ignore
  { given: 'no timestamp key', breaks: (it) => { rmSync(join(it, 'keys', 'timestamp.json')); }, code: 'USAGE', goTuf: 'refuses' }, // prettier-ignore
  { given: 'targets and a snapshot that have expired', breaks: () => undefined, now: YEARS.four, code: 'METADATA_EXPIRED', goTuf: 'refuses' }, // prettier-ignore
];

/** Puts the root of a rotation there, as an interrupted publish does. */
let rotated: string | undefined;
function rotateAside(folder: string): void {
  cpSync(published(rotated ?? folder, '2.root.json'), published(folder, '2.root.json'));
}

describe('a repository that clients would not follow is not signed, and left as it is:', () => {
  beforeAll(async () => {
    rotated = copyOf(repository);
    await ours.rotate(rotated, 'timestamp', { random: 'rotated' });
  });

  test.each(CASES)('$given ($code)', async ({ breaks, code, now }) => {
    const folder = copyOf(repository);
    breaks(folder);
    const before = contentOf(folder);
    await expect(ours.timestamp(folder, now === undefined ? {} : { now })).rejects.toMatchObject({ code });
    expect(contentOf(folder)).toEqual(before);
  });

  test.each(CASES.filter(({ now }) => now === undefined))(
    '$given: no add and no rotation either',
    async ({ breaks, code }) => {
      const folder = copyOf(repository);
      breaks(folder);
      const before = contentOf(folder);
      await expect(ours.add(folder, artefact('3'))).rejects.toMatchObject({ code });
      await expect(ours.rotate(folder, 'targets', { random: 'x' })).rejects.toMatchObject({ code });
      expect(contentOf(folder)).toEqual(before);
    },
  );
});

await describeWithGoTuf('go-tuf v0.5.2, with the same commands,', (peer) => {
  test.each(CASES)('$goTuf: $given', async ({ breaks, goTuf, now = NOW }) => {
    const folder = copyOf(repository);
    breaks(folder);
    const run = peer.timestamp(folder, { now }).then(
      () => 'signs',
      () => 'refuses',
    );
    expect(await run).toBe(goTuf);
  });

  test('deletes a file below targets/ that is not listed; ours stays', async () => {
    const [our, their] = [copyOf(repository), copyOf(repository)];
    for (const folder of [our, their]) put(folder, 'repository', 'targets', 'readme.txt');
    await ours.timestamp(our);
    await peer.timestamp(their, { now: NOW });
    expect(Object.keys(contentOf(our))).toContain('repository/targets/readme.txt');
    expect(Object.keys(contentOf(their))).not.toContain('repository/targets/readme.txt');
  });
});

describe('what has expired', () => {
  test.each([
    { now: YEARS.two, is: 'the timestamp', timestamp: 'signed', add: 'signed', rotate: 'signed' },
    { now: YEARS.four, is: 'the timestamp, the snapshot and the targets', timestamp: 'METADATA_EXPIRED', add: 'signed', rotate: 'signed' }, // prettier-ignore
    { now: YEARS.eleven, is: 'everything', timestamp: 'METADATA_EXPIRED', add: 'METADATA_EXPIRED', rotate: 'signed' },
  ])('$is: timestamp $timestamp, add $add, rotate $rotate', async ({ now, timestamp, add, rotate }) => {
    const outcome = (run: Promise<unknown>) => run.then(() => 'signed', (error: unknown) => (error as { code: string }).code); // prettier-ignore
    expect(await outcome(ours.timestamp(copyOf(repository), { now }))).toBe(timestamp);
    expect(await outcome(ours.add(copyOf(repository), artefact('3'), { now }))).toBe(add);
    for (const role of ['root', 'timestamp'] as const) {
      expect(await outcome(ours.rotate(copyOf(repository), role, { now, random: 'y' }))).toBe(rotate);
    }
  });
});

describe('a new repository', () => {
  test.each([
    { given: 'metadata', path: ['repository', 'root.json'], says: /^repo already initialized: / },
    { given: 'staged metadata', path: ['staged', 'root.json'], says: /^repo already initialized: / },
    { given: 'a folder for keys', path: ['keys', 'root.json'], says: /^keys directory already exists: .*keys$/ },
  ])('is not made where there is $given', async ({ path, says }) => {
    const folder = newPlace();
    put(folder, ...path);
    const before = contentOf(folder);
    await expect(ours.init(folder)).rejects.toThrow(says);
    expect(contentOf(folder)).toEqual(before);
  });

  test('is made in a folder that holds other things, and leaves them', async () => {
    const folder = newPlace();
    put(folder, 'notes.txt');
    await ours.init(folder);
    expect(Object.keys(contentOf(folder))).toContain('notes.txt');
  });
});

test('a rotation says which key it keeps, because it is not in the key file', async () => {
  const folder = copyOf(repository);
  const first = readFileSync(join(folder, 'keys', 'snapshot.json'));
  await ours.rotate(folder, 'snapshot', { random: 'second' });
  writeFileSync(join(folder, 'keys', 'snapshot.json'), first); // the older copy of somebody who was away
  const told: string[] = [];
  await ours.rotate(folder, 'snapshot', { random: 'third', told });
  expect(told).toEqual([expect.stringMatching(/^The role snapshot keeps the key [0-9a-f]{64}, which is not in keys\/snapshot\.json/)]); // prettier-ignore
});

test('a timestamp is above a version that was recorded and never published', async () => {
  const folder = copyOf(repository);
  await ours.timestamp(folder, { timestampFloor: 9 });
  expect(readFileSync(published(folder, 'timestamp.json'), 'utf8')).toContain('"version":10,');
});

test('with fewer keys than the root asks for, nothing is signed', () => {
  const folder = copyOf(repository);
  const listed = parseRoot(readFileSync(published(folder, 'root.json')));
  const root = { ...listed, roles: { ...listed.roles, targets: { ...listed.roles.targets, threshold: 2 } } };
  const keys = readKeyFile(readFileSync(join(folder, 'keys', 'targets.json')), 'keys/targets.json');
  const targets = keys.is === 'plain' ? keys.keys : [];
  expect(() => signersOf('targets', root, { targets })).toThrow(expect.objectContaining({ code: 'THRESHOLD_NOT_MET' }));
});
