import type { Outcome } from '../contract/outcome.ts';

/** An error behind `Error: `, in fleetctl's words where scripts know them; what to do, and the code that the runbook explains, on the next line. */
export function errorAsFleetctl({ message, remedy, code }: Pick<Outcome, 'message' | 'remedy' | 'code'>): string {
  return `Error: ${message}\n  What to do:  ${remedy} (${code})\n`;
}
