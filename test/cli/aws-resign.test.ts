import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { bareOutcome } from '../../lib/refresh/outcome.ts';
import { outcomeOf, timekeeper } from './timekeeper.ts';

const ARN = 'arn:aws:sts::111111111111:assumed-role';
const ROLE = 'updates-timekeeper-operator';
const SIGNED = { ...bareOutcome({ repository: 'orbit', dryRun: false }, 'SIGNED', 'It was due.'), durationMs: 7 };

interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
  readonly thrown?: boolean;
}

let caller: string;
let role: Reply;
let lambda: Reply;
let asked: string[];

const refused = (code: string): Reply => ({
  status: 403,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
});

const server = createServer((request, response) => {
  void answer(request).then(({ status = 200, type, body, thrown }) => {
    response.writeHead(status, {
      'content-type': body.startsWith('<') ? 'text/xml' : 'application/json',
      ...(type === undefined ? {} : { 'x-amzn-errortype': type }),
      ...(thrown ? { 'x-amz-function-error': 'Unhandled' } : {}),
    });
    response.end(body);
  });
});

async function answer(request: IncomingMessage): Promise<Reply> {
  const body = await text(request);
  const key = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (request.url !== '/') {
    asked.push(`${key} ${request.url!} ${body}`);
    return lambda;
  }
  const action = new URLSearchParams(body).get('Action')!;
  asked.push(`${key} ${action}`);
  if (action === 'AssumeRole') return role;
  return {
    body: `<R><GetCallerIdentityResult><Arn>${caller}</Arn><Account>111111111111</Account></GetCallerIdentityResult></R>`,
  };
}

beforeEach(async () => {
  caller = `${ARN}/oncall/me`;
  role = { body: '<R><AssumeRoleResult><Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken></Credentials></AssumeRoleResult></R>' }; // prettier-ignore
  lambda = { body: JSON.stringify(SIGNED) };
  asked = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const cwd = mkdtempSync(join(tmpdir(), 'deployment-'));
writeFileSync(
  join(cwd, 'timekeeper.json'),
  JSON.stringify({
    alarms: { email: 'oncall@example.com' },
    repositories: {
      orbit: { bucket: 'files', url: 'https://updates.example.com/', root: { version: 1, sha256: 'a'.repeat(64) } },
    },
  }),
);

const resign = async (...words: string[]) =>
  outcomeOf(
    await timekeeper(['resign', ...words, '--json'], {
      cwd,
      now: new Date().toISOString(),
      env: {
        AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'OWN',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_CONFIG_FILE: devNull,
        AWS_SHARED_CREDENTIALS_FILE: devNull,
        AWS_EC2_METADATA_DISABLED: 'true',
        NODE_NO_WARNINGS: '1',
      },
    }),
  );
const INVOKED = '/2015-03-31/functions/updates-orbit-resign/invocations?Qualifier=live';

test('resign NAME invokes the live alias as the operator, and prints what it came to', async () => {
  expect(await resign('orbit', '--force', '--reason', 'a drill')).toMatchObject({
    code: 'SIGNED',
    repository: 'orbit',
  });
  const event = JSON.stringify({ repository: 'orbit', force: true, reason: 'a drill' });
  expect(asked).toEqual(['OWN GetCallerIdentity', 'OWN AssumeRole', `ASSUMED ${INVOKED} ${event}`]);
});

test('who is the operator already assumes nothing', async () => {
  caller = `${ARN}/${ROLE}/me`;
  expect(await resign('orbit', '--dry-run')).toMatchObject({ code: 'SIGNED' });
  expect(asked[1]).toBe(`OWN ${INVOKED} {"repository":"orbit","dryRun":true}`);
});

test('a role of that name in another account is not the operator', async () => {
  caller = `arn:aws:sts::222222222222:assumed-role/${ROLE}/me`;
  await resign('orbit');
  expect(asked[1]).toBe('OWN AssumeRole');
});

test('a function that threw shows its code', async () => {
  const failed = bareOutcome({ repository: 'orbit', dryRun: false }, 'SECRET_UNAVAILABLE', 'The secret is gone.');
  lambda = { body: JSON.stringify({ errorType: failed.code, errorMessage: JSON.stringify(failed) }), thrown: true };
  expect(await resign('orbit')).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
});

test.each([
  { code: 'FUNCTION_FAILED', given: () => (lambda = { body: '{"errorMessage":"Task timed out"}', thrown: true }) },
  { code: 'NOT_DEPLOYED', given: () => (lambda = { status: 404, type: 'ResourceNotFoundException', body: '{}' }) },
  { code: 'ROLE_REFUSED', given: () => (role = refused('AccessDenied')) },
])('answers $code', async ({ code, given }) => {
  given();
  expect(await resign('orbit')).toMatchObject({ outcome: 'failed', code });
});

test('answers UNKNOWN_REPOSITORY before it calls AWS', async () => {
  expect(await resign('agents')).toMatchObject({ outcome: 'refused', code: 'UNKNOWN_REPOSITORY' });
  expect(asked).toEqual([]);
});

test('answers NO_CREDENTIALS where AWS knows none', async () => {
  expect(await resign('orbit', '--profile', 'absent')).toMatchObject({ outcome: 'failed', code: 'NO_CREDENTIALS' });
});
