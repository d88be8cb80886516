import { randomUUID } from 'node:crypto';
import { RefusalError } from '../contract/errors.ts';
import type { KeySource, Signer } from '../keys/signer.ts';
import { keysOf } from '../tuf/role.ts';
import type { Root } from '../tuf/root.ts';
import { latest } from '../tuf/root-chain.ts';
import { keysMissing } from './guards.ts';
import type { Identity } from './journal.ts';
import type { State } from './state.ts';

/** Keys that are ours and that the root lists for the timestamp role. */
export interface OurKeys {
  /** By the key id under which the root lists them. */
  readonly signers: ReadonlyMap<string, Signer>;
  /** The journal's identity, with their public halves recorded. */
  readonly identity: Identity;
}

/**
 * Opens the key material and judges K1 once more, before any signature: what was recorded may be another key's.
 * @throws RefusalError KEY_NOT_IN_ROOT, THRESHOLD_NOT_MET, and what opening throws
 */
export async function openKeys(
  source: KeySource,
  { chain, keys, journal }: Pick<State, 'chain' | 'keys' | 'journal'>,
): Promise<OurKeys> {
  const root = latest(chain);
  const opened = await source.open(keys ?? [], journal.identity.secretVersion);
  const publicKeys = opened.map(({ publicKey }) => publicKey);
  const missing = keysMissing(root, publicKeys);
  if (missing !== undefined) throw new RefusalError(missing.code, missing.message);
  const recorded = keys === undefined ? { keys: publicKeys, keyFingerprint: await source.fingerprint() } : {};
  return { signers: listed(root, opened), identity: { ...journal.identity, ...recorded } };
}

function listed(root: Root, opened: readonly Signer[]): ReadonlyMap<string, Signer> {
  const signers = new Map<string, Signer>();
  const role = Array.from(keysOf(root.roles.timestamp, root.keys));
  for (const signer of opened) {
    const [keyid] = role.find(([, { content }]) => content === signer.publicKey.content) ?? [];
    if (keyid !== undefined) signers.set(keyid, signer);
  }
  return signers;
}

/**
 * Shows that the keys sign: over bytes that are no metadata, thrown away at once.
 * @throws RefusalError OWN_OUTPUT_INVALID
 */
export async function signProbe(signers: OurKeys['signers']): Promise<void> {
  const message = Buffer.from(`timekeeper-probe:${randomUUID()}`, 'utf8');
  for (const [keyid, signer] of signers) {
    if (!signer.publicKey.verifies(message, await signer.sign(message))) {
      throw new RefusalError(
        'OWN_OUTPUT_INVALID',
        `What the key ${keyid} signed does not verify with its public half.`,
      );
    }
  }
}
