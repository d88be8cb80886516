import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { formatInstant } from '../../lib/tuf/instant.ts';
import { NAME, tearDown } from '../lambda/deployment.ts';
import { type Operated, OPERATOR, operated } from './operated.ts';
import { outcomeOf } from './timekeeper.ts';

const HOUR = 3_600;

let all: Operated;
beforeEach(async () => {
  all = await operated();
  all.aws.forgetCalls();
}, 60_000);
afterEach(tearDown);

const run = (command: string, ...words: string[]) => all.run([command, NAME, ...words, '--json']);
const pause = () => run('pause', '--for', '6 hours', '--reason', 'a root ceremony');
const resign = async () => outcomeOf(await run('resign', '--force'));

test('a pause stops the function, also with --force, until it is over', async () => {
  const { now } = all.deployment.repository;
  const { status, stdout, stderr } = await pause();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const pausedUntil = formatInstant((now + 6 * HOUR) as typeof now);
  expect(JSON.parse(stdout)).toEqual({ repository: NAME, outcome: 'done', code: null, pausedUntil, reason: 'a root ceremony' }); // prettier-ignore
  const written = all.aws.calls.filter(({ operation }) => operation === 'PutObject');
  expect(written).toMatchObject([{ key: `${NAME}/pause.json`, ifNoneMatch: '*' }]);
  expect(written[0]?.caller).toMatch(OPERATOR);

  await expect(resign()).resolves.toMatchObject({ outcome: 'skipped', code: 'PAUSED' });
  all.deployment.pass(6 * HOUR + 1);
  await expect(resign()).resolves.toMatchObject({ code: 'SIGNED' });
});

test('what to type next names the repository, from whatever folder it is typed', async () => {
  const { stdout } = await all.run(['pause', NAME, '--for', '1 hour', '--reason', 'a test']);
  expect(stdout).toContain(`To end it sooner:  timekeeper resume ${NAME}\n`);
  await run('resume');
  const { stdout: planned } = await all.run(['plan', NAME]);
  expect(planned).toContain(`To sign now all the same:  timekeeper resign ${NAME} --force\n`);
});

test('resume ends a pause at once', async () => {
  await pause();
  const { status, stdout } = await run('resume');
  expect({ status, ...(JSON.parse(stdout) as object) }).toMatchObject({
    status: 0,
    outcome: 'done',
    pausedUntil: null,
  });
  await expect(resign()).resolves.toMatchObject({ code: 'SIGNED' });
});

test('a pause into the last day before clients fail is refused with PAUSE_TOO_LONG and not written', async () => {
  const outcome = outcomeOf(await run('pause', '--for', '300 days', '--reason', 'holidays'));
  expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAUSE_TOO_LONG' });
  expect(all.deployment.state('pause.json')).toBeUndefined();
});

test('a pause that somebody else writes at the same time is a lost race', async () => {
  all.aws.onRequest(({ operation, key }) => {
    if (operation === 'PutObject' && key === `${NAME}/pause.json`) all.deployment.putState('pause.json', '{}');
  });
  expect(outcomeOf(await pause())).toMatchObject({ outcome: 'failed', code: 'LOST_RACE' });
});

test.each([
  { given: 'no end', words: ['--reason', 'x'] },
  { given: 'two ends', words: ['--reason', 'x', '--for', '1 hour', '--until', '2030-01-31T00:00:00Z'] },
  { given: 'an end that is over', words: ['--reason', 'x', '--until', '2020-01-31T00:00:00Z'] },
  { given: 'an end that is no date', words: ['--reason', 'x', '--until', 'tomorrow'] },
  { given: 'no reason', words: ['--for', '1 hour'] },
])('a pause with $given is wrong usage', async ({ words }) => {
  expect(outcomeOf(await run('pause', ...words))).toMatchObject({ code: 'USAGE' });
  expect(all.deployment.state('pause.json')).toBeUndefined();
});

test('plan NAME says what the function would do, as the operator and without a write', async () => {
  expect(outcomeOf(await run('plan'))).toMatchObject({ repository: NAME, code: 'NOT_DUE', dryRun: true });
  all.deployment.pass(4 * 24 * HOUR);
  expect(outcomeOf(await run('plan'))).toMatchObject({ code: 'SIGNED', dryRun: true });
  const others = all.aws.calls.filter(({ service }) => service !== 'sts');
  expect(others.filter(({ caller }) => !caller.startsWith(OPERATOR))).toEqual([]);
  expect(others.filter(({ operation }) => !/^(Get|Head|List)/.test(operation))).toEqual([]);
});

test('plan NAME refuses what the function would refuse', async () => {
  all.deployment.tamper('snapshot.json', '{}');
  const planned = outcomeOf(await run('plan'));
  expect(planned.outcome).toBe('refused');
  await expect(resign()).resolves.toMatchObject({ code: planned.code });
});

test.each(['pause', 'resume', 'plan'])('%s answers ROLE_REFUSED where the role trusts others', async (command) => {
  all.aws.sts.allowRoles();
  const words = command === 'pause' ? ['--for', '1 hour', '--reason', 'x'] : [];
  expect(outcomeOf(await run(command, ...words))).toMatchObject({ code: 'ROLE_REFUSED' });
});
