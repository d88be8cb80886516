import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ListSubscriptionsByTopicCommand, paginateListSubscriptionsByTopic, SNSClient } from '@aws-sdk/client-sns';
import { type LocalAws, startLocalAws } from './local-aws.ts';

let aws: LocalAws;
let client: SNSClient;
let topic: string;
beforeEach(async () => {
  aws = await startLocalAws();
  client = new SNSClient({ ...aws.clientConfig(), maxAttempts: 1 });
  topic = aws.sns.createTopic('page');
});
afterEach(() => aws.close());

const list = (TopicArn: string) => client.send(new ListSubscriptionsByTopicCommand({ TopicArn }));

test('ListSubscriptionsByTopic says who is subscribed, and who has not confirmed', async () => {
  aws.sns.subscribe(topic, 'email', 'a&b@example.com', true);
  aws.sns.subscribe(topic, 'email', 'c@example.com', false);
  const { Subscriptions: found } = await list(topic);
  expect(found).toMatchObject([
    { TopicArn: topic, Protocol: 'email', Endpoint: 'a&b@example.com', Owner: '111111111111' },
    { Endpoint: 'c@example.com', SubscriptionArn: 'PendingConfirmation' },
  ]);
  expect(found?.[0]?.SubscriptionArn).toMatch(`${topic}:`);
  expect(aws.calls).toMatchObject([{ service: 'sns', operation: 'ListSubscriptionsByTopic', resource: topic }]);
});

test('ListSubscriptionsByTopic gives an empty list for a topic without any', async () => {
  await expect(list(topic)).resolves.toMatchObject({ Subscriptions: [] });
});

test('ListSubscriptionsByTopic gives 100 at once, and the rest behind a token', async () => {
  for (let one = 0; one < 201; one += 1) aws.sns.subscribe(topic, 'email', `${one}@example.com`, true);
  const sizes: (number | undefined)[] = [];
  for await (const page of paginateListSubscriptionsByTopic({ client }, { TopicArn: topic }))
    sizes.push(page.Subscriptions?.length);
  expect(sizes).toEqual([100, 100, 1]);
});

test.each([
  { given: 'a topic that there is not', arn: () => `${topic}x`, name: 'NotFoundException' },
  { given: 'a topic of another region', arn: () => topic.replace('eu-', 'us-'), name: 'InvalidParameterException' },
])('ListSubscriptionsByTopic refuses $given', async ({ arn, name }) => {
  await expect(list(arn())).rejects.toMatchObject({ name });
});
