import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { FailureError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { readBounded } from './bounded-body.ts';
import { textOf } from './foreign-error.ts';

/** One version of an object. */
export interface ObjectVersion {
  readonly writtenAt: Date;
  /** Undefined where the object was deleted. */
  readonly bytes: Uint8Array | undefined;
}

const AT_ONCE = 8; // calls under way

/**
 * Reads every version of one object that the bucket still keeps.
 * @param maxBytes - of one version
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
    const listed = (await versionsOf(client, bucket, key)).reverse();
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
}

/** S3 lists the newest version first; deletions stand in a list of their own. */
async function versionsOf(client: S3Client, bucket: string, key: string): Promise<Listed[]> {
  const listed: Listed[] = [];
  let next: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
  while (next !== undefined) {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(client, bucket, key, next);
    for (const [versions, isDeleted] of [
      [page.Versions ?? [], false],
      [page.DeleteMarkers ?? [], true],
    ] as const)
      // prettier-ignore
      for (const { Key, VersionId: id = 'null', LastModified: writtenAt = new Date(0) } of versions)
        if (Key === key) listed.push({ id, writtenAt, isDeleted });
    next = page.IsTruncated
      ? {
          ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
          ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }),
        }
      : undefined;
  }
  return listed.sort((a, b) => b.writtenAt.getTime() - a.writtenAt.getTime()); // stable: within one second as S3 lists them
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
): Promise<Uint8Array> {
  const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: id }));
  if (!(body instanceof Readable))
    throw new FailureError('STORE_UNREACHABLE', `The answer for s3://${bucket}/${key} has no body.`);
  return readBounded(body, maxBytes, `s3://${bucket}/${key}`);
}
