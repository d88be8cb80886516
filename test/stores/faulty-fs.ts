import * as fs from 'fs';

/*
 * Stands in for node:fs in a child process, and breaks what the environment says:
 * DELAY_MS=5 lets each call wait at random up to 5 ms, so that processes meet where they hardly ever would;
 * KILL_ONE_IN=60 kills the process before one call in 60; FAIL=fsyncSync and FAIL_CODE=EIO make that call fail;
 * MEDDLE=path lets somebody who knows no lock write that file while ours is being flushed.
 */
export * from 'fs';

const delay = Number(process.env.DELAY_MS ?? 0);
const nothing = new Int32Array(new SharedArrayBuffer(4));
const killOneIn = Number(process.env.KILL_ONE_IN ?? Infinity);
const { FAIL: failing, FAIL_CODE: code = 'EIO', MEDDLE: victim } = process.env;

function breakable<Args extends unknown[], Result>(name: string, call: (...args: Args) => Result) {
  return (...args: Args): Result => {
    if (delay > 0) Atomics.wait(nothing, 0, 0, Math.random() * delay);
    if (Math.random() < 1 / killOneIn) process.kill(process.pid, 'SIGKILL');
    if (name === failing) throw Object.assign(new Error(`${code}: told to fail, ${name}`), { code });
    if (name === 'fsyncSync' && victim !== undefined) fs.writeFileSync(victim, 'meddled');
    return call(...args);
  };
}

export const symlinkSync = breakable('symlinkSync', fs.symlinkSync);
export const readlinkSync = breakable('readlinkSync', (path: string) => fs.readlinkSync(path));
export const renameSync = breakable('renameSync', fs.renameSync);
export const unlinkSync = breakable('unlinkSync', fs.unlinkSync);
export const openSync = breakable('openSync', fs.openSync);
export const fsyncSync = breakable('fsyncSync', fs.fsyncSync);
export const closeSync = breakable('closeSync', fs.closeSync);
export const writeSync = breakable('writeSync', (file: number, bytes: Uint8Array, at: number) =>
  // In two parts, so that a kill can come in between.
  fs.writeSync(file, bytes, at, Math.ceil((bytes.length - at) / 2)),
);
