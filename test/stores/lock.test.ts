import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type LockOwner, newOwner, parseOwner } from '../../lib/stores/lock-owner.ts';
import { withLock } from '../../lib/stores/lock.ts';
import { Child, program, run } from './child.ts';

let programs: string;
let folder: string;
beforeAll(() => {
  programs = mkdtempSync(join(tmpdir(), 'lock-programs-'));
});
afterAll(() => {
  rmSync(programs, { recursive: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(programs, 'folder-'));
});

const HOLD = `
  import { withLock } from './lock.ts';
  await withLock(process.argv[2], 'run', () => new Promise(() => { console.log('held'); setInterval(() => {}, 1000); }));
`;

/** A process that takes the lock and keeps it. */
async function holder(): Promise<Child> {
  const child = run(program(programs, 'hold', HOLD), [folder]);
  await child.line();
  return child;
}

/** Milliseconds until the lock was ours. */
async function timeToTake(options = {}): Promise<number> {
  const start = performance.now();
  return withLock(folder, 'run', () => performance.now() - start, options);
}

function lockOf(owner: Partial<LockOwner> = {}): LockOwner {
  const whole = { ...newOwner(), ...owner };
  symlinkSync(JSON.stringify(whole), join(folder, 'run.lock'));
  return whole;
}

describe('between processes', () => {
  const COUNT = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { withLock } from './lock.ts';
    const [, , folder, file] = process.argv;
    for (let i = 0; i < 250; i++) {
      await withLock(folder, 'run', async () => {
        const before = Number(readFileSync(file, 'utf8'));
        if (i % 10 === 0) await new Promise(setImmediate);
        writeFileSync(file, String(before + 1));
      });
    }
  `;

  test('loses no update when four processes count to 250 each', async () => {
    const file = join(folder, 'count');
    writeFileSync(file, '0');
    const path = program(programs, 'count', COUNT);
    const start = performance.now();
    const ends = await Promise.all([1, 2, 3, 4].map(() => run(path, [folder, file]).end()));
    if (process.env.MEASURE) console.log(`1,000 contended turns: ${(performance.now() - start).toFixed(0)} ms`);
    expect(ends).toEqual(Array(4).fill({ status: 0, errors: '' }));
    expect(readFileSync(file, 'utf8')).toBe('1000');
    expect(readdirSync(folder)).toEqual(['count']);
  });

  test('is taken within a second from a process that was killed', async () => {
    const child = await holder();
    child.kill();
    const waited = await timeToTake();
    if (process.env.MEASURE) console.log(`taken over in ${waited.toFixed(1)} ms, the end of the process included`);
    expect(waited).toBeLessThan(1000);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken from a killed process that its parent has not noticed yet', async () => {
    if (!existsSync('/proc/self/stat')) return; // elsewhere a zombie cannot be told from the living
    const path = program(programs, 'hold', HOLD);
    const parent = new Child('sh', ['-c', `"$0" "$1" "$2" & echo $!; exec sleep 60`, process.execPath, path, folder]);
    const pid = Number(await parent.line());
    await parent.line();
    process.kill(pid, 'SIGKILL');
    const waited = await timeToTake();
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
    parent.kill();
    expect(waited).toBeLessThan(1000);
  });

  // What a process leaves that is killed between taking the take-over lock and moving it.
  const TAKE_OVER = `
    import { symlinkSync } from 'node:fs';
    import { newOwner } from './lock-owner.ts';
    const me = newOwner();
    symlinkSync(JSON.stringify(me), process.argv[2]);
    console.log(me.id);
    setInterval(() => {}, 1000);
  `;

  test.each([1, 2, 5])('is taken when %d processes in a row were killed while taking it over', async (killers) => {
    const first = await holder();
    let { id } = parseOwner(readlinkSync(join(folder, 'run.lock')))!;
    first.kill();
    for (let i = 0; i < killers; i++) {
      const child = run(program(programs, 'take-over', TAKE_OVER), [join(folder, `run.lock.${id}`)]);
      id = await child.line();
      child.kill();
      await child.end();
    }
    expect(await timeToTake()).toBeLessThan(1000);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('lets twenty processes that wait for the lock of a dead one in one at a time', async () => {
    const IN_TURN = `
      import { appendFileSync } from 'node:fs';
      import { withLock } from './lock.ts';
      const [, , folder, log] = process.argv;
      for (let i = 0; i < 3; i++) {
        await withLock(folder, 'run', async () => {
          appendFileSync(log, process.pid + ' in\\n');
          await new Promise((resolve) => setTimeout(resolve, 2));
          appendFileSync(log, process.pid + ' out\\n');
        });
      }
    `;
    const dead = await holder();
    const log = join(programs, 'twenty.log');
    const path = program(programs, 'in-turn', IN_TURN);
    const waiting = Array.from({ length: 20 }, () => run(path, [folder, log]));
    await sleep(500);
    dead.kill();
    const ends = await Promise.all(waiting.map((child) => child.end()));
    expect(ends).toEqual(Array(20).fill({ status: 0, errors: '' }));
    expectTurns(log, 60);
  });

  test('lets one in at a time though processes dawdle and are killed at any of its system calls', async () => {
    const TORTURE = `
      import { appendFileSync } from 'fs';
      import { withLock } from './lock.ts';
      const [, , folder, log] = process.argv;
      for (;;) {
        await withLock(folder, 'run', async () => {
          appendFileSync(log, process.pid + ' in\\n');
          await new Promise((resolve) => setTimeout(resolve, 5));
          appendFileSync(log, process.pid + ' out\\n');
        });
      }
    `;
    const log = join(programs, 'torture.log');
    const path = program(programs, 'torture', TORTURE, { faulty: true });
    let left = Number(process.env.DEATHS ?? 80); // each worker is followed by another one
    const worker = async () => {
      while (left-- > 0) await run(path, [folder, log], { env: { KILL_ONE_IN: '30', DELAY_MS: '10' } }).end();
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    expectTurns(log, 20);
    expect(await timeToTake()).toBeLessThan(1000);
    expect(readdirSync(folder)).not.toContain('run.lock');
  });

  /** Who comes in goes out before another one comes in. */
  function expectTurns(log: string, atLeast: number): void {
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const ins = lines.filter((_, i) => i % 2 === 0);
    const outs = lines.filter((_, i) => i % 2 === 1);
    expect(ins.map((line) => line.replace(' in', ' out'))).toEqual(outs);
    expect(ins.length).toBeGreaterThanOrEqual(atLeast);
  }
});

describe('an owner', () => {
  const gone = 4_194_305; // beyond Linux's largest process id

  test.each([
    { given: 'whose process is gone', owner: { pid: gone } },
    { given: 'whose process id another process has now', owner: { started: '1' } },
    { given: 'from before the machine was restarted', owner: { boot: 'another', pid: process.pid } },
    { given: 'from before the restart, in another namespace', owner: { boot: 'another', namespace: 'pid:[1]' } },
  ])('$given loses the lock at once', async ({ owner }) => {
    if (newOwner().started === undefined) return; // no /proc to judge by
    lockOf(owner);
    expect(await timeToTake({ timeoutMs: 0 })).toBeLessThan(1000);
  });

  test.each([
    { given: 'which lives', owner: {}, says: `Process ${process.pid} holds run.lock in` },
    {
      given: 'on another machine',
      owner: { machine: 'other', pid: gone },
      says: 'remove it if no Timekeeper is running there',
    },
    { given: 'in another container', owner: { namespace: 'pid:[1]', pid: gone }, says: 'another machine or container' },
    {
      given: 'that did not know its boot',
      owner: { boot: undefined, pid: gone },
      says: 'another machine or container',
    },
    { given: 'that did not know its start', owner: { started: undefined }, says: `Process ${process.pid} holds` },
  ])('$given keeps the lock, and LOCKED says so after the timeout', async ({ owner, says }) => {
    lockOf(owner);
    const before = readlinkSync(join(folder, 'run.lock'));
    const start = performance.now();
    await expect(timeToTake({ timeoutMs: 80 })).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(says),
    });
    expect(performance.now() - start).toBeGreaterThan(79);
    await expect(timeToTake({ timeoutMs: 0 })).rejects.toThrow(`run.lock in ${folder}`);
    expect(readlinkSync(join(folder, 'run.lock'))).toBe(before);
    expect(readdirSync(folder)).toEqual(['run.lock']);
  });

  const healthy = { id: '0123456789abcdef', pid: 7, machine: 'here' };
  test.each([
    { what: 'a text that is not JSON', text: 'x' },
    { what: 'null', text: 'null' },
    { what: 'an id that leads out of the folder', text: JSON.stringify({ ...healthy, id: '../../etc/passwd' }) },
    { what: 'a process id that means a group', text: JSON.stringify({ ...healthy, pid: -7 }) },
    { what: 'no machine', text: JSON.stringify({ id: healthy.id, pid: 7 }) },
  ])('is not read from $what', ({ text }) => {
    expect(parseOwner(JSON.stringify(healthy))).toMatchObject(healthy);
    expect(parseOwner(text)).toBeUndefined();
  });

  test.each([
    {
      what: 'a file',
      make: (path: string) => {
        writeFileSync(path, '4711');
      },
    },
    {
      what: 'a folder',
      make: (path: string) => {
        mkdirSync(path);
      },
    },
    {
      what: "a link of somebody else's",
      make: (path: string) => {
        symlinkSync('elsewhere', path);
      },
    },
  ])('is unknown where $what stands in place of the lock: LOCKED names what to remove', async ({ make }) => {
    make(join(folder, 'run.lock'));
    await expect(timeToTake({ timeoutMs: 0 })).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(`run.lock in ${folder} is not a lock of ours; remove it`),
    });
  });
});

describe('within a process', () => {
  test('returns what the action returned, and releases', async () => {
    expect(await withLock(folder, 'run', () => 7)).toBe(7);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('releases when the action throws', async () => {
    await expect(withLock(folder, 'run', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('serves those who wait one after the other', async () => {
    let inside = 0;
    const most: number[] = [];
    const turn = () =>
      withLock(folder, 'run', async () => {
        most.push(++inside);
        await sleep(1);
        inside--;
      });
    await Promise.all(Array.from({ length: 10 }, turn));
    expect(most).toEqual(Array(10).fill(1));
  });

  test('holds locks of two names at once', async () => {
    const both = withLock(folder, 'run', () => withLock(folder, 'put', () => readdirSync(folder).sort()));
    expect(await both).toEqual(['put.lock', 'run.lock']);
  });

  test("leaves a lock alone that is somebody else's by the time it releases", async () => {
    const theirs = await withLock(folder, 'run', () => {
      unlinkSync(join(folder, 'run.lock'));
      return lockOf();
    });
    expect(parseOwner(readlinkSync(join(folder, 'run.lock')))?.id).toBe(theirs.id);
  });

  test('makes a missing folder only if told to, for its owner alone, and removes it if it stayed empty', async () => {
    const state = join(folder, '.timekeeper');
    await expect(withLock(state, 'run', () => 0)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await withLock(
      state,
      'run',
      () => {
        expect(readdirSync(folder)).toEqual(['.timekeeper']);
      },
      { create: true, timeoutMs: 0 },
    );
    expect(readdirSync(folder)).toEqual([]);
    await withLock(
      state,
      'run',
      () => {
        writeFileSync(join(state, 'journal.json'), '{}');
      },
      { create: true },
    );
    expect(readdirSync(state)).toEqual(['journal.json']);
  });

  test('makes no tree of folders for a mistyped path', async () => {
    const path = join(folder, 'no', 'such', 'place');
    await expect(withLock(path, 'run', () => 0, { create: true })).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('gives up on a folder that is a link to nowhere', async () => {
    symlinkSync('nowhere', join(folder, 'state'));
    const taking = withLock(join(folder, 'state'), 'run', () => 0, { create: true, timeoutMs: 50 });
    await expect(taking).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });
});
