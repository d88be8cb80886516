/** Processes that run tests, as many as there are processors; one that takes too long is ended and replaced. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
const MAX_MEGABYTES = 1_500; // jest does not give back all of what a test file took
const TICKS = 100; // a second, in /proc

/**
 * @typedef {(request: object, seconds: number, hear: (message: object) => void) => Promise<{ failure?: string } | 'too long'>} Ask
 *   Sends a request to a worker and hears what it has to say until it ended, or took more seconds of the processor than it has until its next word.
 *   A message that has `seconds` says how many from then on.
 */

/**
 * Works through jobs until there are none.
 * @template Job
 * @param {() => Job | undefined | 'later'} next - `later`: when one of those that are being done is done
 * @param {(job: Job, ask: Ask) => Promise<void>} work
 */
export async function workThrough(next, work) {
  const doing = new Set();
  await Promise.all(Array.from({ length: availableParallelism() }, oneWorker));

  async function oneWorker() {
    let worker;
    const ask = async (request, seconds, hear) => {
      worker ??= fork(WORKER, { execArgv: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'advanced' }); // prettier-ignore
      const answer = await answerOf(worker, request, seconds, hear);
      if (answer === 'too long' || answer.megabytes > MAX_MEGABYTES) {
        await ended(worker, 'SIGKILL');
        worker = undefined;
      }
      return answer;
    };
    for (let job = next(); job !== undefined; job = next()) {
      if (job === 'later') {
        await Promise.race(doing);
        continue;
      }
      const done = work(job, ask);
      doing.add(done);
      await done;
      doing.delete(done);
    }
    if (worker) await ended(worker, 'SIGTERM');
  }
}

/** Seconds of the processor, of this process and of those that it started and that ended; undefined where the system does not tell. */
export function processorSeconds() {
  return ticks('self', [11, 12, 13, 14]);
}

async function ended(worker, signal) {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill(signal);
  await once(worker, 'exit');
}

/** A worker that ends by itself has run out of memory: that is `too long` as well. */
function answerOf(worker, request, seconds, hear) {
  return new Promise((resolve) => {
    let allowed;
    let before;
    let began;
    const allow = (more) => {
      allowed = more;
      before = used() ?? 0;
      began = Date.now();
    };
    const used = () => ticks(worker.pid, [11, 12]);
    const isOver = () => (used() ?? (Date.now() - began) / 1_000 + before) - before > allowed;
    const isStuck = () => Date.now() - began > 600_000 + 10_000 * allowed;
    const timer = setInterval(() => (isOver() || isStuck()) && settle('too long'), 500);
    const tooLong = () => settle('too long');
    const listen = (message) => {
      if (message.ended) return settle(message);
      if (message.seconds !== undefined) allow(message.seconds);
      hear(message);
    };
    const settle = (answer) => {
      clearInterval(timer);
      worker.off('exit', tooLong).off('message', listen);
      resolve(answer);
    };
    allow(seconds);
    worker.on('exit', tooLong).on('message', listen);
    worker.send(request);
  });
}

function ticks(pid, columns) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return columns.reduce((sum, column) => sum + Number(fields[column]), 0) / TICKS;
  } catch {
    return undefined;
  }
}
