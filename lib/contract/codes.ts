/**
 * Every code that an outcome can carry. Each has a metric dimension and a test that provokes it (`test/contract/codes.test.ts` looks).
 * `kind` decides the outcome and the exit status; `remedy` is what to do, for somebody who has never read TUF's specification.
 */
export const CODES = {
  SIGNED: { kind: 'signed', remedy: '' },
  HEALED_MISSING: { kind: 'signed', remedy: 'Find out who deleted timestamp.json.' },
  HEALED_GARBAGE: {
    kind: 'signed',
    remedy: 'Find out who replaced timestamp.json with something nobody could verify.',
  },
  HEALED_ROLLBACK: {
    kind: 'signed',
    remedy: 'Find out who put an older timestamp.json back; if you publish from two copies, publish from the newest.',
  },
  HEALED_UNPUBLISHED: { kind: 'signed', remedy: '' },
  HEALED_COLLISION: {
    kind: 'signed',
    remedy: 'Somebody else signs with a timestamp key of this repository: let only one signer run.',
  },
  HEALED_ROOT_CHANGED: { kind: 'signed', remedy: '' },

  NOT_DUE: { kind: 'skip', remedy: '' },
  HEAL_WAITS: { kind: 'skip', remedy: 'Nothing: the next check repairs it. To repair it now, sign with --force.' },
  PUBLISH_IN_PROGRESS: { kind: 'skip', remedy: 'Finish the publish: snapshot.json first, timestamp.json last.' },
  TOO_SOON: { kind: 'skip', remedy: 'Nothing: it signed less than 10 minutes ago. Try again after that.' },
  PAUSED: { kind: 'skip', remedy: 'Let it go on with timekeeper resume, or wait for the end of the pause.' },

  NOT_JSON: {
    kind: 'refusal',
    remedy:
      'Put back the file as it was published; it may have been compressed, cut off, or replaced by an error page.',
  },
  BAD_UTF8: { kind: 'refusal', remedy: 'Put back the file as it was published.' },
  TOO_DEEP: { kind: 'refusal', remedy: 'Put back the file as it was published.' },
  TOO_LARGE: { kind: 'refusal', remedy: 'Put back the file as it was published.' },
  DUPLICATE_KEY: {
    kind: 'refusal',
    remedy: 'Clients could read this file in two ways. Publish it again from a clean copy, and find out who wrote it.',
  },
  AMBIGUOUS_FIELD: {
    kind: 'refusal',
    remedy: 'Clients could read this file in two ways. Publish it again from a clean copy, and find out who wrote it.',
  },
  NUMBER_NOT_EXACT: {
    kind: 'refusal',
    remedy: 'Clients could read this number in two ways. Publish the file again from a clean copy.',
  },
  BAD_DATE: { kind: 'refusal', remedy: 'Publish the file again with an expiry such as 2030-01-31T00:00:00Z.' },
  MISSING_FIELD: { kind: 'refusal', remedy: 'Put back the file as it was published; it may be another kind of file.' },
  BAD_VERSION: { kind: 'refusal', remedy: 'Publish the file again with a version of 1 or more.' },
  BAD_HEX: { kind: 'refusal', remedy: 'Publish the file again from a clean copy: some clients refuse it as it is.' },
  BAD_SPEC_VERSION: {
    kind: 'refusal',
    remedy: 'Use a release of Timekeeper that knows this version of the TUF specification.',
  },
  EXTRA_META: { kind: 'refusal', remedy: 'Publish the timestamp again so that it names snapshot.json only.' },
  REPEATED_KEYID: { kind: 'refusal', remedy: 'Publish the file again from a clean copy: clients differ on it.' },
  NO_KNOWN_HASH: { kind: 'refusal', remedy: 'Publish the file again with SHA-256 or SHA-512 hashes.' },
  BAD_ROOT: { kind: 'refusal', remedy: 'Have the holders of the root keys publish a corrected root.' },
  SIGNATURE_INVALID: {
    kind: 'refusal',
    remedy: 'Put back the file as it was signed; if it is new, sign it with a key that the root lists for its role.',
  },
  THRESHOLD_NOT_MET: { kind: 'refusal', remedy: 'Have as many different keys sign as the root asks for.' },

  NO_BASELINE: {
    kind: 'refusal',
    remedy: 'Compare the published root with a copy from another place, then trust it with --trusted-root FILE.',
  },
  ROOT_PIN_MISMATCH: {
    kind: 'refusal',
    remedy: 'Find out which root is right. To trust another one from now on, run enroll --again with it.',
  },
  ROOT_INVALID: {
    kind: 'refusal',
    remedy: 'Clients stop at this root too: have the holders of the root keys publish a correct one.',
  },
  KEY_NOT_IN_ROOT: {
    kind: 'refusal',
    remedy:
      'Use a key that the root lists for the timestamp role (after a rotation: the new one), or publish a root that lists ours.',
  },
  KEY_IN_OTHER_ROLE: { kind: 'refusal', remedy: 'Give the timestamp role a key of its own, with a new root.' },
  KDF_REFUSED: { kind: 'refusal', remedy: 'Write the key file again with scrypt N=32768, r=8, p=1, as fleetctl does.' },
  KEY_UNREADABLE: {
    kind: 'refusal',
    remedy: 'Check the passphrase (FLEET_TIMESTAMP_PASSPHRASE, no newline at its end) and the key file.',
  },
  OWN_OUTPUT_INVALID: {
    kind: 'refusal',
    remedy: 'Nothing was published. Check that the signing key is the one that the root lists.',
  },
  OUTPUT_TOO_LARGE: {
    kind: 'refusal',
    remedy: 'Have the repository published with fewer extra fields in timestamp.json.',
  },

  TIMESTAMP_MISSING: { kind: 'refusal', remedy: 'Publish timestamp.json again: clients cannot update without it.' },
  SNAPSHOT_MISSING: { kind: 'refusal', remedy: 'Publish snapshot.json again: clients cannot update without it.' },
  SNAPSHOT_MISMATCH: {
    kind: 'refusal',
    remedy: 'If the publish was yours, publish all of it again; if not, treat the file server as broken into.',
  },
  SNAPSHOT_ROLLBACK: {
    kind: 'refusal',
    remedy:
      'Publish the newest snapshot.json again; if nobody put the old one back, treat the file server as broken into.',
  },
  SNAPSHOT_NOT_ENDORSED: {
    kind: 'refusal',
    remedy:
      'Publish the timestamp.json that goes with it, signed by a holder of the timestamp key, or choose mode advance.',
  },
  EQUIVOCATION: {
    kind: 'refusal',
    remedy: 'Publish a snapshot with a new, higher version; find out who signed the second one.',
  },
  PUBLISHED_SNAPSHOT_MISSING: {
    kind: 'refusal',
    remedy: 'Publish again: the repository is older than what the last publish left there.',
  },
  METADATA_ROLLBACK: {
    kind: 'refusal',
    remedy: 'Publish from the newest copy: a snapshot in which no version is lower and no role is missing.',
  },
  METADATA_EXPIRED: {
    kind: 'refusal',
    remedy:
      'Sign the expired role again with timekeeper updates extend ROLE (a timestamp: updates timestamp), then publish.',
  },
  OTHER_REPOSITORY: {
    kind: 'refusal',
    remedy: 'Name the right folder and the right place; to begin anew there, empty it yourself first.',
  },
  PUBLISHED_MEANWHILE: {
    kind: 'refusal',
    remedy:
      'Take the published metadata into this folder, repeat your change on it, then publish again. To publish over it all the same, with a higher version than it has: --replace with its version.',
  },
  TIMESTAMP_BEHIND: {
    kind: 'refusal',
    remedy:
      'Where the timestamp key is, run timekeeper updates timestamp --above with the version that the message names, then publish again.',
  },
  TARGETS_MISSING: { kind: 'refusal', remedy: 'Publish the targets metadata that the snapshot names.' },
  TARGETS_MISMATCH: { kind: 'refusal', remedy: 'Publish the targets metadata that the snapshot names.' },
  TARGET_UNKNOWN: {
    kind: 'refusal',
    remedy:
      'Check the name: no role that may list this target does. In a folder, timekeeper updates list shows what there is.',
  },
  TARGET_PATH_UNSAFE: {
    kind: 'refusal',
    remedy: 'Choose another target, or another folder with --out: this one would be put outside the folder.',
  },
  TARGET_FILE_MISSING: { kind: 'refusal', remedy: 'Publish the file that the targets metadata names.' },
  TARGET_FILE_MISMATCH: {
    kind: 'refusal',
    remedy: 'Publish the file that was signed; if nobody replaced it by mistake, treat the file server as broken into.',
  },
  VERSION_JUMP: {
    kind: 'refusal',
    remedy:
      'If a timestamp key was stolen, rotate it away; if the version is right, run enroll --again --accept-version with it.',
  },
  VERSION_EXHAUSTED: { kind: 'refusal', remedy: 'Rotate the timestamp key away, so that clients forget this version.' },

  JOURNAL_MISSING: {
    kind: 'refusal',
    remedy:
      'Enrol it if that was never done. Else restore journal.json from its older versions or a backup, or begin again with enroll --again.',
  },
  JOURNAL_INVALID: {
    kind: 'refusal',
    remedy: 'Restore journal.json from its older versions or a backup, or begin again with enroll --again.',
  },
  JOURNAL_FOREIGN: {
    kind: 'refusal',
    remedy: 'Give this repository its own state: the journal belongs to another one.',
  },
  JOURNAL_FROM_FUTURE: {
    kind: 'refusal',
    remedy: 'Set the clock right; if it is right, the journal was written with a wrong one: enroll --again.',
  },
  ROOT_CHAIN_INVALID: {
    kind: 'refusal',
    remedy:
      'Restore root-chain.json from its older versions or a backup, or remove it: it is begun again from the pin.',
  },
  PAUSE_INVALID: { kind: 'refusal', remedy: 'Write the pause again, or remove pause.json.' },
  CLOCK_SKEW: { kind: 'refusal', remedy: 'Set the clock of this machine right.' },
  ACCEPT_INVALID: {
    kind: 'refusal',
    remedy: 'Run enroll again with what the message asks for.',
  },

  PAUSE_TOO_LONG: {
    kind: 'refusal',
    remedy: 'Choose an end that the message allows: signing has to go on a day before clients would fail.',
  },
  UNFINISHED_WORK: {
    kind: 'refusal',
    remedy: 'Finish it with the tool that left it, or remove what the message names; nothing of it is published.',
  },
  STAGED_ROOT_REFUSED: {
    kind: 'refusal',
    remedy:
      'Sign nothing of it. Compare the file with what was staged; if in doubt, stage the root anew from the newest one and have that signed.',
  },
  AUDIT_FAILED: {
    kind: 'refusal',
    remedy:
      'Find out who wrote the journal, or signed with the timestamp key, at the times that are shown; a stolen key is rotated away.',
  },
  EVENT_INVALID: {
    kind: 'refusal',
    remedy: 'Send {"repository": NAME} with force, dryRun and reason if wanted, and nothing else.',
  },
  UNKNOWN_REPOSITORY: { kind: 'refusal', remedy: 'Use a name that the configuration lists.' },

  STORE_UNREACHABLE: {
    kind: 'failure',
    remedy: 'Wait for the next try; if it lasts, check the network, the disk and the permissions.',
  },
  ACCESS_DENIED: {
    kind: 'failure',
    remedy: 'Check the permissions of the folder or the bucket for whoever runs this.',
  },
  STORE_FULL: { kind: 'failure', remedy: 'Make room on the disk; nothing was changed.' },
  ROOT_PROBE: { kind: 'failure', remedy: 'Let a missing object answer 404, not 403: the signer needs s3:ListBucket.' },
  TOO_MANY_ROOTS: { kind: 'failure', remedy: 'Run it again: it keeps at most 32 new roots a run.' },
  KMS_UNAVAILABLE: {
    kind: 'failure',
    remedy: 'Check that the KMS key is enabled and that this role may sign with it.',
  },
  SECRET_UNAVAILABLE: { kind: 'failure', remedy: 'Check that the secret exists and that this role may read it.' },
  KEY_FILE_MISSING: { kind: 'failure', remedy: 'Name the key file with --key, or put it at keys/timestamp.json.' },
  LOST_RACE: { kind: 'failure', remedy: 'Nothing: somebody else keeps writing; the next run tries again.' },
  LOCKED: {
    kind: 'failure',
    remedy: 'Wait for the other run to end; if none runs, remove the lock that the message names.',
  },
  NO_CREDENTIALS: {
    kind: 'failure',
    remedy: 'Sign in to AWS, or name a profile with --profile, and set AWS_REGION if timekeeper.json names no region.',
  },
  ROLE_REFUSED: {
    kind: 'failure',
    remedy:
      'Deploy if that was not done yet, and have yourself listed in timekeeper.json: under operators, or to publish under publishers of the repository.',
  },
  NOT_DEPLOYED: { kind: 'failure', remedy: 'Run `cdk deploy` first, with the same timekeeper.json.' },
  FUNCTION_FAILED: {
    kind: 'failure',
    remedy: "Look into the function's log, then try again: a repeated run never uses a version twice.",
  },
  ALARMS_UNREACHABLE: {
    kind: 'failure',
    remedy: "Check the network, and that the operator's role may look at the alarms and set them off.",
  },
  UNEXPECTED: { kind: 'failure', remedy: 'This is a defect of Timekeeper: please report the message.' },

  USAGE: { kind: 'usage', remedy: 'See --help.' },
  CONFIGURATION_MISSING: { kind: 'usage', remedy: 'Run `timekeeper init-config`: it asks and writes one.' },
  CONFIGURATION_INVALID: { kind: 'usage', remedy: 'Correct what the message names, then run this again.' },
} as const satisfies Record<string, { readonly kind: CodeKind; readonly remedy: string }>;

/** What a code means for the run: it signed, had nothing to do, must not sign, could not find out, or was called wrongly. */
export type CodeKind = 'signed' | 'skip' | 'refusal' | 'failure' | 'usage';

/** Any code of the closed list. */
export type Code = keyof typeof CODES;

type CodesOf<Kind extends CodeKind> = { [C in Code]: (typeof CODES)[C]['kind'] extends Kind ? C : never }[Code];

/** Codes with which a run ends in a signature. */
export type SignedCode = CodesOf<'signed'>;
/** Codes with which a run does nothing, rightly. */
export type SkipCode = CodesOf<'skip'>;
/** Codes with which a run must not sign; running again gives the same answer. */
export type RefusalCode = CodesOf<'refusal'>;
/** Codes with which a run could not find out or could not do; running again may help. */
export type FailureCode = CodesOf<'failure'>;
/** Codes with which nothing was tried: the command or its configuration has to be corrected. */
export type UsageCode = CodesOf<'usage'>;

/** What is worth telling somebody although it signed, or had nothing to do. */
export const WARNINGS = {
  ROOT_EXPIRED:
    'Clients refuse an expired root: have the holders of the root keys sign a new one with timekeeper updates extend root.',
  ROOT_EXPIRES_SOON:
    'Have the holders of the root keys sign a new root with timekeeper updates extend root before it expires.',
  SNAPSHOT_EXPIRED:
    'Clients refuse an expired snapshot: sign it again with timekeeper updates extend snapshot, then publish.',
  SNAPSHOT_EXPIRES_SOON: 'Publish again, or sign it with timekeeper updates extend snapshot, before it expires.',
  TARGETS_EXPIRED:
    'Clients refuse expired targets metadata: sign it again with timekeeper updates extend targets, then publish.',
  TARGETS_EXPIRE_SOON: 'Publish again, or sign it with timekeeper updates extend targets, before it expires.',
  ROOT_HIDDEN: 'Publish every N.root.json again: clients with an older root need them all.',
  CLIENTS_MAY_REFUSE_ROOT:
    'Some clients refuse a root with such a key or role: have it corrected at the next root ceremony.',
  WEAK_KEY: 'Remove the key from the root: anybody can sign for it. Here it counts for nothing.',
  KEY_IN_OTHER_ROLE: 'Give the timestamp role a key of its own, with a new root.',
  LONG_LIVED_FOREIGN: 'Find out who signed a timestamp that lives longer than 31 days; it can be replayed until then.',
  SHORTER_THAN_CURRENT: 'Nothing, if you lowered the validity on purpose.',
  VERSION_JUMPED: 'Find out who signed a timestamp with a version so far ahead.',
  FOREIGN_TIMESTAMP: 'Nothing, if you published with fleetctl; else find out who holds the timestamp key.',
  OTHER_SIGNER: 'Let only one deployment sign this repository.',
  STAGED_METADATA: 'Empty the folder staged/: fleetctl would sign over it.',
  RECEIPT_IGNORED: 'Publish again, so that the receipt is right.',
  TIMESTAMP_GONE:
    'Nothing where a signer runs: its next check signs above what it knows. Else sign above the highest version that was ever served, with timekeeper updates timestamp --above, and publish again.',
  PUBLISHED_SNAPSHOT_MISSING: 'Publish again: the repository is older than what the last publish left there.',
  SUBSCRIPTION_UNCONFIRMED: 'Open the e-mail of AWS Notifications (look into the spam folder too) and confirm it.',
  CAPITALISED_TYPE: 'Nothing now; the next publish writes it in lower case.',
} as const satisfies Record<string, string>;

/** Any warning of the closed list. */
export type WarningCode = keyof typeof WARNINGS;

/** A warning with the sentence on what is wrong. The remedy stands in {@link WARNINGS}. */
export interface Warning {
  readonly code: WarningCode;
  readonly message: string;
}
