import { inWords } from '../config/duration.ts';
import { isCoded, RefusalError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import type { Signer } from '../keys/signer.ts';
import { counting } from '../refresh/endorsement.ts';
import { refuseSharedKeys, type Enrolment } from '../refresh/enroll.ts';
import { keysMissing } from '../refresh/guards.ts';
import type { Look } from '../refresh/look.ts';
import { between, days, formatInstant, type Instant } from '../tuf/instant.ts';
import { keyId } from '../tuf/key-id.ts';
import { latest } from '../tuf/root-chain.ts';

/** Says one line. */
export type Say = (line: string) => void;

/** Makes a check and says what came of it. What goes wrong ends the command: the whole sentence and the remedy stand there. */
export async function check<T>(say: Say, what: string, run: () => Promise<T>, found: (value: T) => string): Promise<T> {
  try {
    const value = await run();
    say(line('ok', what, found(value)));
    return value;
  } catch (error) {
    say(line('no', what, isCoded(error) ? error.code : 'UNEXPECTED'));
    throw error;
  }
}

const SOON = days(30);

/** Until when the roles live: an expiry refuses nothing here, since a root ceremony or a publish may be what comes next. */
export function sayExpiries(say: Say, { state: { chain, current, journal, snapshot } }: Look, now: Instant): void {
  const root = latest(chain);
  const timestamp = counting(current, journal);
  const roles = [
    { file: `${root.version}.root.json`, expires: root.expires },
    ...(snapshot.is === 'verified' ? [{ file: `snapshot.json ${snapshot.snapshot.version}`, expires: snapshot.snapshot.expires }] : []), // prettier-ignore
  ];
  for (const { file, expires } of roles) say(line(expires <= now + SOON ? 'warn' : 'ok', 'expiry', lifetime(file, expires, now))); // prettier-ignore
  if (timestamp === undefined) return;
  const { version, expires } = timestamp;
  say(line(expires <= now ? 'warn' : 'ok', 'expiry', lifetime(`timestamp.json ${version}`, expires, now)));
}

function lifetime(file: string, expires: Instant, now: Instant): string {
  const left = between(now, expires);
  const words = inWords(Math.abs(left));
  return `${file} ${left > 0 ? `expires ${formatInstant(expires)}, in ${words}` : `expired ${formatInstant(expires)}, ${words} ago`}`;
}

/**
 * Judges the keys against the newest root: that it lists them, that their threshold can be met, and that no other role has them.
 * @throws RefusalError KEY_NOT_IN_ROOT, THRESHOLD_NOT_MET, KEY_IN_OTHER_ROLE
 */
export function judgeKeys(
  seen: Look,
  signers: readonly Signer[],
  waiver: Pick<Enrolment, 'allowSharedSnapshotKey'>,
): string {
  const root = latest(seen.state.chain);
  const keys = signers.map(({ publicKey }) => publicKey);
  const missing = keysMissing(root, keys);
  if (missing !== undefined) throw new RefusalError(missing.code, missing.message);
  refuseSharedKeys(seen, keys, waiver);
  const { threshold, keyids } = root.roles.timestamp;
  const ids = keys.map(({ json }) => keyId(json)).filter((id) => keyids.includes(id));
  const named = ids.length === 0 ? 'under another key id' : ids.map((id) => printable(id).slice(0, 16)).join(', ');
  return `${root.version}.root.json lists it for the timestamp role (${named}; threshold ${threshold}), and for no other`;
}

/** A line of the pre-flight. */
export function line(verdict: 'ok' | 'warn' | 'no' | 'done' | 'todo', what: string, says: string): string {
  return `${verdict.padEnd(6)} ${what.padEnd(8)} ${says}`;
}
