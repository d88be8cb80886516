import type { SignedCode } from '../contract/codes.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Verified } from '../tuf/verify.ts';
import { namesSameSnapshot, newestKnown } from './endorsement.ts';
import type { Entry } from './journal.ts';
import type { State } from './state.ts';

/** What the published timestamp is to us: the rows of the table in docs/architecture.md. */
export type Row =
  /** It is the newest one that the journal knows. */
  | { readonly is: 'healthy'; readonly timestamp: Verified<Timestamp> }
  /** Somebody else signed a newer one: fleetctl published. */
  | { readonly is: 'published'; readonly timestamp: Verified<Timestamp>; readonly namesBase: true }
  /** Nobody can verify it, and the journal does not know it: perhaps half of a copy. */
  | {
      readonly is: 'unverifiable';
      readonly code: 'HEALED_GARBAGE';
      readonly found: string;
      readonly cause: string;
      readonly namesBase: false;
    }
  /** It has to be replaced at once. */
  | {
      readonly is: 'wrong';
      readonly code: SignedCode;
      readonly found: string;
      readonly cause: string;
      readonly namesBase: boolean;
    };

/**
 * Which row the published timestamp falls into.
 * @param base - E, the endorsement that is extended
 */
export function rowOf({ current, journal }: State, base: Timestamp): Row {
  const { entry, seen } = journal;
  if (current.is === 'absent') return wrong('HEALED_MISSING', 'timestamp.json is missing.', 'absent', false);
  if (current.is === 'unverified') {
    const { sha256, because } = current;
    if (sha256 === entry?.timestamp.sha256 || sha256 === seen?.timestamp.sha256) {
      return wrong(
        'HEALED_ROOT_CHANGED',
        'The root no longer lists the key that signed timestamp.json.',
        sha256,
        false,
      );
    }
    if (sha256 === entry?.replaces) return unpublished(entry, sha256, false);
    const found = `timestamp.json cannot be verified: ${because.message}`;
    return { is: 'unverifiable', code: 'HEALED_GARBAGE', found, cause: `HEALED_GARBAGE:${sha256}`, namesBase: false };
  }
  const { timestamp } = current;
  const { version, sha256 } = timestamp;
  const newest = newestKnown(journal);
  const namesBase = namesSameSnapshot(timestamp, base);
  if (namesBase && sha256 === newest?.sha256) return { is: 'healthy', timestamp };
  if (namesBase && version > (newest?.version ?? 0)) return { is: 'published', timestamp, namesBase };
  if (sha256 === entry?.replaces) return unpublished(entry, sha256, namesBase);
  if (version === newest?.version && sha256 !== newest.sha256) {
    return wrong(
      'HEALED_COLLISION',
      `Somebody else signed another timestamp.json with version ${version}.`,
      sha256,
      namesBase,
    );
  }
  const found = `timestamp.json has version ${version} and names snapshot ${timestamp.snapshot.version};`;
  const known = `version ${newest?.version ?? 0} and snapshot ${base.snapshot.version} are known.`;
  return wrong('HEALED_ROLLBACK', `${found} ${known}`, sha256, namesBase);
}

function unpublished({ timestamp }: Entry, sha256: string, namesBase: boolean): Row {
  return wrong('HEALED_UNPUBLISHED', `Version ${timestamp.version} was signed but not published.`, sha256, namesBase);
}

function wrong(code: SignedCode, found: string, what: string, namesBase: boolean): Row {
  return { is: 'wrong', code, found, cause: `${code}:${what}`, namesBase };
}
