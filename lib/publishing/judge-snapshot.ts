import { isRefusal, RefusalError, unlessRefused } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { fileOf, notRolledBack } from '../tuf/client.ts';
import { differs } from '../tuf/meta-file.ts';
import { parseSnapshot, type Snapshot } from '../tuf/snapshot.ts';
import { parseTargets, type Targets } from '../tuf/targets.ts';
import { verified } from '../tuf/verify.ts';
import { refuse, same, type Refusal, type RootVerdict } from './judge-roots.ts';
import type { LocalRepository } from './local-repository.ts';
import { observe } from './observed.ts';
import type { PublishedState } from './published-state.ts';

/** Names one snapshot. */
export interface SnapshotName {
  readonly version: number;
  readonly sha256: string;
}

/** A publish that was begun: its snapshot, and the SHA-256 of the targets metadata that it put. */
export interface Begun extends SnapshotName {
  readonly targets: readonly string[];
}

/** What is known of how our snapshot came about. */
export interface Lineage {
  /** What was there after the last publish from our folder. */
  readonly base: SnapshotName | undefined;
  /** What publishes from our folder began to put there since, and did not end. */
  readonly begun: readonly Begun[];
  /** What the last publish of anybody left for the signer, or, where the signer vouches for what is newest, claimed: such a publish may be under way. */
  readonly claim: SnapshotName | undefined;
  /** The version of a published snapshot that somebody decided to replace although ours does not come from it. */
  readonly replace: number | undefined;
}

/**
 * Judges the snapshot: nothing goes back in ours, and nothing that somebody else published is lost by it. Ours has to come from the one that is published:
 * that one is our base, or, where no base is known, whatever it lists is listed by ours too.
 * @returns undefined if ours may be published
 */
export function judgeSnapshot(
  local: LocalRepository,
  published: PublishedState,
  { chain, publishedVersion }: RootVerdict,
  lineage: Lineage,
): Refusal | undefined {
  const ours = local.snapshot;
  const stored = published.snapshot === undefined ? undefined : published.files.get(published.snapshot);
  const found = observe(stored?.bytes, parseSnapshot, 'snapshot', chain, publishedVersion);
  if (stored !== undefined && same(ours.bytes, stored.bytes)) return claimed(ours, found?.metadata, lineage);
  if (found !== undefined) {
    const { metadata: theirs, isBinding } = found;
    if (isBinding && theirs.version > ours.version)
      return refuse('METADATA_ROLLBACK', `Our ${ours.file} has version ${ours.version}, lower than the published ${theirs.version}.`); // prettier-ignore
    if (theirs.version === ours.version) return anotherOne(ours.file, ours.version);
    const back = isBinding ? goesBack(ours, theirs) : undefined;
    const lost = isReplaced(theirs.version, lineage) ? undefined : losesWork(local, theirs, published, lineage);
    if (back ?? lost) return back ?? lost;
  }
  return underWay(local, published, { chain, publishedVersion }, found?.metadata, lineage);
}

function goesBack(ours: Snapshot, theirs: Snapshot): Refusal | undefined {
  try {
    notRolledBack(ours, theirs);
    return undefined;
  } catch (error) {
    if (isRefusal(error)) return refuse(error.code, error.message);
    throw error;
  }
}

function isReplaced(version: number, { replace }: Lineage): boolean {
  return replace === version;
}

function losesWork(
  { targets }: LocalRepository,
  theirs: Snapshot,
  { listed }: PublishedState,
  { base, begun }: Lineage,
): Refusal | undefined {
  if (begun.some(({ sha256 }) => sha256 === theirs.sha256)) return undefined;
  if (base !== undefined) {
    // One below our base was put back by somebody: ours is what mends it.
    if (theirs.version < base.version || theirs.sha256 === base.sha256) return undefined;
    return refuse('PUBLISHED_MEANWHILE', `The published ${theirs.file} has version ${theirs.version}; ours was made from version ${base.version}, so it lacks what was published since.`); // prettier-ignore
  }
  const own = new Set(Array.from(targets.values(), (role) => Array.from(role.targets.keys())).flat());
  const missing = Array.from(listed ?? []).filter((path) => !own.has(path));
  const [first] = missing;
  if (first === undefined) return undefined;
  const more = missing.length === 1 ? '' : ` and ${missing.length - 1} more`;
  return refuse('PUBLISHED_MEANWHILE', `The published ${theirs.file}, version ${theirs.version}, lists ${quote(first)}${more}, which ours does not.`); // prettier-ignore
}

/** Somebody's publish is under way, or the file server has gone back since. */
function claimed(ours: Snapshot, theirs: Snapshot | undefined, lineage: Lineage): Refusal | undefined {
  const { claim, base, begun } = lineage;
  if (claim === undefined || [ours, base, ...begun].some((one) => one?.sha256 === claim.sha256)) return undefined;
  const there = theirs?.version ?? 0;
  if (claim.version <= there || isReplaced(there, lineage)) return undefined;
  return refuse('PUBLISHED_MEANWHILE', `Somebody else published, or has begun to publish, a snapshot of version ${claim.version}, which is not there.`); // prettier-ignore
}

/** Files that no published snapshot names and that are not ours: somebody's publish is under way, or was interrupted. */
function underWay(
  local: LocalRepository,
  published: PublishedState,
  { chain, publishedVersion }: RootVerdict,
  theirs: Snapshot | undefined,
  lineage: Lineage,
): Refusal | undefined {
  const { begun } = lineage;
  const claim = claimed(local.snapshot, theirs, lineage);
  if (claim !== undefined) return claim;
  for (const [name, bytes] of local.snapshotFiles) {
    const found = published.files.get(name)?.bytes;
    if (found === undefined || same(bytes, found) || name === published.snapshot || name === 'snapshot.json') continue;
    if (observe(found, parseSnapshot, 'snapshot', chain, publishedVersion) !== undefined) return anotherOne(name, local.snapshot.version); // prettier-ignore
  }
  for (const [role, { version }] of local.targets) {
    const stray = strayTargets(role, local, published, { chain, publishedVersion });
    if (stray === undefined || begun.some(({ targets }) => targets.includes(stray.metadata.sha256))) continue;
    const { name, metadata } = stray;
    const known = theirs?.meta.get(`${role}.json`);
    if (known?.version === metadata.version && differs(metadata.bytes, known) === undefined) continue;
    // Without a snapshot beside it, it is what is left of something older.
    const isOlder = known === undefined ? metadata.version < version : metadata.version <= known.version;
    if (isOlder || (theirs !== undefined && isReplaced(theirs.version, lineage))) continue;
    return refuse('PUBLISHED_MEANWHILE', `The published ${name} has version ${metadata.version} and is not ours, and no published snapshot names it: somebody else's publish is under way, or was interrupted.`); // prettier-ignore
  }
  return undefined;
}

/** What is published where the metadata of a role of ours is to be, if somebody entitled to it signed that, and it is other than ours. */
function strayTargets(
  role: string,
  { targets, targetsFiles }: LocalRepository,
  { files }: PublishedState,
  { chain, publishedVersion }: RootVerdict,
): { readonly name: string; readonly metadata: Targets } | undefined {
  const plain = fileOf(role);
  const version = targets.get(role)?.version ?? 0;
  for (const name of [plain, `${version}.${plain}`]) {
    const [ours, found] = [targetsFiles.get(name), files.get(name)?.bytes];
    if (ours === undefined || found === undefined || same(ours, found)) continue;
    const parse = (bytes: Uint8Array) => parseTargets(bytes, name);
    const metadata = role === 'targets' ? observe(found, parse, role, chain, publishedVersion)?.metadata : unlessRefused(() => delegatedTo(role, parse(found), targets)); // prettier-ignore
    if (metadata !== undefined) return { name, metadata };
  }
  return undefined;
}

/** @throws RefusalError if nobody of ours delegates to it, or not to whom it was signed by */
function delegatedTo(role: string, metadata: Targets, targets: LocalRepository['targets']): Targets {
  for (const { keys, delegations } of targets.values()) {
    const delegated = delegations.find(({ name }) => name === role);
    if (delegated !== undefined) return verified(metadata, delegated, keys, role);
  }
  throw new RefusalError('SIGNATURE_INVALID', `Nobody delegates to ${quote(role)}.`);
}

function anotherOne(file: string, version: number): Refusal {
  return refuse('PUBLISHED_MEANWHILE', `${file} of version ${version} is published already, and it is another one than ours: whatever replaces it needs a higher version.`); // prettier-ignore
}
