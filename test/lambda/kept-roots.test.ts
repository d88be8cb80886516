import { afterEach, expect, test } from '@jest/globals';
import { deploy, tearDown } from './deployment.ts';

afterEach(tearDown);

test('a root that was seen once is not unseen, although the older chain is put back and the repository hides the new root', async () => {
  const d = await deploy();
  const older = d.state('root-chain.json')!.toString();
  await d.repository.publishRoot();
  d.upload();
  const newest = d.client().root;
  expect((await d.run()).outcome.code).toBe('NOT_DUE');
  expect(d.journal().newestRoot).toMatchObject({ version: newest });

  d.putState('root-chain.json', older);
  d.tamper(`${newest}.root.json`, undefined);
  const { outcome, calls } = await d.run({ force: true });
  expect(outcome).toMatchObject({ outcome: 'refused', code: 'ROOT_CHAIN_INVALID' });
  expect(outcome.message).toBe(
    `root-chain.json ends with version ${newest - 1}, but version ${newest} was kept already.`,
  );
  expect(calls.filter(({ operation }) => operation === 'PutObject')).toEqual([]);
});

test('a run that read the chain before another run kept a new root loses the race for the journal, and decides again', async () => {
  const d = await deploy();
  const one = await d.start();
  let held = false;
  let release = (): void => undefined;
  const other = new Promise<void>((resolve) => (release = resolve));
  d.aws.onRequest(async ({ operation, key }) => {
    if (operation !== 'Sign' || held || key !== undefined) return;
    held = true; // the first run has decided; before it signs, another one finds a new root
    await d.repository.publishRoot();
    d.upload();
    const { outcome } = await d.run();
    expect(outcome.code).toBe('NOT_DUE');
    release();
  });
  const newest = d.client().root + 1;
  const run = await d.invoke(one, JSON.stringify({ repository: 'orbit', force: true }));
  await other;
  await one.end();
  expect(run.outcome.code).toBe('SIGNED');
  expect(run.calls.filter(({ key, status }) => key === 'orbit/journal.json' && status === 412)).toHaveLength(1);
  expect(d.journal().newestRoot).toMatchObject({ version: newest });
});

test('a journal of release 0.1, which names no newest root, stays readable and names it from then on', async () => {
  const d = await deploy();
  const { newestRoot, ...older } = d.journal();
  expect(newestRoot).toBeDefined();
  d.putState('journal.json', older);
  expect((await d.run()).outcome.code).toBe('NOT_DUE');
  expect(d.journal().newestRoot).toEqual(newestRoot);
});

test('a dry run keeps no root, and so does not claim to', async () => {
  const d = await deploy();
  const before = d.journal().newestRoot;
  await d.repository.publishRoot();
  d.upload();
  expect((await d.run({ dryRun: true })).outcome.code).toBe('NOT_DUE');
  expect(d.journal().newestRoot).toEqual(before);
});
