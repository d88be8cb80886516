/** Which test file is loaded next, and which mutants are judged in it. */

const MOST = 150; // then what noticed much meanwhile can go first
const LOADING = 1; // second of the processor, about
const FEW = 8; // are not worth a file's loading, as long as there are more elsewhere

/**
 * One loading of a test file.
 * @typedef {object} Job
 * @property {string} path - the test file
 * @property {boolean} fromLoad - whether the mutant (then it is one) is awake already while the file is loaded
 * @property {import('./mutants.js').Mutant[]} mutants
 */

/**
 * What is known of a test file.
 * @typedef {object} TestFile
 * @property {number} cost - seconds of the processor, of all its tests
 * @property {Set<number>} passed - the mutants that its tests come by
 * @property {Set<number>} loaded - those that are come by while it is loaded
 */

export class Agenda {
  /** Mutants that are to be judged yet, with the files that are to be asked yet. */
  #open = new Map();
  /** How many mutants of a source a test file noticed, by `source path`. */
  #noticed = new Map();
  #files;

  /**
   * @param {import('./mutants.js').Mutant[]} mutants
   * @param {Map<string, TestFile>} files - by path
   * @param {(mutant: import('./mutants.js').Mutant) => number} most - how many files a mutant is shown to
   */
  constructor(mutants, files, most) {
    this.#files = files;
    for (const mutant of mutants) {
      const visits = [...files]
        .filter(([, { passed }]) => passed.has(mutant.id))
        .map(([path, { loaded }]) => ({ path, fromLoad: loaded.has(mutant.id) }));
      this.#open.set(mutant, { visits, left: most(mutant), isAlone: false, isBusy: false });
    }
  }

  /** Takes those out whom no test comes by. */
  takeUnreached() {
    const unreached = [...this.#open].filter(([, { visits }]) => visits.length === 0).map(([mutant]) => mutant);
    for (const mutant of unreached) this.#open.delete(mutant);
    return unreached;
  }

  /** @returns {Job | undefined | 'later'} */
  next() {
    if (this.#open.size === 0) return undefined;
    const jobs = new Map();
    for (const [mutant, state] of this.#open) {
      if (state.isBusy) continue;
      const { path, fromLoad } = this.#best(mutant, state.visits);
      const name = fromLoad || state.isAlone ? `${path} ${mutant.id}` : path;
      if (!jobs.has(name)) jobs.set(name, { path, fromLoad, isAlone: state.isAlone, mutants: [] });
      jobs.get(name).mutants.push(mutant);
    }
    const largest = [...jobs.values()].sort((one, other) => other.mutants.length - one.mutants.length);
    const job =
      largest.find(({ mutants }) => mutants.length >= FEW) ??
      largest.find(({ fromLoad, isAlone }) => fromLoad || isAlone) ??
      this.#widest(largest);
    if (job === undefined) return 'later';
    const mutants = job.mutants.slice(0, MOST);
    for (const mutant of mutants) this.#open.get(mutant).isBusy = true;
    return { ...job, mutants };
  }

  /**
   * Notes how a mutant fared, and says what became of it if that is known now.
   * @param {Job} job
   * @param {import('./mutants.js').Mutant} mutant
   * @param {'noticed' | 'passed' | 'unclear' | 'too long' | 'not asked'} is
   * @returns {'noticed' | 'too long' | 'survived' | undefined}
   */
  settle({ path, mutants }, mutant, is) {
    const state = this.#open.get(mutant);
    const visit = state.visits.find((one) => one.path === path);
    state.isBusy = false;
    switch (is) {
      case 'not asked':
        return undefined;
      case 'unclear': // and unclear in a fresh load: then it is awake in all of it
        if (mutants[0] === mutant) visit.fromLoad = true;
        state.isAlone = true;
        return undefined;
      case 'too long':
        return this.#close(mutant, is);
      case 'noticed':
        this.#noticed.set(`${mutant.file} ${path}`, this.#timesNoticed(mutant, path) + 1);
        return this.#close(mutant, is);
      case 'passed':
        state.isAlone = false;
        state.left--;
        state.visits = state.visits.filter((one) => one !== visit);
        return state.left === 0 || state.visits.length === 0 ? this.#close(mutant, 'survived') : undefined;
    }
  }

  #close(mutant, fate) {
    this.#open.delete(mutant);
    return fate;
  }

  /** The mutant's own test first; then the files that noticed most of the same source's, then the cheapest; last those that are loaded for it alone. */
  #best(mutant, visits) {
    const own = `${mutant.file.replace(/^lib/, 'test').replace(/\.ts$/, '')}.test.ts`;
    const rank = ({ path, fromLoad }) => [
      path === own ? 0 : 1,
      fromLoad ? 1 : 0,
      -this.#timesNoticed(mutant, path),
      this.#files.get(path).cost,
    ];
    return visits.reduce((best, visit) => (isBelow(rank(visit), rank(best)) ? visit : best));
  }

  #timesNoticed(mutant, path) {
    return this.#noticed.get(`${mutant.file} ${path}`) ?? 0;
  }

  /** The file that deals with most of these jobs' mutants in a second: each of them has to be shown to it sooner or later. */
  #widest(jobs) {
    const all = jobs.flatMap(({ mutants }) => mutants);
    const wanting = [...this.#files.keys()].map((path) => ({
      path,
      fromLoad: false,
      mutants: all.filter((mutant) => this.#open.get(mutant).visits.some((one) => one.path === path && !one.fromLoad)),
    }));
    const gain = ({ path, mutants: { length } }) => length / (LOADING + length * this.#files.get(path).cost);
    const [widest] = wanting.sort((one, other) => gain(other) - gain(one));
    return widest.mutants.length > 0 ? widest : undefined;
  }
}

function isBelow(one, other) {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at !== -1 && one[at] < other[at];
}
