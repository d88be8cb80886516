import { printable } from '../contract/printable.ts';
import { MAX_BYTES } from '../tuf/envelope.ts';
import { formatInstant, instantOf } from '../tuf/instant.ts';
import { isUsable } from '../tuf/key.ts';
import { beginChain } from '../tuf/root-chain.ts';
import type { Root } from '../tuf/root.ts';
import { readNamedFile } from './read-file.ts';

/**
 * Reads a root that somebody vouches for by naming its file. It has to be signed by a threshold of its own root keys.
 * @throws UsageError if there is no such file
 * @throws RefusalError ROOT_INVALID, and what parsing throws
 */
export function vouchedRoot(file: string): Root {
  return beginChain(readNamedFile(file, MAX_BYTES.root, '--root'), printable(file))[0];
}

/** A root for whoever has to recognise it: version, fingerprint, and who signs what. */
export function describeRoot({ file, version, expires, sha256, roles, keys }: Root): string[] {
  const isExpired = expires <= instantOf(Date.now());
  const signers = (['root', 'timestamp'] as const).map((name) => {
    const { threshold, keyids } = roles[name];
    const named = keyids.map((id) => `${printable(id)} (${typeOf(id)})`);
    return `  ${name === 'root' ? 'Root:       ' : 'Timestamp:  '} ${threshold} of ${named.join(', ')}`;
  });
  function typeOf(id: string): string {
    const key = keys.get(id);
    return key !== undefined && isUsable(key) ? key.keytype : 'unknown';
  }
  return [
    `  Trusts:      ${file} version ${version}, ${isExpired ? 'expired' : 'expires'} ${formatInstant(expires)}`,
    `  SHA-256:     ${sha256}`,
    ...signers,
  ];
}
