import type { MetricName } from './metrics.ts';

/** What an alarm says: what happened, what clients feel and when, and the first command to type. It has a runbook section of its name. */
export interface AlarmText {
  readonly stack: 'signing' | 'watch';
  /** page: somebody gets up. mail: it can wait for the morning. */
  readonly level: 'page' | 'mail';
  readonly happened: string;
  readonly clients: string;
  /** `NAME` stands for the repository. */
  readonly command: string;
}

/** Every alarm of one repository. The stacks make them, `drill` and `status` name them, and the runbook has a section for each. */
export const ALARMS = {
  'signer-silent': {
    stack: 'signing',
    level: 'page',
    happened: 'The signer has not run for two checks: its schedule is stopped, or its function does not start.',
    clients: 'Clients notice nothing until timestamp.json expires, days from now.',
    command: 'timekeeper status NAME',
  },
  'timestamp-expiring': {
    stack: 'signing',
    level: 'page',
    happened: 'timestamp.json has less life left than it ever should: it was not signed when it was due.',
    clients: 'Clients get no updates from the moment that it expires; status says when.',
    command: 'timekeeper plan NAME',
  },
  'signing-refused': {
    stack: 'signing',
    level: 'page',
    happened:
      'The signer refused: something that it would have to sign over is not as it must be, or nobody has enrolled yet.',
    clients: 'Clients notice nothing until timestamp.json expires, days from now, unless what is published is broken.',
    command: 'timekeeper plan NAME',
  },
  'signing-failed': {
    stack: 'signing',
    level: 'page',
    happened:
      'The signer failed three times within one check: network, permissions, or a function that does not start.',
    clients: 'Clients notice nothing until timestamp.json expires, days from now.',
    command: 'timekeeper resign NAME --dry-run',
  },
  'run-lost': {
    stack: 'signing',
    level: 'page',
    happened: 'A run failed in spite of all retries; its outcome is in the queue of failed runs.',
    clients: 'Clients notice nothing until timestamp.json expires, days from now.',
    command: 'timekeeper resign NAME --dry-run',
  },
  'run-undelivered': {
    stack: 'signing',
    level: 'page',
    happened: 'EventBridge Scheduler could not hand a run over to the signer; it is in the queue of undelivered runs.',
    clients: 'Clients notice nothing until timestamp.json expires, days from now.',
    command: 'timekeeper resign NAME',
  },
  'clock-wrong': {
    stack: 'signing',
    level: 'page',
    happened: "The signer's clock and the one of AWS differ by more than five minutes, so it does not sign.",
    clients: 'Clients notice nothing until timestamp.json expires, days from now.',
    command: 'timekeeper resign NAME --dry-run',
  },
  'other-signer': {
    stack: 'signing',
    level: 'page',
    happened: 'Another signer signs this repository: a second deployment, or somebody with a timestamp key.',
    clients: 'Clients may be served two timestamps of one version, of which they keep the first.',
    command: 'timekeeper audit NAME',
  },
  'key-used-elsewhere': {
    stack: 'signing',
    level: 'page',
    happened:
      'Somebody other than the signer used, changed or tried to use the key or the passphrase; a mail says who.',
    clients: 'Clients notice nothing; whoever has the key can sign an old state for them.',
    command: 'timekeeper audit NAME',
  },
  'publish-withheld': {
    stack: 'signing',
    level: 'page',
    happened:
      'The repository is older than what the last publish left there: somebody put old files back, or holds new ones back.',
    clients: 'Clients do not get what was published. After the grace (one day by default) nothing is signed any more.',
    command: 'timekeeper plan NAME',
  },
  'repository-healed': {
    stack: 'signing',
    level: 'mail',
    happened:
      'timestamp.json was missing, broken or old, and was signed anew: somebody or something else writes there.',
    clients: 'Clients that asked in between failed once; now they are served.',
    command: 'timekeeper status NAME',
  },
  'paused-too-long': {
    stack: 'signing',
    level: 'mail',
    happened: 'Signing has been paused for a day.',
    clients: 'Clients notice nothing until timestamp.json expires; the pause ends by itself before that.',
    command: 'timekeeper resume NAME',
  },

  'watch-silent': {
    stack: 'watch',
    level: 'page',
    happened: 'The watchdog has not looked for two checks: its schedule is stopped, or its function does not start.',
    clients: 'Nothing is known of the clients; the signer may be well.',
    command: 'timekeeper status NAME',
  },
  'watch-blind': {
    stack: 'watch',
    level: 'page',
    happened: 'The watchdog could not find out three times in a row: network, or a server that answers errors.',
    clients: 'Clients probably cannot update now.',
    command: 'timekeeper status NAME',
  },
  'watch-lost': {
    stack: 'watch',
    level: 'mail',
    happened: 'A look failed in spite of all retries, or could not be handed over; it is in a queue.',
    clients: 'Nothing is known of the clients for that time.',
    command: 'timekeeper status NAME',
  },
  'served-timestamp-expiring': {
    stack: 'watch',
    level: 'page',
    happened: 'The timestamp.json that clients are served has less life left than it ever should.',
    clients: 'Clients get no updates from the moment that it expires; status says when.',
    command: 'timekeeper status NAME',
  },
  'served-role-expiring': {
    stack: 'watch',
    level: 'mail',
    happened:
      'Root, targets, snapshot or a delegated role expires within 30 days. No signer of ours can renew it: its key holders must.',
    clients: 'Clients get no updates from the moment that it expires; status says which and when.',
    command: 'timekeeper status NAME',
  },
  'served-role-expiring-soon': {
    stack: 'watch',
    level: 'page',
    happened:
      'Root, targets, snapshot or a delegated role expires within 7 days. No signer of ours can renew it: its key holders must.',
    clients: 'Clients get no updates from the moment that it expires; status says which and when.',
    command: 'timekeeper status NAME',
  },
  'served-stale': {
    stack: 'watch',
    level: 'page',
    happened: 'What clients are served should have been signed anew by now: nobody signs, or a cache holds it back.',
    clients: 'Clients notice nothing until timestamp.json expires, days from now.',
    command: 'timekeeper status NAME',
  },
  'served-went-back': {
    stack: 'watch',
    level: 'page',
    happened:
      'Clients are served something older than before: a backup was put back, or the file server is broken into.',
    clients: 'Clients that saw the newer state fail; new ones take the old state.',
    command: 'timekeeper plan NAME',
  },
  'served-two-ways': {
    stack: 'watch',
    level: 'page',
    happened: 'A version that was served before is served with other bytes: two signers, or a stolen key.',
    clients: 'Clients differ in what they hold for true.',
    command: 'timekeeper audit NAME',
  },
  'new-client-fails': {
    stack: 'watch',
    level: 'page',
    happened: 'A client that begins from the trusted root does not get through.',
    clients: 'New installations cannot update now.',
    command: 'timekeeper status NAME',
  },
  'returning-client-fails': {
    stack: 'watch',
    level: 'page',
    happened: 'A client that holds what was served before does not get through.',
    clients: 'Installed clients cannot update now.',
    command: 'timekeeper status NAME',
  },
  'root-gap': {
    stack: 'watch',
    level: 'page',
    happened: 'A root is missing in the middle of the chain, or one that was served is gone.',
    clients: 'Clients with an older root cannot update now.',
    command: 'timekeeper status NAME',
  },
  'watch-unhealthy': {
    stack: 'watch',
    level: 'mail',
    happened: 'The watchdog has a finding; its log line says which.',
    clients: 'It depends on the finding; status says which.',
    command: 'timekeeper status NAME',
  },
  'watch-memory-lost': {
    stack: 'watch',
    level: 'mail',
    happened:
      'What the watchdog remembered is gone or cannot be read: it begins again, blind for what went back meanwhile.',
    clients: 'Clients notice nothing.',
    command: 'timekeeper status NAME',
  },
} as const satisfies Record<string, AlarmText>;

/** Name of one of the alarms. */
export type AlarmKind = keyof typeof ALARMS;

/** When they go off. Durations are in seconds; see also `expiresSoonOf` for the timestamp. */
export const ALARM_THRESHOLDS = {
  /** The last week is nobody's plan. */
  othersPage: 7 * 86_400,
  /** Longer than a maintenance. */
  pausedTooLong: 86_400,
  /** Runs in a row that may be missing. */
  missedChecks: 2,
  /** Lambda makes three tries of a run. */
  failures: 3,
} as const;

/** The metrics of a run that only say whether one thing was so: 1 or 0. */
export const SIGNER_FLAGS = {
  /** timestamp.json was missing, broken or old, and is whole again. */
  Healed: ['HEALED_MISSING', 'HEALED_GARBAGE', 'HEALED_ROLLBACK', 'HEALED_COLLISION'],
  OtherSigner: ['OTHER_SIGNER', 'HEALED_COLLISION'],
  BelowReceipt: ['PUBLISHED_SNAPSHOT_MISSING'],
  ClockSkew: ['CLOCK_SKEW'],
  Paused: ['PAUSED'],
} as const satisfies Partial<Record<MetricName, readonly string[]>>;

/** The CloudWatch alarm of one kind for one repository. */
export function alarmName(deployment: string, repository: string, kind: AlarmKind): string {
  return `${deployment}-${repository}-${kind}`;
}

/** The alarm that pages: it goes off when any of the stack's that page does, so that one cause is one message. */
export function pageName(deployment: string, repository: string, stack: AlarmText['stack']): string {
  return `${deployment}-${repository}-${stack}-page`;
}

/** The topics of a stack: one wakes somebody, the other waits for the morning. */
export function topicName(deployment: string, stack: AlarmText['stack'], level: AlarmText['level']): string {
  return `${deployment}-timekeeper-${stack}-${level}`;
}

/** Where the runbook says more. */
export function runbookSection(kind: AlarmKind): string {
  return `docs/runbook.md#${kind}`;
}

/** The alarm's description, which is what its e-mail says. */
export function alarmDescription(kind: AlarmKind, repository: string, contacts: readonly string[]): string {
  const { happened, clients, command } = ALARMS[kind];
  const asked = contacts.length === 0 ? '' : ` For the root ceremony ask ${contacts.join(', ')}.`;
  return `${happened} ${clients} Type: ${command.replace('NAME', repository)}. Runbook: ${runbookSection(kind)}.${asked}`;
}
