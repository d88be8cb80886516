import { addNewKey, changeRoot, stageRoot, type ChangedRoot } from '../authoring/change-root.ts';
import type { RootChanges } from '../authoring/changed-root.ts';
import { generateKey } from '../authoring/new-key.ts';
import { publishStaged, type NamedFile } from '../authoring/publish-staged.ts';
import { readStagedRoot, signStaged, stagedFile, tally, type StagedRoot } from '../authoring/staged-root.ts';
import { atWork } from '../authoring/workplace.ts';
import { UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { MAX_KEY_FILE_BYTES } from '../keys/key-file.ts';
import { MAX_PUBLIC_KEY_BYTES, readPublicKeyFile } from '../keys/public-key-file.ts';
import { contentToken } from '../stores/plain-file.ts';
import { replaceFile } from '../stores/replace-file.ts';
import { COMPACT, encodeJson } from '../tuf/encode-json.ts';
import { MAX_BYTES, type RoleType } from '../tuf/envelope.ts';
import { instantOf } from '../tuf/instant.ts';
import type { PublicKey } from '../tuf/key.ts';
import { keyId } from '../tuf/key-id.ts';
import { parseRoot, type Root } from '../tuf/root.ts';
import { beginChain, extendChain, latest, type RootChain } from '../tuf/root-chain.ts';
import { askingKeyRing } from './key-ring.ts';
import { answer } from './question.ts';
import { readNamedFile } from './read-file.ts';
import { describeChanges, describeTally } from './root-changes.ts';
import { asFleetctl } from './updates-report.ts';
import { conditionsOf, makeFolder, refuseUninitialised, roleNamed, tell, type UpdatesOptions } from './updates-run.ts';

/** What `updates add-key` and `revoke-key` are given. */
export interface ChangeKeyOptions extends UpdatesOptions {
  readonly generate?: true;
  readonly threshold?: string;
}

/** What `updates stage-root` is given: each change as `ROLE=…`. */
export interface StageOptions extends UpdatesOptions {
  readonly addKey: readonly string[];
  readonly revokeKey: readonly string[];
  readonly threshold: readonly string[];
}

/** What `updates sign` is given. */
export interface SignOptions {
  readonly trustedRoot: string;
  readonly root: readonly string[];
  readonly key: string;
  readonly yes?: true;
}

/** `timekeeper updates add-key ROLE FILE|--generate` */
export function runAddKey(given: string, file: string | undefined, options: ChangeKeyOptions): Promise<void> {
  return asFleetctl(async () => {
    const role = roleNamed(given);
    const thresholds = thresholdsOf(role, options);
    if ((file === undefined) === (options.generate === undefined)) throw new UsageError('What is to be added is one key: a file with its public half, or --generate.'); // prettier-ignore
    const key = file === undefined ? undefined : publicKeyIn(file);
    refuseUninitialised(options.path);
    const conditions = conditionsOf(options);
    const changed = await atWork(options.path, tell, async (place) =>
      key === undefined
        ? addNewKey(place, role, { thresholds }, conditions)
        : { key, ...(await changeRoot(place, { added: [{ role, key }], thresholds }, conditions)) },
    );
    const did = key === undefined ? 'Generated' : 'Added';
    process.stdout.write(`${did} ${role} key with ID: ${keyId(changed.key.json)}\n`);
    sayPublished(changed);
  });
}

/** `timekeeper updates revoke-key ROLE KEYID` */
export function runRevokeKey(given: string, id: string, options: ChangeKeyOptions): Promise<void> {
  return asFleetctl(async () => {
    const role = roleNamed(given);
    const changes = { revoked: [{ role, id }], thresholds: thresholdsOf(role, options) };
    refuseUninitialised(options.path);
    const changed = await atWork(options.path, tell, (place) => changeRoot(place, changes, conditionsOf(options)));
    process.stdout.write(`Revoked ${role} key with ID: ${id}\n`);
    sayPublished(changed);
  });
}

/** `timekeeper updates stage-root FILE` */
export function runStageRoot(file: string, options: StageOptions): Promise<void> {
  return asFleetctl(async () => {
    const changes = changesOf(options);
    refuseUninitialised(options.path);
    const staged = await atWork(options.path, tell, (place) => Promise.resolve(stageRoot(place, changes, conditionsOf(options)))); // prettier-ignore
    if (replaceFile(file, stagedFile(staged), 'absent', {}) === 'changed') {
      throw new UsageError(`${quote(file)} is there already, and may have signatures in it.`, {
        remedy: 'Name another file, or remove this one.',
      });
    }
    process.stdout.write(describeChanges(staged));
    process.stdout.write(`Written to ${printable(file)}, for the holders to sign\n`);
    sayProgress(staged, file);
  });
}

/** `timekeeper updates sign FILE` */
export function runSign(file: string, options: SignOptions): Promise<void> {
  return asFleetctl(async () => {
    const old = trustedRoot(options);
    const keyFile = readNamedFile(options.key, MAX_KEY_FILE_BYTES, '--key');
    const bytes = readNamedFile(file, MAX_BYTES.root, 'updates sign');
    refuseGap(parseRoot(bytes, printable(file)), old);
    const staged = readStagedRoot(bytes, printable(file), old, instantOf(Date.now()));
    process.stdout.write(describeChanges(staged));
    await confirm(options);
    const signed = await signStaged(staged, await askingKeyRing().open('root', keyFile), printable(options.key));
    const before = staged.signatures.map(({ keyid }) => keyid);
    const after = signed.signatures.map(({ keyid }) => keyid);
    const added = after.filter((id) => !before.includes(id));
    if (added.length > 0 && replaceFile(file, stagedFile(signed), contentToken([bytes]), {}) === 'changed') {
      throw new UsageError(`${quote(file)} was changed meanwhile; nothing was written.`, { remedy: 'Run this again.' });
    }
    for (const id of added) process.stdout.write(`Signed with the key ${printable(id)}\n`);
    if (added.length === 0) process.stdout.write('Nothing to do: these keys have signed it already.\n');
    sayProgress(signed, file);
  });
}

/** `timekeeper updates publish-root FILE...` */
export function runPublishRoot(names: readonly string[], options: UpdatesOptions): Promise<void> {
  return asFleetctl(async () => {
    const [first, ...rest] = names.map((name): NamedFile => ({ name, bytes: readNamedFile(name, MAX_BYTES.root, 'publish-root') })); // prettier-ignore
    if (first === undefined) throw new UsageError('No file is named.');
    refuseUninitialised(options.path);
    const changed = await atWork(options.path, tell, (place) => publishStaged(place, [first, ...rest], conditionsOf(options))); // prettier-ignore
    if (changed !== undefined) sayPublished(changed);
    else process.stdout.write('Nothing to do: this root is published already.\n');
  });
}

/** `timekeeper updates generate-key ROLE` */
export function runGenerateKey(given: string, options: UpdatesOptions): Promise<void> {
  return asFleetctl(async () => {
    const role = roleNamed(given);
    makeFolder(options.path);
    const key = await atWork(options.path, tell, (place) => generateKey(place, role, conditionsOf(options)));
    tell(`Generated ${role} key with ID: ${keyId(key.json)}`);
    process.stdout.write(encodeJson(key.json, { ...COMPACT, ending: '\n' })); // as add-key and stage-root read it
  });
}

/** Who has signed, and what the next command is. */
function sayProgress(staged: StagedRoot, file: string): void {
  const tallies = tally(staged, staged.signatures.map(({ keyid }) => keyid)); // prettier-ignore
  const next = tallies.every(({ isReached }) => isReached)
    ? `once home: timekeeper updates publish-root ${printable(file)}`
    : `each who is to sign: timekeeper updates sign ${printable(file)} --key keys/root.json --trusted-root root.json`;
  process.stdout.write(`${describeTally(tallies)}  next, ${next}\n`);
}

function sayPublished({ root, old, again }: ChangedRoot): void {
  process.stdout.write(describeChanges({ root, old }));
  const signed = again.length === 0 ? 'nothing else had to be signed' : `signed again: ${again.map((role) => `${role}.json`).join(', ')}`; // prettier-ignore
  process.stdout.write(`Published ${root.version}.root.json and root.json; ${signed}\n`);
}

function publicKeyIn(file: string): PublicKey {
  return readPublicKeyFile(readNamedFile(file, MAX_PUBLIC_KEY_BYTES, 'the command'), file);
}

function thresholdsOf(role: RoleType, { threshold }: ChangeKeyOptions): ReadonlyMap<RoleType, number> {
  return new Map(threshold === undefined ? [] : [[role, count(threshold)]]);
}

function count(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UsageError(`--threshold is ${quote(text)}, not a number of keys.`, { remedy: 'Give a whole number: 1 or more.' }); // prettier-ignore
}

function changesOf({ addKey, revokeKey, threshold }: StageOptions): RootChanges {
  return {
    added: addKey.map((given) => byRole(given, '--add-key', publicKeyIn)).map(({ role, value }) => ({ role, key: value })), // prettier-ignore
    revoked: revokeKey.map((given) => byRole(given, '--revoke-key', (id) => id)).map(({ role, value }) => ({ role, id: value })), // prettier-ignore
    thresholds: new Map(threshold.map((given) => byRole(given, '--threshold', count)).map(({ role, value }) => [role, value])), // prettier-ignore
  };
}

function byRole<T>(
  given: string,
  option: string,
  read: (text: string) => T,
): { readonly role: RoleType; readonly value: T } {
  const at = given.indexOf('=');
  if (at === -1) throw new UsageError(`${option} is ${quote(given)}, and names no role.`, { remedy: `Write it as ${option} ROLE=…, such as root=….` }); // prettier-ignore
  return { role: roleNamed(given.slice(0, at)), value: read(given.slice(at + 1)) };
}

/** The root that a staged one has to follow: the one that the holder trusts, or what is proved from it. */
function trustedRoot({ trustedRoot: file, root }: SignOptions): Root {
  const first = beginChain(readNamedFile(file, MAX_BYTES.root, '--trusted-root'), printable(file));
  const proved = (chain: RootChain, name: string): RootChain => extendChain(chain, readNamedFile(name, MAX_BYTES.root, '--root'), printable(name)); // prettier-ignore
  return latest(root.reduce<RootChain>(proved, first));
}

/** The most common reason for which nothing fits is that a holder was not asked for a while. */
function refuseGap({ file, version }: Root, old: Root): void {
  if (version <= old.version + 1) return;
  throw new UsageError(
    `${file} has version ${version}, and the newest root that you named has version ${old.version}.`,
    {
      // prettier-ignore
      remedy: `Name those in between, oldest first: --root ${old.version + 1}.root.json. They are proved from yours.`,
    },
  );
}

async function confirm({ yes }: SignOptions): Promise<void> {
  const said = await answer(yes ? 'sign' : undefined, {
    message: 'To sign exactly this, enter sign:',
    option: '--yes',
  });
  if (said !== 'sign') throw new UsageError('Not signed.', { remedy: 'Run this again if it was meant.' });
}
