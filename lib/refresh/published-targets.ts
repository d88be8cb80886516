import { RefusalError } from '../contract/errors.ts';
import type { ReadStore } from '../stores/store.ts';
import { updateTargets } from '../tuf/client.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import type { Instant } from '../tuf/instant.ts';
import type { Root } from '../tuf/root.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { Verified } from '../tuf/verify.ts';
import type { PublishedTargets } from './state.ts';

const READ_TOGETHER = 32; // requests under way at once

/**
 * Advance mode: every targets role that the snapshot names, fetched ahead in one round, then walked as a client does.
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export async function readTargets(
  hosting: ReadStore,
  root: Verified<Root>,
  snapshot: Verified<Snapshot>,
  now: Instant,
): Promise<PublishedTargets> {
  try {
    const files = await prefetch(hosting, root, snapshot);
    const walk = updateTargets(root, snapshot, new Map(), now);
    let step = walk.next();
    while (step.done !== true) step = walk.next(step.value.do === 'fetch' ? files.get(step.value.file) : undefined);
    return { is: 'verified', expires: Array.from(step.value.values(), ({ file, expires }) => ({ file, expires })) };
  } catch (error) {
    if (error instanceof RefusalError) return { is: 'refused', because: error };
    throw error;
  }
}

async function prefetch(
  hosting: ReadStore,
  { consistentSnapshot }: Root,
  { meta }: Snapshot,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = Array.from(meta, ([name, entry]) => {
    const file = `${encodeURIComponent(name.replace(/\.json$/, ''))}.json`;
    return {
      file: consistentSnapshot ? `${entry.version}.${file}` : file,
      maxBytes: entry.length ?? MAX_BYTES.targets,
    };
  });
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at < wanted.length; at += READ_TOGETHER) {
    const batch = wanted.slice(at, at + READ_TOGETHER);
    const read = await Promise.all(
      batch.map(({ file, maxBytes }) => hosting.get(file, Math.min(maxBytes, MAX_BYTES.targets))),
    );
    batch.forEach(({ file }, index) => {
      const stored = read[index];
      if (stored !== undefined) files.set(file, stored.bytes);
    });
  }
  return files;
}
