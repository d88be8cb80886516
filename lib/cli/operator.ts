import { userInfo } from 'node:os';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { FailureError } from '../contract/errors.ts';
import { operatorRoleName, type Place } from '../contract/names.ts';
import { printable } from '../contract/printable.ts';
import type { Configuration } from '../config/configuration.ts';
import { textOf } from '../stores/foreign-error.ts';
import type { DeploymentOptions } from './deployment-options.ts';

/** How every client of the command calls. */
const CLIENT = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
};

/** The operator's role, assumed, and where it is. */
export interface Operator {
  readonly place: Place;
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  /** For the SDK's clients. */
  readonly client: typeof CLIENT & { readonly region: string; readonly credentials: Credentials };
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Who calls, with credentials of one's own. */
export interface Caller {
  readonly sts: STSClient;
  readonly account: string;
  readonly partition: string;
  readonly region: string;
  /** The ARN without its beginning, which names the partition. */
  readonly identity: string;
}

/**
 * Asks AWS who calls.
 * @param signing - where the deployment signs
 * @throws FailureError NO_CREDENTIALS
 */
export async function callerOf({ signing }: Configuration, { profile }: DeploymentOptions): Promise<Caller> {
  const sts = new STSClient({
    ...CLIENT,
    ...(profile === undefined ? {} : { profile }),
    ...(signing.region === undefined ? {} : { region: signing.region }),
  });
  const region = await orNoCredentials(() => sts.config.region());
  const { Arn = '', Account: account = '' } = await orNoCredentials(() => sts.send(new GetCallerIdentityCommand({})));
  const [, partition = 'aws', identity = ''] = /^arn:([^:]+):(.*)$/.exec(Arn) ?? [];
  return { sts, account, partition, region, identity };
}

/**
 * The credentials of a role, assumed. Who is that role already goes on as it is.
 * @throws FailureError ROLE_REFUSED
 */
export async function credentialsOf(caller: Caller, account: string, role: string): Promise<Credentials> {
  const { sts, partition, identity } = caller;
  const isRole = identity.startsWith(`sts::${account}:assumed-role/${role}/`);
  return isRole ? sts.config.credentials() : assume(sts, `arn:${partition}:iam::${account}:role/${role}`);
}

/**
 * Assumes the deployment's operator role with the caller's own credentials.
 * @throws FailureError NO_CREDENTIALS, ROLE_REFUSED
 */
export async function operate(configuration: Configuration, options: DeploymentOptions): Promise<Operator> {
  const caller = await callerOf(configuration, options);
  const { region, partition } = caller;
  const account = configuration.signing.account ?? caller.account;
  const credentials = await credentialsOf(caller, account, operatorRoleName(configuration.name));
  return { place: { account, region }, partition, client: { ...CLIENT, region, credentials } };
}

async function assume(sts: STSClient, role: string): Promise<Credentials> {
  const RoleSessionName = `timekeeper-${userInfo().username.replace(/[^\w+=,.@-]/g, '-')}`.slice(0, 64);
  try {
    const { Credentials: given } = await sts.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName }));
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken, Expiration: expiration } = given ?? {}; // prettier-ignore
    if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
      throw new FailureError('ROLE_REFUSED', `The role ${role} came without credentials.`);
    return { accessKeyId, secretAccessKey, sessionToken, ...(expiration && { expiration }) };
  } catch (error) {
    if (error instanceof FailureError) throw error;
    throw new FailureError('ROLE_REFUSED', `The role ${role} could not be assumed: ${nameOf(error)}.`, {
      cause: error,
    });
  }
}

async function orNoCredentials<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new FailureError('NO_CREDENTIALS', `AWS does not know who you are: ${nameOf(error)}.`, { cause: error });
  }
}

/** Only its name: the SDK's messages may quote key ids. */
function nameOf(error: unknown): string {
  return printable(textOf(error, 'name') ?? 'an unknown error');
}
