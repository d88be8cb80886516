/**
 * Takes out every guard of lib/tuf and lib/refresh, one at a time, and looks whether a pure test fails without it.
 * `npm run test:mutation [-- WORD…]`: only mutants in whose file or change one of the words stands.
 * Exit status 1 if one survives that survivors.json does not explain.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareSources, pureTests } from './sources.js';
import { workThrough } from './workers.js';

process.chdir(join(import.meta.dirname, '..', '..'));
const started = Date.now();
const folder = join(process.cwd(), '.cache', 'mutation');
const words = process.argv.slice(2);
const BUDGET = 20_000; // ms of the processor for the tests that are run at once

const { files, mutants } = await prepareSources(folder);
const listed = JSON.parse(await readFile(join(import.meta.dirname, 'survivors.json'), 'utf8'));
const wanted = mutants.filter(({ file, line, change }) => words.length === 0 || words.some((word) => `${file}:${line} ${change}`.includes(word))); // prettier-ignore
/** Tests of size and of luck. With all mutants in the sources they take minutes, and what they would notice, others do. */
const leftOut = /100,000 targets|from a list of 130,000|random schedules/;
const request = { leftOut, sources: { folder, files }, count: mutants.length + 1 };

const tests = await cover(await pureTests());
say(`${wanted.length} mutants, ${tests.length} tests, ${seconds()} s to see which test comes by which`);

/** @type {{ mutant: import('./mutants.js').Mutant, how: 'killed' | 'too long' | 'survived' | 'not reached' }[]} */
const fates = [];
await workThrough(wanted, async (mutant, ask) => {
  const how = await fateOf(mutant, ask);
  fates.push({ mutant, how });
  if (how !== 'killed') say(`${how}: ${mutant.file}:${mutant.line}  ${mutant.change}`);
  if (fates.length % 50 === 0) say(`${fates.length} of ${wanted.length}, ${seconds()} s`);
});
process.exitCode = (await judge()) ? 0 : 1;

/** Runs every test once with all mutants asleep, and notes which it comes by. */
async function cover(paths) {
  const found = [];
  await workThrough(paths, async (path, ask) => {
    const answer = await ask({ ...request, awake: 0, paths: [path] }, 600);
    if (answer === 'too long' || answer.reports.length === 0)
      throw new Error(`${path} does not run: ${answer.failure ?? answer}`);
    const everywhere = new Set(answer.reports.flatMap(({ test, passed }) => (test === undefined ? passed : [])));
    for (const { test, passed, cost, failed } of answer.reports) {
      if (failed) say(`LEFT OUT: ${path}, "${test}", which fails with nothing taken out`);
      else if (test !== undefined) found.push({ path, test, cost, passed: new Set([...everywhere, ...passed]) });
    }
  });
  return found;
}

/**
 * The tests of the mutant's own file go first, all of them; then the cheapest of the others, as many as the budget allows; then all that are left.
 * Where survivors.json says why it survives, those are spared.
 */
async function fateOf(mutant, ask) {
  const { id, file } = mutant;
  const own = `${file.replace(/^lib/, 'test').replace(/\.ts$/, '')}.test.ts`;
  const covering = tests.filter(({ passed }) => passed.has(id)).sort((a, b) => a.cost - b.cost);
  if (covering.length === 0) return 'not reached';
  const others = covering.filter(({ path }) => path !== own);
  const [cheapest = []] = parts(others);
  const rest = isListed(mutant) ? [] : others.slice(cheapest.length).sort((a, b) => a.path.localeCompare(b.path));
  for (const part of [covering.filter(({ path }) => path === own), cheapest, ...parts(rest)]) {
    if (part.length === 0) continue;
    const paths = [...new Set(part.map(({ path }) => path))];
    const seconds = 60 + 2 * paths.length; // three times the budget, and to load the files
    const answer = await ask({ ...request, awake: id, paths, tests: part.map(({ test }) => test) }, seconds);
    if (answer === 'too long') return answer;
    if (answer.failure) return 'killed';
  }
  return 'survived';
}

/** Tests in lists of which each fits the budget. */
function parts(ordered) {
  const lists = [];
  let left = 0;
  for (const test of ordered) {
    if (left < test.cost) {
      lists.push([]);
      left = BUDGET;
    }
    lists.at(-1).push(test);
    left -= test.cost;
  }
  return lists;
}

function isListed({ file, change }) {
  return listed.some((entry) => entry.file === file && entry.change === change);
}

async function judge() {
  const alive = fates
    .filter(({ how }) => how === 'survived' || how === 'not reached')
    .sort((a, b) => a.mutant.id - b.mutant.id);
  const unexplained = alive.filter(({ mutant }) => !isListed(mutant));
  for (const { mutant, how } of unexplained)
    console.log(`${mutant.file}:${mutant.line}  ${mutant.change}${how === 'survived' ? '' : '  (no test comes by)'}`);
  const stale = words.length > 0 ? [] : listed.filter((entry) => !alive.some(({ mutant }) => mutant.file === entry.file && mutant.change === entry.change)); // prettier-ignore
  for (const { file, change } of stale)
    console.log(`${file}  ${change}: stands in survivors.json, but does not survive`);
  const tooLong = fates.filter(({ how }) => how === 'too long').length;
  console.log(
    `${fates.length} guards taken out: ${fates.length - alive.length} noticed (${tooLong} because the tests did not end), ` +
      `${alive.length - unexplained.length} explained in survivors.json, ${unexplained.length} not noticed; ${seconds()} s`,
  );
  return unexplained.length === 0 && stale.length === 0;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function seconds() {
  return Math.round((Date.now() - started) / 1_000);
}
