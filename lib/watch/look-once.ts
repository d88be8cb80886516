import type { WatchOutcome } from '../contract/watch-outcome.ts';
import type { Instant } from '../tuf/instant.ts';
import type { RootPin } from '../tuf/root-chain.ts';
import { judge } from './judge.ts';
import { look, type Published } from './look.ts';
import type { WatchPolicy } from './policy.ts';
import { findingsOf, reportOf } from './report.ts';

const NOT_KEPT = { is: 'not kept' } as const;

/**
 * One look that remembers nothing before and nothing after: it sees neither rollback nor silence, and gives nothing time to pass.
 * @param pin - the root that is trusted without proof, or what it is known by
 * @throws RefusalError ROOT_INVALID and what parsing throws, for a trusted root that is none
 * @throws FailureError STORE_UNREACHABLE
 */
export async function lookOnce(
  repository: string,
  published: Published,
  pin: RootPin | Uint8Array,
  policy: WatchPolicy,
  now: Instant,
): Promise<WatchOutcome> {
  const sight = await look(published, pin, undefined);
  const judgement = judge(sight, NOT_KEPT, policy, now);
  return reportOf(repository, judgement, findingsOf(judgement, NOT_KEPT, policy, now));
}
