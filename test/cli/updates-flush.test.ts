import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import { ours } from '../authoring/updates.ts';
import { describeWhere } from './describe-where.ts';
import { findStrace, Unflushed, type SystemCall } from './strace.ts';
import { newPath, WorkingCopy } from './working-copy.ts';

const WORDS = { FLEET_ROOT_PASSPHRASE: 'r', FLEET_TARGETS_PASSPHRASE: 's', FLEET_SNAPSHOT_PASSPHRASE: 't', FLEET_TIMESTAMP_PASSPHRASE: 'u' }; // prettier-ignore
const OURS = '.timekeeper/update';

let source: string;
beforeAll(() => {
  source = newPath();
  writeFileSync(source, 'an artefact');
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
      const copy = new WorkingCopy(newPath());
      mkdirSync(copy.folder);
      if (!('isNew' in rest)) await ours.init(copy.folder, { random: 'init' });
      const trace = newPath();
      const { within, env } = strace.into(trace);
      const run = await copy.run(['updates', ...words()], { within, env: { ...WORDS, ...env } });
      expect(run).toMatchObject({ status: 0, stderr: '' });

      const calls = strace.read(trace, copy.folder);
      const moved = calls.filter(({ name, paths }) => name === 'rename' && !paths[1]!.startsWith(OURS));
      expect(moved.map(({ paths }) => short(paths[1]!))).toEqual(places);

      const isIntent = ({ name, paths }: SystemCall) => name === 'rename' && paths[1] === `${OURS}/intent.json`;
      const isFirstStep = ({ name, paths }: SystemCall) => ['mkdir', 'rename'].includes(name) && !paths.at(-1)!.startsWith('.timekeeper'); // prettier-ignore
      const isPublished = (call: SystemCall) =>
        moved.includes(call) && /^repository\/[^/]*\.json$/.test(call.paths[1]!);
      const isEnd = ({ name, paths }: SystemCall) => name === 'unlink' && paths[0] === `${OURS}/intent.json`;
      const lost = (is: (call: SystemCall) => boolean, ...folders: readonly string[]) =>
        unflushedAt(calls, is, folders);

      // The content, and the names in the folder, before the intent that counts on them.
      expect(lost(isIntent, `${OURS}/new`, `${OURS}/intent.tmp`)).toEqual([]);
      // The intent itself, and every folder that leads to it, before anything outside is touched.
      expect(lost(isFirstStep, '')).toEqual([]);
      // Keys and targets, and the folders in which they are, before the first file that tells clients of them.
      expect(lost(isPublished, 'keys', 'repository', 'staged')).toEqual([]);
      // All of it, before the intent is forgotten.
      expect(lost(isEnd, 'keys', 'repository', 'staged')).toEqual([]);
    });
  },
);

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
