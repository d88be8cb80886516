import common from '../../jest.config.js';

/** `npm run test:account`: a deployment in a real AWS account, which is removed again. */
export default {
  ...common,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/account/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 1_800_000, // a distribution takes minutes to be everywhere
};
