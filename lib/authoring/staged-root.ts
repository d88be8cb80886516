import { RefusalError, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import type { Signer } from '../keys/signer.ts';
import { signedBytes, type Signature } from '../tuf/envelope.ts';
import type { Instant } from '../tuf/instant.ts';
import { keysOf } from '../tuf/role.ts';
import { parseRoot, type Root } from '../tuf/root.ts';
import { objectionTo } from './next-root.ts';
import { assembledFile, signaturesBy } from './signed-file.ts';
import { idIn, type SigningKey } from './signing-key.ts';

/**
 * The next root on its way from holder to holder: the file as TUF has it, with the signatures that it has so far. Each of them verifies, with a root key of
 * the root before it or of its own.
 */
export interface StagedRoot {
  readonly root: Root;
  /** What it is to follow. */
  readonly old: Root;
  readonly signatures: readonly Signature[];
}

/**
 * Reads a root that is being signed.
 * @param old - the root that it is to follow, which is trusted
 * @throws RefusalError STAGED_ROOT_REFUSED if it is to follow another one, clients would refuse it, or a signature does not fit; and what parsing throws
 */
export function readStagedRoot(bytes: Uint8Array, file: string, old: Root, now: Instant): StagedRoot {
  const root = parseRoot(bytes, file);
  const objection = objectionTo(root, old, now);
  if (objection !== undefined) throw new RefusalError('STAGED_ROOT_REFUSED', objection.message);
  for (const signature of root.signatures) refuseUnlessVerified(signature, root, old);
  return { root, old, signatures: root.signatures };
}

/** A signature says what a holder has seen. One that does not fit means that the file is not what he saw. */
function refuseUnlessVerified({ keyid, bytes }: Signature, root: Root, old: Root): void {
  const keys = [root, old].flatMap((by) => keysOf(by.roles.root, by.keys).get(keyid) ?? []);
  if (keys.length === 0) {
    throw new RefusalError('STAGED_ROOT_REFUSED', `${root.file} is signed with the key ${quote(keyid)}, which is a root key neither of version ${old.version} nor of version ${root.version}.`); // prettier-ignore
  }
  const message = signedBytes(root);
  if (keys.some((key) => verifies(() => key.verifies(message, bytes)))) return;
  throw new RefusalError('STAGED_ROOT_REFUSED', `${root.file} is not what the holder of the key ${printable(keyid)} signed: his signature does not verify, so the file was changed since, or damaged.`); // prettier-ignore
}

/** OpenSSL throws for some signatures that are no signatures at all. */
function verifies(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}

/**
 * Puts together what several holders signed, each his own copy.
 * @throws RefusalError STAGED_ROOT_REFUSED if it is not the same root that they signed
 */
export function merged([first, ...rest]: readonly [StagedRoot, ...StagedRoot[]]): StagedRoot {
  for (const { root } of rest) {
    if (isSameRoot(root, first.root)) continue;
    throw new RefusalError('STAGED_ROOT_REFUSED', `${root.file} is another root than ${first.root.file}: what was signed is not the same.`); // prettier-ignore
  }
  return withSignatures(first, rest.flatMap(({ signatures }) => signatures)); // prettier-ignore
}

/**
 * Adds the signatures of those keys that count for the root or for the one before it.
 * @returns the same root if all of them have signed
 * @throws UsageError if none counts
 */
export async function signStaged(staged: StagedRoot, keys: readonly Signer[], keyFile: string): Promise<StagedRoot> {
  // prettier-ignore
  const { root, old } = staged;
  const signers = keys.flatMap((key): SigningKey[] => {
    const ids = new Set([root, old].flatMap((by) => idIn(by, 'root', key) ?? [])); // a root may list it under another id
    return Array.from(ids, (id) => ({ id, key }));
  });
  if (signers.length === 0) {
    throw new UsageError(
      `${keyFile} holds no key that is a root key of version ${old.version} or of version ${root.version}.`,
      {
        // prettier-ignore
        remedy: 'Name your own key file with --key. Somebody whom no root lists yet has to be in the staged one: updates stage-root --add-key root=FILE.', // prettier-ignore
      },
    );
  }
  const signed = new Set(staged.signatures.map(({ keyid }) => keyid));
  const missing = signers.filter(({ id }) => !signed.has(id));
  return withSignatures(staged, await signaturesBy(missing, root.signed));
}

function withSignatures(staged: StagedRoot, more: readonly Signature[]): StagedRoot {
  const byId = new Map([...more, ...staged.signatures].map((signature) => [signature.keyid, signature]));
  const signatures = Array.from(byId.values()).toSorted((a, b) => (a.keyid < b.keyid ? -1 : 1));
  return { ...staged, signatures };
}

/** The file of a staged root, in the style of the root before it. */
export function stagedFile({ root, old, signatures }: StagedRoot): Uint8Array {
  return assembledFile(root.signed, signatures, old.bytes);
}

/** How far the signing of a root has come, by the root keys of one version. */
export interface Tally {
  readonly version: number;
  readonly threshold: number;
  /** Ids of the keys that have signed. */
  readonly signed: readonly string[];
  readonly missing: readonly string[];
  readonly isReached: boolean;
}

/** Who has signed, by the root before it and by its own: each has its say. */
export function tally({ root, old }: Pick<StagedRoot, 'root' | 'old'>, signedIds: readonly string[]): readonly Tally[] {
  return [old, root].map((by) => {
    const keys = Array.from(keysOf(by.roles.root, by.keys));
    const isIn = ([id]: (typeof keys)[number]) => signedIds.includes(id);
    const signed = keys.filter(isIn);
    const { threshold } = by.roles.root;
    return {
      version: by.version,
      threshold,
      signed: signed.map(([id]) => id),
      missing: keys.filter((key) => !isIn(key)).map(([id]) => id),
      isReached: new Set(signed.map(([, { content }]) => content)).size >= threshold,
    };
  });
}

/** Whether two roots say the same, whoever signed them. */
export function isSameRoot(one: Root, other: Root): boolean {
  return Buffer.from(signedBytes(one)).equals(signedBytes(other));
}
