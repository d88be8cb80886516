/** Processes that run tests, as many as there are processors; one that takes too long is ended and replaced. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
const MAX_MEGABYTES = 1_500; // jest does not give back all of what a test file took
const TICKS = 100; // a second, in /proc

/**
 * Works through a list of jobs.
 * @template Job
 * @param {Job[]} jobs
 * @param {(job: Job, ask: (request: object, seconds: number) => Promise<object | 'too long'>) => Promise<void>} work - seconds of the processor, where the system tells them: on a busy machine everything takes long
 */
export async function workThrough(jobs, work) {
  const open = jobs.values();
  await Promise.all(Array.from({ length: availableParallelism() }, () => oneWorker(open, work)));
}

async function oneWorker(open, work) {
  let worker;
  const ask = async (request, seconds) => {
    worker ??= fork(WORKER, { execArgv: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'advanced' }); // prettier-ignore
    const answer = await answerOf(worker, request, seconds);
    if (answer === 'too long' || answer.megabytes > MAX_MEGABYTES) {
      worker.kill('SIGKILL');
      worker = undefined;
    }
    return answer;
  };
  for (const job of open) await work(job, ask);
  worker?.kill();
}

function answerOf(worker, request, seconds) {
  return new Promise((resolve, reject) => {
    const ended = (code, signal) => settle(() => reject(new Error(`A worker ended (${code ?? signal}).`)));
    const before = processorSeconds(worker.pid) ?? 0;
    const started = Date.now();
    const isOver = () => (processorSeconds(worker.pid) ?? (Date.now() - started) / 1_000 + before) - before > seconds;
    const isStuck = () => Date.now() - started > 10_000 * seconds;
    const timer = setInterval(() => (isOver() || isStuck()) && settle(() => resolve('too long')), 1_000);
    const answered = (answer) => settle(() => resolve(answer));
    const settle = (done) => {
      clearInterval(timer);
      worker.off('exit', ended).off('message', answered);
      done();
    };
    worker.on('exit', ended).on('message', answered);
    worker.send(request);
  });
}

/** How long a process has had the processor; undefined where the system does not tell. */
function processorSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}
