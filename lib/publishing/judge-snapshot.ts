import { isRefusal } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { notRolledBack } from '../tuf/client.ts';
import { differs } from '../tuf/meta-file.ts';
import { parseSnapshot, type Snapshot } from '../tuf/snapshot.ts';
import { parseTargets } from '../tuf/targets.ts';
import { refuse, same, type Refusal, type RootVerdict } from './judge-roots.ts';
import type { LocalRepository } from './local-repository.ts';
import { observe } from './observed.ts';
import type { PublishedState } from './published-state.ts';

/** Names one snapshot. */
export interface SnapshotName {
  readonly version: number;
  readonly sha256: string;
}

/** A publish that was begun: its snapshot, and the SHA-256 of its targets.json. */
export interface Begun extends SnapshotName {
  readonly targets: string;
}

/** What is known of how our snapshot came about. */
export interface Lineage {
  /** What was there after the last publish from our folder. */
  readonly base: SnapshotName | undefined;
  /** What publishes from our folder began to put there since, and did not end. */
  readonly begun: readonly Begun[];
  /** What the last publish of anybody claimed, where the signer vouches for what is newest: such a publish may be under way. */
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
  if (stored !== undefined && same(ours.bytes, stored.bytes)) return undefined;
  const found = observe(stored?.bytes, parseSnapshot, 'snapshot', chain, publishedVersion);
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

/** Files that no published snapshot names and that are not ours: somebody's publish is under way, or was interrupted. */
function underWay(
  local: LocalRepository,
  published: PublishedState,
  { chain, publishedVersion }: RootVerdict,
  theirs: Snapshot | undefined,
  lineage: Lineage,
): Refusal | undefined {
  const { claim, begun } = lineage;
  const isOurs = claim === undefined || [local.snapshot, ...begun].some(({ sha256 }) => sha256 === claim.sha256);
  if (!isOurs && claim.version > (theirs?.version ?? 0) && !isReplaced(theirs?.version ?? 0, lineage))
    return refuse('PUBLISHED_MEANWHILE', `Somebody else has begun to publish a snapshot of version ${claim.version}, which is not there yet.`); // prettier-ignore
  for (const [name, bytes] of local.snapshotFiles) {
    const found = published.files.get(name)?.bytes;
    if (found === undefined || same(bytes, found) || name === published.snapshot || name === 'snapshot.json') continue;
    if (observe(found, parseSnapshot, 'snapshot', chain, publishedVersion) !== undefined) return anotherOne(name, local.snapshot.version); // prettier-ignore
  }
  for (const [name, bytes] of local.targetsFiles) {
    const found = published.files.get(name)?.bytes;
    if (!/^(\d+\.)?targets\.json$/.test(name) || found === undefined || same(bytes, found)) continue;
    const known = theirs?.meta.get('targets.json');
    if (known !== undefined && differs(found, known) === undefined) continue;
    const other = observe(found, (it) => parseTargets(it, name), 'targets', chain, publishedVersion)?.metadata;
    if (other === undefined || begun.some(({ targets }) => targets === other.sha256)) continue;
    // Without a snapshot beside it, it is what is left of something older.
    const isOlder = known === undefined ? other.version < versionOf(local) : other.version <= known.version;
    if (isOlder) continue;
    if (theirs !== undefined && isReplaced(theirs.version, lineage)) continue;
    return refuse('PUBLISHED_MEANWHILE', `The published ${name} has version ${other.version} and is not ours, and no published snapshot names it: somebody else's publish is under way, or was interrupted.`); // prettier-ignore
  }
  return undefined;
}

function versionOf({ targets }: LocalRepository): number {
  return targets.get('targets')?.version ?? 0;
}

function anotherOne(file: string, version: number): Refusal {
  return refuse('PUBLISHED_MEANWHILE', `${file} of version ${version} is published already, and it is another one than ours.`); // prettier-ignore
}
