import { isRefusal } from '../contract/errors.ts';
import type { WatchOutcome } from '../contract/watch-outcome.ts';
import type { Store, Token } from '../stores/store.ts';
import { formatInstant, type Instant } from '../tuf/instant.ts';
import type { RootPin } from '../tuf/root-chain.ts';
import { judge } from './judge.ts';
import { look, type Published } from './look.ts';
import type { Recalled } from './memory.ts';
import { encodeMemory, MAX_MEMORY_BYTES, parseMemory } from './memory-file.ts';
import type { WatchPolicy } from './policy.ts';
import { remember } from './remember.ts';
import { findingsOf, reportOf } from './report.ts';

/** What one look is asked for. */
export interface Watched {
  readonly repository: string;
  readonly pin: RootPin;
  readonly published: Published;
  /** Where the watchdog remembers; undefined: nowhere, so it sees neither rollback nor silence. */
  readonly memory: Store | undefined;
  /** Look, and leave the memory as it is. */
  readonly dryRun: boolean;
}

/** The name of the memory, and of the note that there was one: a memory that is gone is not taken for one that is yet to begin. */
const MEMORY = 'memory.json';
const BEGUN = 'begun.json';
const MAX_NOTE_BYTES = 4_096;

/**
 * Looks at a repository from outside, as clients do, and remembers what it saw.
 * @param now - the run's one clock reading
 * @returns also whatever is wrong with the repository
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED: it could not find out, or could not remember
 */
export async function watch(
  { repository, pin, published, memory: store, dryRun }: Watched,
  policy: WatchPolicy,
  now: Instant,
): Promise<WatchOutcome> {
  const { recalled, token, isNoted } = await recall(store, pin);
  const sight = await look(published, pin, recalled.is === 'kept' ? recalled.memory : undefined);
  const judgement = judge(sight, recalled, policy, now);
  const findings = findingsOf(judgement, recalled, policy, now);
  if (store !== undefined && !dryRun && sight.is === 'seen') {
    // If somebody else wrote meanwhile, another run of ours saw the same: what it remembers holds.
    await store.putIf(MEMORY, encodeMemory(remember(sight, recalled, findings, pin, now)), token);
    if (!isNoted) await store.putIf(BEGUN, note(now), 'absent');
  }
  return reportOf(repository, judgement, findings);
}

async function recall(
  store: Store | undefined,
  pin: RootPin,
): Promise<{ readonly recalled: Recalled; readonly token: Token | 'absent'; readonly isNoted: boolean }> {
  if (store === undefined) return { recalled: { is: 'not kept' }, token: 'absent', isNoted: true };
  const [file, begun] = await Promise.all([store.get(MEMORY, MAX_MEMORY_BYTES), store.get(BEGUN, MAX_NOTE_BYTES)]);
  const isNoted = begun !== undefined;
  if (file === undefined) {
    const message = `${MEMORY} is gone: what was served before now is not known any more.`;
    return { recalled: isNoted ? { is: 'lost', message } : { is: 'none yet' }, token: 'absent', isNoted };
  }
  try {
    return { recalled: { is: 'kept', memory: parseMemory(file.bytes, pin) }, token: file.token, isNoted };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const message = `${MEMORY} cannot be used: ${error.message}`;
    return { recalled: { is: 'lost', message }, token: file.token, isNoted };
  }
}

function note(now: Instant): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: 1, begunAt: formatInstant(now) })}\n`, 'utf8');
}
