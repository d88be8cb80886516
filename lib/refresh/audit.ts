import { isRefusal, type RefusalError } from '../contract/errors.ts';
import { formatInstant } from '../tuf/instant.ts';
import type { RootChain } from '../tuf/root-chain.ts';
import type { Entry, Journal } from './journal.ts';
import { parseJournal } from './journal-file.ts';

/** One version of journal.json, as the state bucket kept it. */
export interface JournalVersion {
  /** When it was written, e.g. `2026-11-24T00:00:00Z`. */
  readonly writtenAt: string;
  /** Undefined where the journal was deleted; a refusal where it could not be read. */
  readonly bytes: Uint8Array | RefusalError | undefined;
}

/** A timestamp that was signed, or was about to be: what the journal says of it. */
export interface AuditedEntry {
  readonly version: number;
  readonly sha256: string;
  readonly snapshot: number;
  readonly issuedAt: string;
  readonly code: string;
  readonly by: string;
  readonly reason: string | null;
}

/** What the journal's history should not show. */
export interface AuditFinding {
  readonly is:
    | 'two contents of one version'
    | 'version went back'
    | 'gap'
    | 'snapshot went back'
    | 'two snapshots of one version'
    | 'unreadable'
    | 'deleted'
    | 'of another repository';
  /** When that version of the journal was written. */
  readonly writtenAt: string;
  readonly message: string;
}

/** The history of a repository's signatures. */
export interface Audit {
  /** Oldest first, each once. */
  readonly entries: readonly AuditedEntry[];
  readonly findings: readonly AuditFinding[];
}

/**
 * Walks the versions of a journal: no version was signed with two contents, none is missing without a reason, nothing went back. Every timestamp in it has to verify.
 * @param history - oldest first
 * @param chain - the verified root chain, as it is kept now
 */
export function audit(history: readonly JournalVersion[], chain: RootChain): Audit {
  const entries = new Map<string, AuditedEntry>();
  const findings: AuditFinding[] = [];
  let before: Journal | undefined;
  for (const { writtenAt, bytes } of history) {
    const journal = bytes && read(bytes, chain);
    if (typeof journal === 'object') {
      const wrong = [...(before === undefined ? [] : between(before, journal)), ...contents(journal, entries)];
      findings.push(...wrong.map((finding) => ({ ...finding, writtenAt })));
      if (journal.entry !== undefined) entries.set(journal.entry.timestamp.sha256, audited(journal.entry));
      before = journal;
    } else if (journal === undefined) {
      findings.push({ is: 'deleted', writtenAt, message: 'journal.json was deleted.' });
    } else {
      findings.push({ is: 'unreadable', writtenAt, message: journal });
    }
  }
  return { entries: Array.from(entries.values()), findings };
}

type Wrong = Omit<AuditFinding, 'writtenAt'>;

/** A journal, or why it cannot be one. */
function read(bytes: Uint8Array | RefusalError, chain: RootChain): Journal | string {
  if (isRefusal(bytes)) return bytes.message;
  try {
    return parseJournal(bytes, chain);
  } catch (error) {
    if (isRefusal(error)) return error.message;
    throw error;
  }
}

function contents({ entry }: Journal, known: ReadonlyMap<string, AuditedEntry>): readonly Wrong[] {
  if (entry === undefined) return [];
  const { version, sha256 } = entry.timestamp;
  const others = Array.from(known.values()).filter((other) => other.version === version && other.sha256 !== sha256);
  return others.map((other) => ({
    is: 'two contents of one version',
    message: `Version ${version} was signed twice: SHA-256 ${short(other.sha256)} at ${other.issuedAt}, ${short(sha256)} at ${formatInstant(entry.issuedAt)}.`,
  }));
}

/** What may not happen from one version of the journal to the next. Whoever begins it again (a higher epoch) decides on the snapshot anew, but on no version. */
function between(before: Journal, after: Journal): readonly Wrong[] {
  const wrong: Wrong[] = [];
  const { repository, place, pin } = after.identity;
  const isSame = repository === before.identity.repository && place === before.identity.place;
  if (!isSame || (after.epoch === before.epoch && pin.sha256 !== before.identity.pin.sha256))
    wrong.push({ is: 'of another repository', message: `The journal became that of ${repository} at ${place}.` });

  const [was, is] = [highest(before), highest(after)];
  if (is < was)
    wrong.push({ is: 'version went back', message: `The highest known version went from ${was} to ${is}.` });
  const { entry } = after;
  if (entry !== undefined && isNew(entry, before) && isGap(entry, before, after)) {
    const message = `Version ${entry.timestamp.version} was signed after ${was}; nobody knows of those in between.`;
    wrong.push({ is: 'gap', message });
  }
  if (after.epoch > before.epoch) return wrong;
  const [old, now] = [before.snapshot, after.snapshot];
  if (now.version < old.version)
    wrong.push({
      is: 'snapshot went back',
      message: `The endorsed snapshot went from version ${old.version} to ${now.version}.`,
    });
  if (now.version === old.version && now.sha256 !== old.sha256)
    wrong.push({
      is: 'two snapshots of one version',
      message: `The endorsed snapshot of version ${now.version} became another one.`,
    });
  return wrong;
}

function isNew({ timestamp }: Entry, before: Journal): boolean {
  return timestamp.sha256 !== before.entry?.timestamp.sha256;
}

/** Versions may be left out where somebody else's timestamp was replaced, or where a person began again above what is known. */
function isGap({ timestamp, replaces }: Entry, before: Journal, after: Journal): boolean {
  const known = [before.entry, before.seen].map((recorded) => recorded?.timestamp.sha256);
  const isForeign = replaces !== undefined && !known.includes(replaces);
  return !isForeign && timestamp.version > Math.max(highest(before), after.floor) + 1;
}

/** The highest version that counts as used. */
function highest({ entry, seen, floor }: Journal): number {
  return Math.max(entry?.timestamp.version ?? 0, seen?.timestamp.version ?? 0, floor);
}

function audited({ timestamp, issuedAt, code, by, reason }: Entry): AuditedEntry {
  return {
    version: timestamp.version,
    sha256: timestamp.sha256,
    snapshot: timestamp.snapshot.version,
    issuedAt: formatInstant(issuedAt),
    code,
    by,
    reason: reason ?? null,
  };
}

function short(sha256: string): string {
  return `${sha256.slice(0, 16)}…`;
}
