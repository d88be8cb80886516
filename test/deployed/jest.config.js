import common from '../../jest.config.js';

/** `npm run test:aws`: one deployment, looked at in the order in which an operator meets it. */
export default {
  ...common,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/deployed/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 600_000,
};
