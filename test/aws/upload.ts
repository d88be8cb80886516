import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from './answer.ts';
import { decodeAwsChunked } from './aws-chunked.ts';
import { type Call, header } from './call.ts';

/** The bytes to store and the headers that S3 keeps with them. */
export interface Upload {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const KEPT = [
  'content-type',
  'cache-control',
  'content-encoding',
  'content-disposition',
  'content-language',
  'expires',
];

const DIGESTS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  'x-amz-checksum-crc32': (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum.toString('base64');
  },
  'x-amz-checksum-sha1': (bytes) => createHash('sha1').update(bytes).digest('base64'),
  'x-amz-checksum-sha256': (bytes) => createHash('sha256').update(bytes).digest('base64'),
};

/**
 * Takes a PUT's body out of its coding and checks every checksum that came with it, whether as a header or a trailer.
 * @throws AwsError IncompleteBody, BadDigest, XAmzContentSHA256Mismatch; NotImplemented for a checksum we cannot compute
 */
export function readUpload(call: Call): Upload {
  const codings = (header(call.headers, 'content-encoding') ?? '').split(',').map((coding) => coding.trim());
  const isChunked = codings.includes('aws-chunked');
  const length = Number(header(call.headers, 'x-amz-decoded-content-length'));
  const { bytes, trailers } = isChunked ? decodeAwsChunked(call.body, length) : { bytes: call.body, trailers: {} };
  checkPayloadHash(call, bytes);
  const checksums = checkedSums({ ...call.headers, ...trailers }, bytes);
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream', ...checksums };
  for (const [name, value] of Object.entries(call.headers)) {
    if ((KEPT.includes(name) || name.startsWith('x-amz-meta-')) && typeof value === 'string') headers[name] = value;
  }
  // aws-chunked is only the way here; what the object is stored in (gzip) stays.
  const stored = codings.filter((coding) => coding !== 'aws-chunked' && coding !== '').join(',');
  delete headers['content-encoding'];
  return { bytes, headers: stored === '' ? headers : { ...headers, 'content-encoding': stored } };
}

function checkPayloadHash({ headers }: Call, bytes: Buffer): void {
  const claimed = header(headers, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  if (/^[0-9a-f]{64}$/.test(claimed) && createHash('sha256').update(bytes).digest('hex') !== claimed) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    throw new AwsError(400, 'XAmzContentSHA256Mismatch', message);
  }
  const md5 = header(headers, 'content-md5');
  if (md5 !== undefined && createHash('md5').update(bytes).digest('base64') !== md5) {
    throw new AwsError(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

function checkedSums(headers: Readonly<Record<string, string | readonly string[] | undefined>>, bytes: Buffer) {
  const sums: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!/^x-amz-checksum-(?!algorithm|type)/.test(name) || typeof value !== 'string') continue;
    const digest = DIGESTS[name];
    const algorithm = name.slice('x-amz-checksum-'.length).toUpperCase();
    if (digest === undefined) throw new AwsError(501, 'NotImplemented', `This endpoint cannot compute ${algorithm}.`);
    if (digest(bytes) !== value) {
      const message = `The ${algorithm} you specified did not match the calculated checksum.`;
      throw new AwsError(400, 'BadDigest', message);
    }
    sums[name] = value;
  }
  return sums;
}
