import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import { RefusalError } from '../../lib/contract/errors.ts';
import type { Entry, Journal, Seen } from '../../lib/refresh/journal.ts';
import { newestKnown } from '../../lib/refresh/endorsement.ts';
import { plan, type Plan } from '../../lib/refresh/plan.ts';
import { DEFAULT_POLICY, MAX_VALIDITY, MIN_VALIDITY, type Policy } from '../../lib/refresh/policy.ts';
import {
  observeSnapshot,
  observeTimestamp,
  type Current,
  type PublishedSnapshot,
  type State,
} from '../../lib/refresh/state.ts';
import { days, formatInstant, hours, minutes, type Instant, type Seconds } from '../../lib/tuf/instant.ts';
import { beginChain, extendChain, type RootChain } from '../../lib/tuf/root-chain.ts';
import type { Snapshot } from '../../lib/tuf/snapshot.ts';
import type { Timestamp } from '../../lib/tuf/timestamp.ts';
import type { Verified } from '../../lib/tuf/verify.ts';
import { newRepository } from './repository.ts';
import { entryOf, sign } from './signing.ts';

const r = await newRepository();
const NOW = r.now;
const ours = r.keys.timestamp;
const revoked = await r.rotateTimestampKey(); // root 2 lists this one instead: there the two change parts

/** Root 1 with our key; and the same followed by a root 2 without it. */
const ROOT_1 = beginChain(r.bytes('1.root.json'));
const CHAINS: readonly RootChain[] = [ROOT_1, extendChain(ROOT_1, r.bytes('2.root.json'))];

/** Two contents for each of three versions of the snapshot. */
const SNAPSHOTS = await Promise.all(
  [1, 2, 3].flatMap((version) =>
    ['one', 'other'].map((x) => {
      const expires = formatInstant((NOW + days(100 * version)) as Instant);
      const meta = { 'targets.json': { version: 1 } };
      return sign({ _type: 'snapshot', spec_version: '1.0', version, expires, meta, x }, [r.keys.snapshot]);
    }),
  ),
);

const EDGE = Number.MAX_SAFE_INTEGER - 2 ** 20; // no version from here on is signed over

const version = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom(1_000, 1_000_005, 2_000_000, EDGE - 1, EDGE, Number.MAX_SAFE_INTEGER) },
);

/** Moments around now, and absurd ones: whoever can write the state can write them. */
const instant = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: NOW - days(20), max: NOW }) },
  { weight: 20, arbitrary: fc.integer({ min: NOW - hours(2), max: NOW + minutes(5) }) },
  { weight: 1, arbitrary: fc.constantFrom(-62_167_219_200, 0, NOW + minutes(5) + 1, 253_402_300_799) },
) as Arbitrary<Instant>;

const expiry = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: NOW - days(2), max: NOW + days(40) }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 253_402_300_799) },
) as Arbitrary<Instant>;

/** By a timestamp's hash, the snapshot that it names. */
const fileOf = new Map<string, Buffer>();

/** What a timestamp says; its bytes and hash are made of that. No signature: `plan` gets only what is verified. */
const timestamp: Arbitrary<Verified<Timestamp>> = fc
  .record({
    version,
    expires: expiry,
    file: fc.constantFrom(...SNAPSHOTS),
    hashes: fc.boolean(),
    x: fc.integer({ max: 1, min: 0 }),
  })
  .map(({ file, hashes, x, ...rest }) => {
    const { length, hashes: digests, version: named } = entryOf(file, versionOf(file));
    const digest = createHash('sha256').update(file).digest('hex');
    const bytes = Buffer.from(JSON.stringify([rest.version, rest.expires, digest, hashes, x]));
    const snapshot = {
      version: named,
      length: hashes ? length : undefined,
      hashes: new Map(hashes ? Object.entries(digests!) : []),
      json: new Map(),
    };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    fileOf.set(sha256, file);
    return { ...rest, snapshot, bytes, sha256, file: 'timestamp.json', isCapitalised: x === 1 } as never;
  });

function versionOf(file: Buffer): number {
  return (JSON.parse(file.toString()) as { signed: { version: number } }).signed.version;
}

const maybe = <T>(arbitrary: Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const seldom = <T>(arbitrary: Arbitrary<T>) =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const entry: Arbitrary<Entry> = fc.record({
  timestamp,
  rootVersion: fc.constant(1),
  issuedAt: instant,
  code: fc.constant('SIGNED' as const),
  replaces: maybe(fc.constantFrom('0'.repeat(64), '1'.repeat(64))),
  reason: fc.constant(undefined),
  by: fc.constantFrom('us', 'them'),
});

const seen: Arbitrary<Seen> = fc.record({ timestamp, rootVersion: fc.constant(1), since: instant });

const OBSERVED = SNAPSHOTS.map((bytes) => observeSnapshot(bytes, ROOT_1[0], 'snapshot.json'));
const BROKEN = observeSnapshot(SNAPSHOTS[0]!.subarray(1), ROOT_1[0], 'snapshot.json');

function observed(bytes: Buffer): PublishedSnapshot {
  return OBSERVED[SNAPSHOTS.indexOf(bytes)] ?? BROKEN;
}

function verifiedSnapshot(bytes: Buffer): Verified<Snapshot> {
  const found = observed(bytes);
  if (found.is !== 'verified') throw new Error('The snapshots of the test verify.');
  return found.snapshot;
}

const mostlyNothing = <T extends object>(model: { [K in keyof T]: Arbitrary<T[K]> }) =>
  fc.oneof(fc.constant({}), fc.record(model, { requiredKeys: [] }) as Arbitrary<Partial<T>>);

const journal: Arbitrary<Journal> = fc
  .record({
    identity: fc.constant({
      repository: '',
      place: '',
      pin: { version: 1, sha256: ROOT_1[0].sha256 },
      deployment: 'us',
      keys: [],
      keyFingerprint: undefined,
    }),
    epoch: fc.nat(3),
    floor: fc.oneof(fc.constant(0), version),
    entry: maybe(entry),
    seen: maybe(seen),
    healDueAt: seldom(instant),
    badSince: mostlyNothing<{ timestamp: Instant; snapshot: Instant; receipt: Instant }>({
      timestamp: instant,
      snapshot: instant,
      receipt: instant,
    }),
    heals: fc.array(fc.record({ cause: fc.constant('HEALED_MISSING:absent'), at: instant }), { maxLength: 1 }),
    probedAt: seldom(instant),
  })
  .chain((rest) => knownFor(rest.entry, rest.seen).map((snapshot) => ({ ...rest, snapshot })));

/** The snapshot that the journal knows is the one that its newest statement names, or an older one. */
function knownFor(own: Entry | undefined, other: Seen | undefined): Arbitrary<Journal['snapshot']> {
  const newest = endorsedFile(own, other);
  const older = SNAPSHOTS.filter((one) => versionOf(one) < versionOf(newest));
  return mostly(newest, older).map((bytes) => {
    const { version: of, sha256 } = verifiedSnapshot(bytes);
    return { version: of, sha256, meta: new Map([['targets.json', { version: 1, algorithms: [] }]]) };
  });
}

/** Mostly what is right: states in which something is wrong come by themselves. */
function mostly<T>(right: T, others: readonly T[]): Arbitrary<T> {
  const usual = { weight: 4, arbitrary: fc.constant(right) };
  return others.length === 0
    ? fc.constant(right)
    : fc.oneof(usual, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

function endorsedFile(...statements: readonly ({ timestamp: Timestamp } | undefined)[]): Buffer {
  const files = statements.map((one) => one && fileOf.get(one.timestamp.sha256)).filter((one) => one !== undefined);
  return files.sort((a, b) => versionOf(b) - versionOf(a))[0] ?? SNAPSHOTS[0]!;
}

/** The published timestamp: often one that the journal knows, or what it was to replace. */
function currentFor({ entry: own, seen: other }: Journal): Arbitrary<Current> {
  const recorded = [own?.timestamp, other?.timestamp].filter((one) => one !== undefined);
  const because = new RefusalError('SIGNATURE_INVALID', 'timestamp.json has no valid signature.');
  const ambiguous = new RefusalError('AMBIGUOUS_FIELD', 'timestamp.json has two versions.');
  const unverified = (sha256: string, why = because): Current => ({ is: 'unverified', sha256, because: why });
  const wrong = fc.oneof<Arbitrary<Current>[]>(
    fc.constant({ is: 'absent' }),
    fc.constantFrom(unverified('0'.repeat(64)), unverified('2'.repeat(64)), unverified('3'.repeat(64), ambiguous)),
    timestamp.map((one) => ({ is: 'verified', timestamp: one })),
    ...recorded.map((one) => fc.constant<Current>(unverified(one.sha256))),
  );
  const known = recorded.map((one): Current => ({ is: 'verified', timestamp: one }));
  return known.length === 0 ? wrong : fc.oneof(fc.constantFrom(...known), wrong);
}

const state: Arbitrary<State> = journal.chain((known) =>
  currentFor(known).chain((current) => {
    const file = endorsedFile(known.entry, known.seen, current.is === 'verified' ? current : undefined);
    return fc.record({
      chain: mostly(CHAINS[0]!, [CHAINS[1]!]),
      journal: fc.constant(known),
      current: fc.constant(current),
      snapshot: mostly(observed(file), [...OBSERVED, BROKEN, { is: 'absent', file: 'snapshot.json' }]),
      targets: fc.constantFrom(
        { is: 'unread' as const },
        { is: 'refused' as const, because: new RefusalError('TARGETS_MISSING', 'targets.json is missing.') },
        { is: 'verified' as const, expires: [{ file: 'targets.json', expires: (NOW + days(1)) as Instant }] },
      ),
      receipt: mostly(undefined, [1, 2, 3, 4, 2_000].map((of) => ({ version: of, sha256: 'f'.repeat(64) })) as never),
      pause: seldom(
        fc.record({ until: fc.constantFrom(NOW - 1, NOW, NOW + 1) as Arbitrary<Instant>, reason: fc.string() }),
      ),
      keys: fc.constantFrom(undefined, [ours.publicKey], [ours.publicKey, revoked.publicKey]),
      clockSkew: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 300, 301),
      deployment: fc.constant('us'),
      warnings: fc.constant([]),
    });
  }),
);

const policy: Arbitrary<Policy> = fc
  .record({
    mode: fc.constantFrom('refresh' as const, 'advance' as const),
    validity: fc.constantFrom(MIN_VALIDITY, days(1), days(14), MAX_VALIDITY),
    resignPercent: fc.integer({ min: 1, max: 80 }),
    minInterval: fc.constantFrom(0 as Seconds, minutes(10)),
  })
  .map(({ resignPercent, validity, ...rest }) => ({
    ...DEFAULT_POLICY,
    ...rest,
    validity,
    resignAfter: Math.max(1, Math.floor((validity * resignPercent) / 100)) as Seconds,
    check: Math.floor(validity / 10) as Seconds,
  }));

/** For a counterexample that fits on a screen. */
function brief(whole: State): State {
  const short = (_: string, item: unknown) => {
    if (item instanceof Uint8Array) return '…';
    return item instanceof Map ? Object.fromEntries(item as Map<string, unknown>) : item;
  };
  const text = () => JSON.stringify({ ...whole, chain: whole.chain.length, keys: whole.keys?.length }, short);
  return Object.defineProperty({ ...whole }, fc.toStringMethod, { value: text, enumerable: false });
}

/** Checks a property of what `plan` says, for many states and policies. */
function expectAlways(
  holds: (decided: Plan, state: State, policy: Policy, force: boolean) => boolean,
  numRuns = 1_000,
): void {
  const property = fc.property(state.map(brief), policy, fc.boolean(), (given, rules, force) =>
    holds(plan(given, rules, force, NOW), given, rules, force),
  );
  fc.assert(property, { numRuns, seed: Number(process.env.TIMEKEEPER_FIRST_SEED ?? 1) });
}

/** The same for what is signed alone. */
function expectWhenSigned(
  holds: (signed: Extract<Plan, { do: 'sign' }>, state: State, policy: Policy, force: boolean) => boolean,
): void {
  expectAlways((decided, ...given) => decided.do !== 'sign' || holds(decided, ...given));
}

describe('plan, whatever was read', () => {
  test('never throws, and comes to every kind of end', () => {
    const ends = new Set<string>();
    expectAlways((decided) => {
      ends.add(decided.code);
      return decided.message !== '';
    }, 2_000);
    // The properties below would show little if the states were all of one kind.
    const wanted = ['SIGNED', 'NOT_DUE', 'HEAL_WAITS', 'HEALED_GARBAGE', 'HEALED_MISSING', 'HEALED_ROLLBACK', 'PAUSED'];
    expect(wanted.filter((code) => !ends.has(code))).toEqual([]);
    expect(ends.size).toBeGreaterThanOrEqual(16);
  });

  test('says the same of the same, and changes nothing of what it was given', () => {
    expectAlways((decided, given, rules, force) => {
      const before = fingerprint(given);
      const again = plan(given, rules, force, NOW);
      return fingerprint(again) === fingerprint(decided) && fingerprint(given) === before;
    }, 300);
  });

  test('is forced past NOT_DUE and HEAL_WAITS, and changes no other verdict (S-10)', () => {
    expectAlways((_, given, rules) => {
      const calm = plan(given, rules, false, NOW);
      const forced = plan(given, rules, true, NOW);
      if (calm.code !== 'NOT_DUE' && calm.code !== 'HEAL_WAITS') return verdict(forced) === verdict(calm);
      const { entry: own, heals } = given.journal;
      const last = Math.max(own?.issuedAt ?? 0, ...heals.map(({ at }) => at));
      return forced.do === 'sign' || (forced.code === 'TOO_SOON' && NOW < last + rules.minInterval);
    });
  });

  test('signs for at least an hour and at most 31 days (S-12)', () => {
    expectWhenSigned(({ expires }, _, { validity }) => {
      const life = expires - NOW;
      return life === validity && life >= hours(1) && life <= days(31);
    });
  });

  test('signs with a version above all that was ever used, and one that every client reads exactly (V1, S-12)', () => {
    expectWhenSigned(({ version: chosen }, { journal: { floor, entry: own, seen: other }, current }) => {
      const published = current.is === 'verified' ? current.timestamp.version : 0;
      const used = [floor, own?.timestamp.version, other?.timestamp.version, published];
      return chosen <= EDGE && used.every((one) => chosen > (one ?? 0));
    });
  });

  test('signs no snapshot below one that is endorsed, and no other bytes of one that is (S-4)', () => {
    expectWhenSigned(
      ({ snapshot, base }, { journal: { entry: own, seen: other, snapshot: known }, current }, { mode }) => {
        const published = current.is === 'verified' ? current.timestamp : undefined;
        const statements = [own?.timestamp, other?.timestamp, published];
        const isNotBelow = statements.every((one) => snapshot.version >= (one?.snapshot.version ?? 0));
        const isSame = snapshot.version !== known.version || snapshot.sha256 === known.sha256;
        return isNotBelow && isSame && (mode === 'advance' || snapshot.version === base.snapshot.version);
      },
    );
  });

  test('takes neither version nor snapshot from a timestamp that does not count (S-5)', () => {
    expectWhenSigned((signed, given, rules, force) => {
      const { current, journal: known } = given;
      const recorded = [known.entry?.timestamp.sha256, known.seen?.timestamp.sha256];
      if (current.is !== 'unverified' || recorded.includes(current.sha256)) return true;
      const without = plan({ ...given, current: { is: 'absent' } }, rules, force, NOW);
      return recorded.includes(signed.base.sha256) && (without.do !== 'sign' || without.version === signed.version);
    });
  });

  test('says when there is something to do next, and that is later', () => {
    expectAlways((decided) => decided.do !== 'skip' || decided.dueAt > NOW);
  });

  test('signs nothing for 10 minutes after a signature, but to repair (R1)', () => {
    expectWhenSigned(
      ({ heals }, { journal: { entry: own } }, { minInterval }) =>
        heals !== undefined || NOW >= (own?.issuedAt ?? 0) + minInterval,
    );
  });

  test('never forgets: entry, epoch, floor, repairs and identity stay, and the newest version and the snapshot do not fall', () => {
    expectAlways(({ journal: now }, { journal: old }) => {
      const kept = ({ entry: own, epoch, floor, heals, identity, probedAt }: Journal) =>
        fingerprint([own, epoch, floor, heals, identity, probedAt]);
      const isNotLower = (newestKnown(now)?.version ?? 0) >= (newestKnown(old)?.version ?? 0);
      return kept(now) === kept(old) && isNotLower && now.snapshot.version >= old.snapshot.version;
    });
  });
});

test('a timestamp that verifies is not the one of the removed key', () => {
  expect(observeTimestamp(r.bytes('timestamp.json'), CHAINS[1]!.at(-1)!)).toMatchObject({ is: 'unverified' });
});

function verdict({ do: what, code, message, ...rest }: Plan): string {
  return fingerprint([what, code, message, 'version' in rest ? [rest.version, rest.expires] : []]);
}

function fingerprint(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item instanceof Map ? Array.from(item) : item));
}
