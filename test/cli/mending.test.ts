import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ClientResult } from '../../lib/cli/client-result.ts';
import type { Status } from '../../lib/cli/status-model.ts';
import { ours } from '../authoring/updates.ts';
import { HttpServer } from '../stores/http-server.ts';
import { killedAtCall } from './killing.ts';
import { commandLine, environment, NOW } from './timekeeper.ts';
import { newPath, WorkingCopy } from './working-copy.ts';

const LATER = '2026-11-26T00:00:00Z';
const PATIENCE = 60_000; // ms

/** What clients are served: whole, while a working directory is not. */
const server = new HttpServer();
let whole: string;
let bin: string;

beforeAll(async () => {
  whole = newPath();
  await ours.init(whole, { random: 'init' });
  for (const version of ['1', '2']) await ours.add(whole, artefact(version));
  await ours.rotate(whole, 'targets', { random: 'rotated' });
  bin = newPath();
  mkdirSync(bin);
  const words = commandLine([]).map((word) => `'${word}'`);
  writeFileSync(join(bin, 'timekeeper'), `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
  chmodSync(join(bin, 'timekeeper'), 0o755);
  await server.listen();
  server.answer = ({ url = '' }, response) => {
    const file = join(whole, 'repository', url);
    if (existsSync(file)) response.writeHead(200).end(readFileSync(file));
    else response.writeHead(404).end();
  };
});
afterAll(() => server.close());

function artefact(version: string) {
  const file = newPath();
  writeFileSync(file, `version ${version}`);
  return { file, name: 'orbit', platform: 'linux', version, tags: ['stable'] };
}

/** A working directory, and the root that its operator trusts. */
function copyOfWhole(): WorkingCopy {
  const copy = new WorkingCopy(newPath());
  cpSync(whole, copy.folder, { recursive: true });
  writeFileSync(copy.path('trusted.json'), copy.bytes('repository', '1.root.json'));
  return copy;
}

/** One that was made with a role that lives a day. */
async function shortLived(role: string): Promise<WorkingCopy> {
  const copy = new WorkingCopy(newPath());
  mkdirSync(copy.folder);
  const words = Object.fromEntries(['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'].map((name) => [`FLEET_${name}_PASSPHRASE`, 'x'])); // prettier-ignore
  await copy.run(['updates', 'init', `--${role}-validity`, '1 day'], { passphrase: null, env: words });
  for (const name of ['root', 'targets', 'snapshot', 'timestamp'])
    await copy.run(['updates', 'change-passphrase', name, '--plain'], { passphrase: null, env: words });
  writeFileSync(copy.path('trusted.json'), copy.bytes('repository', '1.root.json'));
  return copy;
}

const TRUSTED = ['--trusted-root', 'trusted.json'];

interface Told {
  readonly status: number | null;
  readonly problems: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
}

const LOOKS = {
  async status(copy: WorkingCopy, now: string): Promise<Told> {
    const { status, stdout } = await copy.run(['status', '.', ...TRUSTED, '--resign-after', '13 days', '--json'], { now, passphrase: null }); // prettier-ignore
    const { problems, warnings } = JSON.parse(stdout) as Status;
    return { status, problems: [...problems, ...warnings] };
  },
  async verify(copy: WorkingCopy, now: string): Promise<Told> {
    const { status, stdout } = await copy.run(['verify', '.', ...TRUSTED, '--json'], { now, passphrase: null });
    const { code, message = '', remedy = '', problems = [] } = JSON.parse(stdout) as ClientResult;
    return { status, problems: code === null ? [] : [{ code, message, remedy }, ...problems] };
  },
};

/** Types a command into a shell, in the folder. */
async function type(command: string, copy: WorkingCopy, now: string): Promise<string> {
  const env = { ...environment({ now, passphrase: null }), PATH: `${bin}:${process.env.PATH ?? ''}` };
  const line = command.replace('URL', `${server.url}/`);
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', line], { cwd: copy.folder, env });
  return stdout + stderr;
}

/** Does what is said, command by command, until nothing is wrong any more. Returns the commands. */
async function mend(look: keyof typeof LOOKS, copy: WorkingCopy, now: string): Promise<readonly string[]> {
  const typed: string[] = [];
  for (;;) {
    const { status, problems } = await LOOKS[look](copy, now);
    const [command] = problems.flatMap(({ remedy }) => /`([^`]+)`/.exec(remedy)?.slice(1) ?? []);
    if (command === undefined) {
      expect({ status, problems }).toEqual({ status: 0, problems: [] });
      return typed;
    }
    expect(typed).not.toContain(command);
    await type(command, copy, now);
    typed.push(command);
  }
}

const FETCH = 'timekeeper fetch URL --trusted-root repository/1.root.json --state served && cp served/*.json repository'; // prettier-ignore
const REMOVE = 'timekeeper updates remove orbit/linux/1/orbit';
const published = (copy: WorkingCopy, name: string) => copy.path('repository', name);

interface Case {
  readonly given: string;
  readonly make: () => WorkingCopy | Promise<WorkingCopy>;
  readonly typed: readonly string[];
  readonly now?: string;
  readonly looks?: readonly (keyof typeof LOOKS)[];
}

const broken = (breaks: (copy: WorkingCopy) => void) => () => {
  const copy = copyOfWhole();
  breaks(copy);
  return copy;
};

const CASES: readonly Case[] = [
  ...(['root', 'targets', 'snapshot'] as const).map((role): Case => ({ given: `${role}.json that has expired`, make: () => shortLived(role), now: LATER, typed: [`timekeeper updates extend ${role}`] })), // prettier-ignore
  { given: 'timestamp.json that has expired', make: () => shortLived('timestamp'), now: LATER, typed: ['timekeeper updates timestamp'] }, // prettier-ignore
  { given: 'all of them expired', make: copyOfWhole, now: '2037-01-01T00:00:00Z', typed: ['timekeeper updates extend root', 'timekeeper updates extend targets'] }, // prettier-ignore
  { given: 'no root.json', make: broken((copy) => { rmSync(published(copy, 'root.json')); }), typed: ['cp repository/2.root.json repository/root.json'] }, // prettier-ignore
  { given: 'a root.json that is older than 2.root.json', make: broken((copy) => { cpSync(published(copy, '1.root.json'), published(copy, 'root.json')); }), typed: ['cp repository/2.root.json repository/root.json'] }, // prettier-ignore
  { given: 'no 2.root.json', make: broken((copy) => { rmSync(published(copy, '2.root.json')); }), typed: ['cp repository/root.json repository/2.root.json'] }, // prettier-ignore
  ...(['timestamp', 'snapshot', 'targets'] as const).map((role): Case => ({ given: `no ${role}.json`, make: broken((copy) => { rmSync(published(copy, `${role}.json`)); }), typed: [FETCH] })), // prettier-ignore
  ...(['timestamp', 'snapshot', 'targets'] as const).map((role): Case => ({ given: `a ${role}.json that was cut off`, make: broken((copy) => { writeFileSync(published(copy, `${role}.json`), copy.bytes('repository', `${role}.json`).subarray(0, 99)); }), typed: [FETCH] })), // prettier-ignore
  { given: 'no timestamp.json, where re-signs keep their state', make: enrolled, typed: ['timekeeper resign'] },
  { given: 'files in staged/', make: broken((copy) => { writeFileSync(copy.path('staged', 'targets.json'), '{}'); }), typed: ['rm -r staged'] }, // prettier-ignore
  { given: 'a target in staged/', make: broken((copy) => { writeFileSync(copy.path('staged', 'targets', 'orbit'), 'x'); }), typed: ['rm -r staged'] }, // prettier-ignore
  { given: 'backups', make: broken((copy) => { for (const name of ['keys', 'repository']) mkdirSync(copy.path(name, '.backup')); }), typed: ['rm -r keys/.backup repository/.backup'] }, // prettier-ignore
  { given: 'an update that was interrupted', make: interrupted, typed: ['timekeeper updates timestamp'] },
  { given: 'a target whose file is missing', make: broken((copy) => { rmSync(published(copy, 'targets/orbit/linux/1'), { recursive: true }); }), typed: [REMOVE] }, // prettier-ignore
  { given: 'a target whose file has another length', make: broken((copy) => { writeFileSync(published(copy, 'targets/orbit/linux/1/orbit'), ''); }), typed: [REMOVE] }, // prettier-ignore
  { given: 'a target whose file is another one', looks: ['verify'], make: broken((copy) => { writeFileSync(published(copy, 'targets/orbit/linux/1/orbit'), 'version 3'); }), typed: [REMOVE] }, // prettier-ignore
];

async function enrolled(): Promise<WorkingCopy> {
  const copy = copyOfWhole();
  await copy.run(['resign', '--force', ...TRUSTED], { passphrase: null });
  rmSync(published(copy, 'timestamp.json'));
  return copy;
}

/** Killed when it had recorded what it was about to do. */
async function interrupted(): Promise<WorkingCopy> {
  for (let n = 60; ; n += 3) {
    const copy = copyOfWhole();
    await copy.run(['updates', 'remove', 'orbit/linux/1/orbit'], { passphrase: null, ...killedAtCall(n) }); // prettier-ignore
    if (existsSync(copy.path('.timekeeper', 'update', 'intent.json'))) return copy;
  }
}

describe.each(['status', 'verify'] as const)('%s says what to type, and that mends it', (look) => {
  test.each(CASES.filter(({ looks = ['status', 'verify'] }) => looks.includes(look)))(
    'given $given: $typed',
    async ({ make, now = NOW, typed }) => {
      const copy = await make();
      expect(await mend(look, copy, now)).toEqual(typed);
      for (const other of ['status', 'verify'] as const) expect(await LOOKS[other](copy, now)).toEqual({ status: 0, problems: [] }); // prettier-ignore
    },
    PATIENCE,
  );
});
