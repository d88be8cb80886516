import { mkdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FailureError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { diskError, place, systemCode } from './disk-error.ts';
import { type LockOwner, lifeOf, newOwner, parseOwner } from './lock-owner.ts';
import { removeIfEmpty } from './remove-files.ts';

/** How a lock is waited for. */
export interface LockOptions {
  /** Milliseconds to wait for a living owner; 0 tries once. 30 seconds if not given. */
  readonly timeoutMs?: number;
  /** Makes the folder (mode 0700) if it is missing, and removes it afterwards if it stayed empty. */
  readonly create?: boolean;
}

const TIMEOUT = 30_000; // ms; a run with a slow scrypt takes two seconds
const SHORTEST_WAIT = 5; // ms; longer than most puts
const LONGEST_WAIT = 50; // ms; nobody notices, and ten waiting processes cost nothing

/**
 * Runs an action while no other process on this machine runs one under the same lock. Not re-entrant: who holds it and asks again waits for itself.
 * @param folder - where the lock lives, as `NAME.lock`
 * @returns what the action returned
 * @throws FailureError LOCKED if the owner lives on after the timeout or cannot be judged from here; else what the disk or the action threw
 */
export async function withLock<T>(
  folder: string,
  name: string,
  action: () => Promise<T> | T,
  { timeoutMs = TIMEOUT, create = false }: LockOptions = {},
): Promise<T> {
  const path = join(folder, `${name}.lock`);
  const me = newOwner();
  const madeFolder = await acquire(path, me, folder, timeoutMs, create);
  try {
    return await action();
  } finally {
    release(path, me);
    if (madeFolder) removeIfEmpty(folder);
  }
}

/** Waits until the lock is ours. Returns whether the folder was made for it. */
async function acquire(
  path: string,
  me: LockOwner,
  folder: string,
  timeoutMs: number,
  create: boolean,
): Promise<boolean> {
  const deadline = elapsed() + timeoutMs;
  let madeFolder = false;
  for (let wait = SHORTEST_WAIT; ; wait = Math.min(wait * 1.5, LONGEST_WAIT)) {
    try {
      const owner = take(path, path, me);
      if (owner === me) return madeFolder;
      if (elapsed() >= deadline) throw locked(path, owner, timeoutMs);
    } catch (error) {
      if (!create || systemCode(error) !== 'ENOENT') throw diskError(error, path, 'taken');
      // Whoever made the folder also removes it while it is empty, so this can happen more than once.
      if (makeFolder(folder)) {
        madeFolder = true;
        continue;
      }
      if (elapsed() >= deadline) throw diskError(error, path, 'taken');
    }
    await sleep(wait * (0.5 + Math.random() / 2)); // jitter, so that those who wait do not meet again and again
  }
}

/** Milliseconds on a clock that nobody sets. (The global `performance` would take a millisecond to load.) */
function elapsed(): number {
  return process.uptime() * 1_000;
}

/**
 * Tries once to take a lock, or to take it over from an owner that has ended.
 *
 * A lock is a symbolic link whose target is a text about its owner: one system call makes it, whole and only if there is none,
 * and a power cut does not leave it empty (a new file's content would have to be flushed first; a library of lock folders keeps a
 * killed owner's lock until it is stale). It changes in three ways only:
 *
 * 1. absent to X, by X, exclusively;
 * 2. X to absent, by X, which holds it;
 * 3. X to Y, by Y, if X has ended, while Y holds the lock `NAME.lock.X`, and after Y has read X again under that lock.
 *
 * So Y's rename replaces X and nothing else: X itself can do nothing any more, and somebody else who moved X away between Y's reading
 * and renaming would have held `NAME.lock.X` together with Y. That lock is taken by the same rules, so the first breach in time of any
 * lock would need an earlier one. The rename moves `NAME.lock.X` itself, which already says Y: the lock is taken over and the
 * take-over lock gone in one step. Whoever is killed in between leaves a lock with a dead owner, to be taken over in the same way.
 * X, having ended, never comes back once it is gone from `NAME.lock`, so a `NAME.lock.X` left by a killed latecomer does no harm.
 * @param base - path of the lock that it is all about; take-over locks are named after it, so that names do not grow
 * @returns me if it is taken now, the owner if somebody holds it, else why there is none to name
 */
function take(path: string, base: string, me: LockOwner): LockOwner | 'gone' | 'unreadable' {
  try {
    symlinkSync(JSON.stringify(me), path);
    return me;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  const owner = read(path);
  if (owner === 'gone' || owner === 'unreadable' || lifeOf(owner) !== 'dead') return owner;

  const takeOver = `${base}.${owner.id}`;
  if (take(takeOver, base, me) !== me) return owner;
  if (!holds(path, owner)) {
    release(takeOver, me);
    return 'gone';
  }
  renameSync(takeOver, path);
  return me;
}

function read(path: string): LockOwner | 'gone' | 'unreadable' {
  try {
    return parseOwner(readlinkSync(path)) ?? 'unreadable';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'gone';
    if (systemCode(error) === 'EINVAL') return 'unreadable'; // not a symbolic link
    throw error;
  }
}

function holds(path: string, owner: LockOwner): boolean {
  const found = read(path);
  return typeof found === 'object' && found.id === owner.id;
}

/** Never throws: what the action did counts, and a lock that stays is taken over as soon as this process has ended. */
function release(path: string, me: LockOwner): void {
  try {
    if (holds(path, me)) unlinkSync(path);
  } catch {
    return;
  }
}

function locked(path: string, owner: LockOwner | 'gone' | 'unreadable', timeoutMs: number): FailureError {
  return new FailureError('LOCKED', `${reason(path, owner)} (waited ${(timeoutMs / 1000).toFixed(1)} s).`);
}

function reason(path: string, owner: LockOwner | 'gone' | 'unreadable'): string {
  if (owner === 'gone') return `Others kept taking ${place(path)}`;
  if (owner === 'unreadable') return `${place(path)} is not a lock of ours; remove it if no Timekeeper is running`;
  if (lifeOf(owner) !== 'elsewhere') return `Process ${owner.pid} holds ${place(path)}`;
  const where = `process ${owner.pid} of another machine or container (${quote(owner.machine)})`;
  return `${place(path)} belongs to ${where}; remove it if no Timekeeper is running there`;
}

function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 }); // not recursive: a mistyped path is an error, not a new tree
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw diskError(error, folder, 'made');
  }
}
