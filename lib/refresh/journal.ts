import type { SignedCode } from '../contract/codes.ts';
import type { Instant } from '../tuf/instant.ts';
import type { PublicKey } from '../tuf/key.ts';
import type { RootPin } from '../tuf/root-chain.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Verified } from '../tuf/verify.ts';

/** Whose journal it is. It is refused anywhere else. */
export interface Identity {
  /** The repository's name; empty for a directory, whose identity is the pin. */
  readonly repository: string;
  /** Where the repository lies (`s3://bucket/prefix`); empty for a directory, which may be moved. */
  readonly place: string;
  readonly pin: RootPin;
  /** Who began it. */
  readonly deployment: string;
  /** The public halves of the signer's keys, found when they were last opened. */
  readonly keys: readonly PublicKey[];
  /** The fingerprint of the key material in which they were found. */
  readonly keyFingerprint: string | undefined;
  /** The version of the secret with the passphrase, and so which key file it opens; absent where neither is in AWS. */
  readonly secretVersion?: string;
}

/** A timestamp that moved the state: its exact bytes, and the root under which they verify. */
export interface Recorded {
  readonly timestamp: Verified<Timestamp>;
  readonly rootVersion: number;
}

/** The newest timestamp that we decided to issue, published or not. */
export interface Entry extends Recorded {
  readonly issuedAt: Instant;
  readonly code: SignedCode;
  /** SHA-256 of the timestamp that it was to replace; undefined where there was none. */
  readonly replaces: string | undefined;
  readonly reason: string | undefined;
  readonly by: string;
}

/** The newest timestamp of somebody else that passed every HARD check. */
export interface Seen extends Recorded {
  readonly since: Instant;
}

/** The snapshot that we last endorsed, as a client that knew it would compare a newer one. */
export interface KnownSnapshot {
  readonly version: number;
  readonly sha256: string;
  readonly meta: ReadonlyMap<string, { readonly version: number; readonly algorithms: readonly string[] }>;
}

/** Since when something is wrong that may pass by itself. */
export interface BadSince {
  /** The published timestamp cannot be verified. */
  readonly timestamp?: Instant;
  /** The published snapshot is not the endorsed one. */
  readonly snapshot?: Instant;
  /** The repository is below the publisher's receipt. */
  readonly receipt?: Instant;
}

/** A repair that was signed; the same cause is not repaired twice within the policy's `minInterval`. */
export interface Heal {
  readonly cause: string;
  readonly at: Instant;
}

/** The write-ahead record and high-water mark of one repository. */
export interface Journal {
  readonly identity: Identity;
  /** The newest root of the kept chain, so that a run which read an older chain loses the race for the journal; absent in journals of release 0.1. */
  readonly newestRoot?: RootPin;
  /** Counts how often a person began it again. */
  readonly epoch: number;
  /** Versions up to here count as used. */
  readonly floor: number;
  readonly entry: Entry | undefined;
  readonly seen: Seen | undefined;
  readonly snapshot: KnownSnapshot;
  /** When to sign once more, so that a client which saw a stale snapshot beside a new timestamp gets on. */
  readonly healDueAt: Instant | undefined;
  readonly badSince: BadSince;
  readonly heals: readonly Heal[];
  /** When a dry run last signed a probe. */
  readonly probedAt: Instant | undefined;
}
