import { FailureError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';

// What a percent-encoded role name and a version or hash before it can consist of: encodeURIComponent leaves just these.
const SEGMENT = /^[A-Za-z0-9._~%!'()*-]+$/;
// In a URL `%2e%2e` goes up one folder as `..` does.
const DOTS_ONLY = /^(?:\.|%2e)+$/i;

/**
 * Makes sure that a name stays in its place: one path segment, with the names of roles already percent-encoded by the caller.
 * @param name - relative to a store's place, e.g. `timestamp.json`
 * @throws FailureError UNEXPECTED, since no name comes here that was not made by us
 */
export function checkObjectName(name: string): void {
  if (!SEGMENT.test(name) || DOTS_ONLY.test(name)) {
    throw new FailureError('UNEXPECTED', `${quote(name)} cannot be the name of an object in a store.`);
  }
}
