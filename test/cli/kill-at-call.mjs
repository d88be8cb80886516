/* For `node --import`: kills the process before call number KILL_AT of those that change the disk, and writes files in two parts, so that a kill comes in between too. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const CALLS = [
  'mkdirSync',
  'rmdirSync',
  'symlinkSync',
  'unlinkSync',
  'openSync',
  'fchownSync',
  'fchmodSync',
  'writeSync',
  'fsyncSync',
  'renameSync',
];
let left = Number(process.env.KILL_AT);

for (const name of CALLS) {
  const call = fs[name];
  fs[name] = (...given) => {
    const changes = name !== 'openSync' || typeof given[1] === 'string'; // to read, it is given a number
    if (changes && --left === 0) process.kill(process.pid, 'SIGKILL');
    if (name !== 'writeSync') return call(...given);
    const [file, bytes, at] = given;
    return call(file, bytes, at, Math.ceil((bytes.length - at) / 2));
  };
}
syncBuiltinESMExports();
