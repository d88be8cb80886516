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

/** Writes a refusal as the service does: S3 in XML, the others in JSON. */
export function refusal(service: Service, error: AwsError): Answer {
  if (service !== 's3') return json(error.status, { __type: error.code, message: error.message });
  const members = { Code: error.code, Message: error.message, ...error.details, RequestId: randomUUID() };
  const content = Object.entries(members).map(([name, value]) => element(name, value));
  // A HEAD answer loses this body on the way, and so the SDK never learns the code.
  return xml(error.status, element('Error', content), error.headers);
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
