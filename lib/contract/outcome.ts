import type { Code, Warning } from './codes.ts';

/** What one run came to: the Lambda's answer, its log line, and the JSON of the command. Null where unknown. */
export interface Outcome {
  readonly repository: string;
  readonly outcome: 'signed' | 'skipped' | 'refused' | 'failed';
  readonly code: Code;
  /** One sentence: which file, version or field, what was expected and what was found. */
  readonly message: string;
  /** One sentence on what to do; empty when there is nothing to do. */
  readonly remedy: string;
  /** True when nothing was to be written: the verdict is the one that a real run would have had. */
  readonly dryRun: boolean;
  /** The version of the timestamp that is published after the run. */
  readonly version: number | null;
  /** When that timestamp expires, e.g. `2026-12-06T16:35:14Z`. */
  readonly expires: string | null;
  /** When the first of the roles that were read expires: from then on clients fail. */
  readonly effectiveExpiry: string | null;
  /** When the next signature is due. */
  readonly nextDueAt: string | null;
  readonly warnings: readonly Warning[];
  /** The key ids that signed, or that would have. */
  readonly keyIds: readonly string[];
  readonly durationMs: number;
}
