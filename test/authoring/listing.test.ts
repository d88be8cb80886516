import { expect, test } from '@jest/globals';
import { listing } from '../../lib/authoring/listing.ts';
import { readPublished } from '../../lib/authoring/published.ts';
import { TestRepository } from '../tuf/repository.ts';

/** What is listed, by path: a letter that stands for the content, and the version that is said of it. */
type Given = Readonly<Record<string, readonly [content: string, version?: string]>>;

function json(given: Given): Record<string, object> {
  const target = ([content, version]: Given[string]) => ({
    length: content.charCodeAt(0),
    hashes: { sha512: content.repeat(128) },
    ...(version !== undefined && { custom: { version } }),
  });
  return Object.fromEntries(Object.entries(given).map(([path, one]) => [path, target(one)]));
}

function listed(given: Given, delegated: Given = {}) {
  const repository = new TestRepository();
  repository.delegations = { targets: ['tools'] };
  repository.root(1);
  repository.targets(1, (signed) => (signed.targets = json(given)));
  repository.targets(1, (signed) => (signed.targets = json(delegated)), 'tools');
  repository.snapshot(1);
  repository.timestamp(1);
  repository.put('root.json', repository.files.get('1.root.json')!);
  return listing(readPublished((name) => repository.files.get(name)));
}

const briefly = (given: Given) =>
  listed(given).artefacts.map(({ name, platform, version, isListedByVersion, tags, file }) =>
    [name, platform, isListedByVersion ? version : `only as ${version}`, tags.join(' '), file].join(', '),
  );

test('tags that have the content of a version are listed with it', () => {
  expect(
    briefly({
      'orbit/linux/1.0/orbit': ['a', '1.0'],
      'orbit/linux/stable/orbit': ['a', '1.0'],
      'orbit/linux/1/orbit': ['a', '1.0'],
      'orbit/linux/1.1/orbit': ['b', '1.1'],
      'orbit/linux/edge/orbit': ['b', '1.1'],
    }),
  ).toEqual(['orbit, linux, 1.0, 1 stable, orbit', 'orbit, linux, 1.1, edge, orbit']);
});

test('a tag that has another content than its version stands by itself, as does one of a version that is not listed', () => {
  expect(
    briefly({
      'orbit/linux/1.0/orbit': ['a', '1.0'],
      'orbit/linux/stable/orbit': ['b', '1.0'],
      'orbit/linux/edge/orbit': ['c', '2.0'],
    }),
  ).toEqual([
    'orbit, linux, 1.0, , orbit',
    'orbit, linux, only as 1.0, stable, orbit',
    'orbit, linux, only as 2.0, edge, orbit',
  ]);
});

test('they are in the order of name, platform and version, in which numbers count as such', () => {
  expect(
    briefly({
      'orbit/windows/1.10/orbit.exe': ['a', '1.10'],
      'orbit/windows/1.9/orbit.exe': ['b', '1.9'],
      'orbit/linux/1.9/orbit': ['c', '1.9'],
      'extensions/hello/linux/1/hello.ext': ['d', '1'],
      '/desktop/linux/1/desktop.tar.gz': ['e', '1'],
    }),
  ).toEqual([
    'desktop, linux, 1, , desktop.tar.gz',
    'extensions/hello, linux, 1, , hello.ext',
    'orbit, linux, 1.9, , orbit',
    'orbit, windows, 1.9, , orbit.exe',
    'orbit, windows, 1.10, , orbit.exe',
  ]);
});

test('a path of another scheme, a target without a version, and one of a delegated role are listed plainly', () => {
  const { artefacts, others, ...rest } = listed(
    { 'readme.txt': ['a', '1'], 'a/b/c': ['b', '1'], 'orbit/linux/1/orbit': ['c'] },
    { 'orbit/linux/2/orbit': ['d', '2'] },
  );
  expect({ artefacts, rest }).toEqual({ artefacts: [], rest: { version: 1, expires: '2126-01-01T00:00:00Z' } });
  expect(others.map(({ path, length, role }) => [path, length, role])).toEqual([
    ['a/b/c', 98, 'targets'],
    ['orbit/linux/1/orbit', 99, 'targets'],
    ['orbit/linux/2/orbit', 100, 'tools'],
    ['readme.txt', 97, 'targets'],
  ]);
});
