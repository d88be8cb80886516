import { RefusalError } from '../contract/errors.ts';
import { refreshClient, type ClientStep, type ClientWalk, type Trusted } from '../tuf/client.ts';
import { MAX_BYTES, type Metadata } from '../tuf/envelope.ts';
import { BEFORE_ALL_EXPIRY, formatInstant, type Instant } from '../tuf/instant.ts';
import type { Root } from '../tuf/root.ts';
import type { Snapshot } from '../tuf/snapshot.ts';
import type { Targets } from '../tuf/targets.ts';
import type { Timestamp } from '../tuf/timestamp.ts';
import type { Verified } from '../tuf/verify.ts';

/** The metadata of a repository, verified as clients do that begin from its own root. It may have expired. */
export interface Published {
  readonly root: Verified<Root>;
  readonly timestamp: Verified<Timestamp>;
  readonly snapshot: Verified<Snapshot>;
  readonly targets: Verified<Targets>;
  /** The roles to which targets.json delegates, directly or not, as far as the snapshot lists them. */
  readonly delegated: readonly Verified<Targets>[];
}

/** Gives a file of the repository, undefined if there is none. */
export type ReadFile = (name: string, maxBytes: number) => Uint8Array | undefined;

/**
 * Verifies what is published: every signature, version, length and hash; the newest root; delegations too.
 * @throws RefusalError ROOT_INVALID, and what a client refuses with
 */
export function readPublished(read: ReadFile): Published {
  const root = read('root.json', MAX_BYTES.root);
  if (root === undefined) {
    throw new RefusalError('ROOT_INVALID', 'root.json is missing: it is the newest N.root.json under a second name.');
  }
  const trusted = walkLocally(
    refreshClient(new Map([['root.json', root]]), BEFORE_ALL_EXPIRY),
    read,
    ({ name, bytes }) => {
      if (name === 'root.json') throw newerRoot(bytes);
    },
  );
  refuseOtherRoot(trusted.root, read);
  const { targets: roles, ...rest } = trusted;
  const targets = topLevel(trusted);
  return { ...rest, targets, delegated: Array.from(roles.values()).filter((role) => role !== targets) };
}

/** Walks as a client does, over files that are at hand. */
function walkLocally<T>(
  steps: ClientWalk<T>,
  read: ReadFile,
  onStore: (kept: Extract<ClientStep, { do: 'store' }>) => void = () => undefined,
): T {
  let step = steps.next();
  // Read whole, also if it is longer than what names it says: then it is said to be another one.
  while (step.done !== true) {
    const { value } = step;
    if (value.do === 'store') onStore(value);
    step = steps.next(
      value.do === 'fetch' ? read(value.file, Math.max(value.maxBytes, MAX_BYTES.snapshot)) : undefined,
    );
  }
  return step.value;
}

/** @throws RefusalError METADATA_EXPIRED */
export function refuseExpired(metadata: readonly Metadata[], now: Instant): void {
  for (const { file, version, expires } of metadata) {
    if (expires > now) continue;
    throw new RefusalError('METADATA_EXPIRED', `${file} (version ${version}) expired at ${formatInstant(expires)}.`);
  }
}

/** targets.json of a walk, which never ends without it. */
function topLevel({ targets }: Trusted): Verified<Targets> {
  const found = targets.get('targets');
  if (found === undefined) throw new RefusalError('TARGETS_MISSING', 'targets.json is missing.');
  return found;
}

/** Clients follow the numbered roots; whoever reads root.json would go on from another one. */
function newerRoot(bytes: Uint8Array): RefusalError {
  const { version } = (JSON.parse(Buffer.from(bytes).toString('utf8')) as { readonly signed: { readonly version: number } }).signed; // prettier-ignore
  return new RefusalError('ROOT_INVALID', `root.json is older than ${version}.root.json.`);
}

function refuseOtherRoot({ version, sha256, bytes }: Root, read: ReadFile): void {
  const name = `${version}.root.json`;
  const numbered = read(name, MAX_BYTES.root);
  if (numbered === undefined || Buffer.from(numbered).equals(bytes)) return;
  throw new RefusalError('ROOT_INVALID', `${name} is not the root.json that is there (SHA-256 ${sha256}).`);
}
