import { type Answer, AwsError } from './answer.ts';
import { type Call, header } from './call.ts';
import type { Bucket, Buckets, ObjectVersion } from './s3-buckets.ts';
import { listObjects, listVersions } from './s3-listing.ts';
import { readUpload } from './upload.ts';

/** Answers a call as S3 would. @throws AwsError the refusal, in S3's words */
export function answerS3(buckets: Buckets, call: Call): Answer {
  const bucket = buckets.find(call.bucket ?? '');
  if (bucket === undefined) throw new AwsError(404, 'NoSuchBucket', 'The specified bucket does not exist');
  if (bucket.region !== call.region) throw permanentRedirect(bucket);
  const { operation, key = '' } = call;
  if (operation === 'GetObject' || operation === 'HeadObject') return getObject(bucket, key, call);
  if (operation === 'PutObject') return putObject(bucket, key, call);
  if (operation === 'DeleteObject') return deleteObject(bucket, key, call);
  if (operation === 'ListObjectsV2') return listObjects(bucket, call.query);
  if (operation === 'ListObjectVersions') return listVersions(bucket, call.query);
  if (/Multipart|UploadPart/.test(operation))
    return buckets.multipart.answer(bucket, call, () => {
      checkWriteConditions(bucket.current(key), call);
    });
  throw new AwsError(501, 'NotImplemented', `This endpoint does not imitate ${call.method} ?${call.query.toString()}.`);
}

function getObject(bucket: Bucket, key: string, call: Call): Answer {
  const version = found(bucket, key, call.versionId);
  const checksums = header(call.headers, 'x-amz-checksum-mode') === 'ENABLED';
  const headers = { ...describe(bucket, version, checksums), 'accept-ranges': 'bytes' };
  if (call.ifMatch !== undefined && !names(call.ifMatch, version)) throw preconditionFailed('If-Match');
  if (call.ifNoneMatch !== undefined && names(call.ifNoneMatch, version)) {
    return { status: 304, headers: { etag: version.etag } };
  }
  const range = header(call.headers, 'range');
  if (range !== undefined) return getRange(bucket, version, range);
  return { status: 200, headers, body: version.bytes };
}

function getRange(bucket: Bucket, version: ObjectVersion, range: string): Answer {
  const { length } = version.bytes;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  if (first === undefined) throw new AwsError(501, 'NotImplemented', `This endpoint does not imitate Range: ${range}.`);
  const start = Number(first);
  const end = Math.min(last === '' ? Infinity : Number(last), length - 1);
  if (start >= length || end < start) {
    // Also bytes=0- of an empty object: a trap for readers that cap what they read.
    throw new AwsError(416, 'InvalidRange', 'The requested range is not satisfiable');
  }
  // The checksum is of the whole object, so S3 leaves it out here.
  const headers = { ...describe(bucket, version, false), 'content-range': `bytes ${start}-${end}/${length}` };
  return { status: 206, headers, body: version.bytes.subarray(start, end + 1) };
}

function putObject(bucket: Bucket, key: string, call: Call): Answer {
  const { bytes, headers } = readUpload(call);
  checkWriteConditions(bucket.current(key), call);
  return { status: 200, headers: written(bucket, bucket.put(key, bytes, headers)) };
}

function deleteObject(bucket: Bucket, key: string, call: Call): Answer {
  checkWriteConditions(bucket.current(key), call);
  const deleted = call.versionId === undefined ? bucket.delete(key) : bucket.remove(key, call.versionId);
  const marker = deleted?.deleteMarker === true ? { 'x-amz-delete-marker': 'true' } : {};
  return { status: 204, headers: { ...(deleted && versionHeader(bucket, deleted)), ...marker } };
}

/** AWS documents: absent or hidden by a delete marker is 404 for If-Match and fine for If-None-Match. */
function checkWriteConditions(current: ObjectVersion | undefined, { ifMatch, ifNoneMatch }: Call): void {
  if (ifNoneMatch !== undefined && (ifNoneMatch !== '*' || ifMatch !== undefined)) {
    throw new AwsError(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented');
  }
  if (ifNoneMatch === '*' && current !== undefined) throw preconditionFailed('If-None-Match');
  if (ifMatch === undefined) return;
  if (current === undefined) throw noSuchKey();
  if (!names(ifMatch, current)) throw preconditionFailed('If-Match');
}

function found(bucket: Bucket, key: string, versionId: string | undefined): ObjectVersion {
  if (versionId !== undefined) {
    const version = bucket.versions(key).find((candidate) => candidate.versionId === versionId);
    if (version === undefined) throw bucket.mayList ? noSuchVersion() : accessDenied();
    if (version.deleteMarker) {
      const headers = { 'x-amz-delete-marker': 'true', allow: 'DELETE' };
      const message = 'The specified method is not allowed against this resource.';
      throw new AwsError(405, 'MethodNotAllowed', message, { headers });
    }
    return version;
  }
  const current = bucket.current(key);
  if (current !== undefined) return current;
  if (!bucket.mayList) throw accessDenied();
  throw noSuchKey(bucket.versions(key)[0] === undefined ? {} : { 'x-amz-delete-marker': 'true' });
}

function describe(bucket: Bucket, version: ObjectVersion, withChecksums: boolean): Record<string, string> {
  const stored = Object.entries(version.headers).filter(([name]) => withChecksums || !isChecksum(name));
  return {
    ...Object.fromEntries(stored),
    ...versionHeader(bucket, version),
    etag: version.etag,
    'last-modified': version.lastModified.toUTCString(),
    'x-amz-server-side-encryption': 'AES256',
  };
}

function written(bucket: Bucket, version: ObjectVersion): Record<string, string> {
  const sums = Object.entries(version.headers).filter(([name]) => isChecksum(name));
  const encryption = { 'x-amz-server-side-encryption': 'AES256' };
  return { ...Object.fromEntries(sums), ...versionHeader(bucket, version), ...encryption, etag: version.etag };
}

function versionHeader(bucket: Bucket, { versionId }: ObjectVersion): Record<string, string> {
  return bucket.versioned ? { 'x-amz-version-id': versionId } : {};
}

function isChecksum(name: string): boolean {
  return name.startsWith('x-amz-checksum-');
}

function names(condition: string, { etag }: ObjectVersion): boolean {
  return condition === '*' || condition.replaceAll('"', '') === etag.replaceAll('"', '');
}

function permanentRedirect({ name, region }: Bucket): AwsError {
  const message = 'The bucket you are attempting to access must be addressed using the specified endpoint.';
  return new AwsError(301, 'PermanentRedirect', message, {
    headers: { 'x-amz-bucket-region': region },
    details: { Bucket: name, Endpoint: `${name}.s3.${region}.amazonaws.com` },
  });
}

function preconditionFailed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new AwsError(412, 'PreconditionFailed', message, { details: { Condition: condition } });
}

function noSuchKey(headers: Record<string, string> = {}): AwsError {
  return new AwsError(404, 'NoSuchKey', 'The specified key does not exist.', { headers });
}

function noSuchVersion(): AwsError {
  return new AwsError(404, 'NoSuchVersion', 'The specified version does not exist.');
}

function accessDenied(): AwsError {
  return new AwsError(403, 'AccessDenied', 'Access Denied');
}
