import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ALARMS, alarmName, type AlarmKind } from '../../lib/contract/alarms.ts';
import { DEPLOYMENT, NAME, tearDown } from '../lambda/deployment.ts';
import { EMAIL, type Operated, OPERATOR, operated } from './operated.ts';
import { outcomeOf } from './timekeeper.ts';

const OURS = (Object.keys(ALARMS) as AlarmKind[]).filter((kind) => ALARMS[kind].stack === 'signing');
const nameOf = (kind: AlarmKind) => alarmName(DEPLOYMENT, NAME, kind);

let all: Operated;
beforeEach(async () => {
  all = await operated();
  all.aws.forgetCalls();
}, 60_000);
afterEach(tearDown);

const drill = (...words: string[]) => all.run(['drill', NAME, ...words]);
const ringing = () =>
  all.aws.cloudWatch
    .alarms()
    .filter(({ state }) => state === 'ALARM')
    .map(({ name }) => name);

test('drill NAME sets off every alarm of the signing stack as the operator, and says whom it should reach', async () => {
  all.aws.cloudWatch.createAlarm('other-orbit-signer-silent');
  const { status, stdout, stderr } = await drill();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(ringing()).toEqual(OURS.map(nameOf).sort());
  for (const kind of OURS) expect(stdout).toContain(`  ${ALARMS[kind].level}  ${nameOf(kind)}\n`);
  expect(stdout).toContain(`reach ${EMAIL}`);
  const asked = all.aws.calls.filter(({ service }) => service === 'cloudwatch');
  expect(asked.filter(({ caller }) => !caller.startsWith(OPERATOR))).toEqual([]);
  expect(all.aws.cloudWatch.alarms().find(({ state }) => state === 'ALARM')?.reason).toMatch(/drill.*nothing is wrong/);
});

test('drill NAME ALARM sets off that one, and prints one JSON object', async () => {
  const { status, stdout, stderr } = await drill('signer-silent', '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    repository: NAME,
    outcome: 'done',
    code: null,
    email: EMAIL,
    alarms: [{ alarm: nameOf('signer-silent'), level: 'page' }],
  });
  expect(ringing()).toEqual([nameOf('signer-silent')]);
});

test.each([
  { given: 'an alarm that there is not', alarm: 'signer-loud', says: 'There is no alarm "signer-loud".' },
  { given: 'a word that every object has', alarm: 'constructor', says: 'There is no alarm "constructor".' },
  { given: "the watchdog's", alarm: 'watch-silent', says: '"watch-silent" is an alarm of the watch stack' },
])('refuses $given before AWS is asked', async ({ alarm, says }) => {
  const outcome = outcomeOf(await drill(alarm, '--json'));
  expect(outcome.code).toBe('USAGE');
  expect(outcome.message).toContain(says);
  expect(all.aws.calls).toEqual([]);
});

test('sets nothing off where one alarm is missing: NOT_DEPLOYED names it', async () => {
  all.aws.cloudWatch.remove(nameOf('run-lost'));
  const outcome = outcomeOf(await drill('--json'));
  expect(outcome).toMatchObject({ code: 'NOT_DEPLOYED', message: `There is no alarm ${nameOf('run-lost')}.` });
  expect(ringing()).toEqual([]);
});

test.each(['DescribeAlarms', 'SetAlarmState'])('answers ALARMS_UNREACHABLE where %s is refused', async (operation) => {
  all.aws.faults.push({ match: (call) => call.operation === operation, answer: { status: 403, code: 'AccessDenied' } });
  const message = 'CloudWatch could not be asked: AccessDenied.';
  expect(outcomeOf(await drill('--json'))).toMatchObject({ code: 'ALARMS_UNREACHABLE', message });
});

test('answers ROLE_REFUSED where the role trusts others', async () => {
  all.aws.sts.allowRoles();
  expect(outcomeOf(await drill('--json'))).toMatchObject({ code: 'ROLE_REFUSED' });
});
