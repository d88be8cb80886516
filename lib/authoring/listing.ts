import { isObject, type Json } from '../tuf/json.ts';
import { formatInstant } from '../tuf/instant.ts';
import type { TargetFile } from '../tuf/targets.ts';
import { askedFor } from './listed-targets.ts';
import type { Published } from './published.ts';

/** One content of one artefact, and the names under which clients get it. */
export interface ListedArtefact {
  readonly name: string;
  readonly platform: string;
  /** What `fleetctl package` takes for its version. */
  readonly version: string;
  /** Whether clients that ask for this very version get this content; else only tags lead to it. */
  readonly isListedByVersion: boolean;
  /** Channels and the like that lead to it. */
  readonly tags: readonly string[];
  /** The last part of its path. */
  readonly file: string;
  /** In bytes. */
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
}

/** A target whose path does not follow fleetctl's scheme, or that a delegated role lists. */
export interface OtherTarget {
  readonly path: string;
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly role: string;
}

/** What is in a repository. */
export interface Listing {
  /** Of targets.json. */
  readonly version: number;
  readonly expires: string;
  /** By name, platform and version. */
  readonly artefacts: readonly ListedArtefact[];
  /** By path. */
  readonly others: readonly OtherTarget[];
}

/** Lists what is published: which artefacts there are, and which tags lead to which version. */
export function listing({ targets, delegated }: Pick<Published, 'targets' | 'delegated'>): Listing {
  const artefacts = new Map<string, ListedArtefact>();
  const others: OtherTarget[] = [];
  const details = targets.signed.get('targets');
  for (const [listed, target] of targets.targets) {
    const path = askedFor(listed);
    const version = versionIn(isObject(details) ? details.get(listed) : undefined);
    const one = version === undefined ? undefined : artefact(path, version, target);
    if (one === undefined) others.push({ ...other(path, target), role: 'targets' });
    else join(artefacts, one);
  }
  for (const { file, targets: theirs } of delegated) {
    const role = decodeURIComponent(file.replace(/\.json$/, ''));
    for (const [path, target] of theirs) others.push({ ...other(askedFor(path), target), role });
  }
  return {
    version: targets.version,
    expires: formatInstant(targets.expires),
    artefacts: Array.from(artefacts.values()).sort(byWords((one) => [one.name, one.platform, one.version, one.file])),
    others: others.sort(byWords((one) => [one.path, one.role])),
  };
}

/** `NAME/PLATFORM/TAG/FILE`; a name may have a slash in it: `extensions/hello`. */
function artefact(path: string, version: string, { length, hashes }: TargetFile): ListedArtefact | undefined {
  const parts = path.split('/');
  const [platform, tag, file] = parts.slice(-3);
  const name = parts.slice(0, -3).join('/');
  if (name === '' || platform === undefined || tag === undefined || file === undefined) return undefined;
  const isVersion = tag === version;
  const tags = isVersion ? [] : [tag];
  return { name, platform, version, isListedByVersion: isVersion, tags, file, length, hashes: Object.fromEntries(hashes) }; // prettier-ignore
}

/** Two names of one content are one artefact. */
function join(artefacts: Map<string, ListedArtefact>, one: ListedArtefact): void {
  const { name, platform, version, file, length, hashes } = one;
  const content = JSON.stringify([name, platform, version, file, length, Object.entries(hashes).sort(byWords((entry) => entry))]); // prettier-ignore
  const same = artefacts.get(content);
  if (same === undefined) artefacts.set(content, one);
  else
    artefacts.set(content, {
      ...same,
      isListedByVersion: same.isListedByVersion || one.isListedByVersion,
      tags: [...same.tags, ...one.tags].sort(byWords((tag) => [tag])),
    });
}

function other(path: string, { length, hashes }: TargetFile): Omit<OtherTarget, 'role'> {
  return { path, length, hashes: Object.fromEntries(hashes) };
}

function versionIn(details: Json | undefined): string | undefined {
  const custom = isObject(details) ? details.get('custom') : undefined;
  const version = isObject(custom) ? custom.get('version') : undefined;
  return typeof version === 'string' ? version : undefined;
}

const WORDS = new Intl.Collator('en', { numeric: true }); // 1.9 before 1.10

function byWords<T>(wordsOf: (one: T) => readonly string[]): (a: T, b: T) => number {
  return (a, b) => {
    const others = wordsOf(b);
    const differing = wordsOf(a).map((word, index) => WORDS.compare(word, others[index] ?? ''));
    return differing.find((difference) => difference !== 0) ?? 0;
  };
}
