/** Runs every test of a file once with all mutants asleep, and tells which it comes by. */
import { nameOf, testsIn } from './tests.js';

/** Tests of size and of luck. With all mutants in the sources they take minutes, and what they would notice, others do. */
const LEFT_OUT = /100,000 targets|from a list of 130,000|random schedules/;
const SECONDS = 600;

/**
 * @param {object} _request
 * @param {import('./worker.js').Mutation} mutation
 * @param {(message: object) => Promise<void>} tell - `loaded`: which mutants are passed while the file loads, or in beforeAll; or of each `test`, which it `passed`, its `cost` in seconds of the processor, and whether it `failed`
 */
export function survey(_request, mutation, tell) {
  let began;
  return {
    run_start: async (_event, root) => {
      for (const test of testsIn(root)) if (LEFT_OUT.test(test.name)) test.mode = 'skip';
      await tell({ loaded: takePassed(), seconds: SECONDS });
    },
    test_start: async () => {
      const loaded = takePassed();
      if (loaded.length > 0) await tell({ loaded });
      began = process.cpuUsage();
    },
    test_done: async ({ test }) => {
      const { user, system } = process.cpuUsage(began);
      const failed = test.errors.length > 0;
      await tell({ test: nameOf(test), passed: takePassed(), cost: (user + system) / 1e6, failed, seconds: SECONDS });
    },
  };

  function takePassed() {
    const numbers = [...mutation.passed.keys()].filter((number) => mutation.passed[number] === 1);
    mutation.passed.fill(0);
    return numbers;
  }
}
