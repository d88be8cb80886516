import type { Code } from '../../lib/contract/codes.ts';
import { CodedError } from '../../lib/contract/errors.ts';
import { refreshClient, type Trusted } from '../../lib/tuf/client.ts';
import type { Instant } from '../../lib/tuf/instant.ts';

/** What a client trusts after it looked, and what it keeps for the next time. */
export type Seen = Trusted & { readonly kept: Map<string, Uint8Array> };

/**
 * Looks at a repository as a client does that holds a memory.
 * @param read - gives a file of the repository
 * @param memory - what it kept the last time: `root.json` at least
 * @throws RefusalError - as refreshClient does
 */
export function lookAsClient(
  read: (file: string) => Uint8Array | undefined,
  memory: ReadonlyMap<string, Uint8Array>,
  now: Instant,
): Seen {
  const kept = new Map(memory);
  const walk = refreshClient(kept, now);
  let step = walk.next();
  while (step.done !== true) {
    if (step.value.do === 'store') kept.set(step.value.name, step.value.bytes);
    if (step.value.do === 'forget') kept.delete(step.value.name);
    step = walk.next(step.value.do === 'fetch' ? read(step.value.file) : undefined);
  }
  return { ...step.value, kept };
}

/** The code with which an action is refused; undefined if it is not. */
export function refusalOf(action: () => unknown): Code | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
}
