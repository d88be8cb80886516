/** Real processes, real scrypt and (where it is installed) real Go run in here, so a test may take its time. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['<rootDir>/test/deployed/'], // needs Python: npm run test:aws
  extensionsToTreatAsEsm: ['.ts', '.html'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'html'],
  transform: { '\\.(ts|html)$': '<rootDir>/test/esbuild-transform.cjs' },
  testTimeout: 60_000,
};
