import { createHash } from 'node:crypto';
import type { FindingCode } from '../../lib/contract/findings.ts';
import type { WatchOutcome } from '../../lib/contract/watch-outcome.ts';
import { DEFAULT_POLICY } from '../../lib/refresh/policy.ts';
import { days } from '../../lib/tuf/instant.ts';
import type { Published } from '../../lib/watch/look.ts';
import type { WatchPolicy } from '../../lib/watch/policy.ts';
import { watch } from '../../lib/watch/watch.ts';
import { MemoryStore } from '../refresh/memory-store.ts';
import { newRepository, type Repository, type RepositoryOptions } from '../refresh/repository.ts';

export const POLICY: WatchPolicy = {
  validity: DEFAULT_POLICY.validity,
  resignAfter: DEFAULT_POLICY.resignAfter,
  check: DEFAULT_POLICY.check,
  cacheMax: DEFAULT_POLICY.cacheMax,
  allowSharedSnapshotKey: false,
  expiresSoon: { timestamp: days(4), others: days(30) },
};

/** A repository with real keys and the signer's real engine, and a watchdog that looks at it. */
export class Observed {
  readonly repository: Repository;
  readonly memory = new MemoryStore('memory');
  policy = POLICY;
  published: Published;

  constructor(repository: Repository) {
    this.repository = repository;
    this.published = { metadata: repository.hosting };
  }

  get pin() {
    return pinOf(this.repository.bytes('1.root.json'));
  }

  /** One look. */
  async look(options: { readonly dryRun?: boolean; readonly pin?: Observed['pin'] } = {}): Promise<WatchOutcome> {
    const { dryRun = false, pin = this.pin } = options;
    const { published, memory } = this;
    return watch({ repository: 'tests', pin, published, memory, dryRun }, this.policy, this.repository.now);
  }

  /** Looks again after a time, in seconds. */
  async later(span: number): Promise<WatchOutcome> {
    this.repository.pass(span);
    return this.look();
  }

  /** What is remembered, as JSON. */
  remembered(): Record<string, unknown> {
    return JSON.parse(Buffer.from(this.memory.objects.get('memory.json')!).toString()) as Record<string, unknown>;
  }
}

export function pinOf(root: Uint8Array, version = 1) {
  return { version, sha256: createHash('sha256').update(root).digest('hex') };
}

/** A healthy repository that was looked at once, a quarter of an hour ago. */
export async function observed(options: RepositoryOptions = {}): Promise<Observed> {
  const found = new Observed(await newRepository(options));
  await found.look();
  found.repository.pass(900);
  return found;
}

/** The codes that were found, those that do not count yet in brackets. */
export function codesOf({ findings }: WatchOutcome): readonly string[] {
  return findings.map(({ code, isPending }: { readonly code: FindingCode; readonly isPending: boolean }) =>
    isPending ? `(${code})` : code,
  );
}
