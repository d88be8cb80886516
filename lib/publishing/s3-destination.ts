import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { FailureError, RefusalError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { diskError } from '../stores/disk-error.ts';
import { awsError, isLostRace, isMissing } from '../stores/s3-error.ts';
import { SHORT_LIVED, s3Store } from '../stores/s3.ts';
import type { Token } from '../stores/store.ts';
import type { Destination, PublishedFile } from './destination.ts';
import { inParallel } from '../stores/in-parallel.ts';
import type { CheckedTarget } from './local-target.ts';
import type { FilePart } from './measured-file.ts';

const PART = 8 * 1_048_576; // bytes; as the AWS CLI cuts: then its uploads have our ETags, and are known again
const MAX_PARTS = 10_000; // S3 takes no more
const PARTS_AT_ONCE = 4; // of one file

/** A place in S3. */
export interface S3Place {
  readonly client: S3Client;
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
}

/**
 * Publishes below a prefix of a bucket. A target is known again by its ETag, which S3 makes of MD5s as long as the bucket's encryption is S3's own, else
 * by the SHA-256 that we gave along. Every upload carries its SHA-256, so that S3 refuses what changed between the check and the upload.
 */
export function s3Destination({ client, bucket, prefix }: S3Place): Destination {
  const keyOf = (name: string) => `${prefix}targets/${name}`;
  const urlOf = (key: string) => printable(`s3://${bucket}/${key}`);
  const calling = async <T>(key: string, done: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw awsError(error, urlOf(key), done);
    }
  };

  // A numbered file never changes; of the others a cache that goes by its own mind would show old ones for a day.
  const lasting = s3Store({ client, bucket, prefix });
  const shortLived = s3Store({ client, bucket, prefix, cacheControl: SHORT_LIVED });
  return {
    place: `s3://${bucket}/${prefix}`,
    metadata: {
      ...lasting,
      putIf: (name, ...given) => (/^\d+\./.test(name) ? lasting : shortLived).putIf(name, ...given),
    },
    partSize,
    alone: (work) => work(),

    async targets() {
      const found = new Map<string, PublishedFile>();
      const folder = keyOf('');
      let next: string | undefined;
      do {
        const ContinuationToken = next;
        const page = await calling(folder, 'listed', () => client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken }))); // prettier-ignore
        for (const { Key: key = '', ETag: etag, Size: length } of page.Contents ?? []) {
          if (etag === undefined || length === undefined || key === folder) continue;
          found.set(key.slice(folder.length), { token: etag as Token, length });
        }
        next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (next !== undefined);
      return found;
    },

    async isSame({ token, length }, { name, measured }) {
      if (length !== measured.length) return false;
      if (token === etagOf(measured.parts)) return true;
      const key = keyOf(name);
      const looking = () => client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' })).catch(goneIsNothing); // prettier-ignore
      const sum = (await calling(key, 'looked at', looking))?.ChecksumSHA256;
      return sum !== undefined && sum === checksumOf(measured.parts);
    },

    async putTarget(file, expected, onBytes) {
      const key = keyOf(file.name);
      const condition = expected === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: expected };
      const object = { Bucket: bucket, Key: key };
      try {
        if (!isCut(file)) {
          const [part] = file.measured.parts;
          if (part === undefined) throw new FailureError('UNEXPECTED', 'A target was not measured for an upload.');
          const Body = await readPart(file, part);
          await client.send(new PutObjectCommand({ ...object, ...condition, Body, ContentType: BINARY, ChecksumSHA256: base64(part) })); // prettier-ignore
          onBytes(part.length);
          return 'stored';
        }
        await uploadParts(client, object, condition, file, onBytes);
        return 'stored';
      } catch (error) {
        if (isLostRace(error)) return 'changed';
        throw awsError(error, urlOf(key), 'written');
      }
    },

    async removeTarget(name, seen) {
      const key = keyOf(name);
      try {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: seen }));
        return 'removed';
      } catch (error) {
        if (isLostRace(error)) return 'changed';
        throw awsError(error, urlOf(key), 'deleted');
      }
    },
  };
}

/** Somebody removed it since it was listed. */
function goneIsNothing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

const BINARY = 'application/octet-stream';

/** A file below this size goes in one piece. */
function partSize(length: number): number {
  let size = PART;
  while (size * MAX_PARTS < length) size *= 2;
  return size;
}

/** As the AWS CLI: from one whole part on. */
function isCut({ measured }: CheckedTarget): boolean {
  return measured.length >= PART;
}

async function uploadParts(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  condition: { readonly IfNoneMatch: string } | { readonly IfMatch: string },
  file: CheckedTarget,
  onBytes: (count: number) => void,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...object, ContentType: BINARY, ChecksumAlgorithm: 'SHA256' })); // prettier-ignore
  try {
    const done = new Map<number, string | undefined>();
    const numbered = file.measured.parts.map((part, index) => ({ part, number: index + 1 }));
    await inParallel(numbered, PARTS_AT_ONCE, async ({ part, number }) => {
      const Body = await readPart(file, part);
      const { ETag } = await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: number, Body, ChecksumSHA256: base64(part) })); // prettier-ignore
      done.set(number, ETag);
      onBytes(part.length);
    });
    const Parts = numbered.map(({ part, number }) => ({ PartNumber: number, ETag: done.get(number), ChecksumSHA256: base64(part) })); // prettier-ignore
    await client.send(new CompleteMultipartUploadCommand({ ...object, ...condition, UploadId, MultipartUpload: { Parts } })); // prettier-ignore
  } catch (error) {
    // Parts cost money until they are given up; where this fails too, the bucket's rule for unfinished uploads does it.
    await client.send(new AbortMultipartUploadCommand({ ...object, UploadId })).catch(() => undefined);
    throw error;
  }
}

/** @throws RefusalError TARGET_FILE_MISMATCH if it is not what was checked any more */
async function readPart({ path, name }: CheckedTarget, { at, length, sha256 }: FilePart): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  try {
    const file = await open(path, 'r');
    try {
      for (let got = -1; got !== 0 && read < length; read += got) {
        got = (await file.read(bytes, read, length - read, at + read)).bytesRead;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw diskError(error, path, 'read');
  }
  if (read === length && createHash('sha256').update(bytes).digest().equals(sha256)) return bytes;
  throw new RefusalError('TARGET_FILE_MISMATCH', `${quote(`targets/${name}`)} was changed while it was published.`);
}

/** The ETag that S3 gives to what we upload. @see S3 user guide, "Checking object integrity" */
function etagOf(parts: readonly FilePart[]): string {
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && only.length < PART) return `"${only.md5.toString('hex')}"`;
  const sums = createHash('md5').update(Buffer.concat(parts.map(({ md5 }) => md5)));
  return `"${sums.digest('hex')}-${parts.length}"`;
}

/** The SHA-256 that S3 keeps of what we upload: of a file in parts, that of their SHA-256s. */
function checksumOf(parts: readonly FilePart[]): string {
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && only.length < PART) return base64(only);
  const sums = createHash('sha256').update(Buffer.concat(parts.map(({ sha256 }) => sha256)));
  return `${sums.digest('base64')}-${parts.length}`;
}

function base64({ sha256 }: FilePart): string {
  return sha256.toString('base64');
}
