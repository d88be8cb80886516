import { isCoded } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { parseBase, request } from './http-request.ts';

const TIMEOUT = 10_000; // ms; only the beginning of each is read

/**
 * Looks whether files can be had, without downloading them: hangs up after the first bytes.
 * @param baseUrl - of their folder
 * @returns for a relative address and a length in bytes: why the file cannot be had; undefined if it can
 * @throws UsageError - as parseBase does
 */
export function reach(baseUrl: string): (path: string, length: number) => Promise<string | undefined> {
  const base = parseBase(baseUrl);
  return async (path, length) => {
    const url = new URL(path, base);
    const what = printable(url.href);
    try {
      const found = await request(url, AbortSignal.timeout(TIMEOUT), [404], (body, headers) => begin(body, headers));
      if (found === undefined) return `${what} is missing.`;
      if (found.length !== undefined && found.length !== length)
        return `${what} has ${found.length} bytes, not ${length}.`;
      return undefined;
    } catch (error) {
      if (isCoded(error)) return error.message;
      throw error;
    }
  };
}

async function begin(body: AsyncIterable<Uint8Array>, headers: Headers) {
  for await (const piece of body) {
    if (piece.length > 0) break; // which hangs up
  }
  const length = headers.get('content-length') ?? '';
  return { length: /^\d{1,15}$/.test(length) ? Number(length) : undefined };
}
