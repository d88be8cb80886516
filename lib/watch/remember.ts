import type { Finding } from '../contract/findings.ts';
import { parseInstant, type Instant } from '../tuf/instant.ts';
import type { RootPin } from '../tuf/root-chain.ts';
import type { Sight } from './look.ts';
import type { Memory, Recalled } from './memory.ts';
import { listsTargets } from './served.ts';

/**
 * What to remember after a look. A client's memory: what it refused, it did not take in, so versions never fall.
 * @param findings - what lasts, with since when
 */
export function remember(
  sight: Extract<Sight, { is: 'seen' }>,
  recalled: Recalled,
  findings: readonly Finding[],
  pin: RootPin,
  now: Instant,
): Memory {
  const earlier = recalled.is === 'kept' ? recalled.memory : undefined;
  const { kept } = sight.returning ?? sight.newcomer;
  const newest = kept.get('timestamp.json');
  return {
    pin,
    begunAt: earlier?.begunAt ?? now,
    lostAt: recalled.is === 'lost' ? now : earlier?.lostAt,
    roots:
      earlier === undefined || sight.returning === undefined
        ? [sight.pinned, ...sight.newcomer.newRoots]
        : [...earlier.roots, ...sight.returning.newRoots],
    timestamp: newest && { bytes: newest, since: sinceOf(newest, earlier) ?? now },
    snapshot: kept.get('snapshot.json'),
    targets: targetsAfter(sight, earlier),
    findings: new Map(findings.map(({ code, since }) => [code, parseInstant(since, 'since')])),
  };
}

function sinceOf(newest: Uint8Array, earlier: Memory | undefined): Instant | undefined {
  const known = earlier?.timestamp;
  return known !== undefined && Buffer.compare(known.bytes, newest) === 0 ? known.since : undefined;
}

/** Of one version the bytes that were seen first count. What is served is taken in where a client that remembers got through. */
function targetsAfter(
  { served, returning }: Extract<Sight, { is: 'seen' }>,
  earlier: Memory | undefined,
): Memory['targets'] {
  if (earlier !== undefined && returning?.stopped !== undefined) return earlier.targets;
  const seen = served.roles.filter(listsTargets);
  return new Map(
    seen.map(({ name, version, sha256 }) => {
      const known = earlier?.targets.get(name);
      return [name, known?.version === version ? known : { version, sha256 }];
    }),
  );
}
