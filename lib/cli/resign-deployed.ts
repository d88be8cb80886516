import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CODES } from '../contract/codes.ts';
import { FailureError } from '../contract/errors.ts';
import { LIVE, signerFunctionName } from '../contract/names.ts';
import type { Outcome } from '../contract/outcome.ts';
import { printable } from '../contract/printable.ts';
import { textOf } from '../stores/foreign-error.ts';
import { deployed } from './deployed.ts';
import type { DeploymentOptions } from './deployment-options.ts';

/** What the function is asked: the event that it takes, and nothing else. */
export interface Asked {
  readonly repository: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly reason?: string;
}

/**
 * Has the deployed function sign: the version that the schedule uses too.
 * @returns what it answered, or threw
 * @throws UsageError CONFIGURATION_MISSING, CONFIGURATION_INVALID
 * @throws RefusalError UNKNOWN_REPOSITORY
 * @throws FailureError NO_CREDENTIALS, ROLE_REFUSED, NOT_DEPLOYED, FUNCTION_FAILED
 */
export async function resignDeployed(asked: Asked, options: DeploymentOptions): Promise<Outcome> {
  const { configuration, operator } = await deployed(asked.repository, options);
  const name = signerFunctionName(configuration.name, asked.repository);
  return invoke(new LambdaClient({ ...operator.client, maxAttempts: 1 }), name, asked);
}

/** Once: a call whose answer was lost may have signed. */
async function invoke(lambda: LambdaClient, name: string, asked: Asked): Promise<Outcome> {
  try {
    const { Payload: payload, FunctionError: thrown } = await lambda.send(
      new InvokeCommand({ FunctionName: name, Qualifier: LIVE, Payload: Buffer.from(JSON.stringify(asked)) }),
    );
    const outcome = outcomeIn(Buffer.from(payload ?? []).toString('utf8'), thrown !== undefined);
    if (outcome !== undefined) return outcome;
    throw new FailureError('FUNCTION_FAILED', `The function ${name} ended without an outcome.`);
  } catch (error) {
    if (error instanceof FailureError) throw error;
    const why = textOf(error, 'name') ?? 'an unknown error';
    if (why === 'ResourceNotFoundException')
      throw new FailureError('NOT_DEPLOYED', `There is no function ${name} with an alias ${LIVE}.`, { cause: error });
    throw new FailureError('FUNCTION_FAILED', `The function ${name} could not be invoked: ${printable(why)}.`, {
      cause: error,
    });
  }
}

/** An outcome as it was returned, or as the message of the error that Lambda reports. Undefined if it is none: a timeout, too little memory. */
function outcomeIn(text: string, isThrown: boolean): Outcome | undefined {
  try {
    const value = JSON.parse(text) as { readonly errorMessage?: unknown };
    const outcome = (isThrown ? JSON.parse(String(value.errorMessage)) : value) as Partial<Outcome>;
    return typeof outcome.code === 'string' && Object.hasOwn(CODES, outcome.code) ? (outcome as Outcome) : undefined;
  } catch {
    return undefined;
  }
}
