import { setTimeout as delay } from 'node:timers/promises';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { printable } from '../lib/contract/printable.ts';
import type { Verdict } from './compare-verdicts.ts';
import { judgeVersion, type Said } from './judge-version.ts';

/** What CloudFormation asks of a custom resource. Its values are texts. */
export interface VerdictRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: {
    /** The signer's function. */
    readonly functionName: string;
    /** The version that is to go live. */
    readonly version: string;
    readonly repository: string;
  };
}

/** A dry run takes up to the function's own time. */
const client = new LambdaClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 150_000 },
});

const PAUSE_MS = 20_000; // a scheduled run between two questions is over by then

/**
 * Decides whether a new version of a signer may go live, and tells CloudFormation, which alone moves the alias. This function cannot.
 * @param request - a custom resource's; its answer goes by PUT to the address in it
 */
export async function handler(request: VerdictRequest): Promise<void> {
  const { functionName, version } = request.ResourceProperties;
  const id = request.PhysicalResourceId ?? `verdict-${functionName}`;
  const refused = request.RequestType === 'Delete' ? undefined : await judged(request);
  await answer(request, {
    Status: refused === undefined ? 'SUCCESS' : 'FAILED',
    ...(refused !== undefined && { Reason: refused }),
    PhysicalResourceId: id,
    Data: { version },
  });
}

async function judged({ RequestType, ResourceProperties }: VerdictRequest): Promise<string | undefined> {
  if (RequestType === 'Create') return undefined; // there is no alias yet
  const { functionName, version, repository } = ResourceProperties;
  try {
    const ask = (qualifier: string) => dryRun(functionName, qualifier, repository);
    return await judgeVersion({ ask, wait: () => delay(PAUSE_MS) }, version);
  } catch (error) {
    return `The dry runs could not be made: ${printable(error instanceof Error ? error.name : String(error))}.`;
  }
}

async function dryRun(functionName: string, qualifier: string, repository: string): Promise<Said> {
  const event = { repository, dryRun: true, reason: `may ${functionName} go live?`.slice(0, 200) };
  try {
    const { Payload, FunctionError, ExecutedVersion } = await client.send(
      new InvokeCommand({ FunctionName: functionName, Qualifier: qualifier, Payload: JSON.stringify(event) }),
    );
    const text = Payload === undefined ? '' : Buffer.from(Payload).toString('utf8');
    const verdict = verdictOf(text, FunctionError !== undefined);
    process.stdout.write(`${JSON.stringify({ functionName, qualifier, version: ExecutedVersion, verdict })}\n`);
    return { verdict, version: ExecutedVersion };
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      return { verdict: { is: 'absent' }, version: undefined };
    throw error;
  }
}

/** Reads what a signer answers: its outcome, or, when it threw, an error whose message is the outcome's JSON. */
function verdictOf(payload: string, isError: boolean): Verdict {
  const answered = parsed(payload);
  const outcome = isError ? parsed(textIn(answered, 'errorMessage') ?? '') : answered;
  const code = textIn(outcome, 'code');
  const word = textIn(outcome, 'outcome');
  if (code !== undefined && isOutcome(word)) return { is: 'outcome', outcome: word, code };
  return { is: 'broken', why: printable(textIn(answered, 'errorType') ?? 'an answer that is no outcome') };
}

function isOutcome(word: string | undefined): word is 'signed' | 'skipped' | 'refused' | 'failed' {
  return word !== undefined && ['signed', 'skipped', 'refused', 'failed'].includes(word);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function textIn(value: unknown, field: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = new Map<string, unknown>(Object.entries(value)).get(field);
  return typeof found === 'string' ? found : undefined;
}

const TRIES = 3; // CloudFormation waits for an hour for an answer that never comes

async function answer(
  { ResponseURL, StackId, RequestId, LogicalResourceId }: VerdictRequest,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const body = JSON.stringify({ StackId, RequestId, LogicalResourceId, ...fields });
  for (let attempt = 1; ; attempt++) {
    try {
      const { ok, status } = await fetch(ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
      if (ok) return;
      throw new Error(`CloudFormation's address answered ${status}.`);
    } catch (error) {
      if (attempt === TRIES) throw error;
      await delay(1_000 * attempt);
    }
  }
}
