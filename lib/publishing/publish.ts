import { FailureError, RefusalError, unlessRefused } from '../contract/errors.ts';
import { firstFew } from '../contract/printable.ts';
import type { Warning } from '../contract/codes.ts';
import type { Store } from '../stores/store.ts';
import type { Instant } from '../tuf/instant.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { parseTimestamp } from '../tuf/timestamp.ts';
import { carryOut, nameOf, sizeOf, type Progress } from './carry-out.ts';
import type { Destination } from './destination.ts';
import { inParallel } from '../stores/in-parallel.ts';
import { same, type Refusal } from './judge-roots.ts';
import type { SnapshotName } from './judge-snapshot.ts';
import { readLocal, readLocalRoots, targetsFolder, type LocalRepository } from './local-repository.ts';
import { checkTargets, listedFiles, type CheckedTarget } from './local-target.ts';
import {
  planPublication,
  planRoots,
  type Publication,
  type Put,
  type Stage,
  type Unlisted,
} from './plan-publication.ts';
import { readPublishedRoots, readPublishedState, type PublishedState } from './published-state.ts';
import { leaveReceipt, readReceipt, receiptIn } from './receipt.ts';
import { readRecord, writeRecord, type PublishRecord } from './record.ts';

/** What is published where, and how. */
export interface Publishing {
  /** The folder with our metadata and `targets/`. */
  readonly folder: string;
  readonly destination: Destination;
  /** The signer vouches for newer snapshots: timestamp.json is left to it. */
  readonly isAdvance: boolean;
  /** Where the signer looks for the receipt; undefined where there is no signer. */
  readonly receipts: Store | undefined;
  /** Our own state's folder, beside the repository; undefined where there is none. */
  readonly state: string | undefined;
  /** The version of a published snapshot that is replaced although ours does not come from it. */
  readonly replace: number | undefined;
  /** Also removes what clients need no more. */
  readonly prune: boolean;
  /** Nothing is written anywhere. */
  readonly dryRun: boolean;
  /** The one clock reading. */
  readonly now: Instant;
}

/** What a publish asks of whoever runs it. */
export interface Companion {
  /** Reads our folder while nobody changes it. */
  undisturbed<T>(read: () => Promise<T>): Promise<T>;
  /**
   * Signs our timestamp.json again, in our folder.
   * @throws RefusalError TIMESTAMP_BEHIND if the key is not here
   */
  sign(above: number): Promise<void>;
  /** Is shown what will be done, before anything is. Whoever does not want it throws. */
  agree(publication: Publication): Promise<void>;
  readonly progress: Progress;
}

/** What a publish came to. */
export interface Published {
  /** What was decided last; for a dry run, what would be done. */
  readonly publication: Publication;
  /** What was put, in that order; for a dry run, what would be. */
  readonly uploaded: readonly Put[];
  readonly snapshot: SnapshotName;
  /** The timestamp that is there now; undefined if none is. */
  readonly timestamp: { readonly version: number; readonly expires: Instant } | undefined;
  /** Names of the files below `targets/` that were removed. */
  readonly removed: readonly string[];
  readonly warnings: readonly Warning[];
}

const ATTEMPTS = 5; // the signer signs once in ten minutes; who else is faster than we are again and again is no accident

/**
 * Publishes a repository: verifies ours, compares it with what is there, and puts what is missing, in an order in which clients get through at every moment.
 * What somebody else writes meanwhile is looked at and judged again. A run that broke off is gone on with by the next one.
 * @throws RefusalError - as planPublication refuses; what a client refuses of our own folder; TARGET_FILE_MISSING, TARGET_FILE_MISMATCH; TIMESTAMP_BEHIND
 * @throws FailureError LOST_RACE, LOCKED, STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function publish(publishing: Publishing, companion: Companion): Promise<Published> {
  const { folder, destination, isAdvance, dryRun } = publishing;
  const [first, checked] = await companion.undisturbed(async () => {
    const local = await readLocal(folder, { withoutTimestamp: isAdvance });
    const files = listedFiles(local.targets.values(), local.root.consistentSnapshot, targetsFolder(folder));
    return [local, await checkTargets(files, destination.partSize)] as const;
  });
  const work = () => attempts(publishing, companion, first, checked);
  return dryRun ? work() : destination.alone(work);
}

async function attempts(
  publishing: Publishing,
  companion: Companion,
  first: LocalRepository,
  checked: readonly CheckedTarget[],
): Promise<Published> {
  const { folder, destination, isAdvance, receipts, state, replace, dryRun, prune, now } = publishing;
  let local = first;
  let agreed: ReadonlySet<string> | undefined;
  let lost: string | undefined;
  const uploaded: Put[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await readRecord(state, destination.place);
    const receipt = receipts && (await readReceipt(receipts));
    const claim = receipt && receiptIn(receipt.bytes);
    const withListed = record.base === undefined;
    const published = await readPublishedState(destination, local, checked, { isAdvance, withListed });
    const plan = planPublication(local, checked, published, { ...record, claim, replace, isAdvance, now });
    if (plan.do === 'refuse') throw asError(plan, uploaded);
    const unlisted = prune ? plan.unlisted : [];
    const publication: Publication = { ...plan, unlisted: unlisted?.filter(({ name }) => agreed?.has(name) ?? true) };
    if (agreed === undefined && !dryRun) await companion.agree(publication);
    agreed ??= new Set(publication.unlisted?.map(({ name }) => name));
    const { snapshot } = local;
    if (dryRun) return { publication, uploaded: putsOf(plan.stages), snapshot, timestamp: timestampOf(publication, local, published), removed: [], warnings: plan.warnings }; // prettier-ignore
    if (typeof plan.timestamp === 'object') {
      await companion.sign(plan.timestamp.above);
      local = await companion.undisturbed(() => readLocal(folder, { withoutTimestamp: isAdvance }));
      if (local.snapshot.sha256 !== snapshot.sha256)
        throw new FailureError('LOST_RACE', 'Our folder was changed while it was published.');
      continue;
    }

    // From now on what is put is known to be ours, also if this run breaks off.
    if (plan.stages.length > 0) await writeRecord(state, destination.place, withBegun(record, local, plan.stages));
    const claiming = isAdvance && receipts !== undefined;
    const [before, after] = claiming ? cutAtSnapshot(plan.stages) : [plan.stages, []];
    lost = await run(before, destination, companion.progress, uploaded);
    if (lost !== undefined) continue;
    if (claiming) await leaveReceipt(receipts, snapshot, receipt, true);
    lost = await run(after, destination, companion.progress, uploaded);
    lost ??= plan.stages.length === 0 ? undefined : await goneMeanwhile(destination, checked, published);
    if (lost !== undefined) continue;

    if (!isAdvance && receipts !== undefined) await leaveReceipt(receipts, snapshot, receipt, false);
    await writeRecord(state, destination.place, { base: snapshotName(snapshot), begun: [] });
    const unneeded = publication.unlisted ?? [];
    lost = unneeded.length === 0 || (await isStillPublished(destination, published, plan, local)) ? undefined : 'timestamp.json'; // prettier-ignore
    if (lost !== undefined) continue;
    const removed = await remove(unneeded, destination);
    return { publication, uploaded, snapshot, timestamp: timestampOf(publication, local, published), removed, warnings: plan.warnings }; // prettier-ignore
  }
  throw new FailureError('LOST_RACE', `${lost ?? 'timestamp.json'} was written by somebody else again and again.`);
}

const REMEMBERED = 20; // publishes that were begun; who breaks off more often in a row may have to say --replace

function withBegun(
  { base, begun }: PublishRecord,
  { snapshot, targets }: LocalRepository,
  stages: readonly Stage[],
): PublishRecord {
  const put = new Set(putsOf(stages).map((one) => (one.is === 'metadata' ? one.bytes : undefined)));
  const earlier = begun.find(({ sha256 }) => sha256 === snapshot.sha256)?.targets ?? []; // the last run put some of them
  const now = Array.from(targets.values()).filter(({ bytes }) => put.has(bytes));
  const ours = { ...snapshotName(snapshot), targets: Array.from(new Set([...earlier, ...now.map(({ sha256 }) => sha256)])) }; // prettier-ignore
  const others = begun.filter(({ sha256 }) => sha256 !== snapshot.sha256);
  return { base, begun: [...others, ours].slice(-REMEMBERED) };
}

function snapshotName({ version, sha256 }: SnapshotName): SnapshotName {
  return { version, sha256 };
}

function putsOf(stages: readonly Stage[]): readonly Put[] {
  return stages.flatMap(({ puts }) => puts);
}

function cutAtSnapshot(stages: readonly Stage[]): readonly [before: readonly Stage[], after: readonly Stage[]] {
  const at = stages.findIndex(({ name }) => name === 'snapshot');
  return at === -1 ? [stages, []] : [stages.slice(0, at), stages.slice(at)];
}

async function run(
  stages: readonly Stage[],
  destination: Destination,
  progress: Progress,
  uploaded: Put[],
): Promise<string | undefined> {
  if (stages.length === 0) return undefined;
  progress.begin(sizeOf(putsOf(stages)));
  const onBytes = (count: number) => {
    progress.bytes(count);
  };
  try {
    return await carryOut(stages, destination, onBytes, uploaded);
  } finally {
    progress.end();
  }
}

function timestampOf(
  { timestamp }: Publication,
  { timestamp: ours }: LocalRepository,
  { files }: PublishedState,
): Published['timestamp'] {
  if (timestamp !== 'leave') return timestamp === 'put' ? ours : undefined;
  const theirs = files.get('timestamp.json');
  return theirs && unlessRefused(() => parseTimestamp(theirs.bytes)); // what cannot be read the signer mends
}

/** A target that another publish replaced or removed since it was looked at or put: the next attempt puts it again. Targets go first, so who was told that he came second may have put his. */
async function goneMeanwhile(
  destination: Destination,
  checked: readonly CheckedTarget[],
  before: PublishedState,
): Promise<string | undefined> {
  const there = await destination.targets();
  const gone: string[] = [];
  await inParallel(checked, 8, async (file) => {
    const found = there.get(file.name);
    const known = before.targets.get(file.name);
    if (found !== undefined && known?.isOurs === true && known.token === found.token) return;
    if (found === undefined || !(await destination.isSame(found, file))) gone.push(`targets/${file.name}`);
  });
  return gone[0];
}

/** What is removed must not be what somebody published meanwhile, say while we were asking. */
async function isStillPublished(
  { metadata }: Destination,
  { files }: PublishedState,
  { timestamp }: Publication,
  local: LocalRepository,
): Promise<boolean> {
  const ours = timestamp === 'put' ? local.timestamp?.bytes : files.get('timestamp.json')?.bytes;
  const now = await metadata.get('timestamp.json', MAX_BYTES.timestamp);
  return ours !== undefined && same(ours, now?.bytes);
}

async function remove(unlisted: readonly Unlisted[], destination: Destination): Promise<readonly string[]> {
  const removed: string[] = [];
  await inParallel(unlisted, 4, async ({ name, token }) => {
    if ((await destination.removeTarget(name, token)) === 'removed') removed.push(name);
  });
  return removed.toSorted();
}

/**
 * Puts back the `N.root.json` that we have and that is missing there, and nothing else. Needs nothing of our folder but roots.
 * @returns their names, and which are missing still
 * @throws RefusalError OTHER_REPOSITORY, METADATA_ROLLBACK, ROOT_INVALID
 * @throws FailureError LOST_RACE, LOCKED, STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function publishRoots(
  { folder, destination, dryRun }: Pick<Publishing, 'folder' | 'destination' | 'dryRun'>,
  { undisturbed, progress }: Pick<Companion, 'undisturbed' | 'progress'>,
): Promise<{ readonly names: readonly string[]; readonly warnings: readonly Warning[] }> {
  const roots = await undisturbed(() => readLocalRoots(folder));
  const work = async () => {
    const plan = planRoots({ roots }, await readPublishedRoots(destination));
    if (plan.do === 'refuse') throw asError(plan, []);
    const lost = dryRun ? undefined : await run(plan.stages, destination, progress, []);
    if (lost !== undefined) throw new FailureError('LOST_RACE', `${lost} was written by somebody else meanwhile.`);
    return { names: putsOf(plan.stages).map(nameOf), warnings: plan.warnings };
  };
  return dryRun ? work() : destination.alone(work);
}

/** @param uploaded - by this run, before it learned of it */
function asError({ code, message }: Refusal, uploaded: readonly Put[]): RefusalError {
  const replaced = uploaded.filter((put) => put.is === 'target' && put.expected !== 'absent').map(nameOf);
  const more = replaced.length === 0 ? '' : ` This run had replaced ${firstFew(replaced)} by then: a publish that is under way puts its own again; one that has ended has to be run once more.`; // prettier-ignore
  return new RefusalError(code, message + more);
}
