import { type Answer, AwsError, xml } from './answer.ts';
import type { Bucket, ObjectVersion } from './s3-buckets.ts';
import { element } from './xml.ts';

const PAGE = 1000; // what S3 gives at most, whatever max-keys asks for

/** One place of a listing: an object, or what all keys with a common prefix are folded into. */
type Entry =
  | { readonly kind: 'object'; readonly name: string; readonly version: ObjectVersion }
  | { readonly kind: 'prefix'; readonly name: string };

/** ListObjectsV2: prefix, delimiter, max-keys, start-after and continuation. @throws AwsError AccessDenied */
export function listObjects(bucket: Bucket, query: URLSearchParams): Answer {
  checkMayList(bucket);
  const token = query.get('continuation-token');
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const size = pageSize(query);
  const rest = entries(bucket, query).filter(({ name }) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const isTruncated = rest.length > page.length && last !== undefined;
  return xml(
    200,
    element('ListBucketResult', [
      ...head(bucket, query, isTruncated),
      element('KeyCount', page.length),
      ...page.map((entry) => (entry.kind === 'prefix' ? commonPrefix(entry.name) : contents(entry))),
      // S3's token is opaque too; ours is the last name, so that objects put or deleted in between change nothing.
      ...(isTruncated ? [element('NextContinuationToken', Buffer.from(last.name).toString('base64url'))] : []),
    ]),
  );
}

/** ListObjectVersions: prefix, max-keys and markers, no delimiter. Keys in order, each newest first. */
export function listVersions(bucket: Bucket, query: URLSearchParams): Answer {
  checkMayList(bucket);
  if (query.has('delimiter')) throw new AwsError(501, 'NotImplemented', 'This endpoint folds no versions.');
  const all = bucket
    .keys()
    .filter((key) => key.startsWith(query.get('prefix') ?? ''))
    .flatMap((key) => bucket.versions(key).map((version, age) => ({ key, version, isLatest: age === 0 })));
  const marker = [query.get('key-marker'), query.get('version-id-marker')];
  const start = all.findIndex(({ key, version }) => key === marker[0] && version.versionId === marker[1]) + 1;
  const page = all.slice(start, start + pageSize(query));
  const last = page.at(-1);
  const isTruncated = start + page.length < all.length && last !== undefined;
  return xml(
    200,
    element('ListVersionsResult', [
      ...head(bucket, query, isTruncated),
      ...(isTruncated
        ? [element('NextKeyMarker', last.key), element('NextVersionIdMarker', last.version.versionId)]
        : []),
      ...page.map(({ key, version, isLatest }) =>
        element(version.deleteMarker ? 'DeleteMarker' : 'Version', [
          element('Key', key),
          element('VersionId', version.versionId),
          element('IsLatest', isLatest),
          ...facts(version),
        ]),
      ),
    ]),
  );
}

function entries(bucket: Bucket, query: URLSearchParams): readonly Entry[] {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const seen = new Map<string, Entry>();
  for (const key of bucket.keys()) {
    const version = bucket.current(key);
    if (version === undefined || !key.startsWith(prefix)) continue;
    const fold = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = fold === -1 ? key : key.slice(0, fold + delimiter.length);
    seen.set(name, fold === -1 ? { kind: 'object', name, version } : { kind: 'prefix', name });
  }
  return [...seen.values()];
}

function checkMayList({ mayList }: Bucket): void {
  if (!mayList) throw new AwsError(403, 'AccessDenied', 'Access Denied');
}

function pageSize(query: URLSearchParams): number {
  return Math.min(Number(query.get('max-keys') ?? PAGE), PAGE);
}

function head(bucket: Bucket, query: URLSearchParams, isTruncated: boolean): readonly string[] {
  return [
    element('Name', bucket.name),
    element('Prefix', query.get('prefix') ?? ''),
    element('MaxKeys', pageSize(query)),
    element('IsTruncated', isTruncated),
  ];
}

function commonPrefix(name: string): string {
  return element('CommonPrefixes', [element('Prefix', name)]);
}

function contents({ name, version }: { readonly name: string; readonly version: ObjectVersion }): string {
  return element('Contents', [element('Key', name), ...facts(version)]);
}

function facts({ etag, bytes, lastModified, deleteMarker }: ObjectVersion): readonly string[] {
  const modified = element('LastModified', lastModified.toISOString());
  return deleteMarker ? [modified] : [modified, element('ETag', etag), element('Size', bytes.length)];
}
