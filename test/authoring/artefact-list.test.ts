import { describe, expect, test } from '@jest/globals';
import { parseArtefactList } from '../../lib/authoring/artefact-list.ts';
import { pathsOfEach } from '../../lib/authoring/target-paths.ts';

const parse = (...lines: readonly string[]) => parseArtefactList(Buffer.from(lines.join('\n')), 'release.jsonl');
const GOOD =
  '{"target": "build/orbit", "name": "orbit", "platform": "linux", "version": "1.2.3", "tags": ["1", "stable"]}';

test('a line is what add is given for one file; tags may be left out', () => {
  expect(parse(GOOD, '', '{"version":"5","platform":"macos","name":"extensions/hello","target":"hello.ext"}', '')).toEqual([
    { file: 'build/orbit', name: 'orbit', platform: 'linux', version: '1.2.3', tags: ['1', 'stable'], origin: 'release.jsonl, line 1' },
    { file: 'hello.ext', name: 'extensions/hello', platform: 'macos', version: '5', tags: [], origin: 'release.jsonl, line 3' },
  ]); // prettier-ignore
});

describe('one bad line refuses the whole list, and is named:', () => {
  test.each([
    { given: 'no JSON', line: 'build/orbit,orbit,linux,1.2.3', says: 'release.jsonl, line 2 is not JSON' },
    { given: 'half a line', line: GOOD.slice(0, -9), says: 'release.jsonl, line 2 is not JSON' },
    { given: 'a list', line: '["build/orbit"]', says: 'release.jsonl, line 2: it is not an object' },
    { given: 'a misspelt field', line: GOOD.replace('"tags"', '"tag"'), says: 'line 2: there is no field "tag"' },
    { given: 'a field twice', line: GOOD.replace('"name"', '"target"'), says: 'release.jsonl, line 2 has the key "target" twice' }, // prettier-ignore
    { given: 'a field missing', line: GOOD.replace('"version": "1.2.3", ', ''), says: 'line 2: version is missing' },
    { given: 'a number for a text', line: GOOD.replace('"1.2.3"', '123'), says: 'line 2: version is not a text, or empty' }, // prettier-ignore
    { given: 'no file', line: GOOD.replace('build/orbit', ''), says: 'line 2: target is not a text, or empty' },
    { given: 'tags with commas', line: GOOD.replace('["1", "stable"]', '"1,stable"'), says: 'line 2: tags is not a list of texts' }, // prettier-ignore
    { given: 'an empty tag', line: GOOD.replace('"1", ', '"", '), says: 'line 2: a tag is not a text, or empty' },
  ])('$given', ({ line, says }) => {
    const list = () => parse(GOOD, line);
    expect(list).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(says) }));
    expect(list).toThrow(expect.objectContaining({ remedy: expect.stringContaining('{"target": "build/orbit"') }));
  });

  test('none at all', () => {
    expect(() => parse('', ' ')).toThrow('"release.jsonl" lists nothing.');
  });
});

describe('no two lines become one target', () => {
  test.each([
    { given: 'the same version', line: GOOD.replace('build/orbit', 'other/orbit') },
    { given: 'the same tag', line: GOOD.replace('1.2.3', '1.2.4').replace('"1", ', '') },
    { given: 'the tag of one as the version of the other', line: GOOD.replace('1.2.3', '1').replace('"1", "stable"', '') }, // prettier-ignore
  ])('$given', ({ line }) => {
    expect(() => pathsOfEach(parse(GOOD, line))).toThrow(
      /^release\.jsonl, line 1 and release\.jsonl, line 2 would both become the target "orbit\/linux\/\S+\/orbit"\.$/,
    );
  });

  test('a path that leads out is refused with its line', () => {
    expect(() => pathsOfEach(parse(GOOD.replace('"orbit"', '"../keys"')))).toThrow(
      'release.jsonl, line 1: "../keys/linux/1.2.3/../keys" cannot be the path of a target',
    );
  });
});
