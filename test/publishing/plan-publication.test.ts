import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Code } from '../../lib/contract/codes.ts';
import type { LocalRepository } from '../../lib/publishing/local-repository.ts';
import type { CheckedTarget } from '../../lib/publishing/local-target.ts';
import { planPublication, planRoots, type Plan, type Put, type Wish } from '../../lib/publishing/plan-publication.ts';
import type { PublishedState } from '../../lib/publishing/published-state.ts';
import type { Stored, Token } from '../../lib/stores/store.ts';
import { parseSnapshot } from '../../lib/tuf/snapshot.ts';
import { beginChain } from '../../lib/tuf/root-chain.ts';
import { parseTargets } from '../../lib/tuf/targets.ts';
import { parseTimestamp } from '../../lib/tuf/timestamp.ts';
import type { Verified } from '../../lib/tuf/verify.ts';
import { lookAsClient, refusalOf } from '../refresh/client.ts';
import { EXPIRED, NOW, TestRepository } from '../tuf/repository.ts';
import { ed25519Key } from '../tuf/signing-key.ts';

const WISH: Wish = { base: undefined, begun: [], claim: undefined, replace: undefined, isAdvance: false, now: NOW }; // prettier-ignore

/** A repository that several states are made of, all signed with its keys. */
class History {
  readonly repository = new TestRepository();
  #published = new Map<string, Buffer>();

  constructor({ consistent = false, delegated = false } = {}) {
    this.repository.isConsistent = consistent;
    if (delegated) this.repository.delegations = { targets: ['orbit'] };
    this.repository.root(1);
    this.repository.publish(1);
  }

  /** What is published is what the repository is now. */
  publish(): this {
    this.#published = this.files();
    return this;
  }

  files(): Map<string, Buffer> {
    const newest = Math.max(...Array.from(this.repository.files.keys(), (name) => Number(/^(\d+)\.root/.exec(name)?.[1] ?? 0))); // prettier-ignore
    return new Map(this.repository.files).set('root.json', this.repository.files.get(`${newest}.root.json`)!);
  }

  get published(): Map<string, Buffer> {
    return this.#published;
  }

  plan(wish: Partial<Wish> = {}, listed?: readonly string[]): Plan {
    return planPublication(localOf(this.repository), [], stateOf(this.#published, this.repository, listed), { ...WISH, ...wish }); // prettier-ignore
  }
}

/** A folder's metadata as it is read. What reading verifies is true of every state that a test makes here. */
function localOf(repository: TestRepository): LocalRepository {
  const { files, isConsistent } = repository;
  const roots = new Map(Array.from(files).flatMap(([name, bytes]) => /^\d+\.root\.json$/.test(name) ? [[parseInt(name), bytes] as const] : [])); // prettier-ignore
  const verified = <T>(metadata: T) => metadata as Verified<T>;
  const root = beginChain(roots.get(Math.max(...roots.keys()))!)[0];
  const snapshot = verified(parseSnapshot(repository.newest('snapshot')));
  const roles = Array.from(snapshot.meta.keys(), (name) => name.replace(/\.json$/, ''));
  const targets = new Map(roles.map((role) => [role, verified(parseTargets(repository.newest(role), `${role}.json`))]));
  const served = (role: string, version: number) => `${isConsistent ? `${version}.` : ''}${role}.json`;
  return {
    roots,
    root,
    snapshot,
    timestamp: verified(parseTimestamp(files.get('timestamp.json')!)),
    targets,
    snapshotFiles: new Map([[served('snapshot', snapshot.version), snapshot.bytes]]),
    targetsFiles: new Map(Array.from(targets, ([role, { version, bytes }]) => [served(role, version), bytes])),
  };
}

const stored = (bytes: Uint8Array): Stored => ({ bytes, token: Buffer.from(bytes).toString('hex').slice(-32) as Token }); // prettier-ignore

function stateOf(
  published: ReadonlyMap<string, Uint8Array>,
  { isConsistent }: TestRepository,
  listed: readonly string[] = [],
): PublishedState {
  const files = new Map(Array.from(published, ([name, bytes]) => [name, stored(bytes)]));
  const roots = new Map(Array.from(files).flatMap(([name, file]) => /^\d+\.root\.json$/.test(name) ? [[parseInt(name), file] as const] : [])); // prettier-ignore
  const timestamp = published.get('timestamp.json');
  const version = timestamp && parseTimestamp(timestamp).snapshot.version;
  const snapshot = isConsistent ? `${version ?? 0}.snapshot.json` : 'snapshot.json';
  return {
    roots,
    files,
    snapshot: files.has(snapshot) ? snapshot : undefined,
    listed: new Set(listed),
    targets: new Map(),
  };
}

const namesOf = (plan: Plan): readonly string[] =>
  plan.do === 'publish' ? plan.stages.flatMap(({ puts }) => puts.map(nameOf)) : [];
const nameOf = (put: Put): string => (put.is === 'target' ? `targets/${put.file.name}` : put.name);
const codeOf = (plan: Plan): Code | 'publish' => (plan.do === 'refuse' ? plan.code : plan.do);

describe('the order', () => {
  test('is roots one by one, root.json, targets metadata, the snapshot, the timestamp last', () => {
    const history = new History({ delegated: true }).publish();
    history.repository.root(2);
    history.repository.root(3);
    history.repository.publish(2);
    const plan = history.plan();
    expect(plan.do === 'publish' && plan.stages.map(({ name, puts }) => `${name}: ${puts.map(nameOf).join(' ')}`)).toEqual([
      'roots: 2.root.json',
      'roots: 3.root.json',
      'root.json: root.json',
      'targets metadata: targets.json orbit.json',
      'snapshot: snapshot.json',
      'timestamp: timestamp.json',
    ]); // prettier-ignore
  });

  test('with consistent snapshots has the roots after what is numbered, and before what is not', () => {
    const history = new History({ consistent: true }).publish();
    history.repository.root(2);
    history.repository.publish(2);
    expect(namesOf(history.plan())).toEqual(['2.targets.json', '2.snapshot.json', '2.root.json', 'root.json', 'timestamp.json']); // prettier-ignore
  });

  test('has targets first, and of these the ones that replace others last', () => {
    const history = new History();
    const target = (name: string) => ({ name, path: name, target: { length: 1, hashes: new Map() }, measured: { length: 1, hashes: new Map(), parts: [] } }) satisfies CheckedTarget; // prettier-ignore
    const there = { token: 'there' as Token, length: 1 };
    const state = {
      ...stateOf(new Map(), history.repository),
      targets: new Map([
        ['stable/orbit', { ...there, isOurs: false }],
        ['1/orbit', { ...there, isOurs: true }],
        ['0/orbit', { ...there, isOurs: false }],
      ]),
    };
    const plan = planPublication(localOf(history.repository), ['stable/orbit', '1/orbit', '2/orbit'].map(target), state, WISH); // prettier-ignore
    expect(namesOf(plan).slice(0, 3)).toEqual(['targets/2/orbit', 'targets/stable/orbit', '1.root.json']);
    expect(plan).toMatchObject({ kept: { files: 1, bytes: 1 }, unlisted: [{ name: '0/orbit' }] });
    expect(plan.do === 'publish' && plan.stages[1]).toMatchObject({ puts: [{ expected: 'there' }] });
  });
});

describe('what is published decides', () => {
  test.each<{ given: string; expected: Code | 'publish'; prepare: (history: History) => Partial<Wish> | undefined }>([
    { given: 'nothing', expected: 'publish', prepare: () => undefined },
    { given: 'ours', expected: 'publish', prepare: (history) => void history.publish() },
    {
      given: 'a newer root than ours',
      expected: 'METADATA_ROLLBACK',
      prepare: ({ repository, published }) => {
        repository.root(2);
        published.set('2.root.json', repository.files.get('2.root.json')!).set('1.root.json', repository.files.get('1.root.json')!); // prettier-ignore
        repository.files.delete('2.root.json');
        return undefined;
      },
    },
    {
      given: 'the root of another repository',
      expected: 'OTHER_REPOSITORY',
      prepare: (history) => void history.publish().published.set('1.root.json', new History().files().get('1.root.json')!), // prettier-ignore
    },
    {
      given: 'the root.json of another repository, and no numbered root',
      expected: 'OTHER_REPOSITORY',
      prepare: ({ published }) => void published.set('root.json', new History().files().get('root.json')!),
    },
    {
      given: 'a timestamp of another repository, and no root',
      expected: 'OTHER_REPOSITORY',
      prepare: ({ published }) => void published.set('timestamp.json', new History().files().get('timestamp.json')!),
    },
    {
      given: 'a root that nothing leads to ours from',
      expected: 'OTHER_REPOSITORY',
      prepare: (history) => {
        history.publish();
        history.repository.root(3);
        history.repository.files.delete('1.root.json');
        return undefined;
      },
    },
    {
      given: 'a newer snapshot',
      expected: 'METADATA_ROLLBACK',
      prepare: (history) => {
        history.repository.publish(3);
        history.publish();
        history.repository.publish(2);
        return undefined;
      },
    },
    {
      given: 'another snapshot of the same version',
      expected: 'PUBLISHED_MEANWHILE',
      prepare: (history) => {
        history.repository.publish(2);
        history.publish();
        history.repository.targets(2, (signed) => { signed.targets.a = { length: 1, hashes: { sha512: '0'.repeat(128) } }; }); // prettier-ignore
        history.repository.snapshot(2);
        history.repository.timestamp(3);
        return undefined;
      },
    },
    {
      given: 'a snapshot that lists a role which ours does not',
      expected: 'METADATA_ROLLBACK',
      prepare: (history) => {
        history.repository.snapshot(1, (signed) => { signed.meta['extra.json'] = { version: 1 }; }); // prettier-ignore
        history.repository.timestamp(1);
        history.publish();
        history.repository.publish(2);
        return undefined;
      },
    },
    {
      given: 'a snapshot that ours was not made from',
      expected: 'PUBLISHED_MEANWHILE',
      prepare: (history) => {
        history.publish();
        history.repository.publish(2);
        return { base: { version: 1, sha256: 'another' } };
      },
    },
    {
      given: 'a snapshot that ours was not made from, and that is to be replaced',
      expected: 'publish',
      prepare: (history) => {
        history.publish();
        history.repository.publish(2);
        return { base: { version: 1, sha256: 'another' }, replace: 1 };
      },
    },
    {
      given: 'an older snapshot than the one that ours was made from',
      expected: 'publish',
      prepare: (history) => {
        history.publish();
        history.repository.publish(3);
        return { base: { version: 2, sha256: 'published, then put back' } };
      },
    },
    {
      given: 'targets metadata of somebody else’s, that no snapshot names yet',
      expected: 'PUBLISHED_MEANWHILE',
      prepare: (history) => {
        history.publish();
        history.repository.targets(2, (signed) => { signed.targets.a = { length: 1, hashes: { sha512: '0'.repeat(128) } }; }); // prettier-ignore
        history.published.set('targets.json', history.repository.newest('targets'));
        history.repository.publish(2);
        return undefined;
      },
    },
    {
      given: 'targets metadata of a publish of ours that was interrupted, before ours was changed again',
      expected: 'publish',
      prepare: (history) => {
        history.publish();
        history.repository.publish(2);
        const targets = history.repository.newest('targets');
        history.published.set('targets.json', targets);
        const { version, sha256 } = parseSnapshot(history.repository.newest('snapshot'));
        history.repository.publish(3);
        return { begun: [{ version, sha256, targets: [parseTargets(targets).sha256] }] };
      },
    },
    {
      given: 'no snapshot, beside older targets metadata',
      expected: 'publish',
      prepare: (history) => {
        history.publish().published.delete('snapshot.json');
        history.repository.publish(2);
        return undefined;
      },
    },
    {
      given: 'garbage in the place of snapshot and targets',
      expected: 'publish',
      prepare: (history) => {
        history.publish();
        for (const name of ['targets.json', 'snapshot.json']) history.published.set(name, Buffer.from('no'));
        history.repository.publish(2);
        return undefined;
      },
    },
    {
      given: 'a claim of somebody else’s to a snapshot that is not there yet',
      expected: 'PUBLISHED_MEANWHILE',
      prepare: (history) => {
        history.publish();
        history.repository.publish(3);
        return { isAdvance: true, claim: { version: 2, sha256: 'somebody’s' } };
      },
    },
  ])('$expected over $given', ({ expected, prepare }) => {
    const history = new History();
    expect(codeOf(history.plan(prepare(history)))).toBe(expected);
  });

  test.each(['root', 'targets', 'snapshot', 'timestamp'] as const)('an expired %s of ours is refused', (role) => {
    const { repository, ...history } = new History();
    const expire = (signed: { expires: string }) => {
      signed.expires = EXPIRED;
    };
    if (role === 'root') repository.root(2, expire);
    if (role === 'targets') repository.targets(2, expire);
    repository.snapshot(2, role === 'snapshot' ? expire : undefined);
    repository.timestamp(2, role === 'timestamp' ? expire : undefined);
    const plan = planPublication(localOf(repository), [], stateOf(new Map(), repository), WISH);
    expect(history).toBeDefined();
    expect(plan).toMatchObject({ code: 'METADATA_EXPIRED', message: expect.stringContaining(`${role}.json`) });
  });

  test('without a base, a target that is published and that ours does not list is somebody else’s', () => {
    const history = new History().publish();
    history.repository.publish(2);
    expect(codeOf(history.plan({}, ['orbit/linux/3/orbit']))).toBe('PUBLISHED_MEANWHILE');
    expect(history.plan({}, ['orbit/linux/3/orbit'])).toMatchObject({ message: expect.stringContaining('"orbit/linux/3/orbit"') }); // prettier-ignore
    const known = parseSnapshot(history.published.get('snapshot.json')!);
    expect(codeOf(history.plan({ base: known }, ['orbit/linux/3/orbit']))).toBe('publish');
  });
});

describe('the timestamp', () => {
  test.each([
    { given: 'the signer has raised it and ours is for a newer snapshot', theirs: 80, ours: 4, isNewer: true, expected: { above: 80 } }, // prettier-ignore
    { given: 'ours is above, for a newer snapshot', theirs: 80, ours: 81, isNewer: true, expected: 'put' },
    { given: 'the signer has raised it over our snapshot', theirs: 80, ours: 4, isNewer: false, expected: 'leave' },
    { given: 'ours is above, over the same snapshot', theirs: 80, ours: 81, isNewer: false, expected: 'put' },
    { given: 'it has our version with other bytes', theirs: 4, ours: 4, isNewer: false, expected: 'leave' },
  ])('where $given: $expected', ({ theirs, ours, isNewer, expected }) => {
    const history = new History();
    history.repository.timestamp(theirs, (signed) => {
      signed.spec_version = '1.0.0';
    });
    history.publish();
    if (isNewer) history.repository.publish(2);
    history.repository.timestamp(ours);
    expect(history.plan()).toMatchObject({ do: 'publish', timestamp: expected });
  });

  test('is signed above an expired one that cannot be left, although it names our snapshot', () => {
    const history = new History();
    history.repository.timestamp(80, (signed) => {
      signed.expires = EXPIRED;
    });
    history.publish();
    history.repository.timestamp(4);
    expect(history.plan()).toMatchObject({ timestamp: { above: 80 } });
  });

  test('whose key we have taken away binds nobody whom a thief ran it up for', () => {
    const history = new History();
    history.repository.timestamp(2 ** 50);
    history.publish();
    history.repository.keys.timestamp = [ed25519Key()];
    history.repository.root(2);
    history.repository.publish(2);
    expect(history.plan()).toMatchObject({ timestamp: 'put' });
    history.repository.timestamp(1);
  });

  test('is left to the signer in mode advance, but for the very first', () => {
    const history = new History();
    expect(history.plan({ isAdvance: true })).toMatchObject({ timestamp: 'put' });
    history.publish();
    history.repository.publish(2);
    expect(history.plan({ isAdvance: true })).toMatchObject({ timestamp: 'leave', unlisted: undefined });
    const known = parseSnapshot(history.published.get('snapshot.json')!);
    history.published.delete('timestamp.json');
    expect(history.plan({ isAdvance: true, base: known })).toMatchObject({ timestamp: 'leave' });
  });
});

describe('roots', () => {
  test('that are missing there are told of, and put back alone', () => {
    const history = new History();
    history.repository.root(2);
    history.repository.root(3);
    history.publish().published.delete('2.root.json');
    const state = stateOf(history.published, history.repository);
    expect(history.plan()).toMatchObject({ warnings: [{ code: 'ROOT_HIDDEN' }] });
    expect(namesOf(history.plan())).toEqual([]);
    expect(namesOf(planRoots(localOf(history.repository), state) as Plan)).toEqual(['2.root.json']);
  });

  test('that are missing here are taken from there', () => {
    const history = new History();
    history.repository.root(2);
    history.publish();
    history.repository.root(3);
    history.repository.files.delete('2.root.json');
    expect(namesOf(history.plan())).toEqual(['3.root.json', 'root.json']);
  });
});

/** Steps between states: each signs something new, as an operator or a signer does. */
const step = fc.constantFrom('add', 'root', 'resign', 'rotate snapshot') satisfies fc.Arbitrary<string>;

function take(history: History, what: string, versions: { root: number; other: number; timestamp: number }): void {
  const { repository } = history;
  if (what === 'rotate snapshot') repository.keys.snapshot = [ed25519Key()];
  if (what === 'root' || what === 'rotate snapshot') repository.root(++versions.root);
  if (what === 'add' || what === 'rotate snapshot') {
    versions.other++;
    repository.targets(versions.other);
    for (const role of ['orbit']) if ('targets' in repository.delegations) repository.targets(versions.other, undefined, role); // prettier-ignore
    repository.snapshot(versions.other);
  }
  repository.timestamp(++versions.timestamp);
}

describe('whatever was published and done since', () => {
  test('clients get through a publish, file by file, and afterwards nothing is left to do', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.array(step, { maxLength: 4 }),
        fc.array(step, { maxLength: 4 }),
        (consistent, delegated, before, since) => {
          const history = new History({ consistent, delegated });
          const versions = { root: 1, other: 1, timestamp: 1 };
          for (const what of before) take(history, what, versions);
          history.publish();
          for (const what of since) take(history, what, versions);
          const plan = history.plan();
          expect(plan.do).toBe('publish');

          const served = new Map(history.published);
          const root = history.repository.files.get('1.root.json')!;
          const read = (file: string) => served.get(file);
          const { kept } = lookAsClient(read, new Map([['root.json', root]]), NOW);
          for (const put of plan.do === 'publish' ? plan.stages.flatMap(({ puts }) => puts) : []) {
            if (put.is === 'metadata') served.set(put.name, Buffer.from(put.bytes));
            const refusals = [kept, new Map([['root.json', root]])].map((memory) => refusalOf(() => lookAsClient(read, memory, NOW))); // prettier-ignore
            // A new snapshot key is in force with the root, before the snapshot that it signs.
            const watched = since.includes('rotate snapshot') ? [] : refusals.slice(0, consistent ? 2 : 1);
            expect(watched.filter((code) => code !== undefined)).toEqual([]);
          }
          expect(refusalOf(() => lookAsClient(read, kept, NOW))).toBeUndefined();
          expect(refusalOf(() => lookAsClient(read, new Map([['root.json', root]]), NOW))).toBeUndefined();
          const again = planPublication(localOf(history.repository), [], stateOf(served, history.repository), WISH);
          expect(namesOf(again)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('an older state is never put over a newer one', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 5 }), (consistent, since) => {
        const history = new History({ consistent });
        const older = { ...localOf(history.repository) };
        const versions = { root: 1, other: 1, timestamp: 1 };
        for (const what of since) take(history, what, versions);
        history.publish();
        const plan = planPublication(older, [], stateOf(history.published, history.repository), WISH);
        expect(namesOf(plan)).toEqual([]);
        expect(plan).toMatchObject(since.some((what) => what !== 'resign') ? { do: 'refuse', code: 'METADATA_ROLLBACK' } : {}); // prettier-ignore
      }),
      { numRuns: 60 },
    );
  });

  test('nothing is decided by anything but the input', () => {
    const history = new History().publish();
    history.repository.publish(2);
    expect(history.plan()).toEqual(history.plan());
  });
});
