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
/** How many mutants of a source a test file noticed, by `source file`. */
const noticed = new Map();

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
 * One test file after the other: the mutant's own, then those that noticed most of the same source's, then the cheapest.
 * Where survivors.json says why it survives, only the first few are asked again.
 */
async function fateOf(mutant, ask) {
  const { id, file } = mutant;
  const covering = new Map();
  for (const test of tests.filter(({ passed }) => passed.has(id)))
    covering.set(test.path, [...(covering.get(test.path) ?? []), test]);
  if (covering.size === 0) return 'not reached';
  const own = `${file.replace(/^lib/, 'test').replace(/\.ts$/, '')}.test.ts`;
  const rank = (path) => (path === own ? Infinity : (noticed.get(`${file} ${path}`) ?? 0));
  const paths = [...covering.keys()].sort(
    (one, other) => rank(other) - rank(one) || costOf(covering.get(one)) - costOf(covering.get(other)),
  );
  for (const path of isListed(mutant) ? paths.slice(0, 3) : paths) {
    const part = covering.get(path);
    const seconds = 10 + 5 * costOf(part); // to start, and five times what they took when all was well
    const answer = await ask({ ...request, awake: id, paths: [path], tests: part.map(({ test }) => test) }, seconds);
    if (answer === 'too long') return answer;
    if (!answer.failure) continue;
    noticed.set(`${file} ${path}`, rank(path) + 1);
    return 'killed';
  }
  return 'survived';
}

/** Seconds of the processor. */
function costOf(part) {
  return part.reduce((sum, { cost }) => sum + cost, 0) / 1_000;
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
