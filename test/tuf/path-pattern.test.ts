import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchesPattern } from '../../lib/tuf/path-pattern.ts';

describe('a pattern of paths', () => {
  test.each([
    ['targets/*.tgz', 'targets/foo.tgz', true],
    ['targets/*.tgz', 'targets/foo.txt', false],
    ['foo-version-?.tgz', 'foo-version-2.tgz', true],
    ['foo-version-?.tgz', 'foo-version-alpha.tgz', false],
    ['*.tgz', 'targets/foo.tgz', false],
    ['*', 'a/b', false],
    ['*/*', 'a/b', true],
    ['*/*', '/b', true],
    ['a?b', 'a/b', false],
    ['foo.tgz', 'foo.tgz', true],
    ['foo.tgz', 'fooxtgz', false],
    ['README.md', 'README.MD', false],
    ['', '', true],
    ['*', '', true],
    ['?', '', false],
    ['?', '😀', true],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXcYb', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['[b-d]', 'a', false],
    ['[a-c]', '-', false],
    ['[axz]', 'b', false],
    ['[axz]', 'z', true],
    ['[a]', '\0', false],
    ['[!a]', '!', true],
    ['[]]', ']', true],
    ['[!]a]', 'b', true],
    ['[!]a]', ']', false],
    ['[!]', '[!]', true],
    ['[a-]', '-', true],
    ['[', '[', true],
    ['[a', '[a', true],
    ['ab]', 'ab]', true],
    ['**', 'a/b', false],
    ['a/', 'a', false],
    ['.*', '.x', true],
  ])('%j on %j: %j', (pattern, path, expected) => {
    expect(matchesPattern(path, pattern)).toBe(expected);
  });

  test('says what a regular expression says', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 12 });
    fc.assert(
      fc.property(texts, texts, (pattern, path) => {
        const regular = pattern.replace(/\*/g, '[^/]*').replace(/\?/g, '[^/]');
        expect(matchesPattern(path, pattern)).toBe(new RegExp(`^${regular}$`).test(path));
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes no more than a second for a pattern made to take for ever', () => {
    const started = Date.now();
    expect(matchesPattern('a'.repeat(20_000), `${'*a'.repeat(200)}b`)).toBe(false);
    expect(Date.now() - started).toBeLessThan(1_000);
  });
});
