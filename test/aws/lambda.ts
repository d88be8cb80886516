import { type Answer, AwsError } from './answer.ts';
import type { Call } from './call.ts';

/** What runs in a function. @param event - the payload's JSON text. What it throws becomes a `FunctionError`. */
export type Handler = (event: string) => unknown;

/** The functions of one account and region. */
export class Lambda {
  readonly #home: { readonly region: string; readonly account: string };
  readonly #handlers = new Map<string, Handler>();

  constructor(home: { readonly region: string; readonly account: string }) {
    this.#home = home;
  }

  /** Deploys a function, or replaces it. @param qualifier - the alias or version that runs it */
  deploy(name: string, qualifier: string, handler: Handler): void {
    this.#handlers.set(`${name}:${qualifier}`, handler);
  }

  /** Takes an alias or version away. */
  remove(name: string, qualifier: string): void {
    this.#handlers.delete(`${name}:${qualifier}`);
  }

  /** Answers a call as Lambda would. @throws AwsError the refusal, in its words */
  async answer(call: Call): Promise<Answer> {
    if (call.operation !== 'Invoke')
      throw new AwsError(404, 'UnknownOperationException', `This endpoint does not imitate ${call.method}.`);
    const type = call.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    if (type !== 'RequestResponse')
      throw new AwsError(400, 'InvalidParameterValueException', `This endpoint does not imitate ${String(type)}.`);
    const handler = this.#find(call);
    const event = call.body.length === 0 ? '{}' : call.body.toString();
    checkJson(event);
    try {
      return answer((await handler(event)) ?? null);
    } catch (error) {
      const { name: errorType, message: errorMessage, stack = '' } = error as Error;
      const trace = stack.split('\n').filter((line) => line.startsWith('    at '));
      return answer({ errorType, errorMessage, trace }, { 'x-amz-function-error': 'Unhandled' });
    }
  }

  /** Finds by name, ARN, or either with the qualifier behind it. */
  #find({ resource = '', region }: Call): Handler {
    const prefix = `arn:aws:lambda:${this.#home.region}:${this.#home.account}:function:`;
    const local = resource.startsWith(prefix) ? resource.slice(prefix.length) : resource;
    const name = local.includes(':') ? local : `${local}:$LATEST`;
    const handler = region === this.#home.region ? this.#handlers.get(name) : undefined;
    if (handler !== undefined) return handler;
    throw new AwsError(404, 'ResourceNotFoundException', `Function not found: ${prefix}${name}`);
  }
}

function checkJson(event: string): void {
  try {
    JSON.parse(event);
  } catch {
    throw new AwsError(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
}

function answer(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const executed = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' };
  return { status: 200, headers: { ...executed, ...headers }, body: JSON.stringify(value) };
}
