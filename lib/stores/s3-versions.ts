import { Readable } from 'node:stream';
import { type DeleteMarkerEntry, GetObjectCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { FailureError, isRefusal, type RefusalError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { readBounded } from './bounded-body.ts';
import { textOf } from './foreign-error.ts';

/** One version of an object. */
export interface ObjectVersion {
  readonly writtenAt: Date;
  /** Undefined where the object was deleted; TOO_LARGE where it was not read. */
  readonly bytes: Uint8Array | RefusalError | undefined;
}

const AT_ONCE = 8; // calls under way

/**
 * Reads every version of one object that the bucket still keeps.
 * @param maxBytes - of one version; a larger one does not keep the others from being read
 * @returns oldest first
 * @throws FailureError ACCESS_DENIED, STORE_UNREACHABLE
 */
export async function objectVersions(
  client: S3Client,
  bucket: string,
  key: string,
  maxBytes: number,
): Promise<readonly ObjectVersion[]> {
  try {
    const listed = await versionsOf(client, bucket, key);
    const found: ObjectVersion[] = [];
    for (let at = 0; at < listed.length; at += AT_ONCE) {
      const some = listed.slice(at, at + AT_ONCE).map(async ({ id, writtenAt, isDeleted }) => ({
        writtenAt,
        bytes: isDeleted ? undefined : await bytesOf(client, bucket, key, id, maxBytes),
      }));
      found.push(...(await Promise.all(some)));
    }
    return found;
  } catch (error) {
    if (error instanceof FailureError) throw error;
    const name = printable(textOf(error, 'name') ?? 'unknown error');
    const code = name === 'AccessDenied' ? 'ACCESS_DENIED' : 'STORE_UNREACHABLE';
    throw new FailureError(code, `The versions of s3://${bucket}/${key} could not be read: ${name}.`, { cause: error });
  }
}

interface Listed {
  readonly id: string;
  readonly writtenAt: Date;
  readonly isDeleted: boolean;
  readonly isLatest: boolean;
}

async function versionsOf(client: S3Client, bucket: string, key: string): Promise<Listed[]> {
  const versions: Listed[] = [];
  const deletions: Listed[] = [];
  let next: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
  while (next !== undefined) {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(client, bucket, key, next);
    versions.push(...(page.Versions ?? []).filter(({ Key }) => Key === key).map((version) => listed(version, false)));
    deletions.push(
      ...(page.DeleteMarkers ?? []).filter(({ Key }) => Key === key).map((marker) => listed(marker, true)),
    );
    next = page.IsTruncated
      ? {
          ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
          ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }),
        }
      : undefined;
  }
  return merged(versions.reverse(), deletions.reverse());
}

function listed(
  { VersionId: id = 'null', LastModified: writtenAt = new Date(0), IsLatest: isLatest = false }: DeleteMarkerEntry,
  isDeleted: boolean,
): Listed {
  return { id, writtenAt, isDeleted, isLatest };
}

/**
 * S3 lists the last one stored first, but deletions in a list of their own. Each list keeps its order; between them the times decide, which are
 * whole seconds: within one second a deletion comes first, unless it is the latest.
 */
function merged(versions: readonly Listed[], deletions: readonly Listed[]): Listed[] {
  const all: Listed[] = [];
  let told = 0;
  for (const version of versions) {
    const after = deletions.findIndex(
      ({ isLatest, writtenAt }, at) => at >= told && (isLatest || writtenAt > version.writtenAt),
    );
    const until = after === -1 ? deletions.length : after;
    all.push(...deletions.slice(told, until), version);
    told = until;
  }
  return [...all, ...deletions.slice(told)];
}

function listPage(client: S3Client, bucket: string, key: string, marker: object) {
  return client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, ...marker }));
}

async function bytesOf(
  client: S3Client,
  bucket: string,
  key: string,
  id: string,
  maxBytes: number,
): Promise<Uint8Array | RefusalError> {
  const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: id }));
  if (!(body instanceof Readable))
    throw new FailureError('STORE_UNREACHABLE', `The answer for s3://${bucket}/${key} has no body.`);
  try {
    return await readBounded(body, maxBytes, `s3://${bucket}/${key}`);
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}
