import { FailureError, RefusalError, UsageError } from '../contract/errors.ts';
import type { Store } from '../stores/store.ts';
import { before, days, formatInstant, type Instant } from '../tuf/instant.ts';
import type { Pause } from './state.ts';

/** The name of the pause in the state. */
export const PAUSE = 'pause.json';
/** The largest pause that is read, in bytes: a hundred times what is in it. */
export const MAX_PAUSE_BYTES = 65_536;

const BEFORE_EXPIRY = days(1); // so that a forgotten pause never lets clients fail
const MAX_REASON = 200; // characters

/**
 * Stops the signing until a moment.
 * @param effectiveExpiry - when clients would fail if nobody signed; undefined where it is not known
 * @param now - the run's one clock reading
 * @throws UsageError for an end that is over, or without a reason
 * @throws RefusalError PAUSE_TOO_LONG
 * @throws FailureError LOST_RACE, and what the store throws
 */
export async function pauseSigning(
  state: Store,
  { until, reason }: Pause,
  effectiveExpiry: Instant | undefined,
  now: Instant,
): Promise<void> {
  if (reason === '' || reason.length > MAX_REASON)
    throw new UsageError(`A pause needs a reason of at most ${MAX_REASON} characters.`, {
      remedy: 'Say why with --reason.',
    });
  if (until <= now)
    throw new UsageError(`The pause would end at ${formatInstant(until)}, which is over.`, {
      remedy: 'Name a later end.',
    });
  const latest = effectiveExpiry === undefined ? undefined : before(effectiveExpiry, BEFORE_EXPIRY);
  if (latest === undefined || until > latest)
    throw new RefusalError(
      'PAUSE_TOO_LONG',
      latest === undefined
        ? 'Until when clients are served is not known, so nothing can be paused.'
        : `The pause would end at ${formatInstant(until)}; it may last until ${formatInstant(latest)}, one day before clients fail.`,
    );
  await write(state, { until, reason });
}

/**
 * Lets the signing go on. The object stays, with an end that is over: who paused, why and when it was lifted can be looked up in its versions.
 * @throws FailureError LOST_RACE, and what the store throws
 */
export async function resumeSigning(state: Store, reason: string, now: Instant): Promise<void> {
  await write(state, { until: now, reason });
}

async function write(state: Store, { until, reason }: Pause): Promise<void> {
  const old = await state.get(PAUSE, MAX_PAUSE_BYTES);
  const bytes = Buffer.from(`${JSON.stringify({ until: formatInstant(until), reason }, null, 1)}\n`, 'utf8');
  if ((await state.putIf(PAUSE, bytes, old?.token ?? 'absent')) === 'changed')
    throw new FailureError('LOST_RACE', 'Somebody else wrote the pause at the same time.');
}
