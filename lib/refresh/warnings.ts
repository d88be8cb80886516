import type { Warning, WarningCode } from '../contract/codes.ts';
import { printable } from '../contract/printable.ts';
import { after, days, formatInstant, type Instant } from '../tuf/instant.ts';
import { isUsable, type PublicKey } from '../tuf/key.ts';
import type { Root } from '../tuf/root.ts';
import { latest } from '../tuf/root-chain.ts';
import { newestKnown } from './endorsement.ts';
import { MAX_VALIDITY, type Policy } from './policy.ts';
import type { State } from './state.ts';

const SOON = days(30); // a root ceremony takes people and a date
const FAR_AHEAD = 1_000; // versions

/** Everything worth telling somebody that is no reason to refuse. */
export function warningsOf(state: State, policy: Policy, now: Instant): readonly Warning[] {
  const root = latest(state.chain);
  const { snapshot, targets } = state;
  return [
    ...state.warnings,
    ...root.warnings,
    ...expiring(root, 'ROOT_EXPIRED', 'ROOT_EXPIRES_SOON', now),
    ...(snapshot.is === 'verified'
      ? expiring(snapshot.snapshot, 'SNAPSHOT_EXPIRED', 'SNAPSHOT_EXPIRES_SOON', now)
      : []),
    ...(targets.is === 'verified'
      ? targets.expires.flatMap((role) => expiring(role, 'TARGETS_EXPIRED', 'TARGETS_EXPIRE_SOON', now))
      : []),
    ...expiredTargets(state),
    ...rolesSharing(root, state.keys ?? []).map((role) => sharedKey(root, role)),
    ...foreignTimestamp(state, policy, now),
    ...otherSigner(state),
  ];
}

function expiring(
  { file, expires }: { readonly file: string; readonly expires: Instant },
  expired: WarningCode,
  soon: WarningCode,
  now: Instant,
): Warning[] {
  if (expires <= now) return [{ code: expired, message: `${file} expired at ${formatInstant(expires)}.` }];
  if (expires <= after(now, SOON)) return [{ code: soon, message: `${file} expires at ${formatInstant(expires)}.` }];
  return [];
}

/** In advance mode, an expired role under the snapshot that is endorsed already. */
function expiredTargets({ targets }: State): Warning[] {
  if (targets.is !== 'refused' || targets.because.code !== 'METADATA_EXPIRED') return [];
  return [{ code: 'TARGETS_EXPIRED', message: targets.because.message }];
}

type OtherRole = 'root' | 'snapshot' | 'targets';

/** K2: the other roles for which the root lists a key of ours. */
export function rolesSharing(root: Root, ours: readonly PublicKey[]): readonly OtherRole[] {
  const contents = new Set(ours.map(({ content }) => content));
  return (['root', 'snapshot', 'targets'] as const).filter((role) =>
    root.roles[role].keyids.some((id) => isOurs(root.keys.get(id))),
  );

  function isOurs(key: ReturnType<Root['keys']['get']>): boolean {
    return key !== undefined && isUsable(key) && contents.has(key.content);
  }
}

/** Refusing in a run would take no power from such a key, so it is told. */
export function sharedKey(root: Root, role: OtherRole): Warning {
  return {
    code: 'KEY_IN_OTHER_ROLE',
    message: `Root version ${root.version} lists our key for the role ${role} too.`,
  };
}

function foreignTimestamp({ current, journal }: State, policy: Policy, now: Instant): Warning[] {
  if (current.is !== 'verified') return [];
  const { version, expires, isCapitalised } = current.timestamp;
  const known = newestKnown(journal)?.version ?? 0;
  const found: Warning[] = [];
  if (version > known)
    found.push({ code: 'FOREIGN_TIMESTAMP', message: `Somebody else signed timestamp.json version ${version}.` });
  if (version > known + FAR_AHEAD)
    found.push({ code: 'VERSION_JUMPED', message: `timestamp.json jumped from version ${known} to ${version}.` });
  if (expires > after(now, MAX_VALIDITY)) {
    found.push({
      code: 'LONG_LIVED_FOREIGN',
      message: `timestamp.json version ${version} lives until ${formatInstant(expires)}.`,
    });
  } else if (expires > after(now, policy.validity)) {
    found.push({
      code: 'SHORTER_THAN_CURRENT',
      message: `timestamp.json version ${version} lives longer than a new one would.`,
    });
  }
  if (isCapitalised)
    found.push({ code: 'CAPITALISED_TYPE', message: 'timestamp.json writes its _type with a capital.' });
  return found;
}

function otherSigner({ journal, deployment }: State): Warning[] {
  const by = journal.entry?.by ?? deployment;
  if (by === deployment) return [];
  return [{ code: 'OTHER_SIGNER', message: `The last timestamp was signed by the deployment ${printable(by)}.` }];
}
