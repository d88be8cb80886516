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
  const id = keyId(key.json);
  const next = `${root.version + 1}.root.json`;
  const { root: holders, timestamp } = root.roles;
  return `
The key is made, and ${root.version}.root.json does not list it yet. Its key id:

  ${id}

Its public half, as it stands under "keys" in a root:

  ${JSON.stringify(id)}: ${Buffer.from(encodeJson(key.json, COMPACT)).toString('utf8')}

What is left to do, with the holders of the root keys:
  1. Take the newest root, ${root.version}.root.json (SHA-256 ${root.sha256}).
  2. Make ${next} of it: version ${root.version + 1}, a new expiry, the key above under "keys", and its key id in the key ids of the role "timestamp".
     The threshold of that role ${timestamp.threshold === 1 ? 'stays' : `is ${timestamp.threshold} and has to become`} 1. Whoever publishes with fleetctl needs the key that is there now: leave it.
  3. Have it signed with ${holders.threshold} of the ${holders.keyids.length} root keys.
  4. Publish ${next}, then the same bytes as root.json. Never replace an older N.root.json.
  5. ${again}
`;
}
