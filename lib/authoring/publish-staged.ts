import { RefusalError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { parseRoot } from '../tuf/root.ts';
import { extendChain, latest } from '../tuf/root-chain.ts';
import type { ChangedRoot } from './change-root.ts';
import type { Conditions } from './conditions.ts';
import { readPublished } from './published.ts';
import { publishRoot } from './root-publication.ts';
import { isSameRoot, merged, readStagedRoot, stagedFile, tally, type Tally } from './staged-root.ts';
import type { Workplace } from './workplace.ts';

/** A file as it was named, and what is in it. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * `updates publish-root`: publishes a root that its holders have signed, all in one file or each in a copy of his own.
 * @returns undefined if it is published already: the command may be run again
 * @throws UsageError if a key is needed for another role that is not at hand
 * @throws RefusalError THRESHOLD_NOT_MET while signatures are missing, STAGED_ROOT_REFUSED, and what clients refuse with
 */
export async function publishStaged(
  place: Workplace,
  [first, ...rest]: readonly [NamedFile, ...NamedFile[]],
  conditions: Conditions,
): Promise<ChangedRoot | undefined> {
  place.refuseLeftovers();
  const published = readPublished(place.read);
  const { root: old } = published;
  if (isSameRoot(parseRoot(first.bytes, printable(first.name)), old)) return undefined;

  const read = ({ bytes, name }: NamedFile) => readStagedRoot(bytes, printable(name), old, conditions.now);
  const staged = merged([read(first), ...rest.map(read)]);
  const signed = staged.signatures.map(({ keyid }) => keyid);
  const short = tally(staged, signed).filter(({ isReached }) => !isReached);
  if (short.length > 0) throw new RefusalError('THRESHOLD_NOT_MET', `${staged.root.file} needs more signatures: ${short.map(missing).join('; ')}.`); // prettier-ignore

  const bytes = stagedFile(staged);
  const root = latest(extendChain([old], bytes)); // what clients do with it, once more from the bytes
  const again = await publishRoot(place, published, { bytes, held: new Map(), before: [] }, conditions);
  return { old, root, again };
}

function missing({ version, threshold, signed, missing: others }: Tally): string {
  return `of the root keys of version ${version} it has ${signed.length}, and takes ${threshold} (still to sign: ${others.map(printable).join(', ')})`;
}
