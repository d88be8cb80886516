import type { FindingCode } from '../contract/findings.ts';
import { quote } from '../contract/printable.ts';
import { after, before, between, days, formatInstant, seconds, type Instant, type Seconds } from '../tuf/instant.ts';
import { isUsable } from '../tuf/key.ts';
import type { Root } from '../tuf/root.ts';
import type { Sight } from './look.ts';
import type { Memory, Recalled } from './memory.ts';
import type { WatchPolicy } from './policy.ts';
import { hasMixed, wentBack } from './went-back.ts';
import { stoppedAtRoot } from './walk.ts';
import type { Served, ServedRole } from './served.ts';

/** What was found, before it is known since when. */
export interface Found {
  readonly code: FindingCode;
  readonly message: string;
  /** What may be over soon: a publish under way, or a cache between. It counts once it has lasted for `cacheMax`. */
  readonly mayPass?: true;
}

/** What one look comes to. */
export interface Judgement {
  readonly found: readonly Found[];
  readonly roles: readonly ServedRole[];
  /** How old the served timestamp is at least. */
  readonly age: Seconds | undefined;
  readonly newClientOk: boolean | undefined;
  readonly returningClientOk: boolean | undefined;
  readonly cacheAge: number | undefined;
}

const MEMORY_LOSS_TOLD = days(1); // after that, what was lost has been seen again for a day
const MAX_VALIDITY = days(31); // what lives longer can be replayed for too long

/**
 * Judges what was seen against what is remembered. The same input gives the same judgement.
 * @param recalled - what there was to remember before this look
 */
export function judge(sight: Sight, recalled: Recalled, policy: WatchPolicy, now: Instant): Judgement {
  if (sight.is === 'blind') return blind(sight.message, recalled, now);
  const { served, newcomer, returning } = sight;
  const memory = recalled.is === 'kept' ? recalled.memory : undefined;
  const { roles } = served;
  const age = served.timestamp && ageOf(served.timestamp, memory, policy, now);
  const expired = roles.filter(({ expires }) => expires <= now);
  const found = [
    ...(memory === undefined ? [] : wentBack(sight, memory, policy, now)),
    ...roles.flatMap((role) => expiry(role, policy, now)),
    ...clients(sight),
    ...roots(sight, memory),
    ...staleness(served, age, policy, now),
    ...sight.unreachable.map((message): Found => ({ code: 'TARGET_UNREACHABLE', message })),
    ...remembering(recalled, now),
    ...sharedKeys(served.root, policy),
    ...served.root.warnings.flatMap(({ code, message }): Found[] =>
      code === 'WEAK_KEY' || code === 'CLIENTS_MAY_REFUSE_ROOT' ? [{ code, message }] : [],
    ),
    ...cache(sight.cacheAge, policy),
  ];
  return {
    found,
    roles,
    age,
    newClientOk: newcomer.stopped === undefined && expired.length === 0,
    returningClientOk: returning && returning.stopped === undefined && expired.length === 0,
    cacheAge: sight.cacheAge,
  };
}

function blind(message: string, recalled: Recalled, now: Instant): Judgement {
  const found: Found[] = [{ code: 'PINNED_ROOT_MISSING', message }, ...remembering(recalled, now)];
  return { found, roles: [], age: undefined, newClientOk: false, returningClientOk: undefined, cacheAge: undefined }; // prettier-ignore
}

/** As the signer counts: since it was first seen, or since it must have been signed if it lives as long as ours do, whichever is longer ago. */
function ageOf(
  { bytes, expires }: NonNullable<Served['timestamp']>,
  memory: Memory | undefined,
  { validity }: WatchPolicy,
  now: Instant,
): Seconds {
  const known = memory?.timestamp;
  const seen = known !== undefined && Buffer.compare(known.bytes, bytes) === 0 ? between(known.since, now) : 0;
  return seconds(Math.max(0, seen, validity - between(now, expires)));
}

function staleness({ timestamp }: Served, age: Seconds | undefined, policy: WatchPolicy, now: Instant): Found[] {
  if (timestamp === undefined || age === undefined) return [];
  const found: Found[] = [];
  const most = stalenessLimit(policy);
  if (age > most) {
    const due = formatInstant(before(now, seconds(age - policy.resignAfter)));
    const message = `timestamp.json version ${timestamp.version} was due for its successor at ${due}, and is still what is served.`;
    found.push({ code: 'TIMESTAMP_STALE', message });
  }
  if (timestamp.expires > after(now, MAX_VALIDITY)) {
    const message = `timestamp.json version ${timestamp.version} lives until ${formatInstant(timestamp.expires)}.`;
    found.push({ code: 'LONG_LIVED_FOREIGN', message });
  }
  return found;
}

/** How old the served timestamp may be: due, then two checks of the signer, then what a cache may keep. */
export function stalenessLimit({ resignAfter, check, cacheMax }: WatchPolicy): Seconds {
  return seconds(resignAfter + 2 * check + cacheMax);
}

const EXPIRY_CODES = {
  root: ['ROOT_EXPIRED', 'ROOT_EXPIRES_SOON'],
  snapshot: ['SNAPSHOT_EXPIRED', 'SNAPSHOT_EXPIRES_SOON'],
  timestamp: ['TIMESTAMP_EXPIRED', 'TIMESTAMP_EXPIRES_SOON'],
  targets: ['TARGETS_EXPIRED', 'TARGETS_EXPIRE_SOON'],
} as const satisfies Record<string, readonly [FindingCode, FindingCode]>;

function expiry({ name, file, version, expires }: ServedRole, { expiresSoon }: WatchPolicy, now: Instant): Found[] {
  const [over, soon] = name === 'root' || name === 'snapshot' || name === 'timestamp' ? EXPIRY_CODES[name] : EXPIRY_CODES.targets; // prettier-ignore
  const which = `${file} (version ${version})`;
  if (expires <= now) return [{ code: over, message: `${which} expired at ${formatInstant(expires)}.` }];
  const ahead = seconds(name === 'timestamp' ? expiresSoon.timestamp : expiresSoon.others);
  return expires <= after(now, ahead) ? [{ code: soon, message: `${which} expires at ${formatInstant(expires)}.` }] : []; // prettier-ignore
}

function clients(sight: Extract<Sight, { is: 'seen' }>): Found[] {
  const { newcomer, returning } = sight;
  const found: Found[] = [];
  const passing = (code: string) => (hasMixed(code) ? { mayPass: true as const } : {});
  if (newcomer.stopped !== undefined) {
    const { code, message } = newcomer.stopped;
    found.push({ code: 'NEW_CLIENT_FAILS', message: `A new client stops (${code}): ${message}`, ...passing(code) });
  }
  if (returning?.stopped !== undefined && !isTold(returning.stopped.code, newcomer.stopped?.code)) {
    const { code, message } = returning.stopped;
    found.push({ code: 'RETURNING_CLIENT_FAILS', message: `A client that has updated before stops (${code}): ${message}`, ...passing(code) }); // prettier-ignore
  }
  return found;
}

/** What went back is told as that; and one publish under way stops the two clients at different files. */
function isTold(code: string, newcomers: string | undefined): boolean {
  return code === 'METADATA_ROLLBACK' || code === newcomers || (hasMixed(code) && hasMixed(newcomers ?? ''));
}

function roots({ served, newcomer, denied, beyondGap }: Extract<Sight, { is: 'seen' }>, memory: Memory | undefined) {
  const found: Found[] = [];
  const known = memory?.roots.length ?? 0;
  if (!stoppedAtRoot(newcomer) && newcomer.newRoots.length + 1 < known) {
    const missing = served.root.version + 1;
    const newest = served.root.version + known - newcomer.newRoots.length - 1;
    const message = `${missing}.root.json was served before and is not any more; version ${newest} is the newest known.`;
    found.push({ code: 'ROOT_HIDDEN', message });
  }
  if (beyondGap !== undefined) {
    const message = `${beyondGap} is there, but not ${served.root.version + 1}.root.json, without which no client gets to it.`;
    found.push({ code: 'ROOT_GAP', message });
  }
  if (denied.length > 0) {
    const message = `For ${denied.join(' and ')} the server answers 403, not 404 for a missing object.`;
    found.push({ code: 'MISSING_IS_DENIED', message });
  }
  return found;
}

/** The first run and a lost memory are told apart: nothing begins silently twice. */
function remembering(recalled: Recalled, now: Instant): Found[] {
  switch (recalled.is) {
    case 'not kept':
      return [];
    case 'none yet':
      return [{ code: 'MEMORY_BEGUN', message: 'Nothing was remembered yet: a rollback before now cannot be seen.' }];
    case 'lost':
      return [{ code: 'MEMORY_LOST', message: recalled.message }];
    case 'kept': {
      const { lostAt } = recalled.memory;
      if (lostAt === undefined || now >= after(lostAt, MEMORY_LOSS_TOLD)) return [];
      const message = `What was remembered before ${formatInstant(lostAt)} was lost.`;
      return [{ code: 'MEMORY_LOST', message }];
    }
  }
}

/** A key of the timestamp role is online: what else it may sign, whoever steals it may sign too. Compared by content. */
function sharedKeys(root: Root, { allowSharedSnapshotKey }: WatchPolicy): Found[] {
  const online = contents(root, 'timestamp');
  const others = (['root', 'targets', 'snapshot'] as const).filter(
    (role) => role !== 'snapshot' || !allowSharedSnapshotKey,
  );
  return others
    .filter((role) => contents(root, role).some((content) => online.includes(content)))
    .map((role) => ({
      code: 'KEY_IN_OTHER_ROLE',
      message: `Root version ${root.version} lists a key of the timestamp role for the role ${quote(role)} too.`,
    }));
}

function contents(root: Root, role: keyof Root['roles']): readonly string[] {
  const keys = root.roles[role].keyids.map((id) => root.keys.get(id));
  return keys.flatMap((key) => (key !== undefined && isUsable(key) ? [key.content] : []));
}

function cache(age: number | undefined, { cacheMax }: WatchPolicy): Found[] {
  if (age === undefined || age <= cacheMax) return [];
  return [{ code: 'CACHE_TOO_OLD', message: `A cache has had timestamp.json for ${age} seconds; ${cacheMax} is the most that is expected.` }]; // prettier-ignore
}
