import { isRefusal, RefusalError } from '../contract/errors.ts';
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
    while (step.done !== true) {
      const read = step.value.do === 'fetch' ? files.get(step.value.file) : undefined;
      if (isRefusal(read)) throw read;
      step = walk.next(read);
    }
    return { is: 'verified', expires: Array.from(step.value.values(), ({ file, expires }) => ({ file, expires })) };
  } catch (error) {
    if (isRefusal(error)) return { is: 'refused', because: error };
    throw error;
  }
}

async function prefetch(
  hosting: ReadStore,
  { consistentSnapshot }: Root,
  { meta }: Snapshot,
): Promise<ReadonlyMap<string, Uint8Array | RefusalError | undefined>> {
  const wanted = Array.from(meta, ([name, { version, length }]) => {
    const file = `${encodeURIComponent(name.replace(/\.json$/, ''))}.json`;
    return { file: consistentSnapshot ? `${version}.${file}` : file, length };
  });
  const files = new Map<string, Uint8Array | RefusalError | undefined>();
  for (let at = 0; at < wanted.length; at += READ_TOGETHER) {
    const batch = wanted.slice(at, at + READ_TOGETHER);
    const read = await Promise.all(batch.map(({ file, length }) => readRole(hosting, file, length)));
    batch.forEach(({ file }, index) => {
      files.set(file, read[index]);
    });
  }
  return files;
}

/** A file that is longer than the snapshot says is another one, and not read to its end. */
async function readRole(
  hosting: ReadStore,
  file: string,
  length = Infinity,
): Promise<Uint8Array | RefusalError | undefined> {
  try {
    return (await hosting.get(file, Math.min(length, MAX_BYTES.targets)))?.bytes;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (length > MAX_BYTES.targets) return error;
    const message = `${file} is not the one that the snapshot names: it has more than ${length} bytes.`;
    return new RefusalError('TARGETS_MISMATCH', message);
  }
}
