import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { type LocalAws, startLocalAws } from './local-aws.ts';

let aws: LocalAws;
let client: LambdaClient;
beforeEach(async () => {
  aws = await startLocalAws();
  client = new LambdaClient({ ...aws.clientConfig(), maxAttempts: 1 });
});
afterEach(() => aws.close());

async function invoke(input: { [K in keyof InvokeCommandInput]?: InvokeCommandInput[K] | undefined } = {}) {
  const answer = await client.send(new InvokeCommand({ FunctionName: 'resign', Qualifier: 'live', Payload: Buffer.from('{"a":1}'), ...input } as InvokeCommandInput)); // prettier-ignore
  const { StatusCode: status, FunctionError: failed, Payload: payload } = answer;
  return { status, failed, result: JSON.parse(Buffer.from(payload ?? []).toString()) as unknown };
}

test('Invoke runs the function with the payload, and answers what it returned', async () => {
  aws.lambda.deploy('resign', 'live', (event) => Promise.resolve({ got: JSON.parse(event) as unknown }));
  await expect(invoke()).resolves.toEqual({ status: 200, failed: undefined, result: { got: { a: 1 } } });
  expect(aws.calls).toMatchObject([{ service: 'lambda', operation: 'Invoke', resource: 'resign:live', status: 200 }]);
});

test('Invoke answers null where the function returned nothing, and gives {} where nothing was sent', async () => {
  aws.lambda.deploy('resign', 'live', (event) => (event === '{}' ? undefined : event));
  await expect(invoke({ Payload: undefined })).resolves.toMatchObject({ result: null });
});

test('Invoke answers 200 with a FunctionError where the function threw', async () => {
  aws.lambda.deploy('resign', 'live', () => Promise.reject(new RangeError('too far')));
  await expect(invoke()).resolves.toMatchObject({
    status: 200,
    failed: 'Unhandled',
    result: { errorType: 'RangeError', errorMessage: 'too far' },
  });
});

test('Invoke finds a function by name and by ARN, and an unnamed version as $LATEST', async () => {
  aws.lambda.deploy('resign', '$LATEST', () => 'latest');
  aws.lambda.deploy('resign', 'live', () => 'live');
  const arn = 'arn:aws:lambda:eu-central-1:111111111111:function:resign';
  await expect(invoke({ FunctionName: arn })).resolves.toMatchObject({ result: 'live' });
  await expect(invoke({ FunctionName: `${arn}:live`, Qualifier: undefined })).resolves.toMatchObject({
    result: 'live',
  });
  await expect(invoke({ Qualifier: undefined })).resolves.toMatchObject({ result: 'latest' });
});

test.each([
  { given: 'a function that there is not', input: { FunctionName: 'absent' } },
  { given: 'an alias that there is not', input: { Qualifier: 'next' } },
  {
    given: "another account's function",
    input: { FunctionName: 'arn:aws:lambda:eu-central-1:222222222222:function:resign' },
  },
])('Invoke refuses $given with ResourceNotFoundException', async ({ input }) => {
  aws.lambda.deploy('resign', 'live', () => 'live');
  await expect(invoke(input)).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    $metadata: { httpStatusCode: 404 },
  });
});

test('a function that was removed is not found, nor one of another region', async () => {
  aws.lambda.deploy('resign', 'live', () => 'live');
  client = new LambdaClient({ ...aws.clientConfig(), region: 'us-east-1', maxAttempts: 1 });
  await expect(invoke()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  client = new LambdaClient({ ...aws.clientConfig(), maxAttempts: 1 });
  aws.lambda.remove('resign', 'live');
  await expect(invoke()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('Invoke refuses a payload that is no JSON', async () => {
  aws.lambda.deploy('resign', 'live', () => 'live');
  await expect(invoke({ Payload: Buffer.from('{') })).rejects.toMatchObject({
    name: 'InvalidRequestContentException',
  });
});

test('throttles with TooManyRequestsException, 429', async () => {
  aws.lambda.deploy('resign', 'live', () => 'live');
  aws.faults.push({ match: ({ operation }) => operation === 'Invoke', answer: 'throttle' });
  await expect(invoke()).rejects.toMatchObject({
    name: 'TooManyRequestsException',
    $metadata: { httpStatusCode: 429 },
  });
});
