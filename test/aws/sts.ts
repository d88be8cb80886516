import { randomBytes } from 'node:crypto';
import { type Answer, AwsError, queryResult } from './answer.ts';
import { type Call, header } from './call.ts';
import { element } from './xml.ts';

interface Caller {
  readonly arn: string;
  /** Undefined for an access key that is nobody's session. */
  readonly token: string | undefined;
}

const HOUR = 3_600_000; // ms

/** Who has which access key, and who may be whom. */
export class Sts {
  readonly #account: string;
  readonly #own: string;
  readonly #now: () => Date;
  readonly #callers = new Map<string, Caller>();
  #roles: ReadonlySet<string> | undefined;

  /** @param own - the access key of the tests */
  constructor(account: string, own: string, now: () => Date) {
    this.#account = account;
    this.#own = own;
    this.#now = now;
    this.beCalledBy(`arn:aws:iam::${account}:user/local`);
  }

  /** Changes whose access key the tests have. */
  beCalledBy(arn: string): void {
    this.#callers.set(this.#own, { arn, token: undefined });
  }

  /** From now on only these roles exist, with a policy that trusts the caller; before, any role does. */
  allowRoles(...arns: readonly string[]): void {
    this.#roles = new Set(arns);
  }

  /** Who has an access key; undefined if nobody has. */
  arnOf(accessKeyId: string): string | undefined {
    return this.#callers.get(accessKeyId)?.arn;
  }

  /** Refuses an assumed role's access key without its session token. Other unknown keys pass: tests make up their own. @throws AwsError */
  checkToken({ accessKeyId, headers }: Call): void {
    const caller = this.#callers.get(accessKeyId);
    if (caller?.token === undefined || caller.token === header(headers, 'x-amz-security-token')) return;
    throw new AwsError(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
  }

  /** Answers a call as STS would. @throws AwsError the refusal, in its words */
  answer(call: Call): Answer {
    const form = new URLSearchParams(call.body.toString());
    if (call.operation === 'GetCallerIdentity') return this.#identity(call.accessKeyId);
    if (call.operation === 'AssumeRole') return this.#assume(call, form.get('RoleSessionName') ?? '');
    throw new AwsError(400, 'InvalidAction', `This endpoint does not imitate ${call.operation}.`);
  }

  #identity(accessKeyId: string): Answer {
    const arn = this.arnOf(accessKeyId);
    if (arn === undefined)
      throw new AwsError(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
    const account = arn.split(':')[4] ?? this.#account;
    return queryResult('GetCallerIdentity', [element('Arn', arn), element('UserId', accessKeyId), element('Account', account)]); // prettier-ignore
  }

  #assume({ resource: role = '', accessKeyId }: Call, session: string): Answer {
    const [, partition, account, name] = /^arn:([^:]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(role) ?? [];
    if (name === undefined || !/^[\w+=,.@-]{2,64}$/.test(session))
      throw new AwsError(400, 'ValidationError', `${role} or ${session} is invalid`);
    if (this.#roles?.has(role) === false) {
      const message = `User: ${this.arnOf(accessKeyId) ?? ''} is not authorized to perform: sts:AssumeRole on resource: ${role}`;
      throw new AwsError(403, 'AccessDenied', message);
    }
    const arn = `arn:${partition}:sts::${account}:assumed-role/${name}/${session}`;
    const key = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
    const token = randomBytes(48).toString('base64');
    this.#callers.set(key, { arn, token });
    const id = `AROA${randomBytes(8).toString('hex').toUpperCase()}:${session}`;
    return queryResult('AssumeRole', [
      element('AssumedRoleUser', [element('AssumedRoleId', id), element('Arn', arn)]),
      element('Credentials', [
        element('AccessKeyId', key),
        element('SecretAccessKey', randomBytes(30).toString('base64')),
        element('SessionToken', token),
        element('Expiration', new Date(this.#now().getTime() + HOUR).toISOString()),
      ]),
    ]);
  }
}
