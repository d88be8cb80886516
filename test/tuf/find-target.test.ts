import { expect, test } from '@jest/globals';
import { refreshTopLevel, type ClientWalk, type Trusted } from '../../lib/tuf/client.ts';
import { findTarget } from '../../lib/tuf/find-target.ts';
import type { TargetFile } from '../../lib/tuf/targets.ts';
import { NOW, refresh, TestRepository } from './repository.ts';

const TARGET = { length: 3, hashes: { sha512: 'ab'.repeat(64) } };

/** targets.json lists `x` and delegates `a/*` to the role a, which lists `a/x`. */
function delegating(): TestRepository {
  const repository = new TestRepository();
  repository.delegations = { targets: ['a'] };
  repository.root(1);
  publish(repository, 1);
  return repository;
}

function publish(repository: TestRepository, version: number, ...more: readonly string[]): void {
  repository.targets(version, (signed) => Object.assign(signed, { targets: { x: TARGET } }));
  const targets = Object.fromEntries(['a/x', ...more].map((path) => [path, TARGET]));
  repository.targets(version, (signed) => Object.assign(signed, { targets }), 'a');
  repository.snapshot(version);
  repository.timestamp(version);
}

/** What a client that wants no target trusts and keeps. */
function updated(repository: TestRepository, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
  const before = new Map([['root.json', repository.files.get('1.root.json')!], ...kept]);
  const { trusted, memory } = refresh(repository.files, before, NOW, refreshTopLevel);
  return { trusted: trusted!, memory: new Map(memory) };
}

/** Runs a search to its end, and says what it asked for. */
function searched(
  path: string,
  { files }: TestRepository,
  trusted: Trusted,
  memory: Map<string, Uint8Array>,
  asked = new Set<string>(),
): { readonly found: TargetFile | undefined; readonly requests: readonly string[] } {
  const requests: string[] = [];
  const walk: ClientWalk<TargetFile | undefined> = findTarget(path, trusted, memory, asked, NOW);
  let step = walk.next();
  while (step.done !== true) {
    if (step.value.do === 'store') memory.set(step.value.name, step.value.bytes);
    else if (step.value.do === 'fetch') requests.push(step.value.file);
    step = walk.next(step.value.do === 'fetch' ? files.get(step.value.file) : undefined);
  }
  return { found: step.value, requests };
}

test('a delegated role is fetched when the search comes to it, and once a run', () => {
  const repository = delegating();
  const { trusted, memory } = updated(repository);
  const asked = new Set<string>();
  expect(searched('x', repository, trusted, memory, asked)).toMatchObject({ found: { length: 3 }, requests: [] });
  expect(searched('a/x', repository, trusted, memory, asked)).toMatchObject({
    found: { length: 3 },
    requests: ['a.json'],
  });
  expect(searched('a/y', repository, trusted, memory, asked)).toEqual({ found: undefined, requests: [] });
});

test('a delegated role that changed since it was kept is fetched anew', () => {
  const repository = delegating();
  const first = updated(repository);
  searched('a/x', repository, first.trusted, first.memory);
  publish(repository, 2, 'a/new');
  const second = updated(repository, first.memory);
  expect(searched('a/new', repository, second.trusted, second.memory)).toMatchObject({
    found: { length: 3 },
    requests: ['a.json'],
  });
});

test('a delegated role is verified by whoever delegates to it now, whatever was trusted under its name', () => {
  const repository = delegating();
  const { trusted, memory } = updated(repository);
  const top = trusted.targets.get('targets')!;
  const another = { ...trusted, targets: new Map([['targets', top], ['a', top]]) }; // prettier-ignore
  expect(searched('a/x', repository, another, memory)).toMatchObject({ found: { length: 3 }, requests: ['a.json'] });
});

test('targets.json is not read again: it is trusted already', () => {
  const repository = delegating();
  const { trusted, memory } = updated(repository);
  memory.delete('targets.json');
  expect(searched('x', repository, trusted, memory)).toMatchObject({ found: { length: 3 }, requests: [] });
});
