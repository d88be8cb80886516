/** One process that loads test files, one after the other, and does with their tests what it is asked. Started and ended by workers.js. */
import { runCLI } from 'jest';
import config from '../../jest.config.js';
import { judge } from './judge.js';
import { survey } from './survey.js';

/**
 * What the environment and the sources with mutants in them share with whoever runs the tests.
 * @typedef {object} Mutation
 * @property {number} awake - the mutant whose turn it is, or 0
 * @property {Uint8Array} passed - which mutants somebody came by
 * @property {Record<string, (event: object, root: object) => unknown>} on - what to do at an event of jest-circus
 */

const TASKS = { judge, survey };
const root = process.cwd();

process.on('message', async (request) => {
  const { task, path, awake, count, sources } = request;
  const mutation = { awake, passed: new Uint8Array(count), folder: sources.folder, files: new Set(sources.files) };
  mutation.on = TASKS[task](request, mutation, tell);
  globalThis.mutation = mutation;
  const { results } = await runCLI(
    {
      $0: '',
      _: [path],
      runTestsByPath: true,
      runInBand: true,
      silent: true,
      watchman: false,
      cacheDirectory: `${sources.folder}/jest`,
      config: JSON.stringify({
        ...config,
        rootDir: root,
        reporters: [],
        testEnvironment: '<rootDir>/test/mutation/environment.cjs',
        transform: { '\\.(ts|html)$': '<rootDir>/test/mutation/transform.cjs' },
        setupFiles: ['<rootDir>/test/mutation/setup.js'],
      }),
    },
    [root],
  );
  const failed = results.testResults.find(({ failureMessage }) => failureMessage);
  await tell({
    ended: true,
    failure: failed?.failureMessage,
    megabytes: process.memoryUsage.rss() / 2 ** 20,
  });
});

process.on('disconnect', () => process.exit()); // whoever asked is gone

/** Resolves when it has been said: a test that never ends says nothing more. */
function tell(message) {
  return new Promise((resolve, reject) => process.send(message, (error) => (error ? reject(error) : resolve())));
}
