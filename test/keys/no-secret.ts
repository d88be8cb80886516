import { inspect } from 'node:util';
import { expect } from '@jest/globals';

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was expected to reject.');
}

/** Looks into every corner of an error (or of anything else that may get printed) for pieces of a secret. */
export function expectNoSecret(found: object, secrets: readonly string[]): void {
  const { message, stack, cause } = found as Error;
  const everything = [
    message,
    stack,
    inspect(cause, { showHidden: true, depth: null }),
    inspect(found, { showHidden: true, depth: null }),
    JSON.stringify(found),
    JSON.stringify(found, Object.getOwnPropertyNames(found)),
  ].join('\n');
  expect(secrets.flatMap(pieces).filter((piece) => everything.includes(piece))).toEqual([]);
}

/** A secret is out when a good part of it is: eight characters anywhere, or all of a shorter one. */
function pieces(secret: string): readonly string[] {
  if (secret.length <= 8) return [secret];
  return Array.from({ length: secret.length - 7 }, (_, start) => secret.slice(start, start + 8));
}
