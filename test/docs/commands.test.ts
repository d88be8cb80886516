import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { operated, unenrolled } from '../cli/operated.ts';
import { COMMAND, environment } from '../cli/timekeeper.ts';
import { FIXTURES, newPath } from '../cli/working-copy.ts';
import { tearDown } from '../lambda/deployment.ts';
import { HttpServer } from '../stores/http-server.ts';
import { objection, usages, type Usage } from './command-help.ts';
import { NAMED, TYPED, wordsOf, type CommandLine } from './command-lines.ts';
import { page, PROJECT } from './pages.ts';
import { NOT_RUN, PROOFS } from './proofs.ts';

const FIXTURE = join(FIXTURES, 'go-tuf-v0.5.2');
const ROTATED = join(FIXTURES, 'rotated/'); // a key file with an old and a new key, and roots that lead from one to the other
const CLOCK = fileURLToPath(new URL('../cli/fixed-clock.mjs', import.meta.url));
const ADDRESS = 'https://updates.example.com/'; // of the pages; a server of the test answers in its place

let known: ReadonlyMap<string, Usage>;
beforeAll(async () => {
  known = await usages();
});

describe('the commands in the pages', () => {
  test('are found, in blocks and in sentences', () => {
    expect(TYPED.length).toBeGreaterThan(10);
    expect(NAMED.length).toBeGreaterThan(100);
    expect(known.size).toBeGreaterThan(5);
  });

  test('exist, with their options', () => {
    const ours = [...TYPED, ...NAMED].filter(({ line }) => /^(npx )?timekeeper /.test(line));
    const wrong = ours.flatMap(({ page: name, line }) => {
      const [, ...words] = wordsOf(line.replace(/^npx /, ''));
      const why = objection(words, known);
      return why === undefined ? [] : [`${name}: ${line}: ${why}`];
    });

    expect(wrong).toEqual([]);
  });

  test('are shown by the help of each command, for itself or for one below it, and can be typed so', () => {
    const wrong = Array.from(known).flatMap(([name, { examples }]) => {
      const others = examples.filter((line) => !`${line} `.startsWith(`${name} `));
      const why = examples.map((line) => objection(wordsOf(line), known)).filter((each) => each !== undefined);
      return examples.length === 0 ? [`${name}: none`] : [...others, ...why];
    });

    expect(wrong).toEqual([]);
  });

  test('of npm are scripts that there are', () => {
    const { scripts } = JSON.parse(page('package.json')) as { scripts: Readonly<Record<string, string>> };
    const named = TYPED.concat(inSentences()).flatMap(({ line }) => Array.from(line.matchAll(/npm run ([a-z:]+)/g), ([, name = '']) => name)); // prettier-ignore

    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });

  test('that are to be typed are all run by some test, but for those that are listed as open', () => {
    const lines = new Set(TYPED.map(({ line }) => line));

    expect(Array.from(lines).filter((line) => PROOFS[line] === undefined && NOT_RUN[line] === undefined)).toEqual([]);
    expect(Object.keys({ ...PROOFS, ...NOT_RUN }).filter((line) => !lines.has(line))).toEqual([]);
    expect(Object.keys(PROOFS).filter((line) => NOT_RUN[line] !== undefined)).toEqual([]);
  });

  test.each(Object.entries(PROOFS).flatMap(([line, proof]) => ('file' in proof ? [{ line, ...proof }] : [])))(
    '$line is run by what it is said to be run by',
    ({ file, says }) => {
      const path = join(PROJECT, file);

      expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toContain(says);
    },
  );

  test('are all in the README, each once, with what it does', () => {
    const rows = Array.from(page('README.md').matchAll(/^\| `timekeeper ([a-z-]+)` \| .+ \|$/gm), ([, name]) => name);

    const commands = Array.from(known.keys()).filter((name) => !name.includes(' '));
    expect(rows.toSorted()).toEqual(commands.toSorted());
  });
});

/** Of npm, named in a sentence. */
function inSentences(): readonly CommandLine[] {
  return Array.from(page('README.md').matchAll(/`(npm run [^`]+)`/g), ([, line = '']) => ({ page: 'README.md', line }));
}

describe('the commands that need no AWS do what their page says', () => {
  const server = new HttpServer();
  beforeAll(async () => {
    server.answer = (request, response) => {
      const file = join(FIXTURE, 'repository', new URL(request.url ?? '', 'http://it').pathname);
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    };
    await server.listen();
  });
  afterAll(() => server.close());

  test.each(pagesWith('exits'))('$name', async ({ lines }) => {
    const folder = scene();
    for (const line of lines) {
      const { status, said } = await typed(line.replaceAll(ADDRESS, `${server.url}/`), folder);

      expect({ line, said, status }).toEqual({ line, said, ...expected(line) });
    }
  });
});

describe('the commands of an operator do what their page says', () => {
  afterEach(tearDown);

  test.each(pagesWith('deployed'))('$name', async ({ lines }) => {
    const all = await operated({ key: { fixture: 'rotated' } });
    for (const line of lines) {
      const [, ...typed] = wordsOf(line.replace(/^npx /, ''));
      const words = typed.map((word) => word.replaceAll('"', '').replace(/^keys\//, `${ROTATED}keys/`).replace(/^(\d+\.root\.json)$/, `${ROTATED}repository/$1`)); // prettier-ignore
      const { status, stdout, stderr } = await all.run(words);

      const said = stdout + stderr;

      expect({ line, said, status }).toEqual({ line, said, ...expected(line) });
    }
  });
});

test('enroll orbit, of a key in KMS that the root does not list yet, prints it and what is left to do, and refuses', async () => {
  const all = await unenrolled({ key: 'kms-ed25519' });
  const { status, stdout } = await all.run(['enroll', 'orbit']);
  await tearDown();

  expect(stdout).toMatch(/^\{"keytype":"ed25519",.*"keyval":\{"public":"[0-9a-f]{64}"\}\}$/m);
  expect(stdout).toContain('timekeeper enroll orbit');
  const printed = Array.from(stdout.matchAll(/^ +timekeeper (updates .*)$/gm), ([, line = '']) => wordsOf(line));
  expect(printed).toHaveLength(4);
  expect(printed.map((words) => objection(words, known)).filter((why) => why !== undefined)).toEqual([]);
  expect(status).toBe(1);
});

/** The pages that have commands of one kind, with these, in their order. */
function pagesWith(kind: 'exits' | 'deployed'): { readonly name: string; readonly lines: readonly string[] }[] {
  const names = Array.from(new Set(TYPED.map(({ page: name }) => name)));
  return names.flatMap((name) => {
    const lines = TYPED.filter((typed) => typed.page === name).map(({ line }) => line);
    const ours = lines.filter((line) => kind in (PROOFS[line] ?? {}));
    return ours.length === 0 ? [] : [{ name, lines: ours }];
  });
}

/** The exit status that a line is to have. */
function expected(line: string): { readonly status: number | undefined } {
  const proof = PROOFS[line];
  if (proof === undefined || 'file' in proof) return { status: undefined };
  return { status: 'exits' in proof ? proof.exits : proof.deployed };
}

/** A folder with a repository in it, under the names that the pages use, and the command as it is installed. */
function scene(): string {
  const folder = newPath();
  for (const name of [folder, join(folder, 'DIR')]) cpSync(FIXTURE, name, { recursive: true });
  for (const name of ['root.json', 'ROOT.json']) copyFileSync(join(FIXTURE, 'repository', 'root.json'), join(folder, name)); // prettier-ignore
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  const run = `exec '${process.execPath}' --import '${CLOCK}' '${COMMAND}' "$@"\n`;
  executable(join(bin, 'timekeeper'), run);
  executable(join(bin, 'npx'), `[ "$1" = timekeeper ] || exit 127\nshift\n${run}`);
  return folder;
}

function executable(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}`);
  chmodSync(path, 0o755);
}

/** Types a line into a shell. */
async function typed(line: string, folder: string): Promise<{ readonly status: number; readonly said: string }> {
  const env = { ...environment(), PATH: `${join(folder, '.bin')}:${process.env.PATH ?? ''}` };
  try {
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', line], { cwd: folder, env });
    return { status: 0, said: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, said: stdout + stderr };
  }
}
