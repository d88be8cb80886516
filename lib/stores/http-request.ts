import { FailureError, isCoded, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { textOf } from './foreign-error.ts';

/**
 * The address of a folder on a file server, ending with a slash.
 * @param baseUrl - with or without one; a query and a fragment are left out
 * @throws UsageError for something else than an http or https URL, or one with a password in it
 */
export function parseBase(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new UsageError('The address of a repository must begin with https:// or http://.');
  }
  if (url.username || url.password) throw new UsageError('The address of a repository must not contain a password.');
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/**
 * Asks for one object, without repeating it, and hands its body on. Redirects are followed as {@link redirected} says; the server is asked not to compress.
 * @param absent - the status codes that mean that there is no such object
 * @param read - gets the body in pieces, decoded if it was compressed all the same
 * @returns what `read` returns; undefined if there is no such object
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED; what `read` throws, if it has a code of ours
 */
export async function request<T>(
  url: URL,
  signal: AbortSignal,
  absent: readonly number[],
  read: (body: AsyncIterable<Uint8Array>, headers: Headers) => Promise<T>,
): Promise<T | undefined> {
  const what = printable(url.href);
  try {
    const response = await ask(url, signal);
    if (response.status !== 200) {
      await response.body?.cancel();
      if (absent.includes(response.status)) return undefined;
      throw answered(what, response.status);
    }
    return await read(response.body ?? nothing(), response.headers);
  } catch (error) {
    if (isCoded(error)) throw error;
    throw new FailureError('STORE_UNREACHABLE', `${what} could not be read: ${networkReason(error)}.`, {
      cause: error,
    });
  }
}

const MAX_REDIRECTS = 5;

async function ask(url: URL, signal: AbortSignal): Promise<Response> {
  let at = url;
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    const response = await fetch(at, { signal, headers: { 'accept-encoding': 'identity' }, redirect: 'manual' });
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    at = redirected(at, location);
  }
  throw new FailureError('STORE_UNREACHABLE', `${printable(url.href)} could not be read: it redirects more than ${MAX_REDIRECTS} times.`); // prettier-ignore
}

/**
 * Where a redirect leads: anywhere by https, by http only to the server that sent us, if that was http too. Whoever serves a repository, or stands in
 * between, is not to have our machine ask what only it can reach: the metadata service of a cloud, the Lambda's own runtime.
 */
function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to !== undefined && (to.protocol === 'https:' || to.origin === from.origin)) return to;
  throw new FailureError('STORE_UNREACHABLE', `${printable(from.href)} could not be read: it redirects to ${quote(location)}, and a redirect is followed by https only, or on the same server.`); // prettier-ignore
}

function answered(what: string, status: number): FailureError {
  const code = status === 401 || status === 403 ? 'ACCESS_DENIED' : 'STORE_UNREACHABLE';
  return new FailureError(code, `${what} could not be read: the server answered ${status}.`);
}

/** fetch says only "fetch failed"; the reason is one level down. */
function networkReason(error: unknown): string {
  const cause: unknown = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  const reason = cause ?? error;
  return printable(
    `${textOf(reason, 'code') ?? textOf(reason, 'name') ?? ''} ${textOf(reason, 'message') ?? ''}`.trim(),
  );
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // A 200 without a body.
}
