/* For `node --import`: kills the process before call number KILL_AT of those that change the disk, and writes files in two parts, so that a kill comes in between too. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';

const CALLS = [
  'mkdirSync',
  'rmdirSync',
  'rmSync',
  'symlinkSync',
  'linkSync',
  'unlinkSync',
  'openSync',
  'fchownSync',
  'fchmodSync',
  'writeSync',
  'fsyncSync',
  'fdatasyncSync',
  'renameSync',
  'copyFileSync',
];
let left = Number(process.env.KILL_AT);

const count = () => {
  if (--left === 0) process.kill(process.pid, 'SIGKILL');
};

for (const name of CALLS) {
  const call = fs[name];
  fs[name] = (...given) => {
    const changes = name !== 'openSync' || typeof given[1] === 'string'; // to read, it is given a number
    if (changes) count();
    if (name !== 'writeSync') return call(...given);
    const [file, bytes, at] = given;
    return call(file, bytes, at, Math.ceil((bytes.length - at) / 2));
  };
}

const { copyFile, open } = fs.promises;
fs.promises.copyFile = (...given) => {
  count();
  return copyFile(...given);
};
fs.promises.open = async (path, flags, ...rest) => {
  if (flags !== 'r') count();
  const file = await open(path, flags, ...rest);
  for (const name of ['write', 'datasync']) {
    const call = file[name].bind(file);
    file[name] = (bytes, at = 0, ...more) => {
      count();
      return name === 'write' ? call(bytes, at, Math.ceil((bytes.length - at) / 2), ...more) : call();
    };
  }
  return file;
};
for (const name of ['write', 'fdatasync']) {
  const call = fs[name];
  fs[name] = (...given) => {
    count();
    const [file, bytes, at] = given;
    if (name === 'write') call(file, bytes, at, Math.ceil((bytes.length - at) / 2), given.at(-1));
    else call(...given);
  };
  fs[name][promisify.custom] = name === 'write' ? (file, bytes, at) => new Promise((resolve, reject) => fs.write(file, bytes, at, (error, bytesWritten) => (error ? reject(error) : resolve({ bytesWritten })))) : undefined; // prettier-ignore
}
syncBuiltinESMExports();
