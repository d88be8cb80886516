import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import type { Warning } from '../contract/codes.ts';
import type { KeySource } from '../keys/signer.ts';
import type { ReadStore, Store, Stored, Token } from '../stores/store.ts';
import { updateTargets } from '../tuf/client.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import type { Instant } from '../tuf/instant.ts';
import type { Root } from '../tuf/root.ts';
import { beginChain, latest, type RootChain, type RootPin } from '../tuf/root-chain.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { Verified } from '../tuf/verify.ts';
import { beginJournal } from './begin.ts';
import { endorsement } from './endorsement.ts';
import type { Identity, Journal, Recorded } from './journal.ts';
import { MAX_JOURNAL_BYTES, parseIdentity, parseJournal } from './journal-file.ts';
import {
  beginAtPin,
  keepChain,
  MAX_CHAIN_BYTES,
  parseChain,
  pinOf,
  probe,
  probeRoots,
  ROOT_CHAIN,
} from './kept-roots.ts';
import type { Policy } from './policy.ts';
import {
  type Current,
  observeSnapshot,
  observeTimestamp,
  parsePause,
  parseReceipt,
  type PublishedSnapshot,
  type PublishedTargets,
  type State,
} from './state.ts';

/** Where one repository, its state and its key material are. */
export interface Places {
  readonly hosting: ReadStore;
  readonly state: Store;
  readonly keys: KeySource;
  /** The largest difference between our clock and an answer's `Date` so far, in seconds. */
  readonly clockSkew?: () => number | undefined;
}

/** Whose repository it is to be, and which root is trusted without proof. */
export interface Trust {
  /** The repository's name; empty for a directory. */
  readonly repository: string;
  /** `s3://bucket/prefix`; empty for a directory. */
  readonly place: string;
  /** Who signs here. */
  readonly deployment: string;
  /** The pin of the configuration; undefined for a directory, whose journal holds it. */
  readonly pin?: RootPin;
  /** A root file that the caller vouches for: begins the state of a directory, and has to agree with one that exists. */
  readonly trustedRoot?: Uint8Array;
  /** A timestamp that a person vouches for, to begin from in place of the published one: a root that removed its key came in between. */
  readonly acceptedTimestamp?: Uint8Array;
}

/** What a run saw. */
export interface Look {
  readonly state: State;
  /** True where there was no journal: it is written once something was decided. */
  readonly begun: boolean;
  readonly tokens: {
    readonly journal: Token | 'absent';
    readonly timestamp: Token | 'absent';
    readonly chain: Token | undefined;
  };
  /** The journal's bytes as they were read. */
  readonly journalBytes: Uint8Array | undefined;
}

/** The name of the journal in the state. */
export const JOURNAL = 'journal.json';
const MAX_SMALL_BYTES = 65_536; // receipt and pause; a hundred times what is in them
const MAX_READ_TIMESTAMP = 1_048_576; // a larger file is read before it is judged, so that it can be replaced

/**
 * Reads and verifies everything that `plan` decides on. Calls that do not need one another go out together: two rounds where nothing is new.
 * @param keep - whether new roots are written to the state before anything later can refuse
 * @returns 'changed' if somebody else wrote the state meanwhile
 * @throws RefusalError NO_BASELINE, JOURNAL_MISSING, JOURNAL_INVALID, JOURNAL_FOREIGN, ROOT_PIN_MISMATCH, ROOT_CHAIN_INVALID, ROOT_INVALID, PAUSE_INVALID, TOO_LARGE
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, ROOT_PROBE, TOO_MANY_ROOTS
 */
export async function look(
  { hosting, state, keys, clockSkew }: Places,
  trust: Trust,
  policy: Policy,
  keep: boolean,
  now: Instant,
): Promise<Look | 'changed'> {
  const [chainFile, journalFile, receiptFile, pauseFile, timestampFile, snapshotFile, fingerprint] = await Promise.all([
    state.get(ROOT_CHAIN, MAX_CHAIN_BYTES),
    state.get(JOURNAL, MAX_JOURNAL_BYTES),
    state.get('expected.json', MAX_SMALL_BYTES),
    state.get('pause.json', MAX_SMALL_BYTES),
    hosting.get('timestamp.json', MAX_READ_TIMESTAMP),
    readSnapshot(hosting, 'snapshot.json'),
    keys.fingerprint(),
  ]);
  const identity =
    journalFile === undefined ? await newIdentity(trust, chainFile, hosting) : knownIdentity(journalFile.bytes, trust);
  const kept =
    chainFile === undefined
      ? await beginAtPin(hosting, identity.pin, trust.trustedRoot)
      : parseChain(chainFile.bytes, identity.pin);

  const expected = expectedSnapshot(kept, journalFile, timestampFile);
  const [publishedRoot, nextRoot, versioned, names] = await Promise.all([
    probe(hosting, latest(kept).version),
    probe(hosting, latest(kept).version + 1),
    expected === undefined ? undefined : readSnapshot(hosting, expected),
    listed(hosting, latest(kept), policy),
  ]);
  const probed = await probeRoots(hosting, kept, { kept: publishedRoot, next: nextRoot });
  const { chain } = probed;
  if (keep && journalFile !== undefined && (chain.length > kept.length || chainFile === undefined)) {
    if ((await keepChain(state, chain, chainFile?.token)) === 'changed') return 'changed';
  }
  if (probed.stop !== undefined) throw probed.stop;
  agreesWith(chain, trust);

  const root = latest(chain);
  const current = observeTimestamp(timestampFile?.bytes, root);
  const fetched = new Map([
    ['snapshot.json', snapshotFile],
    ...(expected === undefined ? [] : [[expected, versioned] as const]),
  ]);
  const snapshotAt = async (file: string): Promise<PublishedSnapshot> =>
    asSnapshot(fetched.has(file) ? fetched.get(file) : await readSnapshot(hosting, file), root, file);
  const journal: Journal | undefined = journalFile && parseJournal(journalFile.bytes, chain);
  const first = startingPoint(chain, current, trust);
  const extended = journal === undefined ? first?.timestamp : endorsement({ current, journal });
  const snapshot = await snapshotAt(await snapshotName(hosting, root, extended?.snapshot.version, names, policy));
  const receipt = receiptFile && parseReceipt(receiptFile.bytes);

  const warnings: Warning[] = [...probed.warnings];
  if (receiptFile !== undefined && receipt === undefined) {
    warnings.push({ code: 'RECEIPT_IGNORED', message: 'expected.json cannot be read; it is ignored.' });
  }
  return {
    state: {
      chain,
      journal: journal ?? beginJournal({ identity, first, current, snapshot, epoch: 0, floor: 0 }, now),
      current,
      snapshot,
      targets:
        policy.mode === 'advance' && snapshot.is === 'verified'
          ? await readTargets(hosting, root, snapshot.snapshot, now)
          : { is: 'unread' },
      receipt,
      pause: pauseFile && parsePause(pauseFile.bytes),
      keys: knownKeys(identity, fingerprint),
      clockSkew: clockSkew?.(),
      deployment: trust.deployment,
      warnings,
    },
    begun: journalFile === undefined,
    tokens: {
      journal: journalFile?.token ?? 'absent',
      timestamp: timestampFile?.token ?? 'absent',
      chain: chainFile?.token,
    },
    journalBytes: journalFile?.bytes,
  };
}

/** What a journal is begun from: the accepted timestamp under any root of the chain, else the published one under the latest. */
function startingPoint(chain: RootChain, current: Current, { acceptedTimestamp }: Trust): Recorded | undefined {
  if (acceptedTimestamp === undefined) {
    return current.is === 'verified' ? { timestamp: current.timestamp, rootVersion: latest(chain).version } : undefined;
  }
  for (const root of [...chain].reverse()) {
    const accepted = observeTimestamp(acceptedTimestamp, root);
    if (accepted.is === 'verified') return { timestamp: accepted.timestamp, rootVersion: root.version };
  }
  throw new RefusalError(
    'ACCEPT_INVALID',
    'The accepted timestamp is signed by no key that a root of the chain ever listed for the timestamp role.',
  );
}

/** No journal: a state that was lost, or a directory's first run, for which somebody has to vouch. */
async function newIdentity(trust: Trust, chainFile: Stored | undefined, hosting: ReadStore): Promise<Identity> {
  if (trust.pin !== undefined || chainFile !== undefined) {
    throw new RefusalError(
      'JOURNAL_MISSING',
      'The state has no journal.json, so it is not known which versions were used.',
    );
  }
  if (trust.trustedRoot === undefined) throw new RefusalError('NO_BASELINE', await howToPin(hosting));
  const { repository, place, deployment } = trust;
  return { repository, place, deployment, pin: pinOf(trust.trustedRoot), keys: [], keyFingerprint: undefined };
}

/** What somebody needs to know to decide whether the published root is the right one: version, keys and SHA-256. */
async function howToPin(hosting: ReadStore): Promise<string> {
  const bytes = (await hosting.get('root.json', MAX_BYTES.root))?.bytes;
  if (bytes === undefined)
    return 'No root is trusted yet, and there is no root.json here: is this the folder of a repository?';
  const [{ version, sha256, roles }] = beginChain(bytes, 'root.json');
  const ids = (role: 'root' | 'timestamp') => roles[role].keyids.map((id) => quote(id.slice(0, 16))).join(', ');
  return (
    `No root is trusted yet. The published root.json has version ${version} and SHA-256 ${sha256}; ` +
    `its root keys begin with ${ids('root')}, its timestamp keys with ${ids('timestamp')}. ` +
    'If that is yours, run this again with --trusted-root and a copy of it.'
  );
}

function knownIdentity(bytes: Uint8Array, { repository, place, pin, deployment }: Trust): Identity {
  const identity = parseIdentity(bytes);
  if (identity.repository !== repository || identity.place !== place) {
    throw new RefusalError(
      'JOURNAL_FOREIGN',
      `journal.json belongs to ${identity.repository || 'a directory'} ${identity.place}, not to ${repository || 'a directory'} ${place}.`,
    );
  }
  if (pin !== undefined && (pin.version !== identity.pin.version || pin.sha256 !== identity.pin.sha256)) {
    throw new RefusalError(
      'ROOT_PIN_MISMATCH',
      `The journal's pin is root version ${identity.pin.version}, the configuration's is version ${pin.version} with another SHA-256.`,
    );
  }
  return { ...identity, deployment };
}

/** A given trusted root has to be one of the chain: the pin, or a root that it vouches for. */
function agreesWith(chain: RootChain, { trustedRoot }: Trust): void {
  if (trustedRoot === undefined) return;
  const { version, sha256 } = pinOf(trustedRoot);
  if (chain.some((root) => root.sha256 === sha256)) return;
  throw new RefusalError(
    'ROOT_PIN_MISMATCH',
    `The given root (version ${version}) is not in the trusted chain, which goes from version ${chain[0].version} to ${latest(chain).version}.`,
  );
}

/** Recorded public halves hold as long as the key material is the one in which they were found. */
function knownKeys({ keys, keyFingerprint }: Identity, fingerprint: string | undefined): Identity['keys'] | undefined {
  return keys.length > 0 && keyFingerprint === fingerprint ? keys : undefined;
}

/** With consistent snapshots, the file that clients will fetch, as far as it can be told before the newest root is known. */
function expectedSnapshot(
  kept: RootChain,
  journalFile: Stored | undefined,
  timestampFile: Stored | undefined,
): string | undefined {
  const root = latest(kept);
  if (!root.consistentSnapshot) return undefined;
  const current = observeTimestamp(timestampFile?.bytes, root);
  if (journalFile === undefined)
    return current.is === 'verified' ? versionedName(current.timestamp.snapshot.version) : undefined;
  const version = endorsement({ current, journal: parseJournal(journalFile.bytes, kept) })?.snapshot.version;
  return version === undefined ? undefined : versionedName(version);
}

const versionedName = (version: number): string => `${version}.snapshot.json`;

/** Which snapshot is judged: the endorsed version's, or in advance mode the newest that is there. */
async function snapshotName(
  hosting: ReadStore,
  root: Root,
  endorsed: number | undefined,
  names: readonly string[] | undefined,
  policy: Policy,
): Promise<string> {
  if (!root.consistentSnapshot || endorsed === undefined) return 'snapshot.json';
  const versions = (names ?? (await listed(hosting, root, policy)) ?? []).map((name) =>
    Number(/^(\d{1,15})\.snapshot\.json$/.exec(name)?.[1] ?? 0),
  );
  return versionedName(versions.reduce((newest, version) => Math.max(newest, version), endorsed));
}

async function listed(hosting: ReadStore, root: Root, { mode }: Policy): Promise<readonly string[] | undefined> {
  return mode === 'advance' && root.consistentSnapshot && 'list' in hosting ? (hosting as Store).list() : undefined;
}

/** A snapshot that is too large to be read is an invalid one, not the end of the run. */
async function readSnapshot(hosting: ReadStore, file: string): Promise<Uint8Array | RefusalError | undefined> {
  try {
    return (await hosting.get(file, MAX_BYTES.snapshot))?.bytes;
  } catch (error) {
    if (error instanceof RefusalError) return error;
    throw error;
  }
}

function asSnapshot(read: Uint8Array | RefusalError | undefined, root: Root, file: string): PublishedSnapshot {
  return read instanceof RefusalError ? { is: 'invalid', because: read } : observeSnapshot(read, root, file);
}

const READ_TOGETHER = 32; // requests under way at once

/** Advance mode: every targets role that the snapshot names, fetched ahead, then walked as a client does. */
async function readTargets(
  hosting: ReadStore,
  root: Verified<Root>,
  snapshot: Verified<Snapshot>,
  now: Instant,
): Promise<PublishedTargets> {
  try {
    const files = await prefetch(hosting, root, snapshot);
    const walk = updateTargets(root, snapshot, new Map(), now);
    let step = walk.next();
    while (step.done !== true) step = walk.next(step.value.do === 'fetch' ? files.get(step.value.file) : undefined);
    return { is: 'verified', expires: Array.from(step.value.values(), ({ file, expires }) => ({ file, expires })) };
  } catch (error) {
    if (error instanceof RefusalError) return { is: 'refused', because: error };
    throw error;
  }
}

async function prefetch(
  hosting: ReadStore,
  { consistentSnapshot }: Root,
  { meta }: Snapshot,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = Array.from(meta, ([name, entry]) => {
    const file = `${encodeURIComponent(name.replace(/\.json$/, ''))}.json`;
    return {
      file: consistentSnapshot ? `${entry.version}.${file}` : file,
      maxBytes: entry.length ?? MAX_BYTES.targets,
    };
  });
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at < wanted.length; at += READ_TOGETHER) {
    const batch = wanted.slice(at, at + READ_TOGETHER);
    const read = await Promise.all(
      batch.map(({ file, maxBytes }) => hosting.get(file, Math.min(maxBytes, MAX_BYTES.targets))),
    );
    batch.forEach(({ file }, index) => {
      const stored = read[index];
      if (stored !== undefined) files.set(file, stored.bytes);
    });
  }
  return files;
}
