/**
 * Takes out every guard of lib/tuf and lib/refresh, one at a time, and looks whether a pure test fails without it.
 * `npm run test:mutation [-- WORD…]`: only mutants in whose file or change one of the words stands.
 * Exit status 1 if one survives that survivors.json does not explain.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agenda } from './agenda.js';
import { prepareSources, pureTests } from './sources.js';
import { processorSeconds, workThrough } from './workers.js';

process.chdir(join(import.meta.dirname, '..', '..'));
const started = Date.now();
const folder = join(process.cwd(), '.cache', 'mutation');
const words = process.argv.slice(2);
const isWhole = words.length === 0;
/** How many test files are asked, in a whole run, where survivors.json says why a mutant survives. */
const FOR_LISTED = 3;
const LOADING = 60; // seconds of the processor at most

const { files, mutants } = await prepareSources(folder);
const listed = JSON.parse(await readFile(join(import.meta.dirname, 'survivors.json'), 'utf8'));
const wanted = mutants.filter(({ file, line, change }) => isWhole || words.some((word) => `${file}:${line} ${change}`.includes(word))); // prettier-ignore
const request = { sources: { folder, files }, count: mutants.length + 1 };

const tests = await cover(await pureTests());
say(
  `${wanted.length} mutants, ${[...tests.values()].flatMap(({ tests }) => tests).length} tests; ${time()} to see which test comes by which`,
);

/** @type {{ mutant: import('./mutants.js').Mutant, how: 'noticed' | 'too long' | 'survived' | 'not reached' }[]} */
const fates = [];
await judgeAll();
process.exitCode = report() ? 0 : 1;

/**
 * Runs every test once with all mutants asleep, and notes which it comes by.
 * @returns {Promise<Map<string, import('./agenda.js').TestFile & { tests: { name: string, cost: number, passed: Set<number> }[] }>>}
 */
async function cover(paths) {
  const found = new Map();
  const open = [...paths];
  await workThrough(
    () => open.pop(),
    async (path, ask) => {
      const [loaded, ran] = [[], []];
      const answer = await ask({ ...request, task: 'survey', awake: 0, path }, LOADING, (message) =>
        message.test === undefined ? loaded.push(...message.loaded) : ran.push(message),
      );
      if (answer === 'too long' || (answer.failure && ran.length === 0))
        throw new Error(`${path} does not run: ${answer.failure ?? answer}`);
      for (const { test } of ran.filter(({ failed }) => failed))
        say(`LEFT OUT: ${path}, "${test}", which fails with nothing taken out`);
      const sound = ran.filter(({ failed }) => !failed);
      if (sound.length === 0) return;
      found.set(path, {
        cost: sound.reduce((sum, { cost }) => sum + cost, 0),
        loaded: new Set(loaded),
        passed: new Set([...loaded, ...sound.flatMap(({ passed }) => passed)]),
        tests: sound.map(({ test, cost, passed }) => ({ name: test, cost, passed: new Set(passed) })),
      });
    },
  );
  return found;
}

async function judgeAll() {
  const agenda = new Agenda(wanted, tests, (mutant) => (isWhole && isListed(mutant) ? FOR_LISTED : Infinity));
  for (const mutant of agenda.takeUnreached()) note(mutant, 'not reached');
  await workThrough(
    () => agenda.next(),
    async (job, ask) => {
      const { path, fromLoad, mutants } = job;
      const open = new Map(mutants.map((mutant) => [mutant.id, mutant]));
      const settle = (id, is) => {
        const how = agenda.settle(job, open.get(id), is);
        if (how !== undefined) note(open.get(id), how);
        open.delete(id);
      };
      let begun = fromLoad ? mutants[0].id : 0;
      const answer = await ask(
        {
          ...request,
          task: 'judge',
          awake: begun,
          path,
          fromLoad,
          warmUp: makingMost(path),
          mutants: mutants.map(({ id }) => ({ id, tests: testsBy(path, id) })),
        },
        LOADING,
        (message) => {
          if (message.is === undefined) begun = message.begun;
          else settle(message.mutant, message.is);
        },
      );
      if (open.has(begun) && answer === 'too long') settle(begun, 'too long');
      if (open.has(begun) && fromLoad) settle(begun, 'noticed'); // the file does not even load
      if (open.size === mutants.length)
        throw new Error(`${path} does not run: ${answer.failure ?? 'its first test fails or takes too long'}`);
      for (const id of open.keys()) settle(id, 'not asked');
    },
  );
}

/** The test that comes by most: the first of those that need what they all share. */
function makingMost(path) {
  const { tests: all } = tests.get(path);
  return all.reduce((most, test) => (test.passed.size > most.passed.size ? test : most));
}

/** Those of a file that come by a mutant: all, if its loading does. */
function testsBy(path, id) {
  const { loaded, tests: all } = tests.get(path);
  return all.filter(({ passed }) => loaded.has(id) || passed.has(id));
}

function note(mutant, how) {
  fates.push({ mutant, how });
  if (how !== 'noticed') say(`${how}: ${mutant.file}:${mutant.line}  ${mutant.change}`);
  if (fates.length % 50 === 0) say(`${fates.length} of ${wanted.length}; ${time()}`);
}

function isListed({ file, change }) {
  return listed.some((entry) => entry.file === file && entry.change === change);
}

function report() {
  const alive = fates
    .filter(({ how }) => how === 'survived' || how === 'not reached')
    .sort((a, b) => a.mutant.id - b.mutant.id);
  const unexplained = alive.filter(({ mutant }) => !isListed(mutant));
  for (const { mutant, how } of unexplained)
    console.log(`${mutant.file}:${mutant.line}  ${mutant.change}${how === 'survived' ? '' : '  (no test comes by)'}`);
  const isAlive = (entry) => alive.some(({ mutant }) => mutant.file === entry.file && mutant.change === entry.change);
  const stale = isWhole ? listed.filter((entry) => !isAlive(entry)) : [];
  for (const { file, change } of stale)
    console.log(`${file}  ${change}: stands in survivors.json, but does not survive`);
  const tooLong = fates.filter(({ how }) => how === 'too long').length;
  console.log(
    `${fates.length} guards taken out: ${fates.length - alive.length} noticed (${tooLong} because the tests did not end), ` +
      `${alive.length - unexplained.length} explained in survivors.json, ${unexplained.length} not noticed; ${time()}`,
  );
  return unexplained.length === 0 && stale.length === 0;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function time() {
  const used = processorSeconds();
  return `${Math.round((Date.now() - started) / 1_000)} s${used === undefined ? '' : `, ${Math.round(used)} s of the processor`}`;
}
