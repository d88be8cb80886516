import { RefusalError } from '../contract/errors.ts';

/**
 * Reads a body that arrives in pieces, and stops as soon as it is too long; leaving the loop closes the connection.
 * @param pieces - after decoding
 * @param what - the object, for the message
 * @throws RefusalError TOO_LARGE; what the stream throws, as it is
 */
export async function readBounded(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
  what: string,
): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > maxBytes) throw tooLarge(what, maxBytes);
    kept.push(piece);
  }
  return Buffer.concat(kept);
}

/** The refusal of an object that is larger than its kind may be. */
export function tooLarge(what: string, maxBytes: number): RefusalError {
  return new RefusalError('TOO_LARGE', `${what} is larger than ${maxBytes} bytes.`);
}
