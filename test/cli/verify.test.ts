import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { delegates, ServedRepository } from '../client/served.ts';
import { filesBelow } from '../client/run.ts';
import { TestRepository } from '../tuf/repository.ts';
import { timekeeper, type RunOptions } from './timekeeper.ts';
import { copyOf, newPath } from './working-copy.ts';

const servers: ServedRepository[] = [];
afterEach(() => Promise.all(servers.splice(0).map(({ server }) => server.close())));

async function verify(words: readonly string[], options: RunOptions = {}) {
  const { status, stdout, stderr } = await timekeeper(['verify', ...words, '--json'], options);
  expect(stderr).toBe('');
  return {
    status,
    ...(JSON.parse(stdout) as { outcome: string; code: string | null; roles: Record<string, { version: number }> }),
  };
}

/** A repository with a delegated role behind a server, and its first root as a file. */
async function serve() {
  const served = new ServedRepository(new TestRepository());
  const { repository } = served;
  repository.delegations = { targets: ['A'] };
  repository.root(1);
  repository.targets(1, delegates(repository, { name: 'A' }));
  repository.targets(1, undefined, 'A');
  repository.snapshot(1);
  repository.timestamp(1);
  await served.server.listen();
  servers.push(served);
  const root = newPath();
  writeFileSync(root, repository.files.get('1.root.json')!);
  return { served, repository, trusted: ['--trusted-root', root] };
}

describe('verify', () => {
  test.each(['go-tuf-v0.5.2', 'rotated', 'consistent', 'ecdsa-key', 'rsa-key'])(
    'accepts what go-tuf published (%s), in a folder or in fleetctl’s working directory, and changes nothing',
    async (fixture) => {
      const copy = copyOf(fixture);
      const before = filesBelow(copy.folder);
      const trusted = ['--trusted-root', copy.path('repository', '1.root.json')];
      const found = await verify([copy.folder, ...trusted]);
      expect(found).toMatchObject({ status: 0, outcome: 'done', code: null, targets: [] });
      expect(Object.keys(found.roles)).toEqual(['root', 'timestamp', 'snapshot', 'targets']);
      expect(await verify([copy.repository, ...trusted])).toEqual(found);
      expect(filesBelow(copy.folder)).toEqual(before);
    },
  );

  test('reads every delegated role that the snapshot lists', async () => {
    const { served, repository, trusted } = await serve();
    expect(await verify([served.url, ...trusted])).toMatchObject({ status: 0, roles: { A: { version: 1 } } });
    repository.files.delete('A.json');
    expect(await verify([served.url, ...trusted])).toMatchObject({
      status: 1,
      code: 'TARGETS_MISSING',
      roles: { targets: {} },
    });
  });

  test('judges by the moment that --at names', async () => {
    const copy = copyOf();
    const words = [copy.folder, '--trusted-root', copy.path('repository', '1.root.json'), '--at'];
    expect(await verify([...words, '2027-01-01T00:00:00Z'])).toMatchObject({ status: 1, code: 'METADATA_EXPIRED' });
    expect(await verify([...words, '2026-11-24T00:00:00Z'], { now: '2050-01-01T00:00:00Z' })).toMatchObject({
      status: 0,
    });
    expect(await verify([...words, 'tomorrow'])).toMatchObject({ status: 2, outcome: 'failed', code: 'USAGE' });
  });

  test('begins with --from as a client that holds an older state, which stays as it is', async () => {
    const { served, repository, trusted } = await serve();
    const state = newPath();
    repository.publish(5);
    await timekeeper(['fetch', served.url, ...trusted, '--state', state]);
    const before = filesBelow(state);
    repository.publish(4);
    expect(await verify([served.url, ...trusted])).toMatchObject({ status: 0 });
    expect(await verify([served.url, '--from', state])).toMatchObject({ status: 1, code: 'METADATA_ROLLBACK' });
    repository.publish(6);
    expect(await verify([served.url, '--from', state])).toMatchObject({
      status: 0,
      roles: { timestamp: { version: 6 } },
    });
    expect(filesBelow(state)).toEqual(before);
    expect(await verify([served.url, ...trusted, '--from', newPath()])).toMatchObject({ status: 2 });
  });

  test.each([
    { status: 404, exit: 1, outcome: 'refused' },
    { status: 403, exit: 1, outcome: 'refused' },
    { status: 500, exit: 3, outcome: 'failed' },
    { status: 503, exit: 3, outcome: 'failed' },
  ])('$status for a file that must be there: $outcome, exit $exit', async ({ status, exit, outcome }) => {
    const { served, trusted } = await serve();
    for (const file of ['timestamp.json', 'snapshot.json', 'targets.json', 'A.json']) {
      served.faults.clear();
      served.faults.set(file, status);
      expect(await verify([served.url, ...trusted])).toMatchObject({ status: exit, outcome });
    }
  });

  test('of a folder without timestamp.json is refused; of no folder, or without a root, wrong usage', async () => {
    const copy = copyOf();
    const trusted = ['--trusted-root', copy.path('repository', '1.root.json')];
    rmSync(copy.path('repository', 'timestamp.json'));
    expect(await verify([copy.folder, ...trusted])).toMatchObject({ status: 1, code: 'TIMESTAMP_MISSING' });
    expect(await verify([newPath(), ...trusted])).toMatchObject({ status: 2, code: 'USAGE' });
    expect(await verify([copy.folder])).toMatchObject({ status: 2, code: 'USAGE' });
  });
});
