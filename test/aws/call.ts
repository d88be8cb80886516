import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AwsError } from './answer.ts';

/** The services that are imitated. */
export type Service = 's3' | 'kms' | 'secretsmanager' | 'cloudwatch' | 'lambda' | 'sns' | 'sts';

/** What a call is about, without its body: what faults match on, hooks see and the record keeps. */
export interface CallFacts {
  readonly service: Service;
  /** The API's name for it, such as `GetObject` or `Sign`; `Unknown` where this endpoint knows no such thing. */
  readonly operation: string;
  /** The region the caller signed for, from the credential scope. */
  readonly region: string;
  /** The access key the caller signed with; empty in an anonymous call. */
  readonly accessKeyId: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly versionId: string | undefined;
  /** The `KeyId`, `SecretId`, `RoleArn`, `TopicArn`, `AlarmName` or function as the caller wrote it. */
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

const TARGETS: Readonly<Record<string, Service>> = {
  GraniteServiceVersion20100801: 'cloudwatch',
  TrentService: 'kms',
  secretsmanager: 'secretsmanager',
};
const CREDENTIAL_SCOPE = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\//;

/** Reads a request whole. An anonymous call is read too, so that it is recorded: `checkSigned` refuses it later. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const { headers, method = 'GET' } = request;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const url = new URL(request.url ?? '/', 'http://local');
  const [, accessKeyId = '', region = '', signedFor = ''] = CREDENTIAL_SCOPE.exec(headers.authorization ?? '') ?? [];
  return {
    method,
    headers,
    body,
    query: url.searchParams,
    region,
    accessKeyId,
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    attempt: Number(/attempt=(\d+)/.exec(header(headers, 'amz-sdk-request') ?? '')?.[1] ?? 1),
    ...about(method, headers, url, body, signedFor),
  };
}

/** One endpoint stands for all services, so the target tells them apart, and where there is none what the caller signed for. */
function about(method: string, headers: IncomingHttpHeaders, url: URL, body: Buffer, signedFor: string) {
  const [prefix = '', target = 'Unknown'] = (header(headers, 'x-amz-target') ?? '').split('.');
  const service = TARGETS[prefix];
  if (service !== undefined) return { ...NO_OBJECT, service, operation: target, resource: named(body) };
  if (signedFor === 'sts' || signedFor === 'sns') return { ...NO_OBJECT, service: signedFor, ...queryFacts(body) } as const; // prettier-ignore
  if (signedFor === 'lambda') return { ...NO_OBJECT, service: signedFor, ...lambdaFacts(method, url) } as const;
  return { service: 's3' as const, ...s3Facts(method, headers, url) };
}

function queryFacts(body: Buffer) {
  const form = new URLSearchParams(body.toString());
  return {
    operation: form.get('Action') ?? 'Unknown',
    resource: form.get('RoleArn') ?? form.get('TopicArn') ?? undefined,
  };
}

function lambdaFacts(method: string, { pathname, searchParams }: URL) {
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname) ?? [];
  if (method !== 'POST' || name === undefined) return { operation: 'Unknown', resource: undefined };
  const qualifier = searchParams.get('Qualifier');
  return { operation: 'Invoke', resource: `${decodeURIComponent(name)}${qualifier === null ? '' : `:${qualifier}`}` };
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

const MULTIPART_OPERATIONS: Readonly<Record<string, string>> = {
  PUT: 'UploadPart',
  POST: 'CompleteMultipartUpload',
  DELETE: 'AbortMultipartUpload',
};

function objectOperation(method: string, headers: IncomingHttpHeaders, query: URLSearchParams): string {
  if (method === 'POST' && query.has('uploads')) return 'CreateMultipartUpload';
  if (query.has('uploadId')) return MULTIPART_OPERATIONS[method] ?? 'Unknown';
  // A sub-resource (?tagging, ?uploads, ?acl) or a copy is another operation, which must not pass for the plain one.
  const isPlain = [...query.keys()].every((name) => name === 'x-id' || name === 'versionId');
  if (!isPlain || headers['x-amz-copy-source'] !== undefined) return 'Unknown';
  return OBJECT_OPERATIONS[method] ?? 'Unknown';
}

function named(body: Buffer): string | undefined {
  const { KeyId, SecretId, AlarmName } = parseJson(body);
  const name = KeyId ?? SecretId ?? AlarmName;
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
