import { RefusalError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import type { Warning } from '../contract/codes.ts';
import { parseMetadata, signedFields, type Metadata, type RoleType } from './envelope.ts';
import { isUsable } from './key.ts';
import { parseKeys, parseRole, type Keys, type Role } from './role.ts';

/** root.json, parsed; nothing is verified yet. */
export interface Root extends Metadata {
  readonly keys: Keys;
  readonly roles: Readonly<Record<RoleType, Role>>;
  readonly consistentSnapshot: boolean;
  /** What is odd in it, but no reason to refuse it. */
  readonly warnings: readonly Warning[];
}

const ROOT = signedFields('keys', 'roles', 'consistent_snapshot');
const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const satisfies readonly RoleType[];

/**
 * Reads a root.
 * @throws RefusalError BAD_ROOT, MISSING_FIELD, and what parseMetadata throws
 * @see TUF specification, section 4.3
 */
export function parseRoot(bytes: Uint8Array, file = 'root.json'): Root {
  const { metadata, fields } = parseMetadata(bytes, file, 'root', ROOT);
  const keys = parseKeys(fields.object('keys'), `${file}: signed.keys`);
  const listed = fields.object('roles');
  const role = (name: RoleType): Role => {
    const json = listed.get(name);
    if (json === undefined) throw new RefusalError('BAD_ROOT', `${file}: signed.roles has no role ${name}.`);
    return parseRole(json, `${file}: signed.roles.${name}`);
  };
  return {
    ...metadata,
    keys,
    roles: { root: role('root'), timestamp: role('timestamp'), snapshot: role('snapshot'), targets: role('targets') },
    consistentSnapshot: parseConsistentSnapshot(
      fields.json.get('consistent_snapshot'),
      fields.path('consistent_snapshot'),
    ),
    warnings: [...keyWarnings(keys, file, metadata.specVersion), ...roleWarnings(Array.from(listed.keys()), file)],
  };
}

/** Clients differ on null; left out means false. */
function parseConsistentSnapshot(value: unknown, path: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new RefusalError('BAD_ROOT', `${path} is neither true nor false.`);
}

const GO_TUF_KEYTYPES: readonly string[] = ['ed25519', 'ecdsa-sha2-nistp256', 'rsa'];
const GO_TUF_SPEC_VERSION = '1.0'; // go-tuf alone writes two numbers

/** A key that go-tuf's clients do not know makes them refuse the whole root; where the root is go-tuf's, its clients are the ones that come. */
function keyWarnings(keys: Keys, file: string, specVersion: string): Warning[] {
  return Array.from(keys).flatMap(([id, key]): Warning[] => {
    if (!isUsable(key)) return [{ code: 'CLIENTS_MAY_REFUSE_ROOT', message: printable(key.unusable) }];
    if (key.isWeak)
      return [{ code: 'WEAK_KEY', message: `${file} lists the key ${quote(id)}, for which anybody can sign.` }];
    if (specVersion === GO_TUF_SPEC_VERSION && !GO_TUF_KEYTYPES.includes(key.keytype)) {
      const message = `${file} lists the key ${quote(id)} of keytype ${key.keytype}; go-tuf v0.5.2 refuses the whole root for it.`;
      return [{ code: 'CLIENTS_MAY_REFUSE_ROOT', message }];
    }
    return [];
  });
}

function roleWarnings(names: readonly string[], file: string): Warning[] {
  return names
    .filter((name) => !(ROLES as readonly string[]).includes(name))
    .map((name) => ({
      code: 'CLIENTS_MAY_REFUSE_ROOT',
      message: `${file} has a role ${quote(name)} besides the four that every root has; python-tuf refuses it.`,
    }));
}
