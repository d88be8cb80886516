import { printable } from '../contract/printable.ts';

/**
 * Says what went wrong in a call to AWS, without a full stop: the error's name, and the service's own words if it was the service that refused.
 * Other messages are left out: an answer that cannot be parsed is quoted in them, and it may hold a secret.
 */
export function awsRefusal(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown error';
  const { name, message } = error;
  if ('$fault' in error) return `${name}: ${printable(message).replace(/\.$/, '')}`; // only exceptions of a service have it
  return 'code' in error && typeof error.code === 'string' ? `${name} (${error.code})` : name;
}
