import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AwsError } from './answer.ts';

/** The services that are imitated. */
export type Service = 's3' | 'kms' | 'secretsmanager';

/** What a call is about, without its body: what faults match on, hooks see and the record keeps. */
export interface CallFacts {
  readonly service: Service;
  /** The API's name for it, such as `GetObject` or `Sign`; `Unknown` where this endpoint knows no such thing. */
  readonly operation: string;
  /** The region the caller signed for, from the credential scope. */
  readonly region: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly versionId: string | undefined;
  /** The `KeyId` or `SecretId` as the caller wrote it. */
  readonly resource: string | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** 1 for the first try; the SDK's own retries count on. */
  readonly attempt: number;
}

/** A call as it came over the wire. */
export interface Call extends CallFacts {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

const TARGETS: Readonly<Record<string, Service>> = { TrentService: 'kms', secretsmanager: 'secretsmanager' };
const CREDENTIAL_SCOPE = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\//;

/** Reads a request whole. An anonymous call is read too, so that it is recorded: `checkSigned` refuses it later. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const { headers, method = 'GET' } = request;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const url = new URL(request.url ?? '/', 'http://local');
  const [prefix = '', target = 'Unknown'] = (header(headers, 'x-amz-target') ?? '').split('.');
  const service = TARGETS[prefix] ?? 's3';
  return {
    service,
    method,
    headers,
    body,
    query: url.searchParams,
    region: CREDENTIAL_SCOPE.exec(headers.authorization ?? '')?.[1] ?? '',
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    attempt: Number(/attempt=(\d+)/.exec(header(headers, 'amz-sdk-request') ?? '')?.[1] ?? 1),
    ...(service === 's3' ? s3Facts(method, headers, url) : { ...NO_OBJECT, operation: target, resource: named(body) }),
  };
}

/** Refuses an anonymous call. The signature itself is not checked: the secret key would prove nothing here. */
export function checkSigned(call: Call): void {
  if (call.region !== '') return;
  if (call.service === 's3') throw new AwsError(403, 'AccessDenied', 'Access Denied');
  throw new AwsError(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
}

/** One header's value; undefined if it was not sent. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

const NO_OBJECT = { bucket: undefined, key: undefined, versionId: undefined };

function s3Facts(method: string, headers: IncomingHttpHeaders, url: URL) {
  // Path style only: with an IP address as endpoint the SDK never puts the bucket into the host name.
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
  return {
    operation:
      key === '' ? bucketOperation(method, url.searchParams) : objectOperation(method, headers, url.searchParams),
    bucket: decodeURIComponent(bucket),
    key: key === '' ? undefined : decodeURIComponent(key),
    versionId: url.searchParams.get('versionId') ?? undefined,
    resource: undefined,
  };
}

function bucketOperation(method: string, query: URLSearchParams): string {
  if (method !== 'GET') return 'Unknown';
  if (query.get('list-type') === '2') return 'ListObjectsV2';
  return query.has('versions') ? 'ListObjectVersions' : 'Unknown';
}

const OBJECT_OPERATIONS: Readonly<Record<string, string>> = {
  GET: 'GetObject',
  HEAD: 'HeadObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
};

function objectOperation(method: string, headers: IncomingHttpHeaders, query: URLSearchParams): string {
  // A sub-resource (?tagging, ?uploads, ?acl) or a copy is another operation, which must not pass for the plain one.
  const isPlain = [...query.keys()].every((name) => name === 'x-id' || name === 'versionId');
  if (!isPlain || headers['x-amz-copy-source'] !== undefined) return 'Unknown';
  return OBJECT_OPERATIONS[method] ?? 'Unknown';
}

function named(body: Buffer): string | undefined {
  const { KeyId, SecretId } = parseJson(body);
  const name = KeyId ?? SecretId;
  return typeof name === 'string' ? name : undefined;
}

/** The members of a JSON body; none if it is no JSON object. */
export function parseJson(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
