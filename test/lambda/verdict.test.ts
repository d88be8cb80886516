import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { objection, type Verdict } from '../../lambda/compare-verdicts.ts';
import { judgeVersion, type Said } from '../../lambda/judge-version.ts';
import type { VerdictRequest } from '../../lambda/verdict.ts';

const said = (outcome: 'signed' | 'skipped' | 'refused' | 'failed', code: string): Verdict => ({
  is: 'outcome',
  outcome,
  code,
});
const broken: Verdict = { is: 'broken', why: 'Runtime.ImportModuleError' };
const absent: Verdict = { is: 'absent' };

describe('a new version may go live', () => {
  test.each([
    { given: 'it says what the live one says', live: said('skipped', 'NOT_DUE'), next: said('skipped', 'NOT_DUE') },
    {
      given: 'it signs where the live one had nothing to do',
      live: said('skipped', 'NOT_DUE'),
      next: said('signed', 'SIGNED'),
    },
    {
      given: 'it would sign where the live one has nothing to do, and somebody has signed just now',
      live: said('skipped', 'NOT_DUE'),
      next: said('skipped', 'TOO_SOON'),
    },
    {
      given: 'the ten minutes after a signature end between the two answers',
      live: said('skipped', 'TOO_SOON'),
      next: said('signed', 'SIGNED'),
    },
    { given: 'both are paused', live: said('skipped', 'PAUSED'), next: said('skipped', 'PAUSED') },
    {
      given: 'nobody has enrolled yet',
      live: said('refused', 'JOURNAL_MISSING'),
      next: said('refused', 'JOURNAL_MISSING'),
    },
    { given: 'the live one refuses, whatever it says', live: said('refused', 'CLOCK_SKEW'), next: broken },
    { given: 'the live one fails', live: said('failed', 'KMS_UNAVAILABLE'), next: said('refused', 'NO_BASELINE') },
    { given: 'the live one does not start', live: broken, next: broken },
    { given: 'there is no live one', live: absent, next: broken },
  ])('where $given', ({ live, next }) => {
    expect(objection(live, next)).toBeUndefined();
  });

  test.each([
    {
      given: 'it refuses where the live one signs',
      live: said('signed', 'SIGNED'),
      next: said('refused', 'KEY_NOT_IN_ROOT'),
    },
    {
      given: 'it refuses where the live one has nothing to do',
      live: said('skipped', 'NOT_DUE'),
      next: said('refused', 'CLOCK_SKEW'),
    },
    {
      given: 'it has nothing to do where the live one signs',
      live: said('signed', 'SIGNED'),
      next: said('skipped', 'NOT_DUE'),
    },
    {
      given: 'it has nothing to do where the live one waits to sign',
      live: said('skipped', 'TOO_SOON'),
      next: said('skipped', 'NOT_DUE'),
    },
    { given: 'it signs for another reason', live: said('signed', 'HEALED_MISSING'), next: said('signed', 'SIGNED') },
    { given: 'it fails', live: said('skipped', 'NOT_DUE'), next: said('failed', 'ACCESS_DENIED') },
    { given: 'it does not start', live: said('skipped', 'NOT_DUE'), next: broken },
    { given: 'it is not there', live: said('skipped', 'NOT_DUE'), next: absent },
  ])('but not where $given', ({ live, next }) => {
    expect(objection(live, next)).toMatch(/^The live version says .*; the alias stays where it is\.$/);
  });
});

describe('the judge', () => {
  const answers = (...said: readonly Said[]) => {
    const asked: string[] = [];
    const ask = (qualifier: string) => {
      asked.push(qualifier);
      return Promise.resolve(said[asked.length - 1]!);
    };
    return { asked, ask, wait: () => Promise.resolve(asked.push('(waits)')) };
  };
  const notDue = (version: string): Said => ({ verdict: said('skipped', 'NOT_DUE'), version });
  const refused = (version: string): Said => ({ verdict: said('refused', 'NOT_JSON'), version });

  test('asks the alias, then the version', async () => {
    const judge = answers(notDue('4'), notDue('5'));
    expect(await judgeVersion(judge, '5')).toBeUndefined();
    expect(judge.asked).toEqual(['live', '5']);
  });

  test('asks both again after a while before it objects', async () => {
    const judge = answers(notDue('4'), refused('5'), notDue('4'), notDue('4'), refused('5'));
    expect(await judgeVersion(judge, '5')).toContain('refused NOT_JSON');
    expect(judge.asked).toEqual(['live', '5', '(waits)', 'live', '5']);
  });

  test('lets CloudFormation go back to a version that was live before', async () => {
    const judge = answers(notDue('6'));
    expect(await judgeVersion(judge, '5')).toBeUndefined();
    expect(judge.asked).toEqual(['live']);
  });
});

describe('the function', () => {
  interface Put {
    readonly url: string | undefined;
    readonly body: Readonly<Record<string, unknown>>;
  }
  let cloudFormation: Server;
  let lambda: Server;
  let handler: (request: VerdictRequest) => Promise<void>;
  const puts: Put[] = [];
  const invoked: { path: string | undefined; body: unknown }[] = [];
  /** By qualifier: what Lambda answers. */
  let functions: Readonly<
    Record<string, { readonly payload: object; readonly error?: string; readonly version: string }>
  >;
  let refusals = 0;

  const listening = (answer: (request: IncomingMessage, body: string) => [number, Record<string, string>, string]) =>
    new Promise<Server>((resolve) => {
      const server = createServer((request, response) => {
        void text(request).then((body) => {
          const [status, headers, reply] = answer(request, body);
          response.writeHead(status, headers).end(reply);
        });
      }).listen(0, '127.0.0.1', () => {
        resolve(server);
      });
    });
  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  beforeAll(async () => {
    cloudFormation = await listening((request, body) => {
      if (refusals-- > 0) return [503, {}, ''];
      puts.push({ url: request.url, body: JSON.parse(body) as Put['body'] });
      return [200, {}, ''];
    });
    lambda = await listening((request, body) => {
      const { pathname, searchParams } = new URL(request.url!, 'http://127.0.0.1');
      invoked.push({ path: pathname, body: JSON.parse(body) as unknown });
      const found = functions[searchParams.get('Qualifier')!];
      if (found === undefined)
        return [404, { 'x-amzn-errortype': 'ResourceNotFoundException' }, '{"Message":"Function not found"}'];
      const headers = {
        'x-amz-executed-version': found.version,
        ...(found.error && { 'x-amz-function-error': found.error }),
      };
      return [200, headers, JSON.stringify(found.payload)];
    });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${portOf(lambda)}`,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    ({ handler } = await import('../../lambda/verdict.ts'));
  });
  afterAll(() => {
    cloudFormation.close();
    lambda.close();
  });
  beforeEach(() => {
    puts.length = 0;
    invoked.length = 0;
    refusals = 0;
  });

  const request = (RequestType: VerdictRequest['RequestType'], version = '5'): VerdictRequest => ({
    RequestType,
    ResponseURL: `http://127.0.0.1:${portOf(cloudFormation)}/answer?signature=x`,
    StackId: 'arn:aws:cloudformation:eu-central-1:111111111111:stack/updates-signing/1',
    RequestId: 'request-1',
    LogicalResourceId: 'orbitLiveVerdict',
    ...(RequestType !== 'Create' && { PhysicalResourceId: 'verdict-updates-orbit-resign' }),
    ResourceProperties: { functionName: 'updates-orbit-resign', version, repository: 'orbit' },
  });
  const notDue = { outcome: 'skipped', code: 'NOT_DUE' };

  test('lets the first version go live without a question', async () => {
    functions = {};
    await handler(request('Create'));
    expect(puts).toEqual([
      {
        url: '/answer?signature=x',
        body: {
          Status: 'SUCCESS',
          StackId: 'arn:aws:cloudformation:eu-central-1:111111111111:stack/updates-signing/1',
          RequestId: 'request-1',
          LogicalResourceId: 'orbitLiveVerdict',
          PhysicalResourceId: 'verdict-updates-orbit-resign',
          Data: { version: '5' },
        },
      },
    ]);
    expect(invoked).toEqual([]);
  });

  test('asks live and new version for a dry run, and answers with the version that may go live', async () => {
    functions = { live: { payload: notDue, version: '4' }, 5: { payload: notDue, version: '5' } };
    await handler(request('Update'));
    expect(invoked.map(({ body }) => body)).toEqual(
      Array(2).fill({ repository: 'orbit', dryRun: true, reason: 'may updates-orbit-resign go live?' }),
    );
    expect(puts[0]!.body).toMatchObject({ Status: 'SUCCESS', Data: { version: '5' } });
  });

  test('reads the outcome out of the error that a failed run throws', async () => {
    const failed = {
      errorType: 'KMS_UNAVAILABLE',
      errorMessage: JSON.stringify({ outcome: 'failed', code: 'KMS_UNAVAILABLE' }),
    };
    functions = { live: { payload: failed, error: 'Unhandled', version: '4' }, 5: { payload: notDue, version: '5' } };
    await handler(request('Update'));
    expect(puts[0]!.body).toMatchObject({ Status: 'SUCCESS' });
  });

  test('fails the deployment after it asked twice, saying why, where the new version does not start', async () => {
    const noStart = { errorType: 'Runtime.ImportModuleError', errorMessage: 'Cannot find module' };
    functions = { live: { payload: notDue, version: '4' }, 5: { payload: noStart, error: 'Unhandled', version: '5' } };
    await handler(request('Update'));
    expect(puts[0]!.body).toMatchObject({
      Status: 'FAILED',
      Reason:
        'The live version says skipped NOT_DUE, the new one nothing that is an outcome (Runtime.ImportModuleError); the alias stays where it is.',
    });
  });

  test('lets the stack be deleted, also where its answer is not taken at once', async () => {
    functions = {};
    refusals = 1;
    await handler(request('Delete'));
    expect(puts[0]!.body).toMatchObject({ Status: 'SUCCESS' });
    expect(invoked).toEqual([]);
  });
});
