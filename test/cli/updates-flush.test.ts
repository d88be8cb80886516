import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { ours } from '../authoring/updates.ts';
import { describeWhere } from './describe-where.ts';
import { findStrace, Unflushed, type strace, type SystemCall } from './strace.ts';
import { WORDS } from './updates-scene.ts';
import { newPath, WorkingCopy } from './working-copy.ts';

const OURS = '.timekeeper/update';

let source: string;
beforeAll(() => {
  source = newPath();
  writeFileSync(source, 'an artefact');
});

/** More files than are flushed one by one. */
const MANY = 70;

let many: string;
beforeAll(() => {
  many = newPath();
  for (let version = 0; version < MANY; version++) {
    const folder = join(many, 'orbit', 'linux', `1.${version}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'orbit'), `artefact ${version}`);
  }
});

const ADD = () => ['add', '--target', source, '--name', 'orbit', '--platform', 'linux', '--version', '1', '-t', 'stable']; // prettier-ignore

/** What is put in its place by renames, in this order. */
const COMMANDS = [
  { command: 'init', isNew: true, words: () => ['init'], places: ['keys/root.json', 'keys/targets.json', 'keys/snapshot.json', 'keys/timestamp.json', '1.root.json', 'root.json', 'targets.json', 'snapshot.json', 'timestamp.json'] }, // prettier-ignore
  { command: 'timestamp', words: () => ['timestamp'], places: ['timestamp.json'] },
  { command: 'add', words: ADD, places: ['targets/orbit/linux/1/orbit', 'targets/orbit/linux/stable/orbit', 'targets.json', 'snapshot.json', 'timestamp.json'] }, // prettier-ignore
  { command: 'rotate timestamp', words: () => ['rotate', 'timestamp'], places: ['keys/timestamp.json', '2.root.json', 'root.json', 'targets.json', 'snapshot.json', 'timestamp.json'] }, // prettier-ignore
  { command: 'rotate root', words: () => ['rotate', 'root'], places: ['keys/root.json', '2.root.json', 'root.json', 'targets.json', 'snapshot.json', 'timestamp.json'] }, // prettier-ignore
] as const;

/** Names a place as the table does. */
const short = (path: string) => path.replace(/^repository\//, '');

describeWhere(
  'what a power cut could undo is on the disk before the next step: seen by strace,',
  'strace',
  findStrace(),
  (strace) => {
    test.each(COMMANDS)('$command', async ({ words, places, ...rest }) => {
      const calls = await trace(strace, words(), { isNew: 'isNew' in rest });
      expect(moves(calls).map(({ paths }) => short(paths[1]!))).toEqual(places);
      expectFlushed(calls);
    });

    test.each([
      { given: 'by one sync of their file system', environment: [], syncs: 2 },
      { given: 'one by one where there is no sync', environment: ['env', 'PATH='], syncs: 0 },
    ])('add of many targets, $given', async ({ environment, syncs }) => {
      const calls = await trace(strace, ['add', '--folder', many], { environment });
      expect(moves(calls)).toHaveLength(MANY + 3);
      expect(calls.filter(({ name }) => name === 'syncfs')).toHaveLength(syncs);
      expectFlushed(calls);
    });
  },
);

interface Traced {
  /** Whether the working directory is still to be made. */
  readonly isNew?: boolean;
  /** What stands in front of `node`. */
  readonly environment?: readonly string[];
}

/** What a command does to a working directory. */
async function trace(
  tracer: typeof strace,
  words: readonly string[],
  { isNew = false, environment = [] }: Traced,
): Promise<readonly SystemCall[]> {
  const copy = new WorkingCopy(newPath());
  mkdirSync(copy.folder);
  if (!isNew) await ours.init(copy.folder, { random: 'init' });
  const file = newPath();
  const { within, env } = tracer.into(file);
  const run = await copy.run(['updates', ...words], {
    within: [...within, ...environment],
    env: { ...WORDS, ...env },
  });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  return tracer.read(file, copy.folder);
}

/** What is put in its place. */
function moves(calls: readonly SystemCall[]): readonly SystemCall[] {
  return calls.filter(({ name, paths }) => name === 'rename' && !paths[1]!.startsWith(OURS));
}

function expectFlushed(calls: readonly SystemCall[]): void {
  const moved = moves(calls);
  const isIntent = ({ name, paths }: SystemCall) => name === 'rename' && paths[1] === `${OURS}/intent.json`;
  const isFirstStep = ({ name, paths }: SystemCall) => ['mkdir', 'rename'].includes(name) && !paths.at(-1)!.startsWith('.timekeeper'); // prettier-ignore
  const isPublished = (call: SystemCall) => moved.includes(call) && /^repository\/[^/]*\.json$/.test(call.paths[1]!);
  const isEnd = ({ name, paths }: SystemCall) => name === 'unlink' && paths[0] === `${OURS}/intent.json`;
  const lost = (is: (call: SystemCall) => boolean, ...folders: readonly string[]) => unflushedAt(calls, is, folders);

  // The content, and the names in the folder, before the intent that counts on them.
  expect(lost(isIntent, `${OURS}/new`, `${OURS}/intent.tmp`)).toEqual([]);
  // The intent itself, and every folder that leads to it, before anything outside is touched.
  expect(lost(isFirstStep, '')).toEqual([]);
  // Keys and targets, and the folders in which they are, before the first file that tells clients of them.
  expect(lost(isPublished, 'keys', 'repository', 'staged')).toEqual([]);
  // All of it, before the intent is forgotten.
  expect(lost(isEnd, 'keys', 'repository', 'staged')).toEqual([]);
}

/** What of some folders is not flushed when a call is first made. */
function unflushedAt(
  calls: readonly SystemCall[],
  is: (call: SystemCall) => boolean,
  folders: readonly string[],
): readonly string[] {
  const end = calls.findIndex(is);
  expect(end).toBeGreaterThan(0);
  const unflushed = new Unflushed();
  for (const call of calls.slice(0, end)) unflushed.add(call);
  return folders.flatMap((folder) => unflushed.below(folder));
}
