import { RefusalError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import type { ReadStore } from '../stores/store.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { beginChain, isPinned, latest, type RootChain, type RootPin } from '../tuf/root-chain.ts';
import type { Identity, Recorded } from './journal.ts';
import { parseIdentity } from './journal-file.ts';
import { pinOf } from './kept-roots.ts';
import { observeTimestamp, type Current } from './state.ts';

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
  /** The roots from the trusted one on that an older state kept: whoever begins again does not unsee a root. */
  readonly knownRoots?: RootChain;
  /** A timestamp that a person vouches for, to begin from in place of the published one: a root that removed its key came in between. */
  readonly acceptedTimestamp?: Uint8Array;
}

/**
 * What a journal is begun from: the accepted timestamp under any root of the chain, else the published one under the latest.
 * @throws RefusalError ACCEPT_INVALID
 */
export function startingPoint(chain: RootChain, current: Current, { acceptedTimestamp }: Trust): Recorded | undefined {
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

/**
 * No journal: a state that was lost, or a directory's first run, for which somebody has to vouch.
 * @throws RefusalError JOURNAL_MISSING, NO_BASELINE, and why the trusted root is none
 */
export async function newIdentity(trust: Trust, hasChain: boolean, hosting: ReadStore): Promise<Identity> {
  if (trust.pin !== undefined || hasChain) {
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
  if (bytes === undefined) {
    return 'No root is trusted yet, and there is no root.json here: is this the folder of a repository?';
  }
  const [{ version, sha256, roles }] = beginChain(bytes, 'root.json');
  const ids = (role: 'root' | 'timestamp') => roles[role].keyids.map((id) => quote(id.slice(0, 16))).join(', ');
  return (
    `No root is trusted yet. The published root.json has version ${version} and SHA-256 ${sha256}; ` +
    `its root keys begin with ${ids('root')}, its timestamp keys with ${ids('timestamp')}. ` +
    'If that is yours, run this again with --trusted-root and a copy of it.'
  );
}

/**
 * Whose journal it is; it has to be ours.
 * @throws RefusalError JOURNAL_FOREIGN, ROOT_PIN_MISMATCH, JOURNAL_INVALID
 */
export function knownIdentity(bytes: Uint8Array, { repository, place, pin, deployment }: Trust): Identity {
  const identity = parseIdentity(bytes);
  if (identity.repository !== repository || identity.place !== place) {
    throw new RefusalError(
      'JOURNAL_FOREIGN',
      `journal.json belongs to ${printable(called(identity))}, not to ${called({ repository, place })}.`,
    );
  }
  if (pin !== undefined && (pin.version !== identity.pin.version || pin.sha256 !== identity.pin.sha256)) {
    throw new RefusalError(
      'ROOT_PIN_MISMATCH',
      `The journal's pin is root version ${identity.pin.version} with the SHA-256 ${identity.pin.sha256}, the configuration's is version ${pin.version} with ${pin.sha256}.`,
    );
  }
  return { ...identity, deployment };
}

function called({ repository, place }: Pick<Identity, 'repository' | 'place'>): string {
  return [repository, place].filter((word) => word !== '').join(' in ') || 'a directory';
}

/**
 * A given trusted root has to be one of the chain: the pin, or a root that it vouches for.
 * @throws RefusalError ROOT_PIN_MISMATCH
 */
export function agreesWith(chain: RootChain, { trustedRoot }: Trust): void {
  if (trustedRoot === undefined) return;
  const { version, sha256 } = pinOf(trustedRoot);
  if (chain.some(({ bytes }) => isPinned(bytes, { sha256 }))) return;
  throw new RefusalError(
    'ROOT_PIN_MISMATCH',
    `The given root (version ${version}) is not in the trusted chain, which goes from version ${chain[0].version} to ${latest(chain).version}.`,
  );
}

/** Recorded public halves hold as long as the key material is the one in which they were found. */
export function knownKeys(
  { keys, keyFingerprint }: Identity,
  fingerprint: string | undefined,
): Identity['keys'] | undefined {
  return keys.length > 0 && keyFingerprint === fingerprint ? keys : undefined;
}
