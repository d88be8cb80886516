import type { Code } from './codes.ts';
import type { Finding, FindingCode } from './findings.ts';

/** What one look of the watchdog came to: its answer and its log line. Null where unknown. */
export interface WatchOutcome {
  readonly repository: string;
  /** `refused`: the event is not one. `failed`: it could not find out. */
  readonly outcome: 'healthy' | 'unhealthy' | 'refused' | 'failed';
  /** HEALTHY, the gravest finding that counts, or why it could not find out. */
  readonly code: 'HEALTHY' | FindingCode | Code;
  readonly message: string;
  readonly remedy: string;
  /** Every role that could be verified, whether expired or not. */
  readonly roles: readonly WatchedRole[];
  /** When the first of them expires: from then on clients fail. */
  readonly effectiveExpiry: string | null;
  /** How old the served timestamp is at least, in seconds. */
  readonly timestampAge: number | null;
  /** Whether a client that begins from the pinned root gets through, and one that remembers what was served before. */
  readonly newClientOk: boolean | null;
  readonly returningClientOk: boolean | null;
  /** For how long a cache between has had timestamp.json, in seconds. */
  readonly cacheAge: number | null;
  readonly findings: readonly Finding[];
  readonly durationMs: number;
}

/** One role as clients are served it. */
export interface WatchedRole {
  /** `root`, `targets`, `snapshot`, `timestamp`, or the name of a delegated role. */
  readonly name: string;
  readonly version: number;
  readonly expires: string;
}
