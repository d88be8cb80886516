import type { MetaFile } from '../../lib/tuf/meta-file.ts';
import type { Instant } from '../../lib/tuf/instant.ts';

/** What a client takes from a timestamp or a snapshot. Clients have to take the same (threat-model.md, S-13). */
export interface Facts {
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
  /** By name. A length that is not given is 0, and hashes are empty. */
  readonly files: Readonly<
    Record<
      string,
      { readonly version: number; readonly length: number; readonly hashes: Readonly<Record<string, string>> }
    >
  >;
}

/** What our parser takes. */
export function ourFacts(version: number, expires: Instant, meta: ReadonlyMap<string, MetaFile>): Facts {
  const files = Array.from(meta, ([name, file]) => {
    return [
      name,
      { version: file.version, length: file.length ?? 0, hashes: Object.fromEntries(file.hashes) },
    ] as const;
  });
  return { version, expires: expires * 1_000, files: Object.fromEntries(files) };
}
