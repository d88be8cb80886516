import { RefusalError } from '../contract/errors.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { COMPACT, encodeJson, layoutOf } from '../tuf/encode-json.ts';
import type { Signature } from '../tuf/envelope.ts';
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
  return assembledFile(signed, await signaturesBy(signers, signed), like);
}

/** Signs, with each of the keys. */
export function signaturesBy(signers: readonly SigningKey[], signed: JsonObject): Promise<readonly Signature[]> {
  const message = canonicalJson(signed);
  return Promise.all(
    signers.map(async ({ id, key }) => {
      const bytes = await key.sign(message);
      if (!key.publicKey.verifies(message, bytes)) throw faulty(id);
      return { keyid: id, bytes };
    }),
  );
}

/** Writes a file whose signatures are there, as {@link signedFile} does. */
export function assembledFile(signed: JsonObject, signatures: readonly Signature[], like?: Uint8Array): Uint8Array {
  const list = signatures.map(
    ({ keyid, bytes }) => new Map<string, Json>([['keyid', keyid], ['sig', Buffer.from(bytes).toString('hex')]]), // prettier-ignore
  );
  const parts: [string, Json][] = [['signed', signed], ['signatures', list]]; // prettier-ignore
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
