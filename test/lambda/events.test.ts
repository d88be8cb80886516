import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Deployment, deploy, tearDown } from './deployment.ts';
import type { LambdaProcess } from './lambda-process.ts';

let d: Deployment;
let lambda: LambdaProcess;
beforeAll(async () => {
  d = await deploy();
  d.pass(3 * 86_400); // due: whatever is not refused would sign
  lambda = await d.start();
});
afterAll(async () => {
  await lambda.end();
  await tearDown();
});

test.each([
  'null',
  '7',
  '"orbit"',
  '["orbit"]',
  '{}',
  '{"repository":null}',
  '{"repository":7}',
  '{"repository":["orbit"]}',
  '{"repository":"orbit","dryrun":true}',
  '{"repository":"orbit","version":9}',
  '{"repository":"orbit","key":"alias/mine"}',
  '{"repository":"orbit","force":"no"}',
  '{"repository":"orbit","dryRun":1}',
  '{"repository":"orbit","reason":7}',
  '{"repository":"orbit","__proto__":{"force":true}}',
  '{"repository":"orbit","constructor":{}}',
  `{"repository":"orbit","reason":"${'x'.repeat(201)}"}`,
])('refuses %s with EVENT_INVALID and without a single call', async (event) => {
  const { outcome, calls } = await d.invoke(lambda, event);
  expect(outcome).toMatchObject({ repository: '', outcome: 'refused', code: 'EVENT_INVALID', dryRun: false });
  expect(calls).toEqual([]);
});

test.each(['other', '__proto__', 'constructor', 'toString', '../x', 'orbit/', 'ORBIT', ' orbit', '', 'a'.repeat(41)])(
  'refuses the name %j with UNKNOWN_REPOSITORY and without a single call',
  async (repository) => {
    const { outcome, calls } = await d.invoke(lambda, JSON.stringify({ repository, force: true }));
    expect(outcome).toMatchObject({ repository: '', outcome: 'refused', code: 'UNKNOWN_REPOSITORY' });
    expect(calls).toEqual([]);
  },
);

test('takes an event with every field, and a reason of 200 characters', async () => {
  const event = { repository: 'orbit', force: true, dryRun: false, reason: 'ä'.repeat(200) };
  const { outcome } = await d.invoke(lambda, JSON.stringify(event));
  expect(outcome).toMatchObject({ repository: 'orbit', code: 'SIGNED', version: 4 });
  expect(d.journal().entry?.reason).toBe(event.reason);
});
