import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type LocalAws, startLocalAws } from './local-aws.ts';

let aws: LocalAws;
let client: SecretsManagerClient;
beforeAll(async () => {
  aws = await startLocalAws();
  client = new SecretsManagerClient(aws.clientConfig());
});
afterAll(() => aws.close());

test('GetSecretValue finds a secret by name, ARN and ARN without its random end', async () => {
  const { arn, versionId } = aws.secrets.create('tk/orbit', 'correct horse');
  for (const SecretId of ['tk/orbit', arn, arn.slice(0, -7)]) {
    const got = await client.send(new GetSecretValueCommand({ SecretId }));
    expect(got).toMatchObject({ ARN: arn, Name: 'tk/orbit', SecretString: 'correct horse', VersionId: versionId });
    expect(got.VersionStages).toEqual(['AWSCURRENT']);
  }
});

test('GetSecretValue gives bytes back as bytes', async () => {
  aws.secrets.create('binary', Buffer.of(0, 255));
  const got = await client.send(new GetSecretValueCommand({ SecretId: 'binary' }));
  expect(got.SecretBinary).toEqual(Uint8Array.of(0, 255));
  expect(got.SecretString).toBeUndefined();
});

test('PutSecretValue makes its version current and the last one previous', async () => {
  const { versionId: first } = aws.secrets.create('rotated', 'old');
  await client.send(new PutSecretValueCommand({ SecretId: 'rotated', SecretString: 'newer' }));
  const put = await client.send(new PutSecretValueCommand({ SecretId: 'rotated', SecretString: 'newest' }));
  expect(put.VersionStages).toEqual(['AWSCURRENT']);
  const ask = (wish: object) => client.send(new GetSecretValueCommand({ SecretId: 'rotated', ...wish }));
  await expect(ask({})).resolves.toMatchObject({ SecretString: 'newest' });
  await expect(ask({ VersionStage: 'AWSPREVIOUS' })).resolves.toMatchObject({ SecretString: 'newer' });
  await expect(ask({ VersionId: first })).resolves.toMatchObject({ SecretString: 'old' });
  expect(aws.secrets.get('rotated')).toBe('newest');
});

test('PutSecretValue whose answer was lost is not done twice', async () => {
  aws.secrets.create('lost', 'old');
  aws.faults.push({ match: ({ operation }) => operation === 'PutSecretValue', answer: 'apply-then-reset' });
  await client.send(new PutSecretValueCommand({ SecretId: 'lost', SecretString: 'new' }));
  const previous = await client.send(new GetSecretValueCommand({ SecretId: 'lost', VersionStage: 'AWSPREVIOUS' }));
  expect(previous.SecretString).toBe('old');
});

test.each([
  { rule: 'a secret that does not exist', ask: { SecretId: 'absent' }, name: 'ResourceNotFoundException' },
  {
    rule: 'a stage that no version has',
    ask: { SecretId: 'fresh', VersionStage: 'AWSPREVIOUS' },
    name: 'ResourceNotFoundException',
  },
  { rule: 'a secret without a value', ask: { SecretId: 'empty' }, name: 'ResourceNotFoundException' },
  { rule: 'a secret marked for deletion', ask: { SecretId: 'doomed' }, name: 'InvalidRequestException' },
  { rule: 'a caller whom the script denies', ask: { SecretId: 'guarded' }, name: 'AccessDeniedException' },
])('GetSecretValue refuses $rule with $name', async ({ ask, name }) => {
  for (const secret of ['fresh', 'doomed', 'guarded']) aws.secrets.create(secret, 'value');
  aws.secrets.create('empty');
  aws.secrets.scheduleDeletion('doomed');
  aws.faults.push({
    match: ({ resource }) => resource === 'guarded',
    answer: { status: 400, code: 'AccessDeniedException' },
  });
  const got = client.send(new GetSecretValueCommand(ask));
  await expect(got).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400, attempts: 1 } });
});
