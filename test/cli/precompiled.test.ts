import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = (...words: readonly string[]) => promisify(execFile)(process.execPath, words, { cwd: ROOT });

describe('the command as V8 has compiled it beforehand', () => {
  let folder: string;
  let compiled: string;
  let whole: Buffer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'precompiled-'));
    await cp(join(ROOT, 'dist', 'bin'), join(folder, 'bin'), { recursive: true });
    await run('precompile.js', folder);
    const name = `command-${process.version}-${process.arch}.v8`;
    compiled = join(folder, 'bin', name);
    whole = await readFile(compiled);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is what V8 takes, for this Node', async () => {
    const look = `
      const { readFileSync } = require('node:fs');
      const source = readFileSync(process.argv[1], 'latin1');
      const cachedData = readFileSync(process.argv[2]).subarray(32);
      console.log(new (require('node:vm').Script)(source, { cachedData }).cachedDataRejected);`;
    const { stdout } = await run('--eval', look, join(folder, 'bin', 'command.js'), compiled);
    expect(stdout).toBe('false\n');
  });

  const harm: readonly { readonly given: string; readonly arrange: () => Promise<void> }[] = [
    { given: 'it is whole', arrange: () => writeFile(compiled, whole) },
    { given: 'it is missing, as in a package from a registry', arrange: () => rm(compiled, { force: true }) },
    { given: 'it is empty', arrange: () => writeFile(compiled, '') },
    { given: 'it was cut', arrange: () => writeFile(compiled, whole.subarray(0, 100_000)) },
    // V8 does not look at what follows the head: from such bytes it would run something else, or end with a fatal error.
    ...[0, 40, 132, 1_000, 300_000].map((at) => ({
      given: `byte ${at} is another one`,
      arrange: () => writeFile(compiled, Buffer.from(whole).fill((whole[at] ?? 0) ^ 0x40, at, at + 1)),
    })),
    {
      given: 'it was made of another command of the same length',
      arrange: async () => {
        const command = join(folder, 'bin', 'command.js');
        const source = await readFile(command, 'utf8');
        await writeFile(compiled, whole);
        await writeFile(command, source.replaceAll('re-signs timestamp.json', 're-Signs timestamp.json'));
      },
    },
  ];
  test.each(harm)('runs as ever where $given', async ({ given, arrange }) => {
    await arrange();
    const { stdout } = await run(join(folder, 'bin', 'timekeeper.js'), '--help');
    expect(stdout).toContain('Usage: timekeeper');
    expect(stdout.includes('re-Signs')).toBe(given.includes('another command'));
  });
});
