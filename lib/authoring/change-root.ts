import { UsageError } from '../contract/errors.ts';
import type { Signer } from '../keys/signer.ts';
import type { RoleType } from '../tuf/envelope.ts';
import type { Instant, Seconds } from '../tuf/instant.ts';
import type { PublicKey } from '../tuf/key.ts';
import { parseRoot, type Root } from '../tuf/root.ts';
import { changedRoot, type RootChanges } from './changed-root.ts';
import type { Conditions } from './conditions.ts';
import { newKey } from './new-key.ts';
import { objectionTo } from './next-root.ts';
import { readPublished } from './published.ts';
import { publishRoot, type SignedRoot } from './root-publication.ts';
import { assembledFile, signedFile } from './signed-file.ts';
import { idIn, rootSigners } from './signing-key.ts';
import { tally, type StagedRoot } from './staged-root.ts';
import type { Workplace } from './workplace.ts';

/** What a command changed. */
export interface ChangedRoot {
  readonly old: Root;
  readonly root: Root;
  /** The roles that were signed again. */
  readonly again: readonly RoleType[];
}

/**
 * `updates add-key` and `revoke-key`: publishes a root with other keys or thresholds, signed with the root keys that are at hand.
 * @throws UsageError if the change makes no root that clients can live with, or the root keys at hand are too few
 * @throws RefusalError - what clients refuse with, UNFINISHED_WORK
 */
export async function changeRoot(place: Workplace, changes: RootChanges, conditions: Conditions): Promise<ChangedRoot> {
  place.refuseLeftovers();
  return change(place, changes, { held: new Map(), before: [] }, conditions);
}

/** `updates add-key --generate`: the same with a new key, which is on the disk before the root that lists it is published. */
export async function addNewKey(
  place: Workplace,
  role: RoleType,
  changes: RootChanges,
  conditions: Conditions,
): Promise<ChangedRoot & { readonly key: PublicKey }> {
  place.refuseLeftovers();
  const { publicKey, keys, keyFile } = await newKey(place, role, conditions);
  const opened = { held: new Map([[role, keys]]), before: [keyFile] };
  const changed = await change(place, { ...changes, added: [{ role, key: publicKey }] }, opened, conditions);
  return { ...changed, key: publicKey };
}

async function change(
  place: Workplace,
  changes: RootChanges,
  { held, before }: Omit<SignedRoot, 'bytes'>,
  conditions: Conditions,
): Promise<ChangedRoot> {
  const { keyRing, now, validity } = conditions;
  const published = readPublished(place.read);
  const staged = nextRoot(published.root, changes, validity.root, now);
  const rootKeys = held.get('root') ?? (await keyRing.open('root', place.keyFile('root')));
  refuseTooFew(staged, rootKeys);
  const bytes = await signedFile(
    staged.root.signed,
    rootSigners(staged.root, published.root, rootKeys),
    published.root.bytes,
  );
  const again = await publishRoot(place, published, { bytes, held, before }, conditions);
  return { old: published.root, root: parseRoot(bytes), again };
}

/**
 * `updates stage-root`: makes the next root for its holders to sign. Needs no key and publishes nothing.
 * @returns the root, without a signature
 * @throws UsageError if the change makes no root that clients can live with
 * @throws RefusalError - what clients refuse with, UNFINISHED_WORK
 */
export function stageRoot(
  place: Workplace,
  changes: RootChanges,
  { now, validity }: Pick<Conditions, 'now' | 'validity'>,
): StagedRoot {
  place.refuseLeftovers();
  return nextRoot(readPublished(place.read).root, changes, validity.root, now);
}

function nextRoot(old: Root, changes: RootChanges, life: Seconds, now: Instant): StagedRoot {
  const signed = changedRoot(old, changes, life, now);
  const root = parseRoot(assembledFile(signed, [], old.bytes), 'the new root');
  const objection = objectionTo(root, old, now);
  if (objection !== undefined) throw new UsageError(objection.message, { remedy: objection.remedy });
  return { root, old, signatures: [] };
}

function refuseTooFew({ root, old }: StagedRoot, keys: readonly Signer[]): void {
  const ids = keys.flatMap((key) => [root, old].flatMap((by) => idIn(by, 'root', key) ?? []));
  const short = tally({ root, old }, ids).find(({ isReached }) => !isReached);
  if (short === undefined) return;
  const { version, threshold, signed } = short;
  throw new UsageError(
    `Version ${root.version} of root.json takes ${threshold} of the root keys of version ${version}, and keys/root.json holds ${signed.length}.`,
    {
      // prettier-ignore
      remedy:
      'Have the other holders sign too: timekeeper updates stage-root with the same change, then updates sign, then updates publish-root. Nothing was changed.',
    },
  );
}
