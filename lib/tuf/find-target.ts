import { createHash } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import {
  fileOf,
  topLevel,
  updateRole,
  type ClientMemory,
  type ClientWalk,
  type Delegation,
  type Known,
  type Trusted,
} from './client.ts';
import type { Instant } from './instant.ts';
import { matchesPattern } from './path-pattern.ts';
import type { DelegatedRole, TargetFile, Targets } from './targets.ts';
import type { Verified } from './verify.ts';

/** How many roles a search looks into at most. tuf-js and python-tuf look into 32. */
const MAX_ROLES = 256;

/**
 * Looks for a target as a client does: pre-order, depth first, in the order of the delegations, no role twice. A terminating delegation ends the search
 * with its own branch, and a role that the snapshot does not list, or that does not verify, ends it with a refusal: what comes after it in order must not take its place.
 * Delegated metadata is asked for when the search comes to it, never before, and verified by whoever delegates to it this time.
 * @param trusted - what a refresh trusts
 * @param memory - what is kept, this run's files included
 * @param asked - what this run has asked for; the same set for every search of it, so that nothing is asked for twice
 * @param known - filled with what was verified
 * @returns undefined if no role lists the target
 * @throws RefusalError as updateRole does; TARGETS_MISSING after 256 roles
 * @see TUF specification, section 5.6.7
 */
export function* findTarget(
  path: string,
  { root, snapshot, targets }: Trusted,
  memory: ClientMemory,
  asked: Set<string>,
  now: Instant,
  known: Known = new Map(),
): ClientWalk<TargetFile | undefined> {
  const visited = new Set<string>();
  const open: Delegation[] = [topLevel(root)];
  for (let delegation = open.pop(); delegation !== undefined; delegation = open.pop()) {
    const { name } = delegation;
    if (visited.has(name)) continue;
    if (visited.size === MAX_ROLES)
      throw new RefusalError('TARGETS_MISSING', `${quote(path)} is in none of ${MAX_ROLES} roles, and there are more.`);
    visited.add(name);
    const role = (name === 'targets' ? targets.get(name) : undefined) ?? (yield* delegated(delegation));
    known.set(name, role);
    const found = role.targets.get(path);
    if (found !== undefined) return found;
    const next = delegationsFor(path, role);
    if (next.some(({ terminating }) => terminating)) open.length = 0;
    for (const each of next.toReversed()) open.push({ name: each.name, role: each, keys: role.keys });
  }
  return undefined;

  function* delegated(delegation: Delegation): ClientWalk<Verified<Targets>> {
    const walk = updateRole(delegation, root, snapshot, memory, now);
    let step = walk.next();
    while (step.done !== true) {
      const { value } = step;
      // Read in this run for somebody else who delegates to it: the same bytes are judged again.
      const again = value.do === 'fetch' && asked.has(value.file) ? memory.get(fileOf(delegation.name)) : undefined;
      if (value.do === 'fetch') asked.add(value.file);
      step = walk.next(again ?? (yield value));
    }
    return step.value;
  }
}

/** The delegations that cover a path, in order, up to a terminating one. */
function delegationsFor(path: string, { delegations }: Targets): readonly DelegatedRole[] {
  const matching = delegations.filter((role) => covers(role, path));
  const end = matching.findIndex(({ terminating }) => terminating);
  return end === -1 ? matching : matching.slice(0, end + 1);
}

function covers({ paths, pathHashPrefixes }: DelegatedRole, path: string): boolean {
  if (paths !== undefined) return paths.some((pattern) => matchesPattern(path, pattern));
  const digest = createHash('sha256').update(path).digest('hex');
  return pathHashPrefixes?.some((prefix) => digest.startsWith(prefix)) ?? false;
}
