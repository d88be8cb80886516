import { AwsError } from './answer.ts';

/** A body with what followed it. */
export interface Decoded {
  readonly bytes: Buffer;
  /** Trailing headers, names in lower case. */
  readonly trailers: Readonly<Record<string, string>>;
}

/**
 * Takes the `aws-chunked` coding off a body: `<hex length>[;chunk-signature=…]CRLF<bytes>CRLF`, a chunk of length 0,
 * then trailers. The SDK sends a stream in this way, with its checksum as a trailer.
 * @param length - `x-amz-decoded-content-length`, which the bytes must have
 * @throws AwsError IncompleteBody
 */
export function decodeAwsChunked(body: Buffer, length: number): Decoded {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, Math.max(at, lineEnd)), 16);
    if (Number.isNaN(size)) throw incomplete();
    at = lineEnd + 2;
    if (size === 0) break;
    chunks.push(body.subarray(at, at + size));
    at += size + 2;
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== length) throw incomplete();
  return { bytes, trailers: parseTrailers(body.toString('latin1', at)) };
}

function parseTrailers(text: string): Record<string, string> {
  const trailers: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return trailers;
}

function incomplete(): AwsError {
  const message = 'You did not provide the number of bytes specified by the x-amz-decoded-content-length header';
  return new AwsError(400, 'IncompleteBody', message);
}
