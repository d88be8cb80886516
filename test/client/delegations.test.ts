import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { TestRepository } from '../tuf/repository.ts';
import { ed25519Key } from '../tuf/signing-key.ts';
import { Client } from './run.ts';
import { delegates, ServedRepository, type DelegationJson } from './served.ts';

type Tree = Readonly<Record<string, readonly DelegationJson[]>>;
const TOP = ['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json'];

const open: ServedRepository[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ server }) => server.close())));

/** A repository whose roles delegate as the tree says; each lists the files that it is given. */
async function serve(
  tree: Tree,
  files: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Promise<ServedRepository> {
  const served = new ServedRepository(new TestRepository());
  const { repository } = served;
  repository.delegations = Object.fromEntries(
    Object.entries(tree).map(([role, to]) => [role, to.map(({ name }) => name)]),
  );
  repository.root(1);
  for (const role of new Set(['targets', ...Object.values(repository.delegations).flat()])) {
    repository.targets(
      1,
      (signed) => {
        if (Object.hasOwn(tree, role)) delegates(repository, ...tree[role]!)(signed);
        served.lists(files[role] ?? {})(signed);
      },
      role,
    );
  }
  repository.snapshot(1);
  repository.timestamp(1);
  await served.server.listen();
  open.push(served);
  return served;
}

const searched = async (served: ServedRepository, ...targets: readonly string[]) => {
  const { asked, code } = await new Client().fetch(served, targets);
  expect(asked.slice(0, 4)).toEqual(TOP);
  return { code, asked: asked.slice(4).map((file) => file.replace(/\.json$/, '')) };
};

const [a, b, c, d] = ['A', 'B', 'C', 'D'].map((name) => ({ name })) as [
  DelegationJson,
  DelegationJson,
  DelegationJson,
  DelegationJson,
];

describe('a search for a target', () => {
  test.each<{ given: string; tree: Tree; order: string }>([
    { given: 'delegations in a row', tree: { targets: [a, b] }, order: 'A B' },
    { given: 'depth first, pre-order', tree: { targets: [a, b], A: [c, d] }, order: 'A C D B' },
    { given: 'a cycle', tree: { targets: [a, b], B: [c], C: [d], D: [b] }, order: 'A B C D' },
    { given: 'a role that two delegate to', tree: { targets: [a, b], B: [c], A: [c] }, order: 'A C B' },
    { given: 'a terminating delegation', tree: { targets: [a, b], A: [{ ...c, terminating: true }, d] }, order: 'A C' },
    {
      given: 'a terminating one with its own branch',
      tree: { targets: [{ ...a, terminating: true }, b], A: [c] },
      order: 'A C',
    },
    {
      given: 'a terminating one that does not cover the path',
      tree: { targets: [{ ...a, terminating: true, paths: ['*.py'] }, b] },
      order: 'B',
    },
    {
      given: 'patterns along the way',
      tree: { targets: [a, b], A: [{ ...c, paths: ['*.py'] }], C: [d] },
      order: 'A B',
    },
    { given: 'a delegation to nothing', tree: { targets: [{ ...a, paths: [] }, b] }, order: 'B' },
  ])('goes its way with $given: $order', async ({ tree, order }) => {
    expect(await searched(await serve(tree), 'missing')).toEqual({ code: 'TARGET_UNKNOWN', asked: order.split(' ') });
  });

  test('goes by beginnings of the hash of the path', async () => {
    const digest = createHash('sha256').update('x/y').digest('hex');
    const bins = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'].map((prefix) => ({
      name: `bin-${prefix}`,
      path_hash_prefixes: [prefix],
    }));
    const served = await serve({ targets: bins }, { [`bin-${digest[0]!}`]: { 'x/y': 'content' } });
    expect(await searched(served, 'x/y')).toEqual({ code: 'done', asked: [`bin-${digest[0]!}`, 'targets/x/y'] });
  });

  test('stops at the first role that lists it, and asks for no role twice in a run', async () => {
    const served = await serve({ targets: [a, b] }, { A: { x: 'of A' }, B: { x: 'of B', y: 'of B' } });
    served.targets.set('x', Buffer.from('of A'));
    expect(await searched(served, 'x', 'y', 'x')).toEqual({
      code: 'done',
      asked: ['A', 'targets/x', 'B', 'targets/y'],
    });
  });

  test('ends with a refusal at a role that the snapshot does not list, without asking for it', async () => {
    const served = await serve({ targets: [a, b] }, { B: { x: 'of B' } });
    served.repository.snapshot(2, (signed) => {
      delete signed.meta['A.json'];
    });
    served.repository.timestamp(2);
    expect(await searched(served, 'x')).toEqual({ code: 'TARGETS_MISSING', asked: [] });
  });

  test('ends with a refusal at a role that does not verify', async () => {
    const served = await serve({ targets: [{ ...a, key: ed25519Key() }, b] }, { B: { x: 'of B' } });
    expect(await searched(served, 'x')).toEqual({ code: 'SIGNATURE_INVALID', asked: ['A'] });
  });

  test('judges a role anew for each who delegates to it, by the bytes that it has', async () => {
    const tree = {
      targets: [
        { ...a, paths: ['a/*'] },
        { ...b, paths: ['b/*'] },
      ],
      A: [c],
      B: [{ ...c, key: ed25519Key() }],
    };
    const served = await serve(tree, { C: { 'a/x': 'good', 'b/x': 'bad' } });
    expect(await searched(served, 'a/x', 'b/x')).toEqual({
      code: 'SIGNATURE_INVALID',
      asked: ['A', 'C', 'targets/a/x', 'B'],
    });
  });

  test('needs no request for roles that are kept and current', async () => {
    const served = await serve({ targets: [a] }, { A: { x: 'of A' } });
    const client = new Client();
    await client.fetch(served, ['x']);
    expect(await client.fetch(served, ['x'])).toMatchObject({
      code: 'done',
      asked: ['2.root.json', 'timestamp.json'],
      roles: { A: 1 },
      targets: [{ downloaded: false }],
    });
  });

  test('looks into 256 roles at most', async () => {
    const many = Array.from({ length: 300 }, (_, index) => ({ name: `r${index}` }));
    const { code, asked } = await searched(await serve({ targets: many }), 'x');
    expect({ code, roles: asked.length }).toEqual({ code: 'TARGETS_MISSING', roles: 255 });
  });
});
