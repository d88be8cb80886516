import type { RefusalCode, SignedCode, SkipCode, Warning } from '../contract/codes.ts';
import { printable } from '../contract/printable.ts';
import { after, formatInstant, seconds, type Instant, type Seconds } from '../tuf/instant.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Verified } from '../tuf/verify.ts';
import { dueAt, issuedAt } from './due.ts';
import { counting, endorsement } from './endorsement.ts';
import { firstBroken, type Check } from './guards.ts';
import type { Journal } from './journal.ts';
import type { Policy } from './policy.ts';
import { judgeReceipt } from './receipt.ts';
import { observe } from './record.ts';
import { rowOf, type Row } from './row.ts';
import { judgeSnapshot, type Grace } from './snapshot-verdict.ts';
import type { State } from './state.ts';
import { warningsOf } from './warnings.ts';

/** What one run is to do, and what the journal has learnt by looking. */
export type Plan = Decision & {
  /** One sentence: what was found, with versions and dates. */
  readonly message: string;
  /** The journal as it is to be kept if nothing is signed. */
  readonly journal: Journal;
  readonly warnings: readonly Warning[];
  /** Every invariant that was judged, in order, up to the first that is broken. */
  readonly checks: readonly Check[];
};

/** Sign, do nothing rightly, or refuse. */
export type Decision =
  | {
      readonly do: 'sign';
      readonly code: SignedCode;
      /** A version that was never used. */
      readonly version: number;
      readonly expires: Instant;
      /** E: the statement that is extended. */
      readonly base: Timestamp;
      /** The snapshot that it names from now on; a newer one than `base` names only in advance mode. */
      readonly snapshot: Verified<Snapshot>;
      /** What is repaired outside the schedule; undefined within it. */
      readonly heals: string | undefined;
    }
  | {
      readonly do: 'skip';
      readonly code: SkipCode;
      /** When there will be something to do. */
      readonly dueAt: Instant;
    }
  | { readonly do: 'refuse'; readonly code: RefusalCode };

/**
 * Decides what one run does. The same input gives the same plan; nothing is read and nothing is written.
 * @param state - what was read and verified; nothing unverified can be passed
 * @param force - turns NOT_DUE and HEAL_WAITS into sign, and changes no other verdict
 * @param now - the run's single clock reading
 * @returns never throws; the codes are those of the table in docs/architecture.md
 * @see TUF specification, sections 5.4 and 5.5: what a client will check of our output
 */
export function plan(state: State, policy: Policy, force: boolean, now: Instant): Plan {
  const { pause, journal } = state;
  const warnings = warningsOf(state, policy, now);

  if (pause !== undefined && now < pause.until) {
    const message = `Signing is paused until ${formatInstant(pause.until)}: ${printable(pause.reason)}.`;
    return { do: 'skip', code: 'PAUSED', message, dueAt: pause.until, journal, warnings, checks: [] };
  }
  const base = endorsement(state);
  const { broken, checks } = firstBroken(state, policy, now);
  if (broken !== undefined) return { do: 'refuse', ...pick(broken), journal, warnings, checks };
  if (base === undefined)
    return {
      do: 'refuse',
      code: 'JOURNAL_INVALID',
      message: 'journal.json knows no timestamp.',
      journal,
      warnings,
      checks,
    };

  const row = rowOf(state, base);
  const snapshot = judgeSnapshot(state, base, policy, now);
  const receipt = judgeReceipt(state, policy, now);
  const observed = observe(state, row, snapshot, receipt.isBelow, policy, now);
  const run = {
    journal: observed,
    warnings: [...warnings, ...receipt.warnings],
    checks: [
      ...checks,
      {
        invariant: 'S1–S3',
        claim: 'the published snapshot is the endorsed one, or may be',
        holds: snapshot.is !== 'refused',
      },
    ],
  };

  if (snapshot.is === 'refused') {
    const until = after(observed.badSince.snapshot ?? now, patience(snapshot.grace, row, policy));
    if (now >= until) return { ...run, do: 'refuse', ...pick(snapshot) };
    return {
      ...run,
      do: 'skip',
      code: 'PUBLISH_IN_PROGRESS',
      message: `${snapshot.message} A publish may be under way.`,
      dueAt: until,
    };
  }
  if (receipt.refusal !== undefined) return { ...run, do: 'refuse', ...receipt.refusal };

  const sign = (code: SignedCode, message: string, heals?: string): Plan => {
    const wait = tooSoon(journal, policy, heals, now);
    if (wait !== undefined)
      return {
        ...run,
        do: 'skip',
        code: 'TOO_SOON',
        message: `${message} The last signature is too young.`,
        dueAt: wait,
      };
    const version = nextVersion(state);
    const expires = after(now, policy.validity);
    return { ...run, do: 'sign', code, message, version, expires, base, snapshot: snapshot.snapshot, heals };
  };
  if (row.is === 'unverifiable') {
    const healAt = after(observed.badSince.timestamp ?? now, seconds(policy.check / 2));
    if (now >= healAt || force) return sign(row.code, row.found, row.cause);
    return {
      ...run,
      do: 'skip',
      code: 'HEAL_WAITS',
      message: `${row.found} If that lasts, it is repaired.`,
      dueAt: healAt,
    };
  }
  if (row.is === 'wrong') return sign(row.code, row.found, row.cause);
  if (snapshot.is === 'newer')
    return sign('SIGNED', `snapshot.json version ${snapshot.snapshot.version} is newer and passed every check.`);

  const { timestamp } = row;
  const due = dueAt(timestamp, issuedAt(observed, timestamp) ?? now, observed.healDueAt, policy, now);
  if (now >= due)
    return sign(
      'SIGNED',
      `timestamp.json version ${timestamp.version} was due for its successor at ${formatInstant(due)}.`,
    );
  if (force)
    return sign(
      'SIGNED',
      `timestamp.json version ${timestamp.version} was not due before ${formatInstant(due)}; it was forced.`,
    );
  const message = `timestamp.json version ${timestamp.version} is healthy; the next signature is due at ${formatInstant(due)}.`;
  return { ...run, do: 'skip', code: 'NOT_DUE', message, dueAt: due };
}

function pick<C extends RefusalCode>({ code, message }: { readonly code: C; readonly message: string }) {
  return { code, message };
}

/** A publish is not one step: what looks broken may be half of one, for so long. */
function patience(grace: Grace, row: Row, { check }: Policy): Seconds {
  switch (grace) {
    case 'none':
      return seconds(0);
    case 'one check':
      return check;
    case 'one check if named':
      return row.is !== 'healthy' && row.namesBase ? check : seconds(0);
    case 'two checks':
      return seconds(2 * check);
  }
}

/** V1: above everything that counts, that was ever in the journal, or that a person declared used. */
function nextVersion({ current, journal }: State): number {
  const { entry, seen, floor } = journal;
  const used = [counting(current, journal)?.version, entry?.timestamp.version, seen?.timestamp.version, floor];
  return Math.max(...used.map((version) => version ?? 0)) + 1;
}

/** R1: when the next signature may be made; undefined if now. A repair does not wait for the schedule, but each cause is repaired once. */
function tooSoon(
  { entry, heals }: Journal,
  { minInterval }: Policy,
  cause: string | undefined,
  now: Instant,
): Instant | undefined {
  const last = cause === undefined ? entry?.issuedAt : heals.find((heal) => heal.cause === cause)?.at;
  return last !== undefined && now < after(last, minInterval) ? after(last, minInterval) : undefined;
}
