import { CodedError } from '../../lib/contract/errors.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import type { KeySource } from '../../lib/keys/signer.ts';
import { enroll, type Enrolment } from '../../lib/refresh/enroll.ts';
import type { Trust } from '../../lib/refresh/trust.ts';
import { outcomeOf } from '../../lib/refresh/outcome.ts';
import { replaceKey } from '../../lib/refresh/replace-key.ts';
import { refresh, type Wish } from '../../lib/refresh/refresh.ts';
import type { Repository } from './repository.ts';

/** What a person says who enrols: `again`, what is accepted, which root and timestamp are trusted. */
export type Said = Partial<Enrolment> & Pick<Trust, 'trustedRoot' | 'acceptedTimestamp'>;

/** Enrols a repository as `timekeeper enroll` does. An error comes back as the outcome that it amounts to. */
export async function enrol(r: Repository, said: Said = {}): Promise<Outcome> {
  return asked(enroll, r, 'trustedRoot' in said ? said : { ...said, trustedRoot: r.bytes('1.root.json') });
}

/** Gives an enrolled repository the key material that `r.source` holds, as `timekeeper enroll` does it there. */
export async function replaceKeyOf(r: Repository, said: Said = {}): Promise<Outcome> {
  return asked(replaceKey, r, said);
}

async function asked(act: typeof enroll, r: Repository, said: Said): Promise<Outcome> {
  const { trustedRoot, acceptedTimestamp, ...wanted } = said;
  const enrolment: Enrolment = {
    repository: 'tests',
    again: false,
    acceptVersion: undefined,
    acceptSnapshot: undefined,
    allowSharedSnapshotKey: false,
    ...wanted,
  };
  const trust = {
    ...r.trust,
    ...(trustedRoot === undefined ? {} : { trustedRoot }),
    ...(acceptedTimestamp === undefined ? {} : { acceptedTimestamp }),
  };
  const places = { hosting: r.hosting, state: r.state, keys: r.source, clockSkew: () => r.skew };
  try {
    return await act(enrolment, places, trust, r.policy, r.now);
  } catch (error) {
    if (error instanceof CodedError) return outcomeOf(error, { repository: 'tests', dryRun: true });
    throw error;
  }
}

/** Enrols again, in a state that exists. */
export function enrolAgain(r: Repository, said: Said = {}): Promise<Outcome> {
  return enrol(r, { again: true, ...said });
}

/** One run with other key material than the repository's own. */
export async function runWith(r: Repository, keys: KeySource, wish: Partial<Wish> = {}): Promise<Outcome> {
  const whole: Wish = { repository: 'tests', force: false, dryRun: false, reason: undefined, ...wish };
  try {
    return await refresh(whole, { hosting: r.hosting, state: r.state, keys }, r.trust, r.policy, r.now);
  } catch (error) {
    if (error instanceof CodedError) return outcomeOf(error, whole);
    throw error;
  }
}
