import boundaries from 'eslint-plugin-boundaries';
import jest from 'eslint-plugin-jest';
import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

/** Who may import whom: the room table of docs/architecture.md, as data. What a room isn't granted it cannot import. */
const ROOMS = {
  contract: [],
  tuf: ['contract'],
  stores: ['contract'],
  keys: ['contract', 'tuf'],
  refresh: ['contract', 'tuf', 'keys', 'stores'],
  authoring: ['contract', 'tuf', 'keys', 'stores'],
  client: ['contract', 'tuf', 'stores'],
  watch: ['contract', 'tuf', 'stores', 'client'],
  publishing: ['contract', 'tuf', 'stores', 'client'],
  config: ['contract', 'tuf'],
  infra: ['contract', 'config'],
  cli: ['contract', 'tuf', 'keys', 'stores', 'client', 'refresh', 'watch', 'authoring', 'publishing', 'config'],
  lambda: ['contract', 'tuf', 'keys', 'stores', 'client', 'refresh', 'watch'],
  bin: ['contract', 'config', 'cli', 'infra'],
};

const pattern = (room) => (room === 'lambda' || room === 'bin' ? room : `lib/${room}`);

/** Rooms and files that decide: bytes and a clock value in, a value out. */
const PURE = [
  'lib/tuf/**',
  'lib/contract/**',
  'lib/refresh/{plan,due,endorsement,advance,journal,statement}.ts',
  'lib/publishing/{plan-publication,judge-roots,judge-snapshot,judge-timestamp,observed}.ts',
];

export default tseslint.config(
  { ignores: ['dist', 'coverage', '.cache', 'timekeeper-demo', 'test/fixtures', 'examples'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { boundaries, tsdoc },
    settings: {
      'boundaries/elements': Object.keys(ROOMS).map((type) => ({ type, pattern: pattern(type) })),
      'boundaries/include': ['bin/**', 'lambda/**', 'lib/**'],
      'import/resolver': { node: { extensions: ['.ts', '.js'] } },
    },
    rules: {
      'tsdoc/syntax': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
            ...Object.entries(ROOMS).map(([room, granted]) => ({
              from: { element: { type: room } },
              allow: { to: { element: { types: { anyOf: [room, ...granted] } } } },
            })),
          ],
        },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: false }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: PURE,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^node:(?!crypto$)',
              message: 'Rooms that decide do no I/O: bytes and a clock value in, a value out.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval', 'performance'],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'The run has one `now`, passed in.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The run has one `now`, passed in.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    plugins: { jest },
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'fc.assert'] }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      'boundaries/dependencies': 'off',
    },
  },
  { files: ['bench/**/*.ts', 'test/**/*.ts'], rules: { 'no-console': 'off' } },
);
