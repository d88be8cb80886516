import { diagnose, type Ailment } from '../authoring/diagnosis.ts';
import type { Outcome } from '../contract/outcome.ts';
import { RefusalError, UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { expiresSoonOf } from '../contract/watch-configuration.ts';
import { outcomeOf } from '../refresh/outcome.ts';
import { checkedPolicy, DEFAULT_POLICY, type Policy } from '../refresh/policy.ts';
import { directoryStore } from '../stores/directory.ts';
import { seconds, type Instant } from '../tuf/instant.ts';
import type { RootPin } from '../tuf/root-chain.ts';
import type { Published } from '../watch/look.ts';
import { lookOnce } from '../watch/look-once.ts';
import type { WatchPolicy } from '../watch/policy.ts';
import { published } from '../watch/published.ts';
import { decide } from './decide.ts';
import { parseDuration } from './duration.ts';
import { trustedRootOf } from './options.ts';
import { pinnedRoot } from './pinned-root.ts';
import type { DeployedView } from './status-deployed.ts';
import { lookedAt } from './status-looked-at.ts';
import { withMending } from './status-mending.ts';
import type { Setting, Status } from './status-model.ts';
import type { StatusOptions } from './status.ts';
import {
  directoryTrust,
  findRepository,
  findWorkingDirectory,
  placesOf,
  stagedMetadata,
  type WorkingDirectory,
} from './working-directory.ts';

/** One repository, wherever it is, and what is expected of it. */
interface Place {
  readonly title: string;
  /** Where clients read it, or the folder. */
  readonly address: string;
  readonly published: Published;
  readonly pin: RootPin | Uint8Array;
  readonly policy: WatchPolicy;
  readonly rhythm: Setting['rhythm'];
  /** What a run would do now; undefined where that is not to be seen from here. */
  readonly outcome: Outcome | undefined;
  /** What else is wrong, and what could not be looked at. */
  readonly found?: Pick<DeployedView, 'problems' | 'notes'>;
  /** What a working directory shows besides, and the commands that mend it. */
  readonly ailments?: readonly Ailment[];
}

/**
 * How a repository is.
 * @throws UsageError, RefusalError NO_BASELINE, FailureError
 */
export async function statusAt(where: string | undefined, options: StatusOptions, now: Instant): Promise<Status> {
  const place = await find(where, options, now);
  const seen = await lookOnce(place.title, place.published, place.pin, place.policy, now);
  const setting: Setting = {
    title: place.title,
    isDemonstration: false,
    policy: { validity: seconds(place.policy.validity), resignAfter: seconds(place.policy.resignAfter), check: seconds(place.policy.check) }, // prettier-ignore
    rhythm: place.rhythm,
    addresses: { page: '', repository: place.address },
  };
  const { outcome, found = { problems: [], notes: [] }, ailments = [] } = place;
  return withMending(ailments, found, (more) => lookedAt(seen, outcome, setting, now, more));
}

async function find(where: string | undefined, options: StatusOptions, now: Instant): Promise<Place> {
  if (where !== undefined && /^[a-z][a-z\d+.-]*:\/\//i.test(where)) return url(where, options);
  const isPath = where !== undefined && /[./\\]/.test(where); // no name has any of these
  const configured = isPath ? undefined : await fromConfiguration(where, options);
  if (configured === undefined) return directory(where ?? '.', options, now);
  const { repository: title, address, pin, policy, rhythm } = configured;
  const { deployedView } = await import('./status-deployed.ts');
  const { outcome, bucket, ...found } = await deployedView(title, options, now);
  const seen = address === undefined ? bucket : { place: address, ...published(address) };
  if (seen === undefined) throw unknownAddress(title, found);
  const { place, ...files } = seen;
  return { title, address: place, published: files, pin, policy, rhythm, outcome, found };
}

function unknownAddress(name: string, { notes: [note] }: Pick<DeployedView, 'notes'>): UsageError {
  const why = note === undefined ? '' : ` ${note.message}`;
  return new UsageError(`timekeeper.json does not say where clients read ${name}.${why}`, {
    remedy: `Write the address that the hosting stack printed as repositories.${name}.hosting.url.`,
  });
}

/** Loaded only where it is needed: the schema's library is large. */
async function fromConfiguration(name: string | undefined, options: StatusOptions) {
  const { configuredPlace } = await import('./status-configured.ts');
  return configuredPlace(name, options);
}

function url(address: string, options: StatusOptions): Place {
  const pin = trustedRootOf(options);
  if (pin === undefined)
    throw new UsageError('Of a URL no root is known here.', { remedy: 'Name a root.json that you trust with --trusted-root.' }); // prettier-ignore
  return { title: address, address, published: published(address), pin, ...expected(options), outcome: undefined };
}

async function directory(path: string, options: StatusOptions, now: Instant): Promise<Place> {
  const named = 'timekeeper status DIR';
  const trustedRoot = trustedRootOf(options);
  const { repository, inLayout } = findRepository(path, named);
  if (!inLayout && options.state === undefined && trustedRoot !== undefined) return served(path, repository, trustedRoot, options); // prettier-ignore
  const found = findWorkingDirectory(path, { named, ...(options.state !== undefined && { state: options.state }) });
  const pin = trustedRoot ?? (await pinnedRoot(placesOf(found).state));
  const looking = planned(found, trustedRoot, enginePolicy(options), now);
  if (pin === undefined) {
    await looking; // tells which root one could trust
    throw new RefusalError('NO_BASELINE', `No root is trusted yet in ${quote(path)}.`);
  }
  const outcome = await looking.catch((error: unknown) => outcomeOf(error, { repository: found.name, dryRun: true }));
  const metadata = directoryStore(found.repository);
  const ailments = found.staged === undefined ? [] : diagnose(path, 'length', now);
  return {
    title: path,
    address: found.repository,
    published: { metadata },
    pin,
    ...expected(options),
    outcome,
    ailments,
  };
}

/** The folder with the metadata itself, such as a file server's: nobody signs there, so it is looked at as clients do. */
function served(title: string, address: string, pin: Uint8Array, options: StatusOptions): Place {
  const metadata = directoryStore(address);
  return { title, address, published: { metadata }, pin, ...expected(options), outcome: undefined };
}

/** What a run would do now, as `timekeeper plan` has it. */
async function planned(
  found: WorkingDirectory,
  trustedRoot: Uint8Array | undefined,
  policy: Policy,
  now: Instant,
): Promise<Outcome> {
  const { outcome } = await decide(found.name, placesOf(found), directoryTrust(trustedRoot), policy, now);
  return { ...outcome, warnings: [...outcome.warnings, ...stagedMetadata(found)] };
}

/**
 * What the options say that is expected. A folder and a URL have no configuration.
 * @throws UsageError
 */
function enginePolicy({ mode, validity, resignAfter, check }: StatusOptions): Policy {
  return checkedPolicy({
    ...DEFAULT_POLICY,
    mode,
    validity: parseDuration(validity, '--validity'),
    resignAfter: parseDuration(resignAfter, '--resign-after'),
    check: parseDuration(check, '--check'),
    minInterval: seconds(0),
  });
}

function expected(options: StatusOptions): Pick<Place, 'policy' | 'rhythm'> {
  const { validity, resignAfter, check, cacheMax } = enginePolicy(options);
  const policy = { validity, resignAfter, check, cacheMax, allowSharedSnapshotKey: false };
  return {
    policy: { ...policy, expiresSoon: expiresSoonOf(policy) },
    rhythm: { validity: options.validity, resignAfter: options.resignAfter, check: options.check },
  };
}
