import { AwsError } from './answer.ts';
import type { CallFacts } from './call.ts';

/**
 * What happens to a call instead of its answer, or before it.
 * - `throttle`: the service's own refusal of a caller that is too fast
 * - `reset`: nothing is done and the connection breaks
 * - `apply-then-reset`: it is done, and the connection breaks before the answer
 * - `slow`: it is done and answered, that much later
 * - `status`, `code`: refused in these words, such as 409 `ConditionalRequestConflict`
 */
export type FaultAnswer =
  | 'throttle'
  | 'reset'
  | 'apply-then-reset'
  | { readonly slow: number }
  | { readonly status: number; readonly code: string; readonly message?: string };

/** One line of the script. */
export interface Fault {
  readonly match: (call: CallFacts) => boolean;
  /** How many matching calls it hits; the SDK's retries count. @default 1 */
  readonly times?: number;
  readonly answer: FaultAnswer;
}

/** The script of what goes wrong. The first fault that matches and has not run out hits. */
export class Faults {
  readonly #script: { readonly fault: Fault; left: number }[] = [];

  push(fault: Fault): void {
    this.#script.push({ fault, left: fault.times ?? 1 });
  }

  /** Forgets all of them. */
  clear(): void {
    this.#script.length = 0;
  }

  /** Takes the fault that hits this call, if any. */
  take(call: CallFacts): FaultAnswer | undefined {
    const line = this.#script.find(({ fault, left }) => left > 0 && fault.match(call));
    if (line === undefined) return undefined;
    line.left -= 1;
    return line.fault.answer;
  }
}

/** The refusal that a fault stands for; undefined if the call is to be carried out. */
export function refusalOf(fault: FaultAnswer | undefined, { service }: CallFacts): AwsError | undefined {
  if (fault === 'throttle') {
    if (service === 's3') return new AwsError(503, 'SlowDown', 'Please reduce your request rate.');
    if (service === 'lambda') return new AwsError(429, 'TooManyRequestsException', 'Rate Exceeded.');
    const isQuery = service === 'sts' || service === 'sns';
    return new AwsError(400, isQuery ? 'Throttling' : 'ThrottlingException', 'Rate exceeded');
  }
  if (typeof fault !== 'object' || !('status' in fault)) return undefined;
  return new AwsError(fault.status, fault.code, fault.message ?? `The test's script answers ${fault.code}.`);
}
