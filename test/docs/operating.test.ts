import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { COMMAND, environment } from '../cli/timekeeper.ts';
import { Client } from '../cli/working-copy.ts';
import { goTuf } from '../peers/go-tuf.ts';
import { TYPED } from './command-lines.ts';
import { NOT_RUN } from './proofs.ts';

const LINES = TYPED.filter(({ page, line }) => page === 'docs/operating-a-fleet-repository.md' && NOT_RUN[line] === undefined); // prettier-ignore

/** What the page has on the machine that publishes; the names are those of its commands. */
const FILES = ['osqueryd', 'osqueryd-5.1.0', 'orbit', 'fleet-desktop.tar.gz'];
const PASSPHRASES = Object.fromEntries(['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'].map((role) => [`FLEET_${role}_PASSPHRASE`, `of ${role}`])); // prettier-ignore

const folder = mkdtempSync(join(tmpdir(), 'operating-'));
const path = (...names: readonly string[]) => join(folder, ...names);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** As the page has it, but for what a test cannot have: a deployment (a folder takes its place), and somebody who answers questions. */
function here(line: string): string {
  return line
    .replace(/^timekeeper (publish|status) orbit\b/, (_, command: string) => `timekeeper ${command} ./public/`)
    .replace(/^timekeeper status .*$/, '$& --trusted-root root.json')
    .replace(/^timekeeper updates sign .*|.* --prune$/, '$& --yes');
}

async function typed(line: string): Promise<{ readonly status: number; readonly said: string }> {
  const env = { ...environment(), ...PASSPHRASES, PATH: `${path('.bin')}:${process.env.PATH ?? ''}` };
  try {
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', here(line)], { cwd: folder, env });
    return { status: 0, said: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, said: stdout + stderr };
  }
}

describe('the commands of operating-a-fleet-repository.md, typed one after the other', () => {
  test('lead from nothing to a repository from which clients update, the oldest too, and through what comes later', async () => {
    mkdirSync(path('.bin'));
    writeFileSync(path('.bin', 'timekeeper'), `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`);
    chmodSync(path('.bin', 'timekeeper'), 0o755);
    for (const name of FILES) writeFileSync(path(name), `the content of ${name}`);
    const peer = await goTuf();
    const now = () => `${new Date().toISOString().slice(0, 19)}Z`;
    let began = false;
    let seen = 0;

    for (const { line } of LINES) {
      const { status, said } = await typed(line);
      expect({ line, status, said }).toEqual({ line, status: 0, said: expect.not.stringContaining('Warning (') });
      if (!line.startsWith('timekeeper publish orbit')) continue;
      // The first agent was packed with the first root, as `fleetctl package` does, and remembers.
      if (peer !== undefined && !began) await peer.clientInit(path('agent'), path('root.json'));
      const check = await peer?.clientUpdate(path('agent'), path('public'), { now: now(), targets: true });
      expect(check?.ok ?? true).toBe(true);
      // One that is packed now was given what `updates roots` prints, and begins.
      const client = new Client(Buffer.from((await typed('timekeeper updates roots --path work')).said));
      const { root, timestamp } = client.update(path('public'), now());
      expect(root.version + timestamp.version).toBeGreaterThan(seen); // a new root alone needs no new timestamp
      seen = root.version + timestamp.version;
      began = true;
    }

    expect(existsSync(path('work', 'keys', 'root.json'))).toBe(false);
    expect(existsSync(path('public', '2.root.json'))).toBe(true);
    const { signed } = JSON.parse(readFileSync(path('public', 'targets.json'), 'utf8')) as { signed: { targets: Record<string, { custom: object }> } }; // prettier-ignore
    expect(signed.targets['osqueryd/linux/stable/osqueryd']).toMatchObject({ custom: { version: '5.0.1' } });
    expect(Object.keys(signed.targets).filter((name) => name.includes('5.1.0'))).toEqual([]);
  }, 300_000);
});
