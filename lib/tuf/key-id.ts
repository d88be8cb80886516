import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { JsonObject } from './json.ts';

/**
 * The key id of a key object: SHA-256 of its canonical JSON, in hexadecimal digits.
 * go-tuf's objects have keyid_hash_algorithms; leaving that out gives another id, so the object is taken as it is.
 * @see TUF specification, section 4.2.2; go-tuf v0.5.2, data/types.go (PublicKey.IDs)
 */
export function keyId(key: JsonObject): string {
  return createHash('sha256').update(canonicalJson(key)).digest('hex');
}
