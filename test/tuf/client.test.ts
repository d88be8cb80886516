import { describe, expect, test } from '@jest/globals';
import { refreshClient, refreshTopLevel, type Known } from '../../lib/tuf/client.ts';
import { after, days, parseInstant } from '../../lib/tuf/instant.ts';
import { arrange, CASES } from './client-cases.ts';
import { FIXTURE_NAMES, FIXTURES_NOW, metadataOf } from './fixtures.ts';
import { NOW, refresh, TestRepository } from './repository.ts';
import { ed25519Key } from './signing-key.ts';

const verdictOf = (code: string): string => (code === 'accepted' ? 'goes through with' : `refuses with ${code}`);

describe('refreshClient, section by section,', () => {
  test.each(CASES.map((item) => ({ ...item, answer: verdictOf(item.code) })))(
    '$section: $answer $given',
    ({ code, requests, stored, ...item }) => {
      const { repository, memory } = arrange({ code, requests, stored, ...item });
      expect(refresh(repository.files, memory)).toMatchObject({ code, requests, stored });
    },
  );

  test.each(CASES)('$section: a second refresh after $given changes nothing more', (item) => {
    const { repository, memory } = arrange(item);
    const first = refresh(repository.files, memory);
    const second = refresh(repository.files, first.memory);
    // What was refused is refused again, maybe a step earlier or later; and nothing is stored twice.
    expect(second.code === 'accepted').toBe(first.code === 'accepted');
    expect(second.stored).toEqual([]);
  });
});

describe('refreshClient begins (5.2)', () => {
  test('with a root that is expired', () => {
    const repository = TestRepository.healthy();
    repository.root(1, (signed) => {
      signed.expires = '2020-01-01T00:00:00Z';
    });
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    repository.root(2);
    expect(refresh(repository.files, memory)).toMatchObject({ code: 'accepted', stored: ['root.json', ...ALL] });
  });

  test.each([
    { given: 'no root', root: undefined, code: 'NO_BASELINE' },
    { given: 'a root that its own keys did not sign', root: unsigned(), code: 'ROOT_INVALID' },
    { given: 'garbage for a root', root: Buffer.from('{'), code: 'NOT_JSON' },
  ])('with nothing, and asks for nothing, if it has $given', ({ root, code }) => {
    const memory = new Map(root === undefined ? [] : [['root.json', root]]);
    expect(refresh(TestRepository.healthy().files, memory)).toMatchObject({ code, requests: [], stored: [] });
  });

  test('and asks for at most 1,000 new roots in one go', () => {
    const repository = TestRepository.healthy();
    for (let version = 2; version <= 1_002; version++) repository.root(version);
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    const first = refresh(repository.files, memory);
    expect(first.requests.slice(999)).toEqual(['1001.root.json', ...ALL]);
    expect(refresh(repository.files, first.memory)).toMatchObject({ code: 'accepted', stored: ['root.json'] });
  });
});

const ALL = ['timestamp.json', 'snapshot.json', 'targets.json'];

describe('refreshClient trusts', () => {
  const repository = TestRepository.healthy();
  const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);

  test('what it returns, and keeps the exact bytes', () => {
    const { trusted, memory: kept } = refresh(repository.files, memory);
    expect(trusted).toMatchObject({ root: { version: 1 }, timestamp: { version: 1 }, snapshot: { version: 1 } });
    expect(Array.from(trusted!.targets.keys())).toEqual(['targets']);
    for (const name of ALL) expect(kept.get(name)).toBe(repository.files.get(name));
  });

  test('the file that is kept, not another one of its version', () => {
    const { memory: kept } = refresh(repository.files, memory);
    const other = TestRepository.healthy();
    Object.assign(other.keys, repository.keys);
    other.root(1);
    other.targets(1, (signed) => {
      signed.targets.a = { length: 0, hashes: { sha512: '00'.repeat(64) } };
    });
    other.snapshot(1);
    other.timestamp(1);
    const { trusted } = refresh(other.files, kept);
    expect(trusted?.timestamp.bytes).toBe(repository.files.get('timestamp.json'));
    expect(trusted?.targets.get('targets')?.targets.size).toBe(0);
  });

  test('nothing at the very second of its expiry', () => {
    const expiry = after(NOW, days(1));
    const short = TestRepository.healthy();
    short.timestamp(2, (signed) => {
      signed.expires = '2026-11-25T00:00:00Z';
    });
    const root = new Map([['root.json', short.files.get('1.root.json')!]]);
    expect(refresh(short.files, root, (expiry - 1) as typeof expiry).code).toBe('accepted');
    expect(refresh(short.files, root, expiry).code).toBe('METADATA_EXPIRED');
  });
});

test('a file is read up to the length that is named, and never beyond what its role may have', () => {
  const repository = TestRepository.healthy();
  repository.snapshot(1, (signed) => {
    signed.meta['targets.json']!.length = Number.MAX_SAFE_INTEGER;
  });
  repository.timestamp(1);
  const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
  expect(refresh(repository.files, memory).limits).toEqual({
    '2.root.json': 512_000,
    'timestamp.json': 16_384,
    'snapshot.json': repository.files.get('snapshot.json')!.length,
    'targets.json': 67_108_864,
  });
  repository.timestamp(2, (signed) => {
    signed.meta['snapshot.json'] = { version: 1 };
  });
  expect(refresh(repository.files, memory).limits['snapshot.json']).toBe(2_000_000);
});

describe('delegated roles (5.6.7) are read', () => {
  /** All requests and all that is stored for a graph of delegations, behind the four top-level files. */
  function walk(delegations: Readonly<Record<string, readonly string[]>>, isConsistent = false) {
    const repository = new TestRepository();
    repository.delegations = delegations;
    repository.isConsistent = isConsistent;
    repository.root(1);
    repository.publish(1);
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    const { code, requests, stored, trusted, memory: kept } = refresh(repository.files, memory);
    return { repository, code, requests: requests.slice(4), stored: stored.slice(3), trusted, kept };
  }

  test.each([
    { given: 'in the order of the list', graph: { targets: ['b', 'a', 'c'] }, order: ['b', 'a', 'c'] },
    {
      given: 'in pre-order, depth first',
      graph: { targets: ['a', 'b'], a: ['a1', 'a2'], a1: ['a11'], b: ['b1'] },
      order: ['a', 'a1', 'a11', 'a2', 'b', 'b1'],
    },
    {
      given: 'once, if two roles delegate to one',
      graph: { targets: ['a', 'b'], a: ['c'], b: ['c'] },
      order: ['a', 'c', 'b'],
    },
    { given: 'once, if they go in a circle', graph: { targets: ['a'], a: ['b'], b: ['a'] }, order: ['a', 'b'] },
    { given: 'once, if one delegates to itself', graph: { targets: ['a'], a: ['a'] }, order: ['a'] },
  ])('$given', ({ graph, order }) => {
    const { code, requests, stored, trusted } = walk(graph);
    const files = order.map((name) => `${name}.json`);
    expect({ code, requests, stored }).toEqual({ code: 'accepted', requests: files, stored: files });
    expect(Array.from(trusted!.targets.keys())).toEqual(['targets', ...order]);
  });

  test('under their encoded names, so that none leaves the folder', () => {
    const { requests, trusted } = walk({ targets: ['../a', 'b/c', 'é', '__proto__', '.', '%2e', 'a b'] });
    expect(requests).toEqual([
      '..%2Fa.json',
      'b%2Fc.json',
      '%C3%A9.json',
      '__proto__.json',
      '..json',
      '%252e.json',
      'a%20b.json',
    ]);
    expect(trusted!.targets.has('../a')).toBe(true);
  });

  test('with their versions before their names in consistent snapshots, and kept without', () => {
    const { requests, stored } = walk({ targets: ['a/b'] }, true);
    expect([requests, stored]).toEqual([['1.a%2Fb.json'], ['a%2Fb.json']]);
  });

  test('only if the snapshot lists them', () => {
    const { repository } = walk({ targets: ['a', 'b'] });
    repository.snapshot(2, (signed) => {
      Reflect.deleteProperty(signed.meta, 'a.json');
    });
    repository.timestamp(2);
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    expect(refresh(repository.files, memory)).toMatchObject({ code: 'accepted', stored: [...ALL, 'b.json'] });
  });

  test('again only if they changed', () => {
    const { repository, kept } = walk({ targets: ['a', 'b'] });
    repository.targets(2, undefined, 'b');
    repository.snapshot(2);
    repository.timestamp(2);
    const { requests } = refresh(repository.files, kept);
    expect(requests).toEqual(['2.root.json', 'timestamp.json', 'snapshot.json', 'b.json']);
  });

  test('by the keys of who delegates, and by no others', () => {
    const { repository } = walk({ targets: ['a', 'b'], a: ['c'] });
    repository.targets(2, undefined, 'c', [ed25519Key()]);
    repository.snapshot(2);
    repository.timestamp(2);
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    expect(refresh(repository.files, memory)).toMatchObject({
      code: 'SIGNATURE_INVALID',
      stored: [...ALL, 'a.json'],
    });
  });

  test.each([
    { given: 'missing', spoil: (files: Map<string, Buffer>) => files.delete('b.json'), code: 'TARGETS_MISSING' },
    {
      given: 'another',
      spoil: (files: Map<string, Buffer>) => files.set('b.json', files.get('targets.json')!),
      code: 'TARGETS_MISMATCH',
    },
  ])('until one is $given, and what was read stays kept', ({ spoil, code }) => {
    const { repository } = walk({ targets: ['a', 'b', 'c'] });
    spoil(repository.files);
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    expect(refresh(repository.files, memory)).toMatchObject({ code, stored: [...ALL, 'a.json'] });
  });

  test('from a list of 130,000, without running out of stack', () => {
    const { repository } = walk({ targets: ['a'] });
    repository.targets(2, ({ delegations: { roles } }) => {
      for (let index = 0; index < 130_000; index++) roles.push({ name: `${index}`, keyids: ['a'], threshold: 1 });
    });
    repository.snapshot(2);
    repository.timestamp(2);
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    expect(refresh(repository.files, memory)).toMatchObject({ code: 'accepted', stored: [...ALL, 'a.json'] });
  });
});

test('names of roles are escaped in what is told: they are signed, but not by whoever reads it', () => {
  const repository = new TestRepository();
  repository.delegations = { targets: ['\u001b[2J'] };
  repository.root(1);
  repository.publish(2);
  const { code, message, memory } = refresh(repository.files, new Map([['root.json', repository.files.get('1.root.json')!]])); // prettier-ignore
  expect({ code, message }).toEqual({ code: 'accepted', message: '' });
  repository.targets(1, undefined, '\u001b[2J');
  repository.snapshot(3);
  repository.timestamp(3);
  expect(refresh(repository.files, memory).message).toBe('\\u001b[2J.json has version 1, lower than the known 2.');
  repository.targets(3, undefined, '\u001b[2J', [ed25519Key()]);
  repository.snapshot(4);
  repository.timestamp(4);
  expect(refresh(repository.files, memory).message).toMatch(/no valid signature of the role \\u001b\[2J\.$/);
});

test('a client that wants no target reads and trusts targets.json, and no delegated role', () => {
  const repository = new TestRepository();
  repository.delegations = { targets: ['a'] };
  repository.root(1);
  repository.publish(1);
  const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
  const { requests, trusted } = refresh(repository.files, memory, NOW, refreshTopLevel);
  expect(requests).toEqual(['2.root.json', ...ALL]);
  expect(Array.from(trusted!.targets, ([name, { version }]) => [name, version])).toEqual([['targets', 1]]);
});

describe('what was verified is told, also of a walk that was refused:', () => {
  test.each([
    { to: 'the whole workflow', workflow: refreshClient, broken: '', known: ['root', 'timestamp', 'snapshot', 'targets', 'a'] }, // prettier-ignore
    { to: 'the top level', workflow: refreshTopLevel, broken: '', known: ['root', 'timestamp', 'snapshot', 'targets'] },
    { to: 'the snapshot', workflow: refreshTopLevel, broken: 'targets.json', known: ['root', 'timestamp', 'snapshot'] },
    { to: 'the timestamp', workflow: refreshTopLevel, broken: 'snapshot.json', known: ['root', 'timestamp'] },
    { to: 'the root', workflow: refreshTopLevel, broken: 'timestamp.json', known: ['root'] },
  ])('up to $to', ({ workflow, broken, known }) => {
    const repository = new TestRepository();
    repository.delegations = { targets: ['a'] };
    repository.root(1);
    repository.publish(1);
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    repository.root(2);
    repository.files.delete(broken);
    const found: Known = new Map();
    refresh(repository.files, memory, NOW, (kept, now) => workflow(kept, now, found));
    expect(Array.from(found.keys())).toEqual(known);
    expect(found.get('root')?.version).toBe(2);
  });

  test('the root that was kept, where there is no newer one', () => {
    const repository = TestRepository.healthy();
    const memory = new Map([['root.json', repository.files.get('1.root.json')!]]);
    const found: Known = new Map();
    refresh(new Map(), memory, NOW, (kept, now) => refreshTopLevel(kept, now, found));
    expect(Array.from(found, ([name, { version }]) => [name, version])).toEqual([['root', 1]]);
  });
});

describe('the fixture', () => {
  const now = parseInstant(FIXTURES_NOW, 'now');

  test.each(FIXTURE_NAMES)('%s is accepted from its first root, and again from what was kept', (fixture) => {
    const files = metadataOf(fixture);
    const first = refresh(files, new Map([['root.json', files.get('1.root.json')!]]), now);
    expect(first.code).toBe('accepted');
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
      expect(first.memory.get(`${role}.json`)).toEqual(files.get(`${role}.json`));
    }
    expect(refresh(files, first.memory, now)).toMatchObject({ code: 'accepted', stored: [] });
  });

  test('consistent is read by versioned names', () => {
    const files = metadataOf('consistent');
    const { requests } = refresh(files, new Map([['root.json', files.get('1.root.json')!]]), now);
    expect(requests).toEqual(['2.root.json', 'timestamp.json', '3.snapshot.json', '3.targets.json']);
  });

  test('rotated is read through all of its roots', () => {
    const files = metadataOf('rotated');
    const { requests } = refresh(files, new Map([['root.json', files.get('1.root.json')!]]), now);
    expect(requests).toEqual(['2.root.json', '3.root.json', '4.root.json', ...ALL]);
  });
});

/** A root that anybody could have written. */
function unsigned(): Buffer {
  const repository = new TestRepository();
  repository.root(1, undefined, [ed25519Key()]);
  return repository.files.get('1.root.json')!;
}
