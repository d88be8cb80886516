import { FailureError, isCoded } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { textOf } from './foreign-error.ts';

/** A bucket that is missing is not a missing object: only the latter means that there is no newer root. */
export function isMissing(error: unknown): boolean {
  return nameOf(error) !== 'NoSuchBucket' && statusOf(error) === 404;
}

/** 412: another token. 409: somebody else's put was under way. 404: deleted, so it is not what we read. */
export function isLostRace(error: unknown): boolean {
  // By name too: what S3 says at the end of a long CompleteMultipartUpload comes in a 200, of which the SDK makes a 503.
  return statusOf(error) === 412 || ['PreconditionFailed', 'ConditionalRequestConflict'].includes(nameOf(error)) || isMissing(error); // prettier-ignore
}

/**
 * What AWS or the network said about an object, as a failure of ours. Only the error's name goes into the message: AWS's own text may quote key ids and the signed request.
 * @param done - what was tried, as in `… could not be written`
 * @returns code: ACCESS_DENIED or STORE_UNREACHABLE; an error of ours comes back as it is
 */
export function awsError(error: unknown, url: string, done: string): unknown {
  if (isCoded(error)) return error;
  const status = statusOf(error);
  const hint = status === 301 ? '; the bucket is in another region than the client' : '';
  const why = `${printable(nameOf(error))}${status === undefined ? '' : ` (${status})`}${hint}`;
  const code = isDenied(error) ? 'ACCESS_DENIED' : 'STORE_UNREACHABLE';
  return new FailureError(code, `${url} could not be ${done}: ${why}.`, { cause: error });
}

function isDenied(error: unknown): boolean {
  return (
    statusOf(error) === 403 || ['CredentialsProviderError', 'ExpiredToken', 'InvalidToken'].includes(nameOf(error))
  );
}

/** The AWS error's name; for a network error, which has none of its own, the operating system's. */
function nameOf(error: unknown): string {
  return textOf(error, 'code') ?? textOf(error, 'name') ?? 'unknown error';
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
