import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { devNull } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { type Answer, AwsError, refusal } from './answer.ts';
import { type Call, type CallFacts, checkSigned, readCall } from './call.ts';
import { CloudWatch } from './cloudwatch.ts';
import { Faults, refusalOf } from './faults.ts';
import { Kms } from './kms.ts';
import { Lambda } from './lambda.ts';
import { type RecordedCall, roundsOf } from './request-record.ts';
import { Buckets } from './s3-buckets.ts';
import { answerS3 } from './s3.ts';
import { SecretsManager } from './secrets-manager.ts';
import { Sns } from './sns.ts';
import { Sts } from './sts.ts';

export interface LocalAwsOptions {
  /** @default eu-central-1 */
  readonly region?: string;
  /** @default 111111111111 */
  readonly account?: string;
  /** How long each call takes at least, in milliseconds; give about 30 to count rounds. @default 0 */
  readonly latency?: number;
}

/** Runs while a call waits: `onRequest` before it is carried out, `beforeAnswer` after. May change any state. */
export type Hook = (call: CallFacts) => void | Promise<void>;

const CREDENTIALS = { accessKeyId: 'AKIALOCALLOCALLOCAL0', secretAccessKey: 'local' };
const IDLE_LIMIT = 600_000; // ms; node's 5 s would now and then reset a connection that a test lets rest

/**
 * S3, KMS, Secrets Manager, STS, Lambda, CloudWatch and SNS over HTTP on 127.0.0.1, for the real SDK in this or another
 * process. State lives in memory, keys and signatures are real, and everything is open to the test through the members.
 * Nobody's permissions are looked at: `calls` says who called, and a fault refuses.
 */
export class LocalAws {
  readonly region: string;
  readonly s3: Buckets;
  readonly kms: Kms;
  readonly secrets: SecretsManager;
  readonly sts: Sts;
  readonly lambda: Lambda;
  readonly cloudWatch: CloudWatch;
  readonly sns: Sns;
  readonly faults = new Faults();
  /** How far our `Date` headers and timestamps are from this computer's clock, in milliseconds. */
  clockOffset = 0;
  latency: number;
  readonly #calls: RecordedCall[] = [];
  readonly #onRequest: Hook[] = [];
  readonly #beforeAnswer: Hook[] = [];
  readonly #closing = new AbortController();
  readonly #server: Server;

  constructor({ region = 'eu-central-1', account = '111111111111', latency = 0 }: LocalAwsOptions) {
    const now = (): Date => this.#now();
    this.region = region;
    this.latency = latency;
    this.s3 = new Buckets(region, now);
    this.kms = new Kms({ region, account }, now);
    this.secrets = new SecretsManager({ region, account }, now);
    this.sts = new Sts(account, CREDENTIALS.accessKeyId, now);
    this.lambda = new Lambda({ region, account });
    this.cloudWatch = new CloudWatch({ region, account }, now);
    this.sns = new Sns({ region, account });
    this.#server = createServer({ keepAliveTimeout: IDLE_LIMIT }, (request, response) => {
      const startedAt = performance.now();
      readCall(request)
        .then((call) => this.#serve(call, startedAt, response))
        .catch(() => response.destroy()); // the caller hung up, or we are closing
    });
  }

  /** Every call in the order of its end, the SDK's retries included. */
  get calls(): readonly RecordedCall[] {
    return this.#calls;
  }

  /** The calls so far, grouped by round: `rounds().length` is the number of round trips. */
  rounds(): readonly (readonly RecordedCall[])[] {
    return roundsOf(this.#calls);
  }

  /** Forgets the calls so far, so that what a test prepared over HTTP is not counted. */
  forgetCalls(): void {
    this.#calls.length = 0;
  }

  /** Adds a hook that runs before a call is carried out: here a test makes a caller lose a race. */
  onRequest(hook: Hook): void {
    this.#onRequest.push(hook);
  }

  /** Adds a hook that runs when a call has been carried out and before it is answered. */
  beforeAnswer(hook: Hook): void {
    this.#beforeAnswer.push(hook);
  }

  /** Where it listens. */
  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Configuration of an SDK client in this process. */
  clientConfig() {
    return { endpoint: this.endpoint, region: this.region, credentials: CREDENTIALS };
  }

  /**
   * Environment of another process. Do not spread `process.env` around it: an `AWS_PROFILE` in there would win over the
   * credentials.
   */
  environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_REGION: this.region,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
  }

  /** Breaks all connections and stops. */
  close(): Promise<void> {
    this.#closing.abort();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  async #serve(call: Call, startedAt: number, response: ServerResponse): Promise<void> {
    const { signal } = this.#closing;
    const fault = this.faults.take(call);
    for (const hook of this.#onRequest) await hook(call);
    await wait(this.latency, undefined, { signal });
    if (typeof fault === 'object' && 'slow' in fault) await wait(fault.slow, undefined, { signal });
    const answer = fault === 'reset' ? undefined : await this.#answer(call, refusalOf(fault, call));
    for (const hook of this.#beforeAnswer) await hook(call);
    const isBroken = answer === undefined || fault === 'apply-then-reset';
    const caller = this.sts.arnOf(call.accessKeyId) ?? '';
    this.#calls.push({ ...factsOf(call), caller, startedAt, endedAt: performance.now(), status: isBroken ? undefined : answer.status }); // prettier-ignore
    if (isBroken) response.socket?.resetAndDestroy();
    else this.#send(answer, call, response);
  }

  async #answer(call: Call, scripted: AwsError | undefined): Promise<Answer> {
    try {
      checkSigned(call);
      this.sts.checkToken(call);
      if (scripted !== undefined) throw scripted;
      return await this.#carryOut(call);
    } catch (error) {
      // Our own mistake must not look like weather that the SDK retries: 400, and the stack in the message.
      const known =
        error instanceof AwsError ? error : new AwsError(400, 'LocalAwsBug', String((error as Error).stack));
      return refusal(call.service, known);
    }
  }

  #carryOut(call: Call): Answer | Promise<Answer> {
    switch (call.service) {
      case 's3':
        return answerS3(this.s3, call);
      case 'kms':
        return this.kms.answer(call);
      case 'secretsmanager':
        return this.secrets.answer(call);
      case 'sts':
        return this.sts.answer(call);
      case 'lambda':
        return this.lambda.answer(call);
      case 'cloudwatch':
        return this.cloudWatch.answer(call);
      case 'sns':
        return this.sns.answer(call);
    }
  }

  #send({ status, headers = {}, body = '' }: Answer, { method }: Call, response: ServerResponse): void {
    const bytes = Buffer.from(body as Uint8Array);
    const id = randomUUID();
    response.writeHead(status, {
      date: this.#now().toUTCString(),
      'x-amz-request-id': id,
      'x-amzn-requestid': id,
      ...(status === 204 || status === 304 ? {} : { 'content-length': String(bytes.length) }),
      ...headers,
    });
    response.end(method === 'HEAD' ? undefined : bytes);
  }

  #now(): Date {
    return new Date(Date.now() + this.clockOffset);
  }
}

/** Starts it on a free port. */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const aws = new LocalAws(options);
  await aws.listen();
  return aws;
}

function factsOf(call: Call): CallFacts {
  const { service, operation, region, accessKeyId, bucket, key, versionId, resource, ifMatch, ifNoneMatch, attempt } = call; // prettier-ignore
  return { service, operation, region, accessKeyId, bucket, key, versionId, resource, ifMatch, ifNoneMatch, attempt };
}
