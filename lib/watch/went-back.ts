import { unlessRefused } from '../contract/errors.ts';
import { after, seconds, type Instant } from '../tuf/instant.ts';
import type { Root } from '../tuf/root.ts';
import { parseSnapshot } from '../tuf/snapshot.ts';
import { parseTimestamp } from '../tuf/timestamp.ts';
import { verified } from '../tuf/verify.ts';
import type { Found } from './judge.ts';
import type { Sight } from './look.ts';
import type { Memory } from './memory.ts';
import type { WatchPolicy } from './policy.ts';

/** Refusals that a client comes to while files are being put one after the other, or caches hold some old and some new. */
const MIXED = [
  'SNAPSHOT_MISMATCH',
  'SNAPSHOT_MISSING',
  'TARGETS_MISMATCH',
  'TARGETS_MISSING',
  'TIMESTAMP_MISSING',
  'TOO_LARGE', // than what names it says: a publish makes most files longer
];

/** Whether what stopped a client may be over soon. */
export function hasMixed(code: string): boolean {
  return MIXED.includes(code);
}

/** What is served against what was served: older, or of the same version with other bytes. */
export function wentBack(
  sight: Extract<Sight, { is: 'seen' }>,
  memory: Memory,
  { cacheMax }: WatchPolicy,
  now: Instant,
): Found[] {
  // prettier-ignore
  const { served, returning } = sight;
  const found = equivocations(sight, memory);
  if (returning?.stopped?.code !== 'METADATA_ROLLBACK') return found;
  const known = knownTimestamp(memory, served.root);
  const isTimestamp = known !== undefined && served.timestamp !== undefined && served.timestamp.version < known.version;
  // A cache may still have the one before, where the newer one has just come.
  const isFresh = memory.timestamp !== undefined && now < after(memory.timestamp.since, seconds(cacheMax));
  const code = isTimestamp ? 'VERSION_WENT_BACK' : 'SNAPSHOT_WENT_BACK';
  return [...found, { code, message: returning.stopped.message, ...(isFresh && { mayPass: true }) }];
}

function equivocations({ pinned, newcomer, served }: Extract<Sight, { is: 'seen' }>, memory: Memory): Found[] {
  const roots = [pinned, ...newcomer.newRoots].flatMap((bytes, index) => {
    const known = memory.roots[index];
    return known === undefined || Buffer.compare(known, bytes) === 0 ? [] : [memory.pin.version + index];
  });
  const [root] = roots;
  const others = served.roles.filter(({ name, version, sha256 }) => {
    const known = knownVersion(name, memory, served.root);
    return known?.version === version && known.sha256 !== sha256;
  });
  return [...(root === undefined ? [] : [{ file: `${root}.root.json`, version: root }]), ...others].map(
    ({ file, version }) => ({
      code: 'EQUIVOCATION',
      message: `${file} (version ${version}) is served with other bytes than before.`,
    }),
  );
}

/** What no key of the newest root signed binds nobody any more. */
function knownVersion(role: string, memory: Memory, root: Root) {
  switch (role) {
    case 'root':
      return undefined; // the whole chain is compared
    case 'timestamp':
      return knownTimestamp(memory, root);
    case 'snapshot':
      return memory.snapshot && unlessRefused(() => verified(parseSnapshot(memory.snapshot ?? new Uint8Array()), root.roles.snapshot, root.keys, 'snapshot')); // prettier-ignore
    default:
      return memory.targets.get(role);
  }
}

function knownTimestamp({ timestamp }: Memory, root: Root) {
  return timestamp && unlessRefused(() => verified(parseTimestamp(timestamp.bytes), root.roles.timestamp, root.keys, 'timestamp')); // prettier-ignore
}
