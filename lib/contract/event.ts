import { RefusalError } from './errors.ts';
import { quote } from './printable.ts';

/** What the Lambda is asked. Never bytes, versions, dates, keys or paths. */
export interface ResignEvent {
  readonly repository: string;
  /** Sign although it is not due. Changes `NOT_DUE` and `HEAL_WAITS`, and no other verdict. */
  readonly force: boolean;
  /** Decide, sign a probe that is thrown away, write nothing but the note of it. */
  readonly dryRun: boolean;
  /** Why, for the journal. At most 200 characters. */
  readonly reason: string | undefined;
}

/** Names of repositories: they become keys of objects, dimensions of metrics and parts of paths. */
const REPOSITORY_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

const FIELDS = new Set(['repository', 'force', 'dryRun', 'reason']);
const MAX_REASON = 200; // characters; it stands in every version of the journal

/**
 * Reads an event, strictly: an unknown field is refused, so that a misspelt `dryrun` never signs.
 * @throws RefusalError EVENT_INVALID; UNKNOWN_REPOSITORY for a name that cannot be one
 */
export function parseEvent(input: unknown): ResignEvent {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new RefusalError('EVENT_INVALID', 'The event is not a JSON object.');
  }
  const event = new Map<string, unknown>(Object.entries(input));
  for (const field of event.keys()) {
    if (!FIELDS.has(field)) throw new RefusalError('EVENT_INVALID', `The event has an unknown field ${quote(field)}.`);
  }
  const repository = event.get('repository');
  if (typeof repository !== 'string') throw new RefusalError('EVENT_INVALID', 'The event does not name a repository.');
  if (!REPOSITORY_NAME.test(repository)) {
    throw new RefusalError('UNKNOWN_REPOSITORY', `No repository can be named ${quote(repository)}.`);
  }
  const reason = event.get('reason');
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > MAX_REASON)) {
    throw new RefusalError('EVENT_INVALID', `The event's reason is not a text of at most ${MAX_REASON} characters.`);
  }
  return { repository, force: flag(event, 'force'), dryRun: flag(event, 'dryRun'), reason };
}

function flag(event: ReadonlyMap<string, unknown>, field: string): boolean {
  const value = event.get(field);
  if (value === undefined) return false;
  if (typeof value !== 'boolean')
    throw new RefusalError('EVENT_INVALID', `The event's ${field} is neither true nor false.`);
  return value;
}
