import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from './disk-error.ts';

/** Who holds a lock: enough to tell, from another process, whether that process has ended. */
export interface LockOwner {
  /** Sixteen hex digits, new for every acquisition: what a dead owner held is never mistaken for what a living one holds. */
  readonly id: string;
  readonly pid: number;
  /** Host name and a digest of the machine's id: two machines that share a disk may have one name. */
  readonly machine: string;
  /** Boot id; undefined where there is no /proc. */
  readonly boot?: string | undefined;
  /** Process id namespace: a container's process ids mean nothing outside it. Undefined where there is no /proc. */
  readonly namespace?: string | undefined;
  /** When the process started, in clock ticks since boot: a process id is used again. Undefined where there is no /proc. */
  readonly started?: string | undefined;
}

let thisProcess: Omit<LockOwner, 'id'> | undefined;

/** This process as the owner of a lock that it is about to take. */
export function newOwner(): LockOwner {
  thisProcess ??= {
    pid: process.pid,
    machine: machine(),
    boot: whereThere(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: whereThere(() => readlinkSync('/proc/self/ns/pid')),
    started: processStat(process.pid)?.started,
  };
  return { id: randomBytes(8).toString('hex'), ...thisProcess };
}

/**
 * Reads what a lock says about its owner.
 * @returns undefined if it is not a text of ours
 */
export function parseOwner(text: string): LockOwner | undefined {
  const fields = new Map<string, unknown>(Object.entries(parsedObject(text)));
  const word = (name: string) => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const id = word('id');
  const machine = word('machine');
  const pid = fields.get('pid');
  // The id becomes part of a file's name; a pid of 0 or less would mean a whole group of processes.
  if (id === undefined || !/^[0-9a-f]{16}$/.test(id) || machine === undefined) return undefined;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined;
  return { id, pid, machine, boot: word('boot'), namespace: word('namespace'), started: word('started') };
}

/**
 * Whether an owner has surely ended and can therefore do nothing more; `elsewhere` if that cannot be seen from here.
 * An owner once found dead stays dead.
 */
export function lifeOf(owner: LockOwner): 'alive' | 'dead' | 'elsewhere' {
  const here = newOwner();
  if (owner.machine !== here.machine) return 'elsewhere';
  if (differ(owner.boot, here.boot)) return 'dead';
  if (owner.boot !== here.boot || owner.namespace !== here.namespace) return 'elsewhere';
  if (!processExists(owner.pid)) return 'dead';
  const stat = processStat(owner.pid);
  if (stat === undefined) return 'alive'; // no /proc, or one that hides the processes of others
  return differ(stat.started, owner.started) || stat.ended ? 'dead' : 'alive';
}

/** Whether both are known and not the same. */
function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH'; // EPERM: it lives, and is somebody else's
  }
}

/** From /proc/PID/stat: field 22, and whether it only waits for its parent to notice that it has ended. */
function processStat(pid: number): { readonly started: string; readonly ended: boolean } | undefined {
  const stat = whereThere(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // Field 2 is the program's name in brackets and may hold anything, so count from behind it: field 3 is first.
  const [state = '', ...rest] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [threads, started] = [rest[16], rest[18]];
  if (started === undefined) return undefined;
  // The first thread of a killed process can be gone while another one still is in its last rename.
  return { started, ended: (state === 'Z' || state === 'X') && Number(threads) <= 1 };
}

function machine(): string {
  const id = whereThere(() => readFileSync('/etc/machine-id', 'utf8').trim());
  // Hashed: systemd asks that the id itself be kept from others.
  return id ? `${hostname()} ${createHash('sha256').update(`timekeeper ${id}`).digest('hex').slice(0, 8)}` : hostname();
}

function whereThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // macOS has no /proc, a container may have no machine id
  }
}

function parsedObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
