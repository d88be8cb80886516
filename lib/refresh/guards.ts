import type { RefusalCode } from '../contract/codes.ts';
import { printable } from '../contract/printable.ts';
import { after, formatInstant, minutes, type Instant } from '../tuf/instant.ts';
import type { PublicKey } from '../tuf/key.ts';
import { keysOf } from '../tuf/role.ts';
import type { Root } from '../tuf/root.ts';
import { latest } from '../tuf/root-chain.ts';
import { counting, equivocates, newestKnown } from './endorsement.ts';
import type { Policy } from './policy.ts';
import type { State } from './state.ts';

/** Why an invariant does not hold. */
export interface Broken {
  readonly code: RefusalCode;
  readonly message: string;
}

/** One invariant as it was judged in this run. */
export interface Check {
  /** Its number in docs/architecture.md. */
  readonly invariant: string;
  readonly claim: string;
  readonly holds: boolean;
}

type Judge = (state: State, policy: Policy, now: Instant) => Broken | undefined;

interface Guard {
  readonly invariant: string;
  readonly claim: string;
  readonly judge: Judge;
}

/** What must hold whatever the published timestamp is, in the order in which it is judged. What concerns the snapshot is judged within the row. */
const GUARDS: readonly Guard[] = [
  { invariant: 'Q1', claim: 'our clock is right, and the journal is not from the future', judge: clockIsWrong },
  {
    invariant: 'K1',
    claim: 'the root lists our key for the timestamp role, and its threshold can be met',
    judge: keyIsNotInRoot,
  },
  { invariant: 'C1', claim: 'every client reads the published timestamp alike', judge: timestampIsAmbiguous },
  { invariant: 'V1', claim: 'the version of the published timestamp is within reach', judge: versionIsOutOfReach },
  { invariant: 'S2', claim: 'one version of the snapshot has one content', judge: snapshotEquivocates },
];

/** There is no state to judge where this did not hold. */
const CHAIN_HOLDS: Check = {
  invariant: 'T1–T2',
  claim: 'every root is signed by the one before, from the pinned one on',
  holds: true,
};

/** Judges every invariant up to the first that is broken. */
export function firstBroken(
  state: State,
  policy: Policy,
  now: Instant,
): { readonly broken: Broken | undefined; readonly checks: readonly Check[] } {
  const checks: Check[] = [CHAIN_HOLDS];
  for (const { invariant, claim, judge } of GUARDS) {
    const broken = judge(state, policy, now);
    checks.push({ invariant, claim, holds: broken === undefined });
    if (broken !== undefined) return { broken, checks };
  }
  return { broken: undefined, checks };
}

const MAX_SKEW = minutes(5);

function clockIsWrong({ clockSkew = 0, journal }: State, _policy: Policy, now: Instant): Broken | undefined {
  if (clockSkew > MAX_SKEW) {
    return { code: 'CLOCK_SKEW', message: `Our clock and the storage's differ by ${clockSkew} seconds.` };
  }
  const { entry, seen, badSince } = journal;
  const times = [entry?.issuedAt, seen?.since, badSince.timestamp, badSince.snapshot, badSince.receipt];
  const newest = Math.max(...times.map((time) => time ?? 0)) as Instant;
  if (newest <= after(now, MAX_SKEW)) return undefined;
  return {
    code: 'JOURNAL_FROM_FUTURE',
    message: `journal.json was written at ${formatInstant(newest)}; now it is ${formatInstant(now)}.`,
  };
}

function keyIsNotInRoot({ chain, keys }: State): Broken | undefined {
  const root = latest(chain);
  const unreachable = thresholdUnreachable(root);
  if (unreachable !== undefined || keys === undefined) return unreachable;
  return keysMissing(root, keys);
}

function thresholdUnreachable(root: Root): Broken | undefined {
  const { timestamp: role } = root.roles;
  const different = new Set(Array.from(keysOf(role, root.keys).values(), ({ content }) => content)).size;
  if (different >= role.threshold) return undefined;
  const message = `Root version ${root.version} asks for ${role.threshold} timestamp keys, but lists only ${different} different ones that count.`;
  return { code: 'THRESHOLD_NOT_MET', message };
}

/** K1 for keys that are known: at least a threshold of them is in the root's timestamp role. Compared by content, not by key id. */
export function keysMissing(root: Root, keys: readonly PublicKey[]): Broken | undefined {
  const { timestamp: role } = root.roles;
  const wanted = keysOf(role, root.keys);
  const listed = new Set(Array.from(wanted.values(), ({ content }) => content));
  const ours = new Set(keys.map(({ content }) => content).filter((content) => listed.has(content)));
  if (ours.size >= role.threshold) return undefined;
  if (ours.size > 0) {
    const message = `Root version ${root.version} asks for ${role.threshold} timestamp keys; we hold ${ours.size}.`;
    return { code: 'THRESHOLD_NOT_MET', message };
  }
  const ids = Array.from(wanted.keys(), (id) => printable(id).slice(0, 16)).join(', ');
  return {
    code: 'KEY_NOT_IN_ROOT',
    message: `Root version ${root.version} does not list our key for the timestamp role; it lists ${ids}.`,
  };
}

/** Nobody can have signed these on purpose, or whoever did signed nothing that a client reads. The rest is refused: a client may read more in it. */
const HEALABLE: readonly RefusalCode[] = [
  'NOT_JSON',
  'BAD_UTF8',
  'TOO_DEEP',
  'TOO_LARGE',
  'SIGNATURE_INVALID',
  'THRESHOLD_NOT_MET',
];

function timestampIsAmbiguous({ current }: State): Broken | undefined {
  if (current.is !== 'unverified' || HEALABLE.includes(current.because.code)) return undefined;
  return current.because;
}

const MAX_VERSION = Number.MAX_SAFE_INTEGER - 2 ** 20; // room for a million signatures before clients stop counting exactly

function versionIsOutOfReach({ current, journal }: State, { maxVersionJump }: Policy): Broken | undefined {
  const version = counting(current, journal)?.version ?? 0;
  const known = Math.max(newestKnown(journal)?.version ?? 0, journal.floor);
  if (Math.max(version, known) >= MAX_VERSION) {
    return {
      code: 'VERSION_EXHAUSTED',
      message: `timestamp.json has version ${Math.max(version, known)}; no higher one can be written exactly.`,
    };
  }
  if (version - known <= maxVersionJump) return undefined;
  return { code: 'VERSION_JUMP', message: `timestamp.json has version ${version}; ${known} is the highest known one.` };
}

function snapshotEquivocates(state: State): Broken | undefined {
  if (!equivocates(state)) return undefined;
  const version = counting(state.current, state.journal)?.snapshot.version ?? 0;
  return {
    code: 'EQUIVOCATION',
    message: `timestamp.json names snapshot version ${version} with another hash than the one that is known.`,
  };
}
