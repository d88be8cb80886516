import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { secretPassphrase } from '../../lib/keys/secrets-manager.ts';
import { startLocalAws, type LocalAws } from '../aws/local-aws.ts';
import { expectNoSecret, rejection } from './no-secret.ts';

let aws: LocalAws;
let client: SecretsManagerClient;
beforeAll(async () => {
  aws = await startLocalAws();
  client = new SecretsManagerClient(aws.clientConfig());
});
afterAll(() => aws.close());

test.each([
  { rule: 'a text as its UTF-8 bytes', value: 'timestämp5#$#@', bytes: Buffer.from('timestämp5#$#@') },
  { rule: 'a newline at the end of a text as it stands', value: 'horse\n', bytes: Buffer.from('horse\n') },
  { rule: 'bytes that are no text', value: Buffer.of(0, 255), bytes: Buffer.of(0, 255) },
])('gives $rule', async ({ value, bytes }) => {
  const { arn } = aws.secrets.create('passphrase', value);
  expect(Buffer.from(await secretPassphrase(client, arn)())).toEqual(bytes);
});

test('gives the version that is asked for, without one the current', async () => {
  const { versionId } = aws.secrets.create('rotated', 'old');
  aws.secrets.put('rotated', 'new');
  expect(Buffer.from(await secretPassphrase(client, 'rotated', versionId)()).toString()).toBe('old');
  expect(Buffer.from(await secretPassphrase(client, 'rotated')()).toString()).toBe('new');
});

test('reads nothing before it is asked', () => {
  const before = aws.calls.length;
  secretPassphrase(client, 'rotated');
  expect(aws.calls).toHaveLength(before);
});

test.each([
  { rule: 'a secret that does not exist', secret: 'absent', name: 'ResourceNotFoundException' },
  { rule: 'a secret without a value', secret: 'empty', name: 'ResourceNotFoundException' },
  { rule: 'a secret marked for deletion', secret: 'doomed', name: 'InvalidRequestException' },
  { rule: 'a secret that we may not read', secret: 'guarded', name: 'AccessDeniedException' },
  { rule: 'a service that stays too busy for all retries', secret: 'busy', name: 'ThrottlingException' },
  { rule: 'a connection that keeps breaking', secret: 'broken', name: 'Error' },
])('fails with SECRET_UNAVAILABLE for $rule, naming it and the error', async ({ secret, name }) => {
  for (const made of ['doomed', 'guarded', 'busy', 'broken']) aws.secrets.create(made, 'correct horse');
  aws.secrets.create('empty');
  aws.secrets.scheduleDeletion('doomed');
  const answer = { status: 400, code: 'AccessDeniedException' };
  aws.faults.push({ match: ({ resource }) => resource === 'guarded', answer });
  aws.faults.push({ match: ({ resource }) => resource === 'busy', times: 9, answer: 'throttle' });
  aws.faults.push({ match: ({ resource }) => resource === 'broken', times: 9, answer: 'reset' });
  const error = await rejection(secretPassphrase(client, secret)());
  expect(error).toMatchObject({ name: 'FailureError', code: 'SECRET_UNAVAILABLE' });
  expect(error.message).toContain(`The secret ${secret} cannot be read: `);
  expect(error.message).toContain(name);
  expectNoSecret(error, ['correct horse']);
  aws.faults.clear();
});

test.each([
  { rule: 'cut off', body: '{"Name":"x","SecretString":"correct horse' },
  { rule: 'no JSON', body: 'correct horse' },
  { rule: 'without a value', body: '{"Name":"correct horse"}' },
])('never shows an answer that is $rule', async ({ body }) => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const garbled = new SecretsManagerClient({ ...aws.clientConfig(), endpoint: `http://127.0.0.1:${port}` });
  const error = await rejection(secretPassphrase(garbled, 'tk/orbit')());
  server.close();
  expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  expect(error.message).toContain('tk/orbit');
  expectNoSecret(error, ['correct horse']);
});
