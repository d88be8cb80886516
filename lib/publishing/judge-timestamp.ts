import { differs } from '../tuf/meta-file.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import { parseTimestamp, type Timestamp } from '../tuf/timestamp.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import { refuse, same, type Refusal, type RootVerdict } from './judge-roots.ts';
import type { Lineage } from './judge-snapshot.ts';
import type { LocalRepository } from './local-repository.ts';
import { observe } from './observed.ts';
import type { PublishedState } from './published-state.ts';

/** Whose timestamp.json is to be served after a publish. */
export type TimestampVerdict =
  /** Ours is put. */
  | { readonly do: 'put' }
  /** The one that is there stays: it vouches for our snapshot, or the signer will replace it by one that does. */
  | { readonly do: 'leave'; readonly vouches: boolean }
  /** Ours has to be signed again, above this version. */
  | { readonly do: 'sign'; readonly above: number }
  | Refusal;

/** How it is wanted. */
export interface TimestampWish extends Pick<Lineage, 'base'> {
  /** The signer vouches for newer snapshots, so timestamp.json is its own. */
  readonly isAdvance: boolean;
  readonly now: Instant;
}

/** A version that a thief ran up would bind us for ever; once the key is taken away it binds nobody. As `maxVersionJump`. */
const MAX_JUMP = 1_000_000;

/** Judges timestamp.json, which the signer raises all the while: ours goes above it, or stays away where theirs vouches for the same snapshot. */
export function judgeTimestamp(
  local: LocalRepository,
  published: PublishedState,
  { chain, publishedVersion }: RootVerdict,
  { isAdvance, base, now }: TimestampWish,
): TimestampVerdict {
  const { timestamp: ours, snapshot } = local;
  const stored = published.files.get('timestamp.json')?.bytes;
  // The signer begins from one that is there; one that was there before it puts back itself, with a higher version than ours.
  const found = observe(stored, parseTimestamp, 'timestamp', chain, publishedVersion);
  if (publishedVersion === 0 && stored !== undefined && found === undefined)
    return refuse('OTHER_REPOSITORY', 'A timestamp.json is published there that no root of ours vouches for.');
  // One that our newest root no longer vouches for cannot be left: clients refuse it as soon as they have that root.
  const isRevoked = found?.isBinding === false;
  if (isAdvance && !isRevoked && (stored !== undefined || base !== undefined))
    return { do: 'leave', vouches: found !== undefined && names(found.metadata, snapshot) };
  if (ours === undefined || !names(ours, snapshot))
    return refuse('TIMESTAMP_MISSING', isRevoked ? 'Our root takes away the key of the published timestamp.json, and ours, signed with the new key over our snapshot, is missing: clients would be left without one.' : 'Our timestamp.json, which names our snapshot, is missing.'); // prettier-ignore
  if (found === undefined) return unlessExpired(ours, now);

  const { metadata: theirs, isBinding } = found;
  if (isBinding && names(theirs, snapshot)) {
    if (same(theirs.bytes, ours.bytes) || ours.version <= theirs.version)
      return theirs.expires > now ? { do: 'leave', vouches: true } : signAbove(theirs, ours, now);
    return unlessExpired(ours, now);
  }
  if (isBinding && theirs.snapshot.version > snapshot.version)
    return refuse('METADATA_ROLLBACK', `Our snapshot has version ${snapshot.version}; the published timestamp.json names version ${theirs.snapshot.version}.`); // prettier-ignore
  if (theirs.snapshot.version === snapshot.version && !names(theirs, snapshot))
    return refuse('PUBLISHED_MEANWHILE', `The published timestamp.json names a snapshot of version ${snapshot.version}, and it is another one than ours: whatever replaces it needs a higher version.`); // prettier-ignore
  if (ours.version > theirs.version || (!isBinding && theirs.version - ours.version > MAX_JUMP))
    return unlessExpired(ours, now);
  return { do: 'sign', above: theirs.version };
}

/** Whether a timestamp names a snapshot: its version, and its bytes as far as it says something about them. */
function names({ snapshot: entry }: Timestamp, { version, bytes }: Snapshot): boolean {
  return entry.version === version && differs(bytes, entry) === undefined;
}

/** Theirs has expired. Where ours has too, there is nothing that could be served; it is said of ours, which can be signed. */
function signAbove(theirs: Timestamp, ours: Timestamp, now: Instant): TimestampVerdict {
  const expired = unlessExpired(ours, now);
  return expired.do === 'refuse' ? expired : { do: 'sign', above: theirs.version };
}

function unlessExpired({ version, expires }: Timestamp, now: Instant): TimestampVerdict {
  if (expires > now) return { do: 'put' };
  return refuse('METADATA_EXPIRED', `timestamp.json (version ${version}) expired at ${formatInstant(expires)}.`);
}
