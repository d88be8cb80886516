import { RefusalError } from '../contract/errors.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { COMPACT, encodeJson, layoutOf } from '../tuf/encode-json.ts';
import type { Json, JsonObject } from '../tuf/json.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * Signs, and writes the file as go-tuf does, or in the style of the file that it follows: its layout, and which of the two parts comes first.
 * @param signers - in the order in which their signatures are to stand
 * @param like - the file that it follows, if there is one
 * @see go-tuf v0.5.2, repo.go (setMeta), sign/sign.go
 */
export async function signedFile(
  signed: JsonObject,
  signers: readonly SigningKey[],
  like?: Uint8Array,
): Promise<Uint8Array> {
  const message = canonicalJson(signed);
  const signatures = await Promise.all(
    signers.map(async ({ id, key }) => {
      const signature = await key.sign(message);
      if (!key.publicKey.verifies(message, signature)) throw faulty(id);
      const sig = Buffer.from(signature).toString('hex');
      return new Map<string, Json>([['keyid', id], ['sig', sig]]); // prettier-ignore
    }),
  );
  const parts: [string, Json][] = [['signed', signed], ['signatures', signatures]]; // prettier-ignore
  const isOtherWayRound = like !== undefined && /^\s*\{\s*"signatures"/.test(beginning(like));
  return encodeJson(new Map(isOtherWayRound ? parts.reverse() : parts), like === undefined ? COMPACT : layoutOf(like));
}

/** A fault of the machine: published, such a signature would stop clients, and could give the key away. */
function faulty(id: string): RefusalError {
  return new RefusalError('OWN_OUTPUT_INVALID', `The key ${id} made a signature that does not verify.`);
}

function beginning(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 64)).toString('latin1');
}
