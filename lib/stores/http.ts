import { createHash } from 'node:crypto';
import { printable } from '../contract/printable.ts';
import { readBounded } from './bounded-body.ts';
import { parseBase, request } from './http-request.ts';
import { checkObjectName } from './object-name.ts';
import type { ReadStore, Token } from './store.ts';

/** How a file server is read. */
export interface HttpOptions {
  /** Milliseconds for one object, the body included: a server that drips must not hold us for ever. 60 seconds if not given. */
  readonly timeoutMs?: number;
  /** What the server answers for an object that is not there. 404 alone if not given: who signs must not take a missing permission for it. */
  readonly absent?: readonly number[];
  /** Sees the headers of each object that is there. */
  readonly onAnswer?: (name: string, headers: Headers) => void;
}

/** As clients see it: S3 answers 403 for what is not there to whoever may not list a bucket. */
export const ABSENT_TO_CLIENTS: readonly number[] = [404, 403];

const TIMEOUT = 60_000; // ms; 64 MiB of targets at 9 Mbit/s

/**
 * Reads a repository where clients read it. GET only, redirects are followed on the same server or by https, what is compressed on the way is decoded.
 * A token is the ETag, or the SHA-256 of the content where the server gives none.
 * @param baseUrl - with or without a slash at its end
 * @throws UsageError for something else than an http or https URL, or one with a password in it
 */
export function httpStore(
  baseUrl: string,
  { timeoutMs = TIMEOUT, absent = [404], onAnswer }: HttpOptions = {},
): ReadStore {
  const base = parseBase(baseUrl);
  return {
    async get(name, maxBytes) {
      checkObjectName(name);
      const url = new URL(name, base);
      return request(url, AbortSignal.timeout(timeoutMs), absent, async (body, headers) => {
        onAnswer?.(name, headers);
        const bytes = await readBounded(body, maxBytes, printable(url.href));
        return { bytes, token: tokenOf(headers.get('etag'), bytes) };
      });
    },
  };
}

function tokenOf(etag: string | null, bytes: Uint8Array): Token {
  return (etag ?? createHash('sha256').update(bytes).digest('hex')) as Token;
}
