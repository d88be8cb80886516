import type { S3Client } from '@aws-sdk/client-s3';

/** What an AWS client has seen of its servers' clocks. */
export interface ClockWatch {
  /** The largest difference since it was last asked, in whole seconds, whichever clock was ahead; undefined if no response told the time. */
  readonly skewSeconds: () => number | undefined;
}

/**
 * Compares the `Date` of every response with our clock at the moment it arrives, errors and retried attempts included.
 * @param client - gets a middleware; the SDK's own correction of its signing clock is left alone
 * @param clock - milliseconds since 1970, as `Date.now`
 */
export function watchClock(client: S3Client, clock: () => number): ClockWatch {
  let largest: number | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const date = dateOf(result.response);
      if (date !== undefined) largest = Math.max(largest ?? 0, Math.trunc(Math.abs(clock() - date) / 1000));
      return result;
    },
    // Lowest priority of the step is nearest to the wire: an error response becomes an exception further out.
    { step: 'deserialize', priority: 'low', name: 'timekeeperWatchClock' },
  );
  return {
    skewSeconds() {
      const seen = largest;
      largest = undefined; // a function that stays warm must not remember a skew that was mended
      return seen;
    },
  };
}

/** Milliseconds since 1970. */
function dateOf(response: unknown): number | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const headers = new Map<string, unknown>(Object.entries(response.headers ?? {}));
  const date = headers.get('date') ?? headers.get('Date');
  const time = typeof date === 'string' ? Date.parse(date) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
