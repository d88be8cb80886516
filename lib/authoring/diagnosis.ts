import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Code } from '../contract/codes.ts';
import { isRefusal } from '../contract/errors.ts';
import { firstFew } from '../contract/printable.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import { beginChain, extendChain, latest } from '../tuf/root-chain.ts';
import { readPublished, type Published, type ReadFile } from './published.ts';
import { targetFaults, type Depth } from './target-faults.ts';
import { Workplace } from './workplace.ts';

/** Something that is wrong in a working directory. */
export interface Ailment {
  /** `refused`: clients stop there. `expired`: they stop once they see it. `file`: who wants that target fails. The others keep the next command from working. */
  readonly is: 'refused' | 'expired' | 'file' | 'interrupted' | 'left';
  readonly code: Code;
  readonly message: string;
  /** What mends it: a command to be typed as it stands in backticks, where there is one. */
  readonly remedy: string;
}

/**
 * What is wrong in a working directory and keeps clients or the next command from going on, gravest first.
 * @param folder - the working directory, as it was named
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export function diagnose(folder: string, depth: Depth, now: Instant): readonly Ailment[] {
  const place = new Workplace(folder);
  if (place.isInterrupted()) return [interrupted(folder)]; // all else is judged when that is finished
  const at = (...path: readonly string[]) => inShell(join(folder, ...path));
  const found: Ailment[] = [];
  try {
    const published = readPublished(readerOf(place));
    found.push(...unnumbered(published, place.read, at), ...expired(published, place, now), ...targets(place, published, depth)); // prettier-ignore
  } catch (error) {
    if (!isRefusal(error)) throw error;
    found.push({
      is: 'refused',
      code: error.code,
      message: error.message,
      remedy: remedyFor(error.code, place, at) ?? error.remedy,
    });
  }
  return [...found, ...leftovers(place, at)];
}

/** python-tuf and tuftool, whose snapshots are consistent, write no plain root.json; clients never ask for it, so the newest numbered one stands for it. */
function readerOf(place: Workplace): ReadFile {
  const newest = place.read('root.json', MAX_BYTES.root) === undefined ? newestRoot(place) : undefined;
  const root = newest === undefined ? undefined : place.read(newest, MAX_BYTES.root);
  if (root === undefined || !latest(beginChain(root)).consistentSnapshot) return place.read;
  return (name, maxBytes) => (name === 'root.json' ? root : place.read(name, maxBytes));
}

type At = (...path: readonly string[]) => string;

function interrupted(folder: string): Ailment {
  return {
    is: 'interrupted',
    code: 'UNFINISHED_WORK',
    message: 'A command was interrupted; .timekeeper/update holds what it was about to do.',
    remedy: `The next command finishes or undoes it: \`timekeeper updates timestamp${pathOption(folder)}\`.`,
  };
}

function leftovers(place: Workplace, at: At): readonly Ailment[] {
  const { staged, backups } = place.leftovers();
  const left = { is: 'left', code: 'UNFINISHED_WORK' } as const;
  const found: Ailment[] = [];
  if (staged.length > 0) {
    const message = `A command of fleetctl's did not end well and left ${firstFew(staged)}; none of it is published.`;
    found.push({ ...left, message, remedy: `Remove it, and run that command again: \`rm -r ${at('staged')}\`.` });
  }
  if (backups.length > 0) {
    const message = `A rotation by fleetctl did not end well and left ${firstFew(backups)}.`;
    found.push({ ...left, message, remedy: `If nothing else is wrong here: \`rm -r ${backups.map((name) => at(name)).join(' ')}\`. Else put back what is in it first.` }); // prettier-ignore
  }
  return found;
}

/** Clients ask for the numbered roots only. */
function unnumbered({ root }: Published, read: ReadFile, at: At): readonly Ailment[] {
  const name = `${root.version}.root.json`;
  if (read(name, MAX_BYTES.root) !== undefined) return [];
  const remedy = `Publish root.json under its number too: \`cp ${at('repository', 'root.json')} ${at('repository', name)}\`.`; // prettier-ignore
  return [
    {
      is: 'refused',
      code: 'ROOT_INVALID',
      message: `${name} is missing: clients with an older root look for it.`,
      remedy,
    },
  ];
}

/** A snapshot takes the timestamp along, targets both: so only the first has to be named. */
function expired(
  { root, targets, snapshot, timestamp }: Published,
  { folder }: Workplace,
  now: Instant,
): readonly Ailment[] {
  const commands = [
    [root, 'updates extend root'],
    [targets, 'updates extend targets'],
    [snapshot, 'updates extend snapshot'],
    [timestamp, isEnrolled(folder) ? 'resign' : 'updates timestamp'],
  ] as const;
  return commands
    .filter(([{ expires }]) => expires <= now)
    .map(([{ file, version, expires }, command]) => ({
      is: 'expired' as const,
      code: 'METADATA_EXPIRED' as const,
      message: `${file} (version ${version}) expired at ${formatInstant(expires)}.`,
      remedy: `Give it a new life: \`timekeeper ${command}${pathOption(folder)}\`.`,
    }));
}

function targets(place: Workplace, published: Published, depth: Depth): readonly Ailment[] {
  if (!existsSync(place.targets)) return []; // a copy of the metadata alone, such as a signer has
  const all = [published.targets, ...published.delegated].flatMap((role) => Array.from(role.targets));
  const { missing, mismatched } = targetFaults(place.targets, all, published.root.consistentSnapshot, depth);
  const remedy = (paths: readonly string[]) =>
    `Put back what was published, or publish it anew with timekeeper updates add; to give it up: \`timekeeper updates remove ${paths.slice(0, SHOWN).map(inShell).join(' ')}${pathOption(place.folder)}\`.`; // prettier-ignore
  const found: Ailment[] = [];
  if (missing.length > 0) found.push({ is: 'file', code: 'TARGET_FILE_MISSING', message: `The files of these targets are missing: ${firstFew(missing)}.`, remedy: remedy(missing) }); // prettier-ignore
  if (mismatched.length > 0) found.push({ is: 'file', code: 'TARGET_FILE_MISMATCH', message: `The files of these targets are not the ones that were signed: ${firstFew(mismatched)}.`, remedy: remedy(mismatched) }); // prettier-ignore
  return found;
}

const SHOWN = 20; // paths in one command

/** What mends metadata that clients refuse; undefined if only a person can know. */
function remedyFor(code: Code, place: Workplace, at: At): string | undefined {
  const newest = code === 'ROOT_INVALID' ? newestRoot(place) : undefined;
  if (newest !== undefined) {
    return `Let root.json be the newest root: \`cp ${at('repository', newest)} ${at('repository', 'root.json')}\`.`;
  }
  if (!PUT_BACK.has(code)) return undefined;
  if (code.startsWith('TIMESTAMP') && isEnrolled(place.folder)) {
    return `Sign it again: \`timekeeper resign${pathOption(place.folder)}\`.`;
  }
  const root = at('repository', '1.root.json');
  return `Put back what clients are served (URL): \`timekeeper fetch URL --trusted-root ${root} --state served && cp served/*.json ${at('repository')}\`.`; // prettier-ignore
}

const PUT_BACK: ReadonlySet<Code> = new Set<Code>([
  'TIMESTAMP_MISSING',
  'SNAPSHOT_MISSING',
  'SNAPSHOT_MISMATCH',
  'TARGETS_MISSING',
  'TARGETS_MISMATCH',
  'SIGNATURE_INVALID',
  'NOT_JSON',
]);

/** The file of the newest root to which the numbered ones lead, if root.json is an older one or none. */
function newestRoot({ read, folder }: Workplace): string | undefined {
  const numbers = readdirSync(join(folder, 'repository')).flatMap((name) => /^(\d+)\.root\.json$/.exec(name)?.slice(1) ?? []).map(Number); // prettier-ignore
  const first = read(`${Math.min(...numbers)}.root.json`, MAX_BYTES.root);
  if (first === undefined) return undefined;
  try {
    let chain = beginChain(first);
    for (;;) {
      const name = `${latest(chain).version + 1}.root.json`;
      const next = read(name, MAX_BYTES.root);
      if (next === undefined) break;
      chain = extendChain(chain, next, name);
    }
    const { version } = latest(chain);
    return versionOf(read('root.json', MAX_BYTES.root)) < version ? `${version}.root.json` : undefined;
  } catch (error) {
    if (isRefusal(error)) return undefined; // which of them is right nobody here can know
    throw error;
  }
}

/** Of a root that is one; 0 of anything else. */
function versionOf(root: Uint8Array | undefined): number {
  try {
    return root === undefined ? 0 : latest(beginChain(root)).version;
  } catch (error) {
    if (isRefusal(error)) return 0;
    throw error;
  }
}

/** Whether re-signs keep their state here: then a timestamp is theirs to sign. */
function isEnrolled(folder: string): boolean {
  return existsSync(join(folder, '.timekeeper', 'journal.json'));
}

function pathOption(folder: string): string {
  return folder === '.' ? '' : ` --path ${inShell(folder)}`;
}

function inShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
