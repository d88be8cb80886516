/**
 * Runs the tests of one loaded file again and again, with one mutant awake after the other.
 * A test that fails is run once more with none awake: were it to fail then too, the failure would be left over from another mutant's.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { blocksIn, nameOf, testsIn } from './tests.js';

/** What a test gets beside ten times what it took when all was well: for a first time and for a machine's mood. */
const SECONDS = 3;

/**
 * @param {object} request
 * @param {{ id: number, tests: { name: string, cost: number }[] }[]} request.mutants - with the tests that come by each
 * @param {{ name: string, cost: number }} request.warmUp - a test that is run first with none awake: what tests make once and share has to be sound
 * @param {boolean} request.fromLoad - whether the first of them, the only one, was awake while the file was loaded
 * @param {import('./worker.js').Mutation} mutation
 * @param {(message: object) => Promise<void>} tell - `begun` a test for a mutant (0: none), that gets so many `seconds` of the processor; or what a mutant `is`: `noticed`, `passed` (no test failed) or `unclear`, which is the end
 */
export function judge({ mutants, warmUp, fromLoad }, mutation, tell) {
  /** How often a test noticed something: what noticed one mutant is likely to notice the next. */
  const noticed = new Map();
  let turns;
  let turn;
  return {
    run_start: async (_event, root) => {
      const tests = new Map(testsIn(root).map((test) => [nameOf(test), test]));
      for (const block of blocksIn(root)) root.hooks.push(...block.hooks.filter(({ type }) => type.endsWith('All')));
      turns = fromLoad ? turnsFromLoad(tests) : turnsOf(tests);
      root.children = [];
      await take(root, false);
    },
    test_start: async () => {
      mutation.awake = turn.awake;
      await tell({ begun: turn.of, seconds: SECONDS + 10 * turn.cost });
    },
    test_done: async ({ test }, root) => {
      await nextTurn(); // a promise that was rejected and not waited for is heard of then
      if (!fromLoad) mutation.awake = 0;
      const failed = test.errors.length > 0 || test.unhandledRejectionErrorByPromise.size > 0;
      test.errors = [];
      await take(root, failed);
    },
    run_finish: (_event, root) => {
      root.children = [];
    },
  };

  /** jest takes what is put at the end of the list while it goes through it. */
  async function take(root, failed) {
    const next = await turns.next(failed);
    if (next.done) return;
    turn = next.value;
    const { test } = turn;
    root.children.push({ ...test, errors: [], retryReasons: [], unhandledRejectionErrorByPromise: new Map(), mode: undefined }); // prettier-ignore
  }

  async function* turnsOf(tests) {
    if (yield { test: tests.get(warmUp.name), awake: 0, of: 0, cost: warmUp.cost }) return;
    for (const mutant of mutants) {
      let is = 'passed';
      for (const { name, cost } of inOrder(mutant.tests)) {
        const test = tests.get(name);
        if (!(yield { test, awake: mutant.id, of: mutant.id, cost })) continue;
        is = (yield { test, awake: 0, of: mutant.id, cost }) ? 'unclear' : 'noticed';
        noticed.set(name, (noticed.get(name) ?? 0) + 1);
        break;
      }
      await tell({ mutant: mutant.id, is });
      if (is === 'unclear') return;
    }
  }

  async function* turnsFromLoad(tests) {
    const [{ id, tests: own }] = mutants;
    for (const { name, cost } of own) {
      const test = tests.get(name);
      if (test === undefined || (yield { test, awake: id, of: id, cost })) return tell({ mutant: id, is: 'noticed' });
    }
    return tell({ mutant: id, is: 'passed' });
  }

  function inOrder(tests) {
    return tests.toSorted(
      (one, other) => (noticed.get(other.name) ?? 0) - (noticed.get(one.name) ?? 0) || one.cost - other.cost,
    );
  }
}
