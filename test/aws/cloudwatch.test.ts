import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandInput,
  paginateDescribeAlarms,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { type LocalAws, startLocalAws } from './local-aws.ts';

let aws: LocalAws;
let client: CloudWatchClient;
beforeEach(async () => {
  aws = await startLocalAws();
  client = new CloudWatchClient({ ...aws.clientConfig(), maxAttempts: 1 });
  for (const name of ['b-silent', 'a-silent', 'a-expiring']) aws.cloudWatch.createAlarm(name);
  aws.cloudWatch.createAlarm('a-page', { isComposite: true });
});
afterEach(() => aws.close());

const names = async (input: DescribeAlarmsCommandInput) => {
  const { MetricAlarms: metric = [], CompositeAlarms: composite = [] } = await client.send(new DescribeAlarmsCommand(input)); // prettier-ignore
  return [...metric, ...composite].map(({ AlarmName }) => AlarmName);
};
const set = (input: object) =>
  client.send(new SetAlarmStateCommand({ AlarmName: 'a-silent', StateValue: 'ALARM', StateReason: 'a drill', ...input })); // prettier-ignore

test.each([
  { asked: {}, given: ['a-expiring', 'a-silent', 'b-silent'] },
  { asked: { AlarmNames: ['b-silent', 'absent', 'a-silent'] }, given: ['a-silent', 'b-silent'] },
  { asked: { AlarmNames: ['a-page'] }, given: [] },
  { asked: { AlarmNamePrefix: 'a-' }, given: ['a-expiring', 'a-silent'] },
  { asked: { AlarmNamePrefix: 'a-', AlarmTypes: ['CompositeAlarm' as const] }, given: ['a-page'] },
])('DescribeAlarms with $asked gives $given', async ({ asked, given }) => {
  await expect(names(asked)).resolves.toEqual(given);
});

test('DescribeAlarms gives 50 at once, and the rest behind a token', async () => {
  for (let one = 0; one < 99; one += 1) aws.cloudWatch.createAlarm(`c-${one}`);
  const sizes: (number | undefined)[] = [];
  for await (const { MetricAlarms: found } of paginateDescribeAlarms({ client }, {})) sizes.push(found?.length);
  expect(sizes).toEqual([50, 50, 2]);
});

test('DescribeAlarms refuses more than 100 names', async () => {
  await expect(names({ AlarmNames: Array.from({ length: 101 }, (_, at) => `c-${at}`) })).rejects.toMatchObject({
    name: 'ValidationException',
  });
});

test('SetAlarmState changes state and reason, and nothing else', async () => {
  await set({});
  const { MetricAlarms: found = [] } = await client.send(new DescribeAlarmsCommand({ AlarmNamePrefix: 'a-' }));
  expect(found).toMatchObject([
    { AlarmName: 'a-expiring', StateValue: 'INSUFFICIENT_DATA' },
    { AlarmName: 'a-silent', StateValue: 'ALARM', StateReason: 'a drill' },
  ]);
  expect(found[1]?.StateUpdatedTimestamp?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(aws.calls).toMatchObject([{ operation: 'SetAlarmState', resource: 'a-silent' }, { resource: undefined }]);
});

test.each([
  { given: 'an alarm that there is not', input: { AlarmName: 'absent' }, name: 'ResourceNotFound' },
  { given: 'a state that there is not', input: { StateValue: 'RED' }, name: 'ValidationException' },
  { given: 'too long a reason', input: { StateReason: 'x'.repeat(1024) }, name: 'ValidationException' },
])('SetAlarmState refuses $given with $name', async ({ input, name }) => {
  await expect(set(input)).rejects.toMatchObject({ name });
});

test('throttles with ThrottlingException, and knows no alarm of another region', async () => {
  aws.faults.push({ match: ({ service }) => service === 'cloudwatch', answer: 'throttle' });
  await expect(set({})).rejects.toMatchObject({ name: 'ThrottlingException' });
  client = new CloudWatchClient({ ...aws.clientConfig(), region: 'us-east-1' });
  await expect(names({})).resolves.toEqual([]);
});
