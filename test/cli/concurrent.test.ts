import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { program, run } from '../stores/child.ts';
import { NOW } from './timekeeper.ts';
import { Client, copyOf, enrolledCopyOf, newPath, type WorkingCopy } from './working-copy.ts';

const TIMES = 1_000; // signatures in all
const COMMANDS = 6; // of them by the command itself, while the others run
const PATIENCE = 300_000; // ms; 20 seconds on two cores that have nothing else to do

/** Signs again and again as `timekeeper resign --force` does, and prints code and version of each outcome, or what went wrong. */
const SIGN_AGAIN = `
  import { directoryTrust, findWorkingDirectory, placesOf } from '../cli/working-directory.ts';
  import { DEFAULT_POLICY } from '../refresh/policy.ts';
  import { refresh } from '../refresh/refresh.ts';
  import { parseInstant } from '../tuf/instant.ts';
  import { withLock } from './lock.ts';
  const [, , folder, times] = process.argv;
  const directory = findWorkingDirectory(folder, {});
  const wish = { repository: 'tests', force: true, dryRun: false, reason: undefined };
  const policy = { ...DEFAULT_POLICY, minInterval: 0 };
  for (let i = 0; i < Number(times); i++) {
    try {
      const sign = () =>
        refresh(wish, placesOf(directory), directoryTrust(undefined), policy, parseInstant('${NOW}', 'now'));
      const { code, version } = await withLock(directory.state, 'run', sign, { create: true });
      console.log(code, version);
    } catch (error) {
      console.log(error.code, error.message);
    }
  }
`;

test(
  `two processes that re-sign one directory ${TIMES} times lose no signature, and nobody sees an error`,
  async () => {
    const copy = await enrolledCopyOf('plain-key');
    const client = new Client(copy.bytes('repository', '1.root.json'));
    const programs = newPath();
    mkdirSync(programs);
    const path = program(programs, 'sign-again', SIGN_AGAIN);
    const loops = (TIMES - COMMANDS) / 2;
    const first = copy.signed().version;

    const started = performance.now();
    const children = [0, 1].map(() => run(path, [copy.folder, String(loops)]));
    const ends = Promise.all(children.map(linesOf));
    const watched = watch(copy, ends);
    const commands: number[] = [];
    for (let i = 0; i < COMMANDS; i++) {
      const { code, version } = await copy.json(['resign', '--force']);
      expect(code).toBe('SIGNED');
      commands.push(version ?? 0);
    }
    const lines = (await ends).flat();
    if (process.env.MEASURE) console.log(`${TIMES} signatures: ${Math.round(performance.now() - started)} ms`);

    expect(lines.filter((line) => !/^SIGNED \d+$/.test(line))).toEqual([]);
    const versions = [...lines.map((line) => Number(line.split(' ')[1])), ...commands].sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: TIMES }, (_, i) => first + 1 + i));
    expect(copy.signed().version).toBe(first + TIMES);
    expect(await watched).toEqual([]);
    expect(client.update(copy.repository).timestamp.version).toBe(first + TIMES);
    expect(readdirSync(copy.path('.timekeeper')).sort()).toEqual(['journal.json', 'root-chain.json']);
    expect(readdirSync(copy.repository).sort()).toEqual(readdirSync(copyOf('plain-key').repository).sort());
  },
  PATIENCE,
);

test('first runs that begin the state at one moment agree', async () => {
  const copy = copyOf('plain-key');
  const words = ['resign', '--force', '--trusted-root', 'repository/root.json'];
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => copy.json(words)));
  expect(outcomes.map(({ code }) => code)).toEqual(Array(4).fill('SIGNED'));
  expect(outcomes.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5]);
});

test('plan looks on while others sign, and sees nothing broken', async () => {
  const copy = await enrolledCopyOf('plain-key');
  const looks = Array.from({ length: 6 }, () => copy.json(['plan']));
  for (let i = 0; i < 6; i++) await copy.json(['resign', '--force']);
  for (const { code } of await Promise.all(looks)) expect(['NOT_DUE', 'SIGNED', 'HEALED_UNPUBLISHED']).toContain(code);
});

/** All that a child prints, once it has ended well. */
async function linesOf(child: ReturnType<typeof run>): Promise<readonly string[]> {
  const lines: string[] = [];
  child.process.stdout!.on('data', (piece: Buffer) => lines.push(piece.toString()));
  expect(await child.end()).toEqual({ status: 0, errors: '' });
  return lines.join('').split('\n').filter(Boolean);
}

/** Looks at timestamp.json all the while, as whoever serves it does. Returns what should not be seen: half a file, a version that falls, a second content. */
async function watch(copy: WorkingCopy, end: Promise<unknown>): Promise<readonly string[]> {
  const isOver = end.then(
    () => true,
    () => true,
  );
  const wrong: string[] = [];
  const seen = new Map<number, string>();
  let newest = 0;
  while (!(await Promise.race([isOver, sleep(3, false)]))) {
    const content = readFileSync(copy.path('repository', 'timestamp.json'), 'utf8');
    const version = versionIn(content);
    if (version === undefined) wrong.push(`half a file: ${content}`);
    else if (version < newest) wrong.push(`version ${version} after ${newest}`);
    else if ((seen.get(version) ?? content) !== content) wrong.push(`two contents of version ${version}`);
    else seen.set((newest = version), content);
  }
  return wrong;
}

function versionIn(content: string): number | undefined {
  try {
    return (JSON.parse(content) as { signed: { version: number } }).signed.version;
  } catch {
    return undefined;
  }
}
