import { createHash } from 'node:crypto';
import { FailureError, isCoded, UsageError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { readBounded } from './bounded-body.ts';
import { textOf } from './foreign-error.ts';
import { checkObjectName } from './object-name.ts';
import type { ReadStore, Token } from './store.ts';

/** How a file server is read. */
export interface HttpOptions {
  /** Milliseconds for one object, the body included: a server that drips must not hold us for ever. 60 seconds if not given. */
  readonly timeoutMs?: number;
}

const TIMEOUT = 60_000; // ms; 64 MiB of targets at 9 Mbit/s

/**
 * Reads a repository where clients read it. GET only, redirects are followed, what is compressed on the way is decoded.
 * A token is the ETag, or the SHA-256 of the content where the server gives none.
 * @param baseUrl - with or without a slash at its end
 * @throws UsageError for something else than an http or https URL, or one with a password in it
 */
export function httpStore(baseUrl: string, { timeoutMs = TIMEOUT }: HttpOptions = {}): ReadStore {
  const base = parseBase(baseUrl);
  return {
    async get(name, maxBytes) {
      checkObjectName(name);
      const url = new URL(name, base);
      const what = printable(url.href);
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
        if (response.status !== 200) {
          await response.body?.cancel();
          if (response.status === 404) return undefined;
          throw answered(what, response.status);
        }
        const bytes = await readBounded(response.body ?? nothing(), maxBytes, what);
        return { bytes, token: tokenOf(response.headers.get('etag'), bytes) };
      } catch (error) {
        if (isCoded(error)) throw error;
        throw new FailureError('STORE_UNREACHABLE', `${what} could not be read: ${networkReason(error)}.`, {
          cause: error,
        });
      }
    },
  };
}

function parseBase(baseUrl: string): URL {
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

function tokenOf(etag: string | null, bytes: Uint8Array): Token {
  return (etag ?? createHash('sha256').update(bytes).digest('hex')) as Token;
}
