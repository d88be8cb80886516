import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LIVE, operatorRoleName, signerFunctionName } from '../../lib/contract/names.ts';
import { DEPLOYMENT, NAME, tearDown } from '../lambda/deployment.ts';
import { type Operated, OPERATOR, operated } from './operated.ts';
import { outcomeOf } from './timekeeper.ts';

const FUNCTION = signerFunctionName(DEPLOYMENT, NAME);
const ROLE = `arn:aws:iam::111111111111:role/${operatorRoleName(DEPLOYMENT)}`;

let all: Operated;
beforeEach(async () => {
  all = await operated();
  all.aws.forgetCalls();
}, 60_000);
afterEach(tearDown);

const resign = async (...words: string[]) => outcomeOf(await all.run(['resign', NAME, ...words, '--json']));
/** The calls of the command, without those of the function that it invoked. */
const asked = () => all.aws.calls.filter(({ service }) => service === 'sts' || service === 'lambda');

test('resign NAME has the live alias sign as the operator, and prints what it came to', async () => {
  const { version } = all.deployment;
  const outcome = await resign('--force', '--reason', 'a drill');
  expect(outcome).toMatchObject({ code: 'SIGNED', repository: NAME, version: version + 1 });
  expect(all.deployment.version).toBe(version + 1);
  expect(all.deployment.journal().entry?.reason).toBe('a drill');
  expect(asked()).toMatchObject([
    { operation: 'GetCallerIdentity' },
    { operation: 'AssumeRole', resource: ROLE },
    { operation: 'Invoke', resource: `${FUNCTION}:${LIVE}` },
  ]);
  expect(asked()[2]?.caller).toMatch(OPERATOR);
});

test('resign NAME signs nothing that is not due', async () => {
  const { version } = all.deployment;
  await expect(resign()).resolves.toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
  expect(all.deployment.version).toBe(version);
});

test('resign NAME --dry-run decides and publishes nothing', async () => {
  const { version } = all.deployment;
  await expect(resign('--force', '--dry-run')).resolves.toMatchObject({ dryRun: true });
  expect(all.deployment.version).toBe(version);
});

test('a refusal of the function is a refusal of the command', async () => {
  all.deployment.tamper('snapshot.json', '{}');
  expect((await resign()).outcome).toBe('refused');
});

test('a failure that the function throws shows its code', async () => {
  all.aws.kms.disable(all.deployment.keyId);
  await expect(resign('--force')).resolves.toMatchObject({ outcome: 'failed', code: 'KMS_UNAVAILABLE' });
});

test('who is the operator already assumes nothing', async () => {
  all.aws.sts.beCalledBy(`${OPERATOR}me`);
  await expect(resign()).resolves.toMatchObject({ code: 'NOT_DUE' });
  expect(asked().map(({ operation }) => operation)).toEqual(['GetCallerIdentity', 'Invoke']);
});

test('a role of that name in another account is not the operator', async () => {
  all.aws.sts.beCalledBy(`${OPERATOR.replace('111111111111', '222222222222')}me`);
  await resign();
  expect(asked()[1]).toMatchObject({ operation: 'AssumeRole', resource: ROLE });
});

const lambda = (answer: () => unknown) => {
  all.aws.lambda.deploy(FUNCTION, LIVE, answer);
};
const thrown = (message: string) => () => Promise.reject(new Error(message));

test.each([
  { code: 'FUNCTION_FAILED', given: 'ran out of time', prepare: () => { lambda(thrown('Task timed out')); } }, // prettier-ignore
  { code: 'FUNCTION_FAILED', given: 'answered what is no outcome', prepare: () => { lambda(() => ({ code: 'toString' })); } }, // prettier-ignore
  { code: 'FUNCTION_FAILED', given: 'answered nothing', prepare: () => { lambda(() => undefined); } }, // prettier-ignore
  { code: 'FUNCTION_FAILED', given: 'is throttled', prepare: () => { all.aws.faults.push({ match: ({ operation }) => operation === 'Invoke', answer: 'throttle' }); } }, // prettier-ignore
  { code: 'NOT_DEPLOYED', given: 'is not there', prepare: () => { all.aws.lambda.remove(FUNCTION, LIVE); } }, // prettier-ignore
  { code: 'ROLE_REFUSED', given: 'may be invoked by a role that trusts others', prepare: () => { all.aws.sts.allowRoles(); } }, // prettier-ignore
])('answers $code where the function $given', async ({ code, prepare }) => {
  prepare();
  await expect(resign()).resolves.toMatchObject({ outcome: 'failed', code });
});

test('invokes once, although the answer was lost: it may have signed', async () => {
  all.aws.faults.push({ match: ({ operation }) => operation === 'Invoke', answer: 'apply-then-reset' });
  const { version } = all.deployment;
  await expect(resign('--force')).resolves.toMatchObject({ code: 'FUNCTION_FAILED' });
  expect(all.deployment.version).toBe(version + 1);
});

test('answers UNKNOWN_REPOSITORY before it calls AWS', async () => {
  const outcome = outcomeOf(await all.run(['resign', 'agents', '--json']));
  expect(outcome).toMatchObject({ outcome: 'refused', code: 'UNKNOWN_REPOSITORY' });
  expect(all.aws.calls).toEqual([]);
});

test('answers NO_CREDENTIALS where AWS knows none', async () => {
  await expect(resign('--profile', 'absent')).resolves.toMatchObject({ outcome: 'failed', code: 'NO_CREDENTIALS' });
});

test('answers NO_CREDENTIALS where no region is named', async () => {
  const outcome = outcomeOf(await all.run(['resign', NAME, '--json'], { env: { AWS_REGION: '' } }));
  expect(outcome).toMatchObject({ outcome: 'failed', code: 'NO_CREDENTIALS' });
});
