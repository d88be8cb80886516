import { httpStore } from '../stores/http.ts';
import { reach } from '../stores/http-reach.ts';
import type { Published } from './look.ts';

/**
 * A repository where clients read it.
 * @param url - of the metadata
 * @param targetsUrl - of the targets; undefined: they are not looked for
 * @throws UsageError for something else than an http or https URL, or one with a password in it
 */
export function published(url: string, targetsUrl?: string): Published {
  let cacheAge: number | undefined;
  const metadata = httpStore(url, {
    onAnswer(name, headers) {
      if (name === 'timestamp.json') cacheAge = ageIn(headers);
    },
  });
  return {
    metadata,
    cacheAge: () => cacheAge,
    ...(targetsUrl !== undefined && { unreachable: reach(targetsUrl) }),
  };
}

/** @see RFC 9111, section 5.1 */
function ageIn(headers: Headers): number | undefined {
  const age = headers.get('age')?.trim() ?? '';
  return /^\d{1,9}$/.test(age) ? Number(age) : undefined;
}
