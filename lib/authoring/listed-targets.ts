import { hashedPath } from '../tuf/hashed-path.ts';
import type { Json, JsonObject } from '../tuf/json.ts';
import { keptOrder } from './kept-order.ts';

/** A target that is to be listed. */
export interface ListedTarget {
  /** As clients ask for it. */
  readonly path: string;
  readonly length: number;
  /** By the algorithms that the others have: tough refuses all of a targets.json in which one target has no SHA-256. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Becomes `custom.version`, which `fleetctl package` reads. */
  readonly version: string;
}

/**
 * Lists targets, new ones and ones that change: `targets` of targets.json.
 * @param listed - what is listed now
 * @returns in the order of go-tuf if what was listed is; else new ones at the end
 * @see go-tuf v0.5.2, repo.go (AddTargetsWithExpiresToPreferredRole)
 */
export function listTargets(listed: JsonObject, added: readonly ListedTarget[]): JsonObject {
  const targets = new Map(listed);
  for (const { path, length, hashes, version } of added) {
    targets.delete(`/${path}`); // the same target, as very old go-tuf spelt it
    targets.set(
      path,
      new Map<string, Json>([
        ['length', length],
        ['hashes', hashes],
        ['custom', new Map([['version', version]])],
      ]),
    );
  }
  return keptOrder(listed, targets);
}

/**
 * Lists some targets no more.
 * @param paths - as they are listed
 * @see go-tuf v0.5.2, repo.go (RemoveTargetsWithExpires)
 */
export function unlistTargets(listed: JsonObject, paths: readonly string[]): JsonObject {
  const targets = new Map(listed);
  for (const path of paths) targets.delete(path);
  return targets;
}

/** A path as clients ask for it: very old go-tuf wrote a slash before it. */
export function askedFor(listed: string): string {
  return listed.replace(/^\//, '');
}

/** Where a target's file lies below `targets/`: in a repository with consistent snapshots its hash stands before its name. */
export function storedPath({ path, hashes }: ListedTarget, consistentSnapshot: boolean): string {
  const [hash = ''] = hashes.values(); // the one that clients take
  return consistentSnapshot ? hashedPath(path, hash) : path;
}
