/**
 * Everything that the watchdog can find, gravest first: the first that it finds is the code of its outcome. Each has a test that provokes it and a section in the runbook.
 * `bad`: clients fail, are kept from what is new, or may be attacked. `soon`: will be bad, or may be. `note`: to be known once.
 */
export const FINDINGS = {
  EQUIVOCATION: {
    level: 'bad',
    remedy:
      'Somebody who holds a key signed two files of one version: find out who, and publish a higher version; if nobody of you did, rotate that key.',
  },
  VERSION_WENT_BACK: {
    level: 'bad',
    remedy:
      'Find out who put an older timestamp.json back; the next signature repairs it: timekeeper resign. If it comes back, treat the file server as broken into.',
  },
  SNAPSHOT_WENT_BACK: {
    level: 'bad',
    remedy:
      'Publish the newest snapshot and targets metadata again; if nobody put the old ones back, treat the file server as broken into.',
  },
  TIMESTAMP_EXPIRED: {
    level: 'bad',
    remedy: 'Clients refuse to update: look with timekeeper status why nobody signed, then sign with resign --force.',
  },
  SNAPSHOT_EXPIRED: {
    level: 'bad',
    remedy: 'Clients refuse an expired snapshot: sign it again with timekeeper updates extend snapshot, then publish.',
  },
  TARGETS_EXPIRED: {
    level: 'bad',
    remedy:
      'Clients refuse expired targets metadata: sign it again with timekeeper updates extend targets, then publish.',
  },
  ROOT_EXPIRED: {
    level: 'bad',
    remedy:
      'Clients refuse an expired root: have the holders of the root keys sign a new one with timekeeper updates extend root.',
  },
  PINNED_ROOT_MISSING: {
    level: 'bad',
    remedy: 'Publish the N.root.json that the configuration pins; if it is another one, find out who replaced it.',
  },
  NEW_CLIENT_FAILS: {
    level: 'bad',
    remedy: 'Look with timekeeper plan what is broken; if you are publishing, finish it: timestamp.json last.',
  },
  RETURNING_CLIENT_FAILS: {
    level: 'bad',
    remedy: 'Publish a repository in which no version is lower than what clients have seen.',
  },
  ROOT_HIDDEN: { level: 'bad', remedy: 'Publish every N.root.json again: clients with an older root need them all.' },
  ROOT_GAP: { level: 'bad', remedy: 'Publish the root that is missing between: clients stop at the gap.' },
  MISSING_IS_DENIED: {
    level: 'bad',
    remedy: 'Let a missing object answer 404, not 403: some clients stop at 403 (give CloudFront s3:ListBucket).',
  },
  TIMESTAMP_STALE: {
    level: 'bad',
    remedy:
      'Nobody signs, or what is signed is not served: look with timekeeper status, then sign with resign --force.',
  },
  TIMESTAMP_EXPIRES_SOON: {
    level: 'bad',
    remedy: 'Look with timekeeper status why nobody signs, then sign with resign --force.',
  },
  TARGET_UNREACHABLE: { level: 'bad', remedy: 'Upload the target again: clients that want it fail.' },
  MEMORY_LOST: {
    level: 'bad',
    remedy:
      'Restore memory.json from its older versions, or compare what is served with a copy from before: until then a rollback cannot be seen.',
  },
  ROOT_EXPIRES_SOON: {
    level: 'soon',
    remedy: 'Have the holders of the root keys sign a new root with timekeeper updates extend root before it expires.',
  },
  SNAPSHOT_EXPIRES_SOON: {
    level: 'soon',
    remedy: 'Publish again, or sign it with timekeeper updates extend snapshot, before it expires.',
  },
  TARGETS_EXPIRE_SOON: {
    level: 'soon',
    remedy: 'Publish again, or sign it with timekeeper updates extend targets, before it expires.',
  },
  KEY_IN_OTHER_ROLE: { level: 'soon', remedy: 'Give the timestamp role a key of its own, with a new root.' },
  WEAK_KEY: { level: 'soon', remedy: 'Remove the key from the root: anybody can sign for it.' },
  CLIENTS_MAY_REFUSE_ROOT: {
    level: 'soon',
    remedy: 'Some clients refuse a root with such a key or role: have it corrected at the next root ceremony.',
  },
  LONG_LIVED_FOREIGN: {
    level: 'soon',
    remedy: 'Find out who signed a timestamp that lives longer than 31 days; it can be replayed until then.',
  },
  CACHE_TOO_OLD: {
    level: 'soon',
    remedy: 'Let caches keep timestamp.json for a minute at most; to put it right now, invalidate it there.',
  },
  MEMORY_BEGUN: { level: 'note', remedy: 'Nothing, if the watchdog is new here.' },
} as const satisfies Record<string, { readonly level: FindingLevel; readonly remedy: string }>;

/** How much a finding means. */
export type FindingLevel = 'bad' | 'soon' | 'note';

/** Any finding of the closed list. */
export type FindingCode = keyof typeof FINDINGS;

/** What was found. Level and remedy stand in {@link FINDINGS}. */
export interface Finding {
  readonly code: FindingCode;
  /** One sentence: which file, version or role, what was expected and what was found. */
  readonly message: string;
  /** When it was first seen. */
  readonly since: string;
  /** True while a publish under way or a cache may explain it: it does not count yet. */
  readonly isPending: boolean;
}
