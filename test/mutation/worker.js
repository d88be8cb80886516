/** One process that runs tests with one mutant awake, again and again. Started and ended by workers.js. */
import { runCLI } from 'jest';
import config from '../../jest.config.js';

const root = process.cwd();

process.on('message', async ({ sources: { folder, files }, count, awake, paths, tests, leftOut }) => {
  const reports = [];
  globalThis.mutation = {
    folder,
    files: new Set(files),
    count,
    awake,
    tests: tests && new Set(tests),
    leftOut,
    report: (report) => reports.push(report),
    failed: false,
  };
  const { results } = await runCLI(
    {
      $0: '',
      _: paths,
      runTestsByPath: true,
      runInBand: true,
      silent: true,
      watchman: false,
      cacheDirectory: `${folder}/jest`,
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
  process.send({ reports, failure: failed?.failureMessage, megabytes: process.memoryUsage.rss() / 2 ** 20 });
});

process.on('disconnect', () => process.exit()); // whoever asked is gone
