import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { atWork } from '../authoring/workplace.ts';
import { update } from '../client/update.ts';
import { inWords } from '../config/duration.ts';
import { WARNINGS, type Warning } from '../contract/codes.ts';
import { isCoded, RefusalError, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { nameOf, sizeOf } from '../publishing/carry-out.ts';
import { publish, publishRoots, type Companion, type Published } from '../publishing/publish.ts';
import { ABSENT_TO_CLIENTS, httpStore } from '../stores/http.ts';
import { formatInstant, instantOf, type Instant } from '../tuf/instant.ts';
import { inBytes, progressShown } from './publish-progress.ts';
import { findWhereto, type Whereto } from './publish-where.ts';
import type { PublishOptions } from './publish.ts';
import { answer } from './question.ts';
import { signAbove } from './updates-run.ts';
import { findRepository } from './working-directory.ts';

/** The folder that is published. */
type Source = ReturnType<typeof findRepository>;

/** What the clients' address shows after a publish. */
interface Seen {
  readonly url: string;
  /** The version of the timestamp that clients get there; null if they get through to none. */
  readonly timestamp: number | null;
  readonly isNew: boolean;
  readonly message: string;
}

/** `timekeeper publish` */
export async function runPublish(where: string, dir: string, options: PublishOptions): Promise<void> {
  const { json = false, dryRun = false, roots = false, prune = false } = options;
  const now = instantOf(Date.now());
  const replace = versionOf(options.replace);
  const source = findRepository(dir, 'timekeeper publish WHERE DIR');
  const whereto = await findWhereto(where, options);
  const { destination, repository, receipts } = whereto;
  const progress = await progressShown(!json);
  const companion = companionOf(source, options, progress);
  const folder = source.repository;
  if (roots) {
    const done = await publishRoots({ folder, destination, dryRun }, companion);
    print(json, rootsResult(where, whereto, done, dryRun));
    return;
  }
  const published = await publish(
    {
      folder,
      destination,
      receipts,
      isAdvance: repository?.mode === 'advance',
      state: source.inLayout ? join(source.folder, '.timekeeper') : undefined,
      replace,
      prune,
      dryRun,
      now,
    },
    companion,
  );
  const seen = dryRun ? undefined : await lookAsClient(whereto, published, folder, now);
  print(json, result(where, whereto, published, dryRun, seen));
}

function versionOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given);
  throw new UsageError(`--replace is ${quote(given)}, not a version.`, {
    remedy: 'Name the version of the published snapshot.',
  });
}

function companionOf(
  { folder, inLayout }: Source,
  { json, dryRun, yes }: PublishOptions,
  progress: Companion['progress'],
): Companion {
  const tell = (sentence: string) => {
    if (json !== true) process.stderr.write(`${sentence}\n`);
  };
  return {
    progress,
    undisturbed: (read) => (inLayout && dryRun !== true ? atWork(folder, tell, () => read()) : read()),
    async sign(above) {
      if (!inLayout || !existsSync(join(folder, 'keys', 'timestamp.json')))
        throw new RefusalError('TIMESTAMP_BEHIND', `The published timestamp.json has version ${above}, and ours is not above it.`); // prettier-ignore
      tell(`The published timestamp.json has version ${above}: ours is signed again, above it.`);
      await signAbove({ path: folder }, above, tell);
    },
    async agree(publication) {
      const { unlisted } = publication;
      if (unlisted === undefined) tell('Nothing is removed yet: the published timestamp.json does not name this snapshot.'); // prettier-ignore
      if (unlisted === undefined || unlisted.length === 0 || yes === true) return;
      if (json !== true) process.stderr.write(`To be removed:\n${unlisted.map(({ name }) => `  targets/${printable(name)}\n`).join('')}`); // prettier-ignore
      const files = unlisted.length === 1 ? '1 file' : `${unlisted.length} files`;
      const choices = [{ value: 'no', name: 'no: publish nothing' }, { value: 'yes', name: 'yes' }]; // prettier-ignore
      const given = json === true ? undefined : await answer(undefined, { message: `Remove ${files} after the publish?`, option: '--yes', choices }); // prettier-ignore
      if (given !== 'yes') throw new UsageError(`Removing ${files} was not agreed to; nothing was written.`, { remedy: 'Leave --prune out, or agree with --yes.' }); // prettier-ignore
    },
  };
}

/** What a client gets at the address that clients know. A cache may keep what was there before for a while: that is no failure of the publish. */
async function lookAsClient(
  { repository }: Whereto,
  { timestamp, snapshot }: Published,
  folder: string,
  now: Instant,
): Promise<Seen | undefined> {
  const url = repository?.hosting.url;
  if (repository === undefined || url === undefined || timestamp === undefined) return undefined;
  const store = httpStore(url, { absent: ABSENT_TO_CLIENTS, timeoutMs: 20_000 });
  const later = `Caches may show what was there before for ${inWords(repository.cacheMax)}; then look with timekeeper status.`;
  try {
    const { readLocalRoots } = await import('../publishing/local-repository.ts');
    const roots = await readLocalRoots(folder);
    const oldest = roots.get(Math.min(...roots.keys())) ?? new Uint8Array();
    const seen = await update(store, new Map([['root.json', oldest]]), now);
    const isNew = seen.snapshot.sha256 === snapshot.sha256;
    const { version } = seen.timestamp;
    const message = isNew ? 'Clients get it.' : `Clients still get snapshot version ${seen.snapshot.version}. ${repository.mode === 'advance' ? 'The signer vouches for the new one at its next check, or at once: timekeeper resign.' : later}`; // prettier-ignore
    return { url, timestamp: version, isNew, message };
  } catch (error) {
    if (!isCoded(error)) throw error;
    const message = `A client that begins there now stops: ${error.message} (${error.code}) ${later}`;
    return { url, timestamp: null, isNew: false, message };
  }
}

/** What `--json` prints. */
interface Result {
  readonly repository: string;
  readonly outcome: 'done';
  readonly code: null;
  readonly dryRun: boolean;
  readonly place: string;
  readonly snapshot: { readonly version: number; readonly sha256: string } | null;
  readonly timestamp: { readonly version: number; readonly expires: string } | null;
  /** The version above which timestamp.json would be signed again; null if it would not be. */
  readonly signAbove: number | null;
  /** Names in the order of the uploads; those of one stage in any order. */
  readonly uploaded: readonly string[];
  readonly bytes: number;
  /** Targets that were there already. */
  readonly kept: number;
  readonly removed: readonly string[];
  readonly clients: Seen | null;
  readonly warnings: readonly Warning[];
}

function rootsResult(
  where: string,
  { destination }: Whereto,
  { names, warnings }: Awaited<ReturnType<typeof publishRoots>>,
  dryRun: boolean,
): Result {
  const nothing = { snapshot: null, timestamp: null, signAbove: null, bytes: 0, kept: 0, removed: [], clients: null };
  const done = { repository: where, outcome: 'done', code: null, dryRun, place: destination.place } as const;
  return { ...done, ...nothing, uploaded: names, warnings };
}

function result(
  where: string,
  { destination }: Whereto,
  { publication, uploaded, snapshot, timestamp, removed, warnings }: Published,
  dryRun: boolean,
  seen: Seen | undefined,
): Result {
  const { kept, unlisted = [] } = publication;
  return {
    repository: where,
    outcome: 'done',
    code: null,
    dryRun,
    place: destination.place,
    snapshot: { version: snapshot.version, sha256: snapshot.sha256 },
    timestamp: timestamp === undefined ? null : { version: timestamp.version, expires: formatInstant(timestamp.expires) }, // prettier-ignore
    signAbove: typeof publication.timestamp === 'object' ? publication.timestamp.above : null,
    uploaded: uploaded.map(nameOf),
    bytes: sizeOf(uploaded).bytes,
    kept: kept.files,
    removed: dryRun ? unlisted.map(({ name }) => `targets/${name}`) : removed.map((name) => `targets/${name}`),
    clients: seen ?? null,
    warnings,
  };
}

function print(json: boolean, done: Result): void {
  process.stdout.write(json ? `${JSON.stringify(done)}\n` : shown(done));
}

function shown(done: Result): string {
  const { dryRun, place, uploaded, bytes, kept, removed, snapshot, timestamp, signAbove, clients, warnings } = done;
  const lines: string[] = [];
  const would = dryRun ? 'Would upload' : 'Uploaded';
  const count = uploaded.length === 1 ? '1 file' : `${uploaded.length} files`;
  if (uploaded.length > 0) lines.push(`${would} ${count} (${inBytes(bytes)}) to ${printable(place)}:`);
  else lines.push(`${printable(place)} has all of it already.`);
  const last = dryRun ? uploaded : uploaded.slice(-SHOWN);
  if (last.length < uploaded.length) lines.push(`  ${uploaded.length - last.length} more, then`);
  for (const name of last) lines.push(`  ${printable(name)}`);
  if (signAbove !== null) lines.push(`  timestamp.json, signed again above version ${signAbove}`);
  if (kept > 0) lines.push(`  Targets there already:  ${kept}`);
  if (removed.length > 0) lines.push(`  ${dryRun ? 'Would remove' : 'Removed'}:  ${removed.map(printable).join(', ')}`);
  if (snapshot !== null && !dryRun) lines.push(`  Published:   snapshot version ${snapshot.version}${timestamp === null ? '' : `, timestamp.json version ${timestamp.version}, expires ${timestamp.expires}`}`); // prettier-ignore
  if (clients !== null) lines.push(`  ${printable(clients.url)}: ${clients.message}`);
  for (const { code, message } of warnings) lines.push(`  Warning (${code}): ${message} ${WARNINGS[code]}`);
  return `${lines.join('\n')}\n`;
}

const SHOWN = 20; // names; a first publish may have thousands
