import { CODES, type Code, type FailureCode, type RefusalCode, type UsageCode } from './codes.ts';

/** An error with a code of the closed list, a sentence on what is wrong, and one on what to do. */
export abstract class CodedError extends Error {
  abstract readonly code: Code;

  /** What to do, in one sentence. */
  get remedy(): string {
    return CODES[this.code].remedy;
  }
}

/** What was read must not be signed over; reading it again gives the same answer. */
export class RefusalError extends CodedError {
  override readonly name = 'RefusalError';
  override readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** We could not find out or could not do; trying again may help. `cause` keeps the foreign error; a secret goes into neither. */
export class FailureError extends CodedError {
  override readonly name = 'FailureError';
  override readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The command was called or configured wrongly: exit status 2. */
export class UsageError extends CodedError {
  override readonly name = 'UsageError';
  override readonly code: UsageCode;
  private readonly ownRemedy: string | undefined;

  /** @param options - with a `remedy` where there is a better one than that of the code */
  constructor(
    message: string,
    { remedy, code = 'USAGE', ...options }: ErrorOptions & { readonly remedy?: string; readonly code?: UsageCode } = {},
  ) {
    super(message, options);
    this.code = code;
    this.ownRemedy = remedy;
  }

  override get remedy(): string {
    return this.ownRemedy ?? super.remedy;
  }
}

/** Whether an error is a refusal. By name, as isCoded. */
export function isRefusal(error: unknown): error is RefusalError {
  return error instanceof Error && error.name === 'RefusalError';
}

/** What an action gives; undefined if it refuses. */
export function unlessRefused<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/**
 * Whether an error is a refusal or a failure of ours. By name, not by class: `timekeeper start` runs the bundled engine, which has classes of its own.
 */
export function isCoded(error: unknown): error is RefusalError | FailureError | UsageError {
  return (
    error instanceof Error && ['RefusalError', 'FailureError', 'UsageError'].includes(error.name) && 'code' in error
  );
}
