import { randomUUID } from 'node:crypto';
import type { Service } from './call.ts';
import { element } from './xml.ts';

/** An HTTP answer, before the headers that every answer has. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** A refusal in AWS's words: the SDK makes `code` the error's name. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further elements of S3's error document, such as `Condition`. */
  readonly details: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    { headers = {}, details = {} }: { headers?: Record<string, string>; details?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.details = details;
  }
}

/** Writes a refusal as the service does. */
export function refusal(service: Service, error: AwsError): Answer {
  switch (service) {
    case 's3':
      return s3Refusal(error);
    case 'sts':
    case 'sns':
      return queryRefusal(error);
    case 'lambda':
      return lambdaRefusal(error);
    case 'kms':
    case 'secretsmanager':
    case 'cloudwatch':
      return json(error.status, { __type: error.code, message: error.message });
  }
}

function s3Refusal(error: AwsError): Answer {
  const members = { Code: error.code, Message: error.message, ...error.details, RequestId: randomUUID() };
  const content = Object.entries(members).map(([name, value]) => element(name, value));
  // A HEAD answer loses this body on the way, and so the SDK never learns the code.
  return xml(error.status, element('Error', content), error.headers);
}

function queryRefusal({ status, code, message }: AwsError): Answer {
  const type = element('Type', status < 500 ? 'Sender' : 'Receiver');
  const content = element('Error', [type, element('Code', code), element('Message', message)]);
  return xml(status, element('ErrorResponse', [content, element('RequestId', randomUUID())]));
}

function lambdaRefusal({ status, code, message }: AwsError): Answer {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': code };
  return { status, headers, body: JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message }) };
}

/** An answer of the JSON services. */
export function json(status: number, value: object): Answer {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(value) };
}

/** An answer of S3 that is a document. */
export function xml(status: number, document: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${document}`;
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body };
}

/** An answer of a query service (STS, SNS): what the action resulted in. */
export function queryResult(action: string, content: readonly string[]): Answer {
  const metadata = element('ResponseMetadata', [element('RequestId', randomUUID())]);
  return xml(200, element(`${action}Response`, [element(`${action}Result`, content), metadata]));
}
