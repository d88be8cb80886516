/**
 * Names of what a deployment consists of. The stacks give them and the command finds them by them, with no lookup and no reference between stacks:
 * the hosting bucket's policy can name the signer before the signer exists. `deployment` is `name` in timekeeper.json.
 */

/** The alias that the schedule and the operators invoke; it moves to a new version only after that version's dry run. */
export const LIVE = 'live';

/** The Lambda that re-signs one repository. One for each repository, so that none can touch what belongs to another. */
export function signerFunctionName(deployment: string, repository: string): string {
  return `${deployment}-${repository}-resign`;
}

/** The role of that Lambda, and of nothing else. */
export function signerRoleName(deployment: string, repository: string): string {
  return `${deployment}-${repository}-signer`;
}

/** The Lambda that looks at one repository from outside, and its role. */
export function watchFunctionName(deployment: string, repository: string): string {
  return `${deployment}-${repository}-watch`;
}

/** The role that writes a repository's files, in the hosting account. */
export function publisherRoleName(deployment: string, repository: string): string {
  return `${deployment}-${repository}-publisher`;
}

/** The role that invokes, pauses and enrols, in the signing account. */
export function operatorRoleName(deployment: string): string {
  return `${deployment}-timekeeper-operator`;
}

/** The bucket with the journals, root chains, key files, receipts and pauses. */
export function stateBucketName(deployment: string, { account, region }: Place): string {
  return `${deployment}-timekeeper-state-${account}-${region}`;
}

/** The bucket with what the watchdog remembers. */
export function watchBucketName(deployment: string, { account, region }: Place): string {
  return `${deployment}-timekeeper-watch-${account}-${region}`;
}

/** The bucket that serves a repository, if it is not one that exists already. */
export function hostingBucketName(deployment: string, repository: string, { account, region }: Place): string {
  return `${deployment}-${repository}-tuf-${account}-${region}`;
}

/** The secret with the passphrase of a repository's key file. */
export function secretName(deployment: string, repository: string): string {
  return `timekeeper/${deployment}/${repository}`;
}

/** The key file's name in the state: it goes with one version of the secret, so that a new key file never meets an old passphrase. */
export function keyFileName(secretVersion: string): string {
  return `key-${secretVersion}.json`;
}

/** The alias of a repository's KMS key. */
export function keyAliasName(deployment: string, repository: string): string {
  return `alias/timekeeper/${deployment}/${repository}`;
}

/** EventBridge Scheduler's group of a deployment; a schedule has its repository's name. */
export function scheduleGroupName(deployment: string): string {
  return `${deployment}-timekeeper`;
}

/** A stack: `hosting` has one for each repository, the others one for each deployment. */
export function stackName(deployment: string, kind: 'signing' | 'watch' | { readonly hosting: string }): string {
  return typeof kind === 'string' ? `${deployment}-${kind}` : `${deployment}-${kind.hosting}-hosting`;
}

/** An AWS account and a region in it. */
export interface Place {
  readonly account: string;
  readonly region: string;
}
