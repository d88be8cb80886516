import { isRefusal, RefusalError } from '../contract/errors.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { KeySource } from '../keys/signer.ts';
import type { ReadStore, Store } from '../stores/store.ts';
import { Fields, knownFields } from '../tuf/fields.ts';
import type { Instant } from '../tuf/instant.ts';
import { isObject, parseJson, type Json } from '../tuf/json.ts';
import type { PublicKey } from '../tuf/key.ts';
import { latest, verifyChain } from '../tuf/root-chain.ts';
import type { Identity, Journal } from './journal.ts';
import { encodeJournal, MAX_JOURNAL_BYTES } from './journal-file.ts';
import {
  beginAtPin,
  keepChain,
  knownFrom,
  MAX_CHAIN_BYTES,
  pinAt,
  pinOf,
  ROOT_CHAIN,
  withRoots,
} from './kept-roots.ts';
import { JOURNAL, look, type Look, type Places } from './look.ts';
import type { Trust } from './trust.ts';
import { openKeys, signProbe, type OurKeys } from './our-keys.ts';
import { plannedOutcome } from './outcome.ts';
import { plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { rolesSharing, sharedKey } from './warnings.ts';

/** What a person decides when a state is begun. */
export interface Enrolment {
  readonly repository: string;
  /** Begin although there is a state, or was one: the way out of every refusal that a person must decide. */
  readonly again: boolean;
  /** A version that is to count as used: of a timestamp that jumped too far, or the highest that is known to have been issued. */
  readonly acceptVersion: number | undefined;
  /** The version of the published snapshot, if it is to be accepted although a higher one was endorsed. */
  readonly acceptSnapshot: number | undefined;
  /** Allow the timestamp key in the snapshot role, as tuf-on-ci has it. */
  readonly allowSharedSnapshotKey: boolean;
  /** Roots to append to the kept chain, which the repository may not show. */
  readonly roots?: readonly Uint8Array[];
  readonly material?: KeyMaterial;
}

/** What becomes of the key material at an enrolment where it is to sign elsewhere; for a directory it stays where it is. */
export interface KeyMaterial {
  /** Whether whoever enrols may sign with it; if not, it is for the signer's own dry run to show that it signs. */
  readonly signsHere: boolean;
  /**
   * Puts the keys where the signer looks for them. What is there goes on working until the journal names the new version.
   * @param keys - those that the root lists for the timestamp role; no other is to leave
   * @returns the version of the secret; undefined where there is none
   */
  install(keys: readonly PublicKey[]): Promise<string | undefined>;
}

/** What an old journal still tells, even if it cannot be trusted: it only ever raises the floor. */
interface HighWater {
  readonly version: number;
  readonly snapshot: { readonly version: number; readonly sha256: string | undefined };
  readonly epoch: number;
}

const UNKNOWN_VERSIONS = 100; // versions that a lost journal may have issued beyond what is known

/**
 * Begins the state of a repository, or begins it again: verifies everything from the trusted root, opens the keys, signs a probe, writes journal and root chain.
 * @param trust - with the root that the caller vouches for, which becomes the pin; or with the pin of a configuration, which it has to be
 * @param now - the run's one clock reading
 * @returns the verdict that the next run would have, as a dry run; refused if anything does not hold, and then nothing is written
 * @throws FailureError as refresh does
 */
export async function enroll(
  enrolment: Enrolment,
  places: Places,
  trust: Trust,
  policy: Policy,
  now: Instant,
): Promise<Outcome> {
  const asked = { repository: enrolment.repository, dryRun: true };
  const [oldJournal, oldChain] = await Promise.all([
    places.state.get(JOURNAL, MAX_JOURNAL_BYTES),
    places.state.get(ROOT_CHAIN, MAX_CHAIN_BYTES),
  ]);
  if (!enrolment.again && (oldJournal !== undefined || oldChain !== undefined)) {
    throw new RefusalError(
      'ACCEPT_INVALID',
      'This repository is enrolled already; to begin its state again, add --again.',
    );
  }
  const seen = await lookToBegin(enrolment.roots ?? [], oldChain?.bytes, places, trust, policy, now);
  const old = oldJournal === undefined ? undefined : highWater(oldJournal.bytes);
  const journal = { ...seen.state.journal, ...accepted(enrolment, seen, old, policy) };
  const decided = plan({ ...seen.state, journal }, policy, false, now);
  if (decided.do === 'refuse') return plannedOutcome(asked, decided, seen.state);

  const keys = await checkedKeys(places.keys, seen, enrolment);
  const identity = await installed(keys, enrolment);
  const newestRoot = pinAt(latest(seen.state.chain));
  const written = await places.state.putIf(
    JOURNAL,
    encodeJournal({ ...journal, newestRoot, identity, probedAt: now }),
    oldJournal?.token ?? 'absent',
  );
  if (written === 'changed' || (await keepChain(places.state, seen.state.chain, oldChain?.token)) === 'changed') {
    throw new RefusalError('ACCEPT_INVALID', 'Somebody else wrote the state meanwhile; enrol again.');
  }
  return { ...plannedOutcome(asked, decided, seen.state), keyIds: Array.from(keys.signers.keys()) };
}

/**
 * What an enrolment that begins a state decides on: read and verified from the trusted root on, as if there were no state.
 * @param roots - that the repository may not show
 * @param oldChain - what was kept before, of which no root is unseen
 * @throws what look throws
 */
export async function lookToBegin(
  roots: readonly Uint8Array[],
  oldChain: Uint8Array | undefined,
  places: Places,
  trust: Trust,
  policy: Policy,
  now: Instant,
): Promise<Look> {
  const pinned = await withPinnedRoot(trust, places.hosting);
  const trusted = remembering(pinned, oldChain, roots);
  const seen = await look({ ...places, state: NOTHING }, trusted, policy, false, now);
  if (seen === 'changed') throw new RefusalError('ACCEPT_INVALID', 'The state changed meanwhile.');
  return seen;
}

/** The state that enrolment begins from: none. */
const NOTHING: Store = {
  get: () => Promise.resolve(undefined),
  putIf: () => Promise.resolve('changed'),
  list: () => Promise.resolve([]),
};

/**
 * Where the configuration has a pin, nothing is taken on faith: the given root, or the repository's own copy, has to be it.
 * @throws RefusalError ROOT_PIN_MISMATCH
 */
async function withPinnedRoot(trust: Trust, hosting: ReadStore): Promise<Trust> {
  const { pin, trustedRoot, ...rest } = trust;
  if (pin === undefined) return trust;
  return { ...rest, trustedRoot: (await beginAtPin(hosting, pin, trustedRoot))[0].bytes };
}

/** A root that was seen once stays known, although the repository may hide it now; so does one that is given. */
function remembering(trust: Trust, oldChain: Uint8Array | undefined, roots: readonly Uint8Array[]): Trust {
  const { trustedRoot } = trust;
  if (trustedRoot === undefined) return trust;
  const known = (oldChain && knownFrom(oldChain, trustedRoot)) ?? verifyChain([trustedRoot], pinOf(trustedRoot));
  return { ...trust, knownRoots: withRoots(known, roots) };
}

/** What goes beyond what is known has to be named: a typing error must not accept it. */
function accepted(
  { again, acceptVersion, acceptSnapshot }: Enrolment,
  { state }: Look,
  old: HighWater | undefined,
  policy: Policy,
): Pick<Journal, 'epoch' | 'floor'> {
  const published = state.journal.seen?.timestamp.version ?? 0;
  const { version: snapshot, sha256 } = state.journal.snapshot;
  if (old !== undefined && published > old.version + policy.maxVersionJump && acceptVersion !== published) {
    throw new RefusalError(
      'VERSION_JUMP',
      `timestamp.json has version ${published}, ${old.version} is the highest known one; if it is right, add --accept-version ${published}.`,
    );
  }
  if (old !== undefined && snapshot < old.snapshot.version && acceptSnapshot !== snapshot) {
    throw new RefusalError(
      'SNAPSHOT_ROLLBACK',
      `The snapshot has version ${snapshot}, ${old.snapshot.version} was endorsed; if it is right, add --accept-snapshot ${snapshot}.`,
    );
  }
  const isAnother = snapshot === old?.snapshot.version && sha256 !== (old.snapshot.sha256 ?? sha256);
  if (isAnother && acceptSnapshot !== snapshot) {
    throw new RefusalError(
      'EQUIVOCATION',
      `The snapshot has version ${snapshot} like the endorsed one, but other contents; if it is right, add --accept-snapshot ${snapshot}.`,
    );
  }
  if (acceptVersion !== undefined && acceptVersion < published) {
    throw new RefusalError(
      'ACCEPT_INVALID',
      `--accept-version is ${acceptVersion}, below the published version ${published}.`,
    );
  }
  if (acceptSnapshot !== undefined && acceptSnapshot !== snapshot) {
    throw new RefusalError(
      'ACCEPT_INVALID',
      `--accept-snapshot is ${acceptSnapshot}, but the published snapshot has version ${snapshot}.`,
    );
  }
  if (!again) return { epoch: 0, floor: acceptVersion ?? 0 };
  return {
    epoch: (old?.epoch ?? 0) + 1,
    floor: Math.max(published, old?.version ?? 0, acceptVersion ?? 0) + UNKNOWN_VERSIONS,
  };
}

const ANY = knownFields();

/** Reads the versions in an old journal without trusting it. A damaged one tells nothing. */
function highWater(bytes: Uint8Array): HighWater | undefined {
  try {
    const fields = new Fields(parseJson(bytes, JOURNAL), JOURNAL, ANY);
    const version = (json: Json | undefined) =>
      json === undefined ? 0 : new Fields(json, JOURNAL, ANY).integer('version');
    const snapshot = fields.json.get('snapshot');
    const sha256 = isObject(snapshot) ? snapshot.get('sha256') : undefined;
    const versions = [fields.json.get('entry'), fields.json.get('seen')].map(version);
    return {
      version: Math.max(...versions, fields.integer('floor')),
      snapshot: { version: version(snapshot), sha256: typeof sha256 === 'string' ? sha256 : undefined },
      epoch: fields.integer('epoch'),
    };
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/**
 * Opens the keys, and judges what only an enrolment refuses.
 * @throws RefusalError KEY_IN_OTHER_ROLE, OWN_OUTPUT_INVALID, and what openKeys throws
 */
export async function checkedKeys(source: KeySource, seen: Look, enrolment: Enrolment): Promise<OurKeys> {
  const keys = await openKeys(source, { ...seen.state, keys: undefined });
  refuseSharedKeys(seen, keys.identity.keys, enrolment);
  if (enrolment.material?.signsHere === false) return keys;
  await signProbe(keys.signers);
  return keys;
}

/** Installs the keys that the root lists, and no other, where they are to sign elsewhere. */
export async function installed({ signers, identity }: OurKeys, { material }: Enrolment): Promise<Identity> {
  if (material === undefined) return identity;
  const keys = Array.from(signers.values(), ({ publicKey }) => publicKey);
  const secretVersion = await material.install(keys);
  const { repository, place, pin, deployment } = identity;
  const whose = { repository, place, pin, deployment, keys, keyFingerprint: undefined };
  return secretVersion === undefined ? whose : { ...whose, secretVersion };
}

/**
 * K2: one key in two roles lets whoever steals it do both. In a run that is told; here it is refused.
 * @throws RefusalError KEY_IN_OTHER_ROLE
 */
export function refuseSharedKeys(
  { state: { chain } }: Look,
  keys: readonly PublicKey[],
  { allowSharedSnapshotKey }: Pick<Enrolment, 'allowSharedSnapshotKey'>,
): void {
  const root = latest(chain);
  const shared = rolesSharing(root, keys).find((role) => !(allowSharedSnapshotKey && role === 'snapshot'));
  if (shared !== undefined) throw new RefusalError('KEY_IN_OTHER_ROLE', sharedKey(root, shared).message);
}
