import type { RefusalCode } from '../../lib/contract/codes.ts';
import { RefusalError } from '../../lib/contract/errors.ts';

/** The code with which something is refused, or `accepted`. Whatever else is thrown goes on: nothing but a refusal may come out of lib/tuf. */
export function verdict(run: () => unknown): RefusalCode | 'accepted' {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (error instanceof RefusalError) return error.code;
    throw error;
  }
}

/** The refusal itself, to look at its message. */
export function refusal(run: () => unknown): RefusalError {
  try {
    run();
  } catch (error) {
    if (error instanceof RefusalError) return error;
    throw error;
  }
  throw new Error('It was expected to be refused.');
}
