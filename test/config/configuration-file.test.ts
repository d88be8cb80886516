import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { configurationOf } from '../../lib/config/configuration-file.ts';
import { least } from './configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'configuration-'));
const file = join(folder, 'timekeeper.json');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('names `timekeeper init-config` where there is no file', () => {
  expect(() => configurationOf(join(folder, 'none.json'))).toThrow(
    expect.objectContaining({
      name: 'UsageError',
      code: 'CONFIGURATION_MISSING',
      message: expect.stringMatching(/^There is no file ".*none\.json"\.$/) as unknown,
      remedy: 'Run `timekeeper init-config`: it asks and writes one.',
    }),
  );
});

test('reads a file', () => {
  writeFileSync(file, JSON.stringify(least()));
  expect(configurationOf(file)).toMatchObject({ name: 'updates' });
});

test('says all that is wrong with a file, a line each', () => {
  writeFileSync(file, JSON.stringify(least({ mode: 'fast', check: 'soon\u0007' })));
  expect(() => configurationOf(file)).toThrow(
    expect.objectContaining({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringMatching(
        /timekeeper\.json has 2 faults:\n {2}- repositories\.orbit\.mode is [^\n]*\n {2}- repositories\.orbit\.check is "soon\\u0007"[^\n]*$/,
      ) as unknown,
    }),
  );
});

test('says why a file cannot be read', () => {
  expect(() => configurationOf(folder)).toThrow(/has 1 fault:\n {2}- The file cannot be read: EISDIR\.$/);
});
