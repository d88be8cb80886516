import { createHash } from 'node:crypto';
import { ROLES } from '../authoring/first-publication.ts';
import type { StagedRoot, Tally } from '../authoring/staged-root.ts';
import { printable, quote } from '../contract/printable.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { signedBytes, type RoleType } from '../tuf/envelope.ts';
import { formatInstant } from '../tuf/instant.ts';
import { isUsable } from '../tuf/key.ts';
import type { Root } from '../tuf/root.ts';

/**
 * What a root changes against the one before it, in words: all of it, so that nobody signs what he has not read.
 * @returns lines, each with its newline
 */
export function describeChanges({ root, old }: Pick<StagedRoot, 'root' | 'old'>): string {
  const lines = [
    `Root version ${root.version}, to follow version ${old.version} (SHA-256 of that file: ${old.sha256})`,
    `  expires ${formatInstant(root.expires)} (version ${old.version}: ${formatInstant(old.expires)})`,
    ...ROLES.flatMap((role) => roleLines(role, root, old)),
    ...otherLines(root, old),
    `  fingerprint ${fingerprint(root)}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** SHA-256 of what is signed: the same in every copy, whoever has signed, so that holders can compare it over the telephone. */
function fingerprint(root: Root): string {
  return createHash('sha256').update(signedBytes(root)).digest('hex');
}

function roleLines(role: RoleType, next: Root, old: Root): readonly string[] {
  const [before, now] = [old.roles[role], next.roles[role]];
  const gone = before.keyids.filter((id) => !now.keyids.includes(id)).map((id) => `    - ${keyIn(old, id)}`);
  const come = now.keyids.filter((id) => !before.keyids.includes(id)).map((id) => `    + ${keyIn(next, id)}`);
  const needs = `${now.threshold} of ${now.keyids.length} ${now.keyids.length === 1 ? 'key' : 'keys'}`;
  const isSame = gone.length + come.length === 0 && before.threshold === now.threshold;
  if (isSame) return [`  ${role}: unchanged, ${needs}`];
  return [`  ${role}: ${needs} (before: ${before.threshold} of ${before.keyids.length})`, ...gone, ...come];
}

function keyIn({ keys }: Root, id: string): string {
  const key = keys.get(id);
  return `${printable(id)} (${key === undefined ? 'a key that is not there' : kind(key)})`;
}

function kind(key: NonNullable<ReturnType<Root['keys']['get']>>): string {
  return isUsable(key) ? key.scheme : 'a key that cannot be read';
}

const DESCRIBED: ReadonlySet<string> = new Set(['version', 'expires', 'roles', 'keys']);

/** What no role's lines show: keys that no role lists, roles of one's own, fields of another maker. */
function otherLines(next: Root, old: Root): readonly string[] {
  const used = new Set(ROLES.flatMap((role) => [...next.roles[role].keyids, ...old.roles[role].keyids]));
  const unused = Array.from(new Set([...next.keys.keys(), ...old.keys.keys()]))
    .filter((id) => !used.has(id) && next.keys.has(id) !== old.keys.has(id))
    .map((id) => `  ${next.keys.has(id) ? '+' : '-'} ${printable(id)}, a key that no role lists`);
  const names = new Set([...next.signed.keys(), ...old.signed.keys()]);
  const fields = Array.from(names)
    .filter((name) => !DESCRIBED.has(name) && text(next.signed, name) !== text(old.signed, name))
    .map((name) => `  ${quote(name)}: ${shown(next.signed, name)} (before: ${shown(old.signed, name)})`);
  return [
    ...unused,
    ...fields,
    ...(hasOtherRoles(next, old) ? ['  roles or fields of roles besides the four: changed'] : []),
  ];
}

function text(signed: Root['signed'], name: string): string | undefined {
  const value = signed.get(name);
  return value === undefined ? undefined : Buffer.from(canonicalJson(value)).toString('utf8');
}

function shown(signed: Root['signed'], name: string): string {
  return printable(text(signed, name) ?? 'not there');
}

/** Whatever differs in `roles` when what was described is taken out of it. */
function hasOtherRoles(next: Root, old: Root): boolean {
  const rest = ({ signed }: Root): string => {
    const roles = new Map(signed.get('roles') as Root['signed']);
    for (const role of ROLES) {
      const fields = new Map(roles.get(role) as Root['signed']);
      fields.delete('keyids');
      fields.delete('threshold');
      roles.set(role, fields);
    }
    return Buffer.from(canonicalJson(roles)).toString('utf8');
  };
  return rest(next) !== rest(old);
}

/** Who has signed and who is missing, by the root before it and by its own. */
export function describeTally(tallies: readonly Tally[]): string {
  return tallies
    .map(({ version, threshold, signed, missing, isReached }) => {
      const open = isReached ? 'enough' : `still to sign: ${missing.map(printable).join(', ')}`;
      return `  root keys of version ${version}: ${signed.length} signed, ${threshold} needed (${open})\n`;
    })
    .join('');
}
