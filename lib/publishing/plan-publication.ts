import type { Warning } from '../contract/codes.ts';
import type { Token } from '../stores/store.ts';
import type { Metadata } from '../tuf/envelope.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import { isDamaged, judgeRoots, refuse, same, type Refusal } from './judge-roots.ts';
import { judgeSnapshot, type Lineage } from './judge-snapshot.ts';
import { judgeTimestamp, type TimestampWish } from './judge-timestamp.ts';
import type { LocalRepository } from './local-repository.ts';
import type { CheckedTarget } from './local-target.ts';
import type { PublishedState } from './published-state.ts';

/** Why files go together: the steps of a publish, in their order. */
export type StageName = 'new targets' | 'replaced targets' | 'roots' | 'root.json' | 'targets metadata' | 'snapshot' | 'timestamp'; // prettier-ignore

/** One file that is put, and what has to be there before. */
export type Put =
  | { readonly is: 'target'; readonly file: CheckedTarget; readonly expected: Token | 'absent' }
  | {
      readonly is: 'metadata';
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly expected: Token | 'absent';
    };

/** Files that may be put at the same time. A stage begins when the one before it is over. */
export interface Stage {
  readonly name: StageName;
  readonly puts: readonly Put[];
}

/** A target's file that no metadata of ours lists. */
export interface Unlisted {
  readonly name: string;
  readonly token: Token;
}

/** What a publish does. */
export interface Publication {
  readonly do: 'publish';
  /** Only those in which there is something to put. */
  readonly stages: readonly Stage[];
  /** Targets that are there already. */
  readonly kept: { readonly files: number; readonly bytes: number };
  /** Files below `targets/` that clients need no more once this is published; undefined while they still do, until the signer vouches for it. */
  readonly unlisted: readonly Unlisted[] | undefined;
  /** Whether timestamp.json is put, stays as it is, or has to be signed again first: above this version. */
  readonly timestamp: 'put' | 'leave' | { readonly above: number };
  readonly warnings: readonly Warning[];
}

/** What is to be done now, or why nothing may be. */
export type Plan = Publication | Refusal;

/** How a publish is wanted. */
export type Wish = Lineage & TimestampWish;

/**
 * Decides what is put, in which order, or why nothing may be. The same input gives the same plan.
 * @param local - our folder, verified
 * @param checked - its targets, each of them what the metadata says
 * @param published - what is there now; nothing in it is trusted
 * @returns never throws; codes: OTHER_REPOSITORY, METADATA_ROLLBACK, METADATA_EXPIRED, PUBLISHED_MEANWHILE, TIMESTAMP_MISSING, and what a chain of roots is refused with
 */
export function planPublication(
  local: LocalRepository,
  checked: readonly CheckedTarget[],
  published: PublishedState,
  wish: Wish,
): Plan {
  const roots = judgeRoots(local, published);
  if ('do' in roots) return roots;
  const timestamp = judgeTimestamp(local, published, roots, wish);
  if (timestamp.do === 'refuse') return timestamp;
  const refusal = judgeSnapshot(local, published, roots, wish) ?? judgeExpiry(local, wish.now);
  if (refusal !== undefined) return refusal;

  const stages = [...targetStages(checked, published), ...metadataStages(local, published, roots.publishedVersion)];
  if (timestamp.do === 'put' && local.timestamp !== undefined)
    stages.push(stage('timestamp', published, [['timestamp.json', local.timestamp.bytes]]));
  const needed = new Set(checked.map(({ name }) => name));
  const kept = checked.filter(({ name }) => published.targets.get(name)?.isOurs === true);
  return {
    do: 'publish',
    stages: stages.filter(({ puts }) => puts.length > 0),
    kept: { files: kept.length, bytes: kept.reduce((sum, { target }) => sum + target.length, 0) },
    unlisted: timestamp.do === 'leave' && !timestamp.vouches ? undefined : Array.from(published.targets).flatMap(([name, { token }]) => needed.has(name) ? [] : [{ name, token }]), // prettier-ignore
    timestamp: timestamp.do === 'sign' ? { above: timestamp.above } : timestamp.do,
    warnings: [...hiddenRoots(local, published, roots.publishedVersion), ...goneTimestamp(local, published, wish)],
  };
}

/** Targets whose name is new harm nobody; one that replaces another is what clients stumble over, so it waits until the others are there. */
function targetStages(checked: readonly CheckedTarget[], { targets }: PublishedState): Stage[] {
  const puts = checked.flatMap((file): Put[] => {
    const there = targets.get(file.name);
    return there?.isOurs === true ? [] : [{ is: 'target', file, expected: there?.token ?? 'absent' }];
  });
  return [
    { name: 'new targets', puts: puts.filter(({ expected }) => expected === 'absent') },
    { name: 'replaced targets', puts: puts.filter(({ expected }) => expected !== 'absent') },
  ];
}

function metadataStages(local: LocalRepository, published: PublishedState, publishedVersion: number): Stage[] {
  const { roots: own, root, targetsFiles, snapshotFiles } = local;
  const isNew = (version: number) => version > publishedVersion || (publishedVersion === 0 && own.has(version));
  const newRoots = Array.from(own).filter(([version]) => isNew(version) || version === root.version);
  const roots = [
    // One by one: a client follows them in their order.
    ...newRoots
      .sort(([one], [other]) => one - other)
      .map(([version, bytes]) => stage('roots', published, [[`${version}.root.json`, bytes]])),
    stage('root.json', published, [['root.json', root.bytes]]),
  ];
  const rest = [stage('targets metadata', published, targetsFiles), stage('snapshot', published, snapshotFiles)];
  // Numbered metadata harm nobody before the timestamp names them; a root that changes keys does until the timestamp is there.
  const isNumbered = rest.every(({ puts }) => puts.every((put) => put.expected === 'absent'));
  return publishedVersion > 0 && root.consistentSnapshot && isNumbered ? [...rest, ...roots] : [...roots, ...rest];
}

function stage(
  name: StageName,
  { files }: PublishedState,
  all: Iterable<readonly [name: string, bytes: Uint8Array]>,
): Stage {
  const puts = Array.from(all, ([file, bytes]): Put => ({ is: 'metadata', name: file, bytes, expected: files.get(file)?.token ?? 'absent' })); // prettier-ignore
  return { name, puts: puts.filter((put) => put.is === 'metadata' && !same(put.bytes, files.get(put.name)?.bytes)) };
}

/** A plan for roots alone: those of ours that are missing there. @returns codes: OTHER_REPOSITORY, METADATA_ROLLBACK, ROOT_INVALID */
export function planRoots(
  local: Pick<LocalRepository, 'roots'>,
  published: Pick<PublishedState, 'roots' | 'files'>,
): Pick<Publication, 'do' | 'stages' | 'warnings'> | Refusal {
  const verdict = judgeRoots(local, published);
  if ('do' in verdict) return verdict;
  const proved = new Set(verdict.chain.map(({ version }) => version));
  const missing = Array.from(local.roots)
    .filter(([version]) => proved.has(version) && isMissing(version, published))
    .sort(([one], [other]) => one - other);
  const stages = missing.map(([version, bytes]): Stage => ({
    name: 'roots',
    puts: [{ is: 'metadata', name: `${version}.root.json`, bytes, expected: published.roots.get(version)?.token ?? 'absent' }], // prettier-ignore
  }));
  return { do: 'publish', stages, warnings: lostRoots(local, published, missing) };
}

/** Roots that no client gets: those that we have not either, and those of ours that no chain of ours proves. */
function lostRoots(
  { roots }: Pick<LocalRepository, 'roots'>,
  published: Pick<PublishedState, 'roots'>,
  put: readonly (readonly [version: number, bytes: Uint8Array])[],
): Warning[] {
  const versions = Array.from({ length: Math.max(...roots.keys()) }, (_, index) => index + 1);
  return versions
    .filter((version) => isMissing(version, published) && !put.some(([one]) => one === version))
    .map((version) => ({
      code: 'ROOT_HIDDEN',
      message: roots.has(version)
        ? `${version}.root.json is not published, and in our folder one after it is missing too, so that nothing proves it.`
        : `${version}.root.json is not published, and not in our folder.`,
    }));
}

function isMissing(version: number, { roots }: Pick<PublishedState, 'roots'>): boolean {
  return !roots.has(version) || isDamaged(roots.get(version));
}

/** What is published would be refused by clients. The timestamp is judged by itself: it may not be ours that is served. */
function judgeExpiry({ root, snapshot, targets }: LocalRepository, now: Instant): Refusal | undefined {
  const roles: readonly Metadata[] = [root, snapshot, ...targets.values()];
  const expired = roles.find(({ expires }) => expires <= now);
  if (expired === undefined) return undefined;
  const { file, version, expires } = expired;
  return refuse('METADATA_EXPIRED', `${file} (version ${version}) expired at ${formatInstant(expires)}.`);
}

/** We published one, and do not know which versions the signer gave it since. Where the signer alone makes it, it heals that by itself. */
function goneTimestamp(
  { timestamp }: LocalRepository,
  { files }: PublishedState,
  { base, isAdvance }: Wish,
): Warning[] {
  if (isAdvance || base === undefined || files.has('timestamp.json') || timestamp === undefined) return [];
  return [{ code: 'TIMESTAMP_GONE', message: `timestamp.json was not there any more; ours has version ${timestamp.version}, and clients that know a higher one refuse it.` }]; // prettier-ignore
}

function hiddenRoots({ roots }: LocalRepository, published: PublishedState, publishedVersion: number): Warning[] {
  return Array.from(roots.keys())
    .filter((version) => version < publishedVersion && isMissing(version, published))
    .map((version) => ({
      code: 'ROOT_HIDDEN',
      message: `${version}.root.json is ${published.roots.has(version) ? 'damaged where it is' : 'not'} published; publish --roots puts it back.`,
    }));
}
