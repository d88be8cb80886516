import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CODES, WARNINGS, type Code } from '../../lib/contract/codes.ts';
import { FINDINGS } from '../../lib/contract/findings.ts';

const TESTS = join(import.meta.dirname, '..');

/** Everything that the tests say, but for this file: what stands there in quotes is what some test expects. */
const said = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith('codes.test.ts'))
  .map((file) => readFileSync(join(TESTS, file), 'utf8'))
  .join('\n');

const isSaid = (code: string) => said.includes(`'${code}'`) || said.includes(`"${code}"`);

const codes = Object.keys(CODES) as Code[];
const kinds = (...wanted: readonly string[]) => codes.filter((code) => wanted.includes(CODES[code].kind));

describe('every code', () => {
  test('is what some test expects: one that no test provokes is removed', () => {
    expect(codes.filter((code) => !isSaid(code))).toEqual([]);
  });

  test('is a word in capitals, fit for a metric and a heading', () => {
    expect(codes.filter((code) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code))).toEqual([]);
  });

  test('with which nothing was signed although it should have been says what to do', () => {
    expect(kinds('refusal', 'failure', 'usage').filter((code) => CODES[code].remedy === '')).toEqual([]);
  });

  test('has a remedy of whole sentences: a capital first, a full stop last, one line', () => {
    const remedies = codes.map((code) => CODES[code].remedy).filter((remedy) => remedy !== '');
    expect(remedies.filter((remedy) => !/^[A-Z][^\n]*[^\s.]\.$/.test(remedy))).toEqual([]);
  });
});

describe('every warning', () => {
  test('is what some test expects: one that no test provokes is removed', () => {
    expect(Object.keys(WARNINGS).filter((code) => !isSaid(code))).toEqual([]);
  });

  test('says what to do in whole sentences', () => {
    expect(Object.values(WARNINGS).filter((remedy) => !/^[A-Z][^\n]*[^\s.]\.$/.test(remedy))).toEqual([]);
  });
});

describe('every finding of the watchdog', () => {
  test('is what some test expects: one that no test provokes is removed', () => {
    expect(Object.keys(FINDINGS).filter((code) => !isSaid(code))).toEqual([]);
  });

  test('says what to do in whole sentences', () => {
    expect(Object.values(FINDINGS).filter(({ remedy }) => !/^[A-Z][^\n]*[^\s.]\.$/.test(remedy))).toEqual([]);
  });
});
