import { createHash } from 'node:crypto';
import { FailureError, isRefusal, RefusalError, UsageError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Signer } from '../keys/signer.ts';
import { enroll, lookToBegin, type Enrolment } from '../refresh/enroll.ts';
import { MAX_JOURNAL_BYTES } from '../refresh/journal-file.ts';
import { beginAtPin, MAX_CHAIN_BYTES, ROOT_CHAIN, withRoots } from '../refresh/kept-roots.ts';
import { JOURNAL, type Look, type Places } from '../refresh/look.ts';
import { outcomeOf } from '../refresh/outcome.ts';
import { lookToReplace, replaceKey } from '../refresh/replace-key.ts';
import type { Trust } from '../refresh/trust.ts';
import { checkWritable } from '../stores/check-writable.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { instantOf, type Instant } from '../tuf/instant.ts';
import { keyId } from '../tuf/key-id.ts';
import { latest } from '../tuf/root-chain.ts';
import { deployed, deployedPlaces, deployedPolicy, deployedTrust, stateBucketOf, type Deployed } from './deployed.ts';
import { deployedKey, type DeployedKey } from './deployed-key.ts';
import type { DeployedEnrolment } from './enroll.ts';
import { check, judgeKeys, line, sayExpiries, type Say } from './preflight.ts';
import { readNamedFile } from './read-file.ts';
import { resignDeployed } from './resign-deployed.ts';
import { rootCeremony } from './root-ceremony.ts';

/**
 * Enrols a deployed repository, or gives it another key: checks everything, hands over key and roots, and has the function try.
 * @param asked - what the command line said
 * @param say - for a person; nothing of it is printed with --json
 * @returns the verdict of the function's dry run; that of the check which was refused, and then nothing is written
 * @throws RefusalError UNKNOWN_REPOSITORY, and what the checks find
 * @throws FailureError NO_CREDENTIALS, ROLE_REFUSED, NOT_DEPLOYED, ACCESS_DENIED, SECRET_UNAVAILABLE, KMS_UNAVAILABLE, STORE_UNREACHABLE
 */
export async function enrolDeployed(name: string, asked: DeployedEnrolment, say: Say): Promise<Outcome> {
  const found = await deployed(name, asked.options);
  const { state } = deployedPlaces(found);
  const key = deployedKey(found, state, asked.options.key);
  const places = { ...deployedPlaces(found, key.source), state };
  const roots = (asked.options.root ?? []).map((file) => readNamedFile(file, MAX_BYTES.root, '--root'));
  const now = instantOf(Date.now());
  const enrolment = {
    ...asked.enrolment,
    repository: name,
    allowSharedSnapshotKey: asked.enrolment.allowSharedSnapshotKey || found.repository.allowSharedSnapshotKey,
    roots,
    material: key.material,
  };

  const kept = await check(say, 'state', () => keptState(places), () => `${stateBucketOf(found)}/${name} can be read and written`); // prettier-ignore
  const replaces = kept.journal && !enrolment.again;
  refuseStrayOptions(replaces, asked);
  const trust = {
    ...(await trustOf(found, places, roots, replaces && kept.chain === undefined)),
    ...(asked.acceptedTimestamp && { acceptedTimestamp: asked.acceptedTimestamp }),
  };
  const seen = await check(say, 'root', () => lookFor(replaces, kept.chain, roots, places, trust, found, now), rootsOf);
  sayExpiries(say, seen, now);
  const refused = await judgedKey(key, seen, enrolment, found, say);
  if (refused !== undefined) return refused;

  const act = replaces ? replaceKey : enroll;
  const enrolled = await act(enrolment, places, trust, deployedPolicy(found), now);
  if (enrolled.outcome === 'refused') return enrolled;
  say(line('done', 'enroll', replaces ? 'the key is replaced; the journal stays' : 'the state is begun'));
  return dryRun(found, asked, say);
}

interface Kept {
  readonly journal: boolean;
  readonly chain: Uint8Array | undefined;
}

async function keptState({ state }: Places): Promise<Kept> {
  const [journal, chain] = await Promise.all([
    state.get(JOURNAL, MAX_JOURNAL_BYTES),
    state.get(ROOT_CHAIN, MAX_CHAIN_BYTES),
    checkWritable(state, JOURNAL),
  ]);
  return { journal: journal !== undefined, chain: chain?.bytes };
}

/** What only a new beginning can accept must not be passed over in silence. */
function refuseStrayOptions(replaces: boolean, { enrolment, acceptedTimestamp }: DeployedEnrolment): void {
  const { acceptVersion, acceptSnapshot } = enrolment;
  if (!replaces || (acceptVersion ?? acceptSnapshot ?? acceptedTimestamp) === undefined) return;
  throw new UsageError('This repository is enrolled already, and what --accept-… names counts only with --again.', {
    remedy: 'Add --again to begin the state again, or leave out --accept-… to replace the key.',
  });
}

/** @param hasNoChain - a journal is there and its chain is not: a crash came between the two */
async function trustOf(found: Deployed, { hosting }: Places, roots: readonly Uint8Array[], hasNoChain: boolean) {
  const trust = deployedTrust(found);
  const { root: pin } = found.repository;
  const trustedRoot = roots.find((bytes) => createHash('sha256').update(bytes).digest('hex') === pin.sha256);
  const pinned = { ...trust, ...(trustedRoot && { trustedRoot }) };
  if (!hasNoChain) return pinned;
  return { ...pinned, knownRoots: withRoots(await beginAtPin(hosting, pin, trustedRoot), roots) };
}

async function lookFor(
  replaces: boolean,
  oldChain: Uint8Array | undefined,
  roots: readonly Uint8Array[],
  places: Places,
  trust: Trust,
  found: Deployed,
  now: Instant,
): Promise<Look> {
  const policy = deployedPolicy(found);
  if (!replaces) return lookToBegin(roots, oldChain, places, trust, policy, now);
  const seen = await lookToReplace(roots, places, trust, policy, now);
  if (seen === 'changed') throw new FailureError('LOST_RACE', 'Somebody else wrote the state at the same time.');
  return seen;
}

function rootsOf({ state: { chain } }: Look): string {
  const newest = latest(chain).version;
  const { version } = chain[0];
  const proved = newest === version ? 'the newest too' : `${newest}.root.json is the newest that it leads to`;
  return `${version}.root.json is the pinned root, ${proved}`;
}

/** @returns the refusal of a key in KMS that is yet to be listed, with its key id: it comes before the root that lists it */
async function judgedKey(
  key: DeployedKey,
  seen: Look,
  enrolment: Enrolment,
  { repository: { contacts } }: Deployed,
  say: Say,
): Promise<Outcome | undefined> {
  const signers = await check(say, 'key', () => key.source.open([]), (opened) => opening(key, opened)); // prettier-ignore
  try {
    await check(
      say,
      'key',
      () => Promise.resolve(judgeKeys(seen, signers, enrolment)),
      (says) => says,
    );
    return undefined;
  } catch (error) {
    const [signer] = signers;
    if (key.material.signsHere || signer === undefined || !isRefusal(error) || error.code !== 'KEY_NOT_IN_ROOT')
      throw error;
    const { publicKey } = signer;
    say(rootCeremony(publicKey, latest(seen.state.chain), `timekeeper enroll ${enrolment.repository}`));
    const refusal = new RefusalError(error.code, `${error.message} Ours has the key id ${keyId(publicKey.json)}.`);
    if (contacts.length > 0) say(`Ask ${contacts.map(printable).join(', ')} for it.\n`);
    return {
      ...outcomeOf(refusal, { repository: enrolment.repository, dryRun: true }),
      keyIds: [keyId(publicKey.json)],
    };
  }
}

function opening({ name }: DeployedKey, { length }: readonly Signer[]): string {
  return `${printable(name)} is open${length === 1 ? '' : `, with ${length} keys in it`}`;
}

/** The function itself shows that it finds the key and may use it: nobody else may. */
async function dryRun({ name, configuration }: Deployed, { options }: DeployedEnrolment, say: Say): Promise<Outcome> {
  const { email } = configuration.alarms;
  const confirm = `confirm every mail that AWS sent to ${printable(email ?? '')} after the deployment, if you have not: no alarm arrives before`;
  say(line('todo', 'alarms', email === undefined ? 'name alarms.email in timekeeper.json and deploy: nobody is told of anything' : confirm)); // prettier-ignore
  const asked = { repository: name, dryRun: true, reason: 'enroll' } as const;
  const outcome = await resignDeployed(asked, options).catch((error: unknown) => outcomeOf(error, asked));
  const holds = outcome.outcome === 'signed' || outcome.code === 'NOT_DUE';
  const next = holds ? '' : `, once what stands below is done: timekeeper resign ${name} --dry-run`;
  say(line(holds ? 'ok' : 'todo', 'function', `its dry run came to ${outcome.code}${next}`));
  return outcome;
}
