import { cpSync, existsSync, readdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { contentOf, ours, seeded } from '../authoring/updates.ts';
import { describeWhere } from './describe-where.ts';
import { KILL_EVERY } from './killing.ts';
import { findStrace } from './strace.ts';
import { commandLine, environment } from './timekeeper.ts';
import { updatesScene, WORDS, type Scene } from './updates-scene.ts';
import { Client, newPath, WorkingCopy } from './working-copy.ts';

/** How many SIGKILLs come at random; the ordinary number keeps it short. */
const KILLS = Number(process.env.TIMEKEEPER_KILLS ?? 8);
/** Kills at every system call if it is 1; else at one of so many. */
const PATIENCE = 300_000 + KILLS * 10_000 + 900_000 / KILL_EVERY; // ms
const PASSPHRASES = { root: 'r', targets: 's', snapshot: 't', timestamp: 'u' };

let scene: Scene;
beforeAll(async () => {
  scene = await updatesScene();
});

/** A command, and where it is tried. `between` is the code with which a client that knows the repository is refused while two files are switched. */
interface Case {
  readonly command: string;
  readonly words: () => readonly string[];
  readonly on: 'nothing' | 'a repository' | 'one with consistent snapshots';
  readonly between?: string;
}

const ADD = () => ['add', '--target', scene.source, '--name', 'orbit', '--platform', 'linux', '--version', '2', '-t', 'stable']; // prettier-ignore

const CASES: readonly Case[] = [
  { command: 'init', words: () => ['init'], on: 'nothing' },
  { command: 'timestamp', words: () => ['timestamp'], on: 'a repository' },
  { command: 'add', words: ADD, on: 'a repository' },
  { command: 'add', words: ADD, on: 'one with consistent snapshots' },
  { command: 'rotate timestamp', words: () => ['rotate', 'timestamp'], on: 'a repository', between: 'SIGNATURE_INVALID' }, // prettier-ignore
  { command: 'rotate root', words: () => ['rotate', 'root'], on: 'a repository' },
];

function start({ on }: Case): WorkingCopy {
  const copy = new WorkingCopy(newPath());
  const from = scene.folder(on === 'one with consistent snapshots');
  if (on === 'nothing') cpSync(from, copy.folder, { recursive: true, filter: (path) => path === from });
  else cpSync(from, copy.folder, { recursive: true });
  return copy;
}

/** What has to hold after a kill: a client that knows the repository takes what is there, and after the next command everybody does, and nothing is left over. */
async function expectSoundAndHealed(copy: WorkingCopy, { on, between }: Case): Promise<void> {
  const memory = scene.folder(on === 'one with consistent snapshots');
  if (on === 'nothing') {
    const again = await copy.run(['updates', 'init'], { env: WORDS });
    expect(again.status === 0 || again.stderr.includes('Error: repo already initialized: ')).toBe(true);
  }
  const from = on === 'nothing' ? copy : new WorkingCopy(memory);
  const client = new Client(from.bytes('repository', '1.root.json'));
  client.update(from.repository);
  try {
    client.update(copy.repository);
  } catch (error) {
    expect((error as { code: string }).code).toBe(between);
  }
  await ours.timestamp(copy.folder, { random: 'next', passphrases: PASSPHRASES });
  expect(readdirSync(copy.folder).sort()).toEqual(['keys', 'repository', 'staged']);
  expect(readdirSync(copy.path('keys'))).toHaveLength(4);
  expect(Object.keys(contentOf(copy.folder)).filter((name) => /\.tmp$|\/\./.test(name))).toEqual([]);
  const { timestamp } = client.update(copy.repository);
  const fresh = new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
  expect(fresh.timestamp).toEqual(timestamp);
}

const titled = CASES.map((each) => ({ ...each, title: `${each.command}, on ${each.on}` }));

describeWhere(
  'killed on entering any system call that changes the disk, by strace,',
  'strace',
  findStrace(),
  (strace) => {
    test.each(titled)(
      '$title: the next command heals it, and clients accept it at once',
      async (each) => {
        const traced = start(each);
        const trace = newPath();
        const run = (copy: WorkingCopy, { within, env }: ReturnType<typeof strace.into>) =>
          copy.run(['updates', ...each.words()], { within, env: { ...WORDS, ...env } });
        expect(await run(traced, strace.into(trace))).toMatchObject({ status: 0, stderr: '' });
        const calls = strace.read(trace, traced.folder).filter(({ name }) => name !== 'openat');
        expect(calls.length).toBeGreaterThan(15);
        const tried = calls.filter((_, index) => index % KILL_EVERY === 0);
        for (const call of tried) {
          const copy = start(each);
          expect(await run(copy, strace.killingAt(call))).toMatchObject({ status: null });
          await expectSoundAndHealed(copy, each);
        }
        if (process.env.MEASURE) console.log(`${each.title}: ${tried.length} kills, at ${calls.length} calls`);
      },
      PATIENCE,
    );
  },
);

describe('killed at a random moment', () => {
  test(
    `${KILLS} times, in any command: the next one heals it, and clients accept it at once`,
    async () => {
      const random = seeded('kills');
      const below = (n: number) => Buffer.from(random(4)).readUInt32BE() % n;
      const killed = { 'before it wrote': 0, 'while it wrote': 0, 'too late': 0 };
      for (let round = 0; round < KILLS; round++) {
        const each = CASES[below(CASES.length)]!;
        const copy = start(each);
        const [program, ...words] = commandLine(['updates', ...each.words()]);
        const child = spawn(program!, words, { cwd: copy.folder, env: environment({ env: WORDS }), stdio: 'ignore' });
        const ended = once(child, 'exit');
        // Most of a run is its start and scrypt: every second kill waits until it prepares something.
        while (round % 2 === 1 && child.exitCode === null && !existsSync(copy.path('.timekeeper', 'update')))
          await sleep(1);
        await sleep(below(round % 2 === 1 ? 60 : 600));
        child.kill('SIGKILL');
        await ended;
        const state = existsSync(copy.path('.timekeeper', 'update')) ? 'while it wrote' : 'before it wrote';
        killed[child.exitCode === null ? state : 'too late']++;
        await expectSoundAndHealed(copy, each);
      }
      if (process.env.MEASURE) console.log(killed);
      expect(killed['before it wrote'] + killed['while it wrote']).toBeGreaterThan(0);
    },
    PATIENCE,
  );
});
