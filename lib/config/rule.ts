import type { Fault } from './fault.ts';

/** A fault of fields that can each be read, but do not go together. */
export interface RuleFault extends Fault {
  /** The fields that it was concluded from. If one of them cannot be read, nothing is concluded. */
  readonly from: readonly string[];
}

/** A fault at a field, concluded from it and others. */
export function fault(field: string, from: readonly string[], message: string): RuleFault {
  return { field, from: [field, ...from], message };
}
