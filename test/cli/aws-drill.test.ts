import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ALARMS, alarmName, type AlarmKind } from '../../lib/contract/alarms.ts';
import { DEPLOYMENT, NAME, tearDown } from '../lambda/deployment.ts';
import { EMAIL, type Operated, OPERATOR, operated } from './operated.ts';
import { outcomeOf } from './timekeeper.ts';

const ALL = Object.keys(ALARMS) as AlarmKind[];
const OURS = ALL.filter((kind) => ALARMS[kind].stack === 'signing');
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

test('drill NAME sets off every alarm as the operator, those of the watch stack too, and says whom it should reach', async () => {
  all.aws.cloudWatch.createAlarm('other-orbit-signer-silent');
  const { status, stdout, stderr } = await drill();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(ringing()).toEqual(ALL.map(nameOf).sort());
  for (const kind of ALL) expect(stdout).toContain(`  ${ALARMS[kind].level}  ${nameOf(kind)}\n`);
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
])('refuses $given before AWS is asked', async ({ alarm, says }) => {
  const outcome = outcomeOf(await drill(alarm, '--json'));
  expect(outcome.code).toBe('USAGE');
  expect(outcome.message).toContain(says);
  expect(all.aws.calls).toEqual([]);
});

describe('where the watchdog is in another account', () => {
  beforeEach(() => {
    all.watchIn({ account: '333333333333' });
  });

  test("drill NAME sets off the signing stack's alarms, and says where the others are", async () => {
    const { status, stdout } = await drill();
    expect(status).toBe(0);
    expect(ringing()).toEqual(OURS.map(nameOf).sort());
    expect(stdout).toContain("The watchdog's are in another account: set them off in its CloudWatch console.");
  });

  test("refuses one of the watchdog's", async () => {
    const { code, message } = outcomeOf(await drill('watch-silent', '--json'));
    expect(code).toBe('USAGE');
    expect(message).toBe('"watch-silent" is in another account, where the operator\'s role does not reach.');
    expect(ringing()).toEqual([]);
  });
});

test("asks for the watchdog's alarms in its own region", async () => {
  all.watchIn({ region: 'eu-west-1' });
  expect(outcomeOf(await drill('watch-silent', '--json'))).toMatchObject({ code: 'NOT_DEPLOYED' });
  const asked = all.aws.calls.filter(({ operation }) => operation === 'DescribeAlarms');
  expect(asked.map(({ region }) => region)).toEqual(['eu-west-1']);
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
