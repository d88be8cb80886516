/** Real processes, real scrypt and (where it is installed) real Go run in here, so a test may take its time. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // They need Python, and an AWS account: npm run test:aws, npm run test:account
  testPathIgnorePatterns: ['<rootDir>/test/deployed/', '<rootDir>/test/account/'],
  extensionsToTreatAsEsm: ['.ts', '.html'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'html'],
  transform: { '\\.(ts|html)$': '<rootDir>/test/esbuild-transform.cjs' },
  testTimeout: 60_000,
};
