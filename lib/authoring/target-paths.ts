import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';

/** An artefact as `updates add` is told of it. */
export interface Artefact {
  /** The file, as it was named: its ending decides the target's. */
  readonly file: string;
  readonly name: string;
  readonly platform: string;
  readonly version: string;
  readonly tags: readonly string[];
  /** Where it was told of, if it is one of many: `release.jsonl, line 3`. */
  readonly origin?: string;
}

/** The endings that a target keeps, in the order in which they are tried. */
const ENDINGS = ['.ext.exe', '.exe', '.app.tar.gz', '.pkg', '.ext'];

/** Fleet's desktop app has names of its own. */
const DESKTOP: Readonly<Record<string, string>> = {
  windows: 'fleet-desktop.exe',
  'windows-arm64': 'fleet-desktop.exe',
  linux: 'desktop.tar.gz',
  'linux-arm64': 'desktop.tar.gz',
};

/**
 * The paths under which an artefact is published: one for its version, one for each tag, each once.
 * @throws UsageError for a path that would not stay below `targets/` as it is written
 * @see fleetctl updates add: what Orbit asks for
 */
export function targetPaths({ file, name, platform, version, tags, origin }: Artefact): readonly string[] {
  const [, extension] = /^extensions\/(.+)$/.exec(name) ?? [];
  const base = extension ?? name;
  const fileName = (name === 'desktop' ? DESKTOP[platform] : undefined) ?? `${base}${endingOf(file)}`;
  const paths = [version, ...tags].map((tag) => [name, platform, tag, fileName].join('/'));
  for (const path of paths) refuseOddPath(path, origin);
  return Array.from(new Set(paths));
}

/**
 * The paths of several artefacts, in their order.
 * @throws UsageError for a path that would not stay below `targets/` as it is written, or that two of them would have
 */
export function pathsOfEach(artefacts: readonly Artefact[]): readonly (readonly string[])[] {
  const taken = new Map<string, Artefact>();
  return artefacts.map((artefact) => {
    const paths = targetPaths(artefact);
    for (const path of paths) {
      const other = taken.get(path);
      if (other !== undefined) throw twice(path, other, artefact);
      taken.set(path, artefact);
    }
    return paths;
  });
}

function twice(path: string, { origin: one = '' }: Artefact, { origin: other = '' }: Artefact): UsageError {
  return new UsageError(`${one} and ${other} would both become the target ${quote(path)}.`, {
    remedy: 'Leave one of the two out, or give it another version or other tags.',
  });
}

function endingOf(file: string): string {
  return ENDINGS.find((ending) => file.endsWith(ending)) ?? '';
}

/** fleetctl cleans such paths up, and may end up elsewhere than it was told: `--name ../keys`. */
function refuseOddPath(path: string, origin: string | undefined): void {
  if (!isOddPath(path)) return;
  const where = origin === undefined ? '' : `${origin}: `;
  throw new UsageError(
    `${where}${quote(path)} cannot be the path of a target: a part of it is empty, a dot or two dots.`,
    { remedy: 'Correct name, platform, version or tag.' },
  );
}

/** Whether a path is not, as it is written, one that stays below a folder. */
export function isOddPath(path: string): boolean {
  return path.includes('\0') || path.split('/').some((part) => ['', '.', '..'].includes(part));
}
