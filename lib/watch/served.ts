import type { Metadata } from '../tuf/envelope.ts';
import { parseRoot, type Root } from '../tuf/root.ts';
import type { Walk } from './walk.ts';

/** What a new client came to trust, as far as it got. Each of these was verified by it. */
export interface Served {
  readonly root: Root;
  readonly timestamp: Metadata | undefined;
  /** Every role: root first, timestamp last. */
  readonly roles: readonly ServedRole[];
}

/** One role, for whoever asks until when it lives. */
export type ServedRole = Pick<Metadata, 'file' | 'version' | 'expires' | 'sha256' | 'bytes'> & {
  /** `root`, `targets`, `snapshot`, `timestamp`, or the name of a delegated role. */
  readonly name: string;
};

/**
 * What a client that began with a root alone was served.
 * @throws RefusalError if there was no root to begin with
 */
export function servedTo({ kept, known }: Walk): Served {
  const names = ['root', ...Array.from(known.keys()).filter((name) => !TOP_LEVEL.includes(name)), 'snapshot', 'timestamp']; // prettier-ignore
  return {
    root: parseRoot(kept.get('root.json') ?? new Uint8Array()),
    timestamp: known.get('timestamp'),
    roles: names.flatMap((name) => {
      const metadata = known.get(name);
      if (metadata === undefined) return [];
      const { file, version, expires, sha256, bytes } = metadata;
      return [{ name, file, version, expires, sha256, bytes }];
    }),
  };
}

const TOP_LEVEL = ['root', 'snapshot', 'timestamp'];

/** Whether a role lists targets: targets itself, or a delegated one. */
export function listsTargets({ name }: ServedRole): boolean {
  return !TOP_LEVEL.includes(name);
}
