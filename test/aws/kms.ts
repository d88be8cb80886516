import { type KeyObject, randomUUID } from 'node:crypto';
import { type Answer, AwsError, json } from './answer.ts';
import { type Call, parseJson } from './call.ts';
import { generateKeyPair, type KeyPair, type KeySpec, signMessage, SIGNING_ALGORITHMS } from './kms-signing.ts';

/** A key as a test sees it: no private half. */
export interface KmsKey {
  readonly keyId: string;
  readonly arn: string;
  readonly spec: KeySpec;
  readonly publicKey: KeyObject;
}

type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

interface StoredKey extends KmsKey, KeyPair {
  readonly createdAt: Date;
  state: KeyState;
}

/** The keys of one account and region. */
export class Kms {
  readonly #keys = new Map<string, StoredKey>();
  readonly #aliases = new Map<string, string>();
  readonly #home: { readonly region: string; readonly account: string };
  readonly #now: () => Date;

  constructor(home: { readonly region: string; readonly account: string }, now: () => Date) {
    this.#home = home;
    this.#now = now;
  }

  createKey(spec: KeySpec): KmsKey {
    const keyId = randomUUID();
    const pair = generateKeyPair(spec);
    const key: StoredKey = {
      keyId,
      arn: this.#arn(`key/${keyId}`),
      spec,
      ...pair,
      createdAt: this.#now(),
      state: 'Enabled',
    };
    this.#keys.set(keyId, key);
    return { keyId, arn: key.arn, spec, publicKey: key.publicKey };
  }

  /** Points `alias/…` at a key, or at another one. */
  setAlias(name: `alias/${string}`, keyId: string): void {
    this.#aliases.set(name, keyId);
  }

  enable(keyId: string): void {
    this.#find(keyId).state = 'Enabled';
  }

  disable(keyId: string): void {
    this.#find(keyId).state = 'Disabled';
  }

  scheduleDeletion(keyId: string): void {
    this.#find(keyId).state = 'PendingDeletion';
  }

  /** Answers a call as KMS would. @throws AwsError the refusal, in KMS's words */
  answer(call: Call): Answer {
    if (call.region !== this.#home.region) throw notFound(`Invalid arn ${call.region}`);
    const { operation } = call;
    const key = (): StoredKey => this.#find(call.resource ?? '');
    if (operation === 'Sign') return json(200, sign(key(), parseJson(call.body)));
    if (operation === 'GetPublicKey') return json(200, getPublicKey(key()));
    if (operation === 'DescribeKey') return json(200, { KeyMetadata: describe(key(), this.#home.account) });
    throw new AwsError(400, 'UnknownOperationException', `This endpoint does not imitate ${operation}.`);
  }

  /** Finds by id, ARN, alias or alias ARN, as all calls allow. */
  #find(name: string): StoredKey {
    const local = name.startsWith(this.#arn('')) ? name.slice(this.#arn('').length) : name;
    if (local.startsWith('alias/')) {
      const target = this.#aliases.get(local);
      if (target === undefined) throw notFound(`Alias ${this.#arn(local)} is not found.`);
      return this.#find(target);
    }
    const keyId = local.replace(/^key\//, '');
    const key = this.#keys.get(keyId);
    if (key === undefined) throw notFound(`Key '${this.#arn(`key/${keyId}`)}' does not exist`);
    return key;
  }

  #arn(resource: string): string {
    return `arn:aws:kms:${this.#home.region}:${this.#home.account}:${resource}`;
  }
}

function sign(key: StoredKey, input: Readonly<Record<string, unknown>>): object {
  const { Message: message, MessageType: messageType = 'RAW', SigningAlgorithm: algorithm } = input;
  if (typeof message !== 'string' || typeof algorithm !== 'string' || typeof messageType !== 'string') {
    throw new AwsError(400, 'ValidationException', 'Message and SigningAlgorithm must not be null');
  }
  checkUsable(key);
  const request = { spec: key.spec, algorithm, messageType, message: Buffer.from(message, 'base64') };
  const signature = signMessage(key.privateKey, request).toString('base64');
  return { KeyId: key.arn, Signature: signature, SigningAlgorithm: algorithm };
}

function getPublicKey(key: StoredKey): object {
  checkUsable(key);
  return {
    KeyId: key.arn,
    KeySpec: key.spec,
    KeyUsage: 'SIGN_VERIFY',
    PublicKey: key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    SigningAlgorithms: SIGNING_ALGORITHMS[key.spec],
  };
}

/** Works in every state: it is how a caller learns which. */
function describe(key: StoredKey, account: string): object {
  return {
    AWSAccountId: account,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdAt.getTime() / 1000,
    Enabled: key.state === 'Enabled',
    KeyState: key.state,
    KeySpec: key.spec,
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: SIGNING_ALGORITHMS[key.spec],
  };
}

function checkUsable({ state, arn }: StoredKey): void {
  if (state === 'Disabled') throw new AwsError(400, 'DisabledException', `${arn} is disabled.`);
  if (state === 'PendingDeletion') throw new AwsError(400, 'KMSInvalidStateException', `${arn} is pending deletion.`);
}

function notFound(message: string): AwsError {
  return new AwsError(400, 'NotFoundException', message);
}
