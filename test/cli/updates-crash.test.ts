import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { isRefusal } from '../../lib/contract/errors.ts';
import { signStaged, stagedFile } from '../../lib/authoring/staged-root.ts';
import { openKeyFile, readKeyFile } from '../../lib/keys/key-file.ts';
import type { Trusted } from '../../lib/tuf/client.ts';
import { parseRoot } from '../../lib/tuf/root.ts';
import { contentOf, ours } from '../authoring/updates.ts';
import { describeWithGoTufLoop } from '../peers/describe-with-go-tuf.ts';
import { KILL_EVERY, killedAtCall } from './killing.ts';
import { NOW, type Run } from './timekeeper.ts';
import { updatesScene, WORDS, type Scene } from './updates-scene.ts';
import { Client, newPath, WorkingCopy } from './working-copy.ts';

const LANES = [0, 1]; // rounds that run side by side, each on a repository of its own
const PATIENCE = 300_000; // ms
const PASSPHRASES = { root: 'r', targets: 's', snapshot: 't', timestamp: 'u' };

let scene: Scene;
let signedRoot: string;
let stagedRoot: string;
let build: string;

beforeAll(async () => {
  scene = await updatesScene();
  [signedRoot, stagedRoot] = await newTimestampKey(scene.folder(false));
  build = newPath();
  for (const name of ['orbit', 'nudge']) {
    mkdirSync(join(build, name, 'linux', '2'), { recursive: true });
    writeFileSync(join(build, name, 'linux', '2', name), name);
  }
});

/** A root that gives the timestamp role a key in place of the old one, signed and not; the key file holds both. */
async function newTimestampKey(folder: string): Promise<readonly [signed: string, unsigned: string]> {
  const key = await ours.generateKey(folder, 'timestamp', { random: 'new' });
  const root = parseRoot(readFileSync(join(folder, 'repository', 'root.json')));
  const revoked = root.roles.timestamp.keyids.map((id) => ({ role: 'timestamp', id }) as const);
  const staged = await ours.stageRoot(folder, { added: [{ role: 'timestamp', key }], revoked });
  const rootKeys = await openKeyFile(readFileSync(join(folder, 'keys', 'root.json')), new Uint8Array());
  const files = [newPath(), newPath()] as const;
  writeFileSync(files[0], stagedFile(await signStaged(staged, rootKeys, 'keys/root.json')));
  writeFileSync(files[1], stagedFile(staged));
  return files;
}

function start(consistentSnapshots: boolean): WorkingCopy {
  const folder = newPath();
  cpSync(scene.folder(consistentSnapshots), folder, { recursive: true });
  return new WorkingCopy(folder);
}

const COMMANDS = [
  { command: 'timestamp', words: () => ['timestamp'], inherent: [] },
  { command: 'add', words: () => ['add', '--target', scene.source, '--name', 'orbit', '--platform', 'linux', '--version', '2', '-t', 'stable'], inherent: [] }, // prettier-ignore
  { command: 'add --folder', words: () => ['add', '--folder', build, '-t', 'stable'], inherent: [] },
  {
    command: 'remove',
    words: () => ['remove', '--name', 'orbit', '--platform', 'linux', '--version', '1'],
    inherent: [],
  },
  // A client that has seen the repository is refused only between a new root, which revokes the timestamp key, and the timestamp of the new one.
  { command: 'rotate timestamp', words: () => ['rotate', 'timestamp'], inherent: ['SIGNATURE_INVALID'] },
  { command: 'rotate root', words: () => ['rotate', 'root'], inherent: [] },
  { command: 'add-key', words: () => ['add-key', 'timestamp', '--generate'], inherent: [] },
  { command: 'publish-root', words: () => ['publish-root', signedRoot], inherent: ['SIGNATURE_INVALID'] },
] as const;

/** Kills a command at every call that changes the disk, until it survives. Returns how many calls there are, to the next one that is tried. */
async function killAtEveryCall(
  consistentSnapshots: boolean,
  words: readonly string[],
  look: (copy: WorkingCopy, run: Run) => Promise<void>,
): Promise<number> {
  const survivors = await Promise.all(
    LANES.map(async (lane) => {
      for (let n = 1 + lane * KILL_EVERY; ; n += LANES.length * KILL_EVERY) {
        const copy = start(consistentSnapshots);
        const run = await copy.run(['updates', ...words], killedAtCall(n, WORDS));
        await look(copy, run);
        if (run.status !== null) {
          expect({ status: run.status, isError: /^Error/m.test(run.stderr) }).toEqual({ status: 0, isError: false });
          return n;
        }
      }
    }),
  );
  return Math.min(...survivors) - 1;
}

/** The next command, and what has to hold after it: nothing is left over, and both a new client and one that knows what was there accept it. */
async function expectHealed(copy: WorkingCopy, remembering: Client): Promise<void> {
  await ours.timestamp(copy.folder, { random: 'next', passphrases: PASSPHRASES });
  expect(readdirSync(copy.folder).sort()).toEqual(['keys', 'repository', 'staged']);
  expect(readdirSync(copy.path('staged'))).toEqual(['targets']);
  expect(Object.keys(contentOf(copy.folder)).filter((name) => /\.tmp$|\/\./.test(name))).toEqual([]);
  const { timestamp, targets } = remembering.update(copy.repository);
  expect(new Client(copy.bytes('repository', '1.root.json')).update(copy.repository).timestamp).toEqual(timestamp);
  expectServed(copy, targets);
  if (hasHashes(copy)) return;
  const files = readdirSync(join(copy.repository, 'targets'), { recursive: true, withFileTypes: true });
  expect(files.filter((entry) => entry.isFile())).toHaveLength(targets.get('targets')!.targets.size); // none is left over
}

/** In a repository without consistent snapshots: that every file is there. Its hash is judged by the client of go-tuf, below. */
function expectServed(copy: WorkingCopy, targets: Trusted['targets']): void {
  if (hasHashes(copy)) return;
  const missing = Array.from(targets.get('targets')!.targets.keys()).filter((path) => !existsSync(join(copy.repository, 'targets', path))); // prettier-ignore
  expect(missing).toEqual([]);
}

async function opens(content: string, word: string): Promise<boolean> {
  const keyFile = readKeyFile(Buffer.from(content.slice(content.indexOf('{'))), 'keys/timestamp.json');
  return keyFile.is === 'encrypted' && (await keyFile.open(Buffer.from(word))) !== undefined;
}

function hasHashes(copy: WorkingCopy): boolean {
  return copy.bytes('repository', 'root.json').includes('"consistent_snapshot":true');
}

describe('an updates command that is killed at any call leaves what the next command finishes or undoes', () => {
  test.each(COMMANDS)(
    '$command',
    async ({ words, inherent }) => {
      const unsound: string[] = [];
      const calls = await killAtEveryCall(false, words(), async (copy) => {
        const client = new Client(start(false).bytes('repository', '1.root.json'));
        client.update(scene.folder(false) + '/repository');
        try {
          expectServed(copy, client.update(copy.repository).targets);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          unsound.push(error.code);
        }
        await expectHealed(copy, client);
      });
      if (process.env.MEASURE) console.log(`${words().join(' ')}: ${calls} calls, refused in between: ${unsound.join(' ')}`); // prettier-ignore
      expect(calls).toBeGreaterThan(20);
      expect(unsound.filter((code) => !(inherent as readonly string[]).includes(code))).toEqual([]);
    },
    PATIENCE,
  );

  test.each(['add', 'remove'])(
    '%s, with consistent snapshots: no client, new or old, is refused at any moment',
    async (name) => {
      const { words } = COMMANDS.find(({ command }) => command === name)!;
      await killAtEveryCall(true, words(), async (copy) => {
        const client = new Client(copy.bytes('repository', '1.root.json'));
        client.update(scene.folder(true) + '/repository');
        client.update(copy.repository);
        new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
        await expectHealed(copy, client);
      });
    },
    PATIENCE,
  );

  test(
    'sign, which leaves the file without the signature or with it',
    async () => {
      let n = 0;
      for (let status: number | null = null; status === null;) {
        const copy = start(false);
        cpSync(stagedRoot, copy.path('next-root.json'));
        ({ status } = await copy.run(['updates', 'sign', 'next-root.json', '--trusted-root', 'repository/root.json', '--yes'], killedAtCall(++n, WORDS))); // prettier-ignore
        expect([0, 1]).toContain(parseRoot(copy.bytes('next-root.json')).signatures.length);
      }
      expect(n).toBeGreaterThan(3);
    },
    PATIENCE,
  );

  test(
    'change-passphrase, after which the old passphrase opens the key file or the new one does',
    async () => {
      const folder = newPath();
      await ours.init(folder, { random: 'encrypted', passphrases: PASSPHRASES });
      const others = Object.fromEntries(Object.entries(contentOf(folder)).filter(([name]) => name !== 'keys/timestamp.json')); // prettier-ignore
      const opened = new Set<string>();
      for (let n = 1; ; n += KILL_EVERY) {
        const copy = new WorkingCopy(newPath());
        cpSync(folder, copy.folder, { recursive: true });
        const env = { ...WORDS, FLEET_TIMESTAMP_NEW_PASSPHRASE: 'new' };
        const { status } = await copy.run(['updates', 'change-passphrase', 'timestamp'], killedAtCall(n, env)); // prettier-ignore
        const { 'keys/timestamp.json': key = '', ...rest } = contentOf(copy.folder);
        const words = await Promise.all(['u', 'new'].map(async (word) => ((await opens(key, word)) ? [word] : [])));
        opened.add(words.flat().join(' and '));
        expect(rest).toMatchObject(others);
        await ours.timestamp(copy.folder, { passphrases: { timestamp: 'new' } }).catch(() => ours.timestamp(copy.folder, { passphrases: PASSPHRASES })); // prettier-ignore
        expect(readdirSync(copy.folder).sort()).toEqual(['keys', 'repository', 'staged']);
        expect(readdirSync(copy.path('keys'))).toHaveLength(4);
        if (status !== null) break;
      }
      expect(opened).toEqual(new Set(['u', 'new']));
    },
    PATIENCE,
  );

  test(
    'init, after which there is a whole repository or none',
    async () => {
      const counts = await Promise.all(
        LANES.map(async (lane) => {
          for (let n = 1 + lane * KILL_EVERY; ; n += LANES.length * KILL_EVERY) {
            const copy = new WorkingCopy(newPath());
            const { status } = await copy.run(['updates', 'init', '--path', copy.folder], {
              ...killedAtCall(n, WORDS),
              cwd: '/',
            });
            const again = await copy.run(['updates', 'init', '--path', copy.folder], { env: WORDS, cwd: '/' });
            const { status: ended, stderr } = again;
            expect(ended === 0 || stderr.includes('Error: repo already initialized: ')).toBe(true);
            expect(readdirSync(copy.folder).sort()).toEqual(['keys', 'repository', 'staged']);
            expect(readdirSync(copy.path('keys'))).toHaveLength(4);
            new Client(copy.bytes('repository', '1.root.json')).update(copy.repository);
            if (status !== null) return n;
          }
        }),
      );
      expect(Math.min(...counts)).toBeGreaterThan(40);
    },
    PATIENCE,
  );
});

await describeWithGoTufLoop('a client of go-tuf v0.5.2 that sees it all', (loop) => {
  test(
    'accepts every target that a killed add leaves, after the next command',
    async () => {
      await killAtEveryCall(false, COMMANDS[1].words(), async (copy) => {
        const state = newPath();
        await loop().init(state, copy.bytes('repository', '1.root.json'));
        await loop().update(state, join(scene.folder(false), 'repository'), { now: NOW, targets: true });
        await ours.timestamp(copy.folder, { random: 'next', passphrases: PASSPHRASES });
        const check = await loop().update(state, copy.repository, { now: NOW, targets: true });
        expect(check).toMatchObject({ ok: true });
      });
    },
    PATIENCE,
  );
});
