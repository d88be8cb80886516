import { COMPACT, encodeJson } from '../tuf/encode-json.ts';
import { keyId } from '../tuf/key-id.ts';
import type { PublicKey } from '../tuf/key.ts';
import type { Root } from '../tuf/root.ts';

/**
 * A key that the root does not list yet, in the form in which go-tuf lists it, and how it gets there.
 * @param root - the newest one
 * @param again - the command that is to be run afterwards
 */
export function rootCeremony(key: PublicKey, root: Root, again: string): string {
  const next = `${root.version + 1}.root.json`;
  const { root: holders, timestamp } = root.roles;
  const isOne = timestamp.threshold === 1; // else the signer's key alone would not be enough
  return `
The key is made, and ${root.version}.root.json does not list it yet. Its key id:

  ${keyId(key.json)}

Save its public half, the one line that follows, as timestamp-key.json:

${Buffer.from(encodeJson(key.json, COMPACT)).toString('utf8')}

What is left to do, in a working copy with the newest root, ${root.version}.root.json (SHA-256 ${root.sha256}).
The key that is in the timestamp role now stays: whoever publishes with fleetctl needs it.
  1. Where ${holders.threshold} of the ${holders.keyids.length} root keys are at hand:
       timekeeper updates add-key timestamp timestamp-key.json${isOne ? '' : ' --threshold 1'}
     Where several people hold them, stage the root, have each holder sign it, and publish it:
       timekeeper updates stage-root next-root.json --add-key timestamp=timestamp-key.json${isOne ? '' : ' --threshold timestamp=1'}
       timekeeper updates sign next-root.json --key keys/root.json --trusted-root root.json
       timekeeper updates publish-root next-root.json
  2. Upload ${next}, then the same bytes as root.json. Never replace an older N.root.json.
  3. ${again}
`;
}
