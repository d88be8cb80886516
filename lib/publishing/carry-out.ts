import type { Destination } from './destination.ts';
import { inParallel } from '../stores/in-parallel.ts';
import { same } from './judge-roots.ts';
import type { Put, Stage } from './plan-publication.ts';

/** Is told how a publish gets on. */
export interface Progress {
  /** Before the first put. */
  begin(total: { readonly files: number; readonly bytes: number }): void;
  /** Bytes that are there. */
  bytes(count: number): void;
  /** After the last put, or an error. */
  end(): void;
}

const AT_ONCE = 4; // files; each may have four parts under way

/**
 * Puts what a plan says, stage by stage.
 * @param done - gets what is there, in the order in which it was put
 * @returns the name of a file that somebody else wrote meanwhile, at which it stopped; undefined if all is there
 * @throws RefusalError TARGET_FILE_MISMATCH
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function carryOut(
  stages: readonly Stage[],
  destination: Destination,
  onBytes: (count: number) => void,
  done: Put[],
): Promise<string | undefined> {
  for (const { puts } of stages) {
    const lost: string[] = [];
    await inParallel(puts, AT_ONCE, async (put) => {
      if (lost.length > 0) return;
      if ((await carryOutOne(put, destination, onBytes)) === 'changed') lost.push(nameOf(put));
      else done.push(put);
    });
    if (lost[0] !== undefined) return lost[0];
  }
  return undefined;
}

async function carryOutOne(
  put: Put,
  destination: Destination,
  onBytes: (count: number) => void,
): Promise<'stored' | 'changed'> {
  if (put.is === 'target') return destination.putTarget(put.file, put.expected, onBytes);
  const { name, bytes, expected } = put;
  const done = await destination.metadata.putIf(name, bytes, expected);
  // An answer that got lost lets a put be tried twice: then it is ours that is there.
  const isThere = done === 'stored' || same(bytes, (await destination.metadata.get(name, 2 * bytes.length + 1_024).catch(() => undefined))?.bytes); // prettier-ignore
  if (isThere) onBytes(bytes.length);
  return isThere ? 'stored' : 'changed';
}

/** Where it is put, from the place of the metadata. */
export function nameOf(put: Put): string {
  return put.is === 'target' ? `targets/${put.file.name}` : put.name;
}

/** How much is put. */
export function sizeOf(puts: readonly Put[]): { readonly files: number; readonly bytes: number } {
  const bytes = puts.reduce((sum, put) => sum + (put.is === 'target' ? put.file.target.length : put.bytes.length), 0);
  return { files: puts.length, bytes };
}
