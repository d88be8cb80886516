import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type LocalAws, startLocalAws } from './local-aws.ts';

const ROLE = 'arn:aws:iam::111111111111:role/operator';
const SESSION = 'arn:aws:sts::111111111111:assumed-role/operator/me';

let aws: LocalAws;
let sts: STSClient;
beforeEach(async () => {
  aws = await startLocalAws();
  sts = new STSClient(aws.clientConfig());
});
afterEach(() => aws.close());

const assume = () => sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'me' }));
const whoIs = async (credentials: object) =>
  new STSClient({ ...aws.clientConfig(), ...credentials }).send(new GetCallerIdentityCommand({}));

/** The credentials of an assumed role, as clients take them. */
async function assumed() {
  const { Credentials: given } = await assume();
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '', SessionToken: sessionToken = '' } = given ?? {}; // prettier-ignore
  return { accessKeyId, secretAccessKey, sessionToken };
}

test('GetCallerIdentity says whose access key it is', async () => {
  const { Arn, Account } = await sts.send(new GetCallerIdentityCommand({}));
  expect({ Arn, Account }).toEqual({ Arn: 'arn:aws:iam::111111111111:user/local', Account: '111111111111' });
  aws.sts.beCalledBy('arn:aws:sts::222222222222:assumed-role/oncall/me');
  await expect(sts.send(new GetCallerIdentityCommand({}))).resolves.toMatchObject({ Account: '222222222222' });
});

test('GetCallerIdentity refuses an access key that nobody has', async () => {
  const credentials = { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' };
  await expect(whoIs({ credentials })).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
    $metadata: { httpStatusCode: 403 },
  });
});

test('AssumeRole gives credentials of an hour, with which calls are those of the role', async () => {
  const { Credentials, AssumedRoleUser } = await assume();
  expect(AssumedRoleUser?.Arn).toBe(SESSION);
  expect(Math.abs(Number(Credentials?.Expiration) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  await expect(whoIs({ credentials: await assumed() })).resolves.toMatchObject({ Arn: SESSION });
  expect(aws.calls.map(({ operation, resource, caller }) => [operation, resource, caller])).toEqual([
    ['AssumeRole', ROLE, 'arn:aws:iam::111111111111:user/local'],
    ['AssumeRole', ROLE, 'arn:aws:iam::111111111111:user/local'],
    ['GetCallerIdentity', undefined, SESSION],
  ]);
});

test("refuses an assumed role's key without its session token", async () => {
  const { accessKeyId, secretAccessKey } = await assumed();
  await expect(whoIs({ credentials: { accessKeyId, secretAccessKey } })).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  });
});

test('AssumeRole refuses a role that is not among those allowed', async () => {
  aws.sts.allowRoles('arn:aws:iam::111111111111:role/other');
  await expect(assume()).rejects.toMatchObject({
    name: 'AccessDenied',
    $metadata: { httpStatusCode: 403 },
  });
  await expect(assume()).rejects.toThrow(ROLE);
  aws.sts.allowRoles(ROLE);
  await expect(assume()).resolves.toHaveProperty('Credentials.SessionToken');
});

test('AssumeRole refuses a session name that AWS does not take', async () => {
  await expect(sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'a b' }))).rejects.toMatchObject({
    name: 'ValidationError',
  });
});

test('throttles with Throttling, 400', async () => {
  aws.faults.push({ match: ({ service }) => service === 'sts', answer: 'throttle' });
  const once = new STSClient({ ...aws.clientConfig(), maxAttempts: 1 });
  await expect(once.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'Throttling' });
});
