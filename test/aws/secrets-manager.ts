import { randomUUID } from 'node:crypto';
import { type Answer, AwsError, json } from './answer.ts';
import { type Call, parseJson } from './call.ts';

/** A string becomes `SecretString`, bytes become `SecretBinary`. */
export type SecretValue = string | Uint8Array;

interface Version {
  readonly versionId: string;
  readonly value: SecretValue;
  readonly createdAt: Date;
  stages: readonly string[];
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly versions: Version[];
  isDeleted: boolean;
}

/** The secrets of one account and region. */
export class SecretsManager {
  readonly #secrets = new Map<string, Secret>();
  readonly #home: { readonly region: string; readonly account: string };
  readonly #now: () => Date;

  constructor(home: { readonly region: string; readonly account: string }, now: () => Date) {
    this.#home = home;
    this.#now = now;
  }

  /** Makes a secret; without a value it has no version yet, as one that CloudFormation made empty. */
  create(name: string, value?: SecretValue): { readonly arn: string; readonly versionId: string | undefined } {
    const suffix = randomUUID().slice(0, 6); // AWS adds six characters too
    const arn = `arn:aws:secretsmanager:${this.#home.region}:${this.#home.account}:secret:${name}-${suffix}`;
    this.#secrets.set(name, { name, arn, versions: [], isDeleted: false });
    return { arn, versionId: value === undefined ? undefined : this.put(name, value) };
  }

  /** Stores a new current version. */
  put(id: string, value: SecretValue, versionId: string = randomUUID(), stages = ['AWSCURRENT']): string {
    const secret = this.#find(id);
    const version: Version = { versionId, value, createdAt: this.#now(), stages: [] };
    secret.versions.push(version);
    for (const stage of stages) moveStage(secret, stage, version);
    return versionId;
  }

  /** The current value; undefined if there is none. */
  get(id: string): SecretValue | undefined {
    return staged(this.#find(id), 'AWSCURRENT')?.value;
  }

  /** Marks a secret for deletion: reads are refused until the waiting time is over. */
  scheduleDeletion(id: string): void {
    this.#find(id).isDeleted = true;
  }

  /** Answers a call as Secrets Manager would. @throws AwsError the refusal, in its words */
  answer(call: Call): Answer {
    if (call.region !== this.#home.region) throw notFound();
    const input = parseJson(call.body);
    if (call.operation === 'GetSecretValue') return json(200, this.#getValue(call.resource ?? '', input));
    if (call.operation === 'PutSecretValue') return json(200, this.#putValue(call.resource ?? '', input));
    throw new AwsError(400, 'UnknownOperationException', `This endpoint does not imitate ${call.operation}.`);
  }

  #getValue(id: string, input: Readonly<Record<string, unknown>>): object {
    const secret = this.#readable(id);
    const versionId = text(input.VersionId);
    const stage = text(input.VersionStage) ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
    const version = secret.versions.find(
      (candidate) =>
        (versionId === undefined || candidate.versionId === versionId) &&
        (stage === undefined || candidate.stages.includes(stage)),
    );
    if (version === undefined) {
      throw notFound(
        versionId === undefined ? `value for staging label: ${stage}` : `value for VersionId: ${versionId}`,
      );
    }
    const { value } = version;
    const content = typeof value === 'string' ? { SecretString: value } : { SecretBinary: base64(value) };
    return { ...named(secret, version), CreatedDate: version.createdAt.getTime() / 1000, ...content };
  }

  #putValue(id: string, input: Readonly<Record<string, unknown>>): object {
    const secret = this.#readable(id);
    const stages = input.VersionStages;
    const value = text(input.SecretString) ?? Buffer.from(text(input.SecretBinary) ?? '', 'base64');
    const versionId = text(input.ClientRequestToken) ?? randomUUID();
    // The SDK sends the same token when it retries, so a put whose answer was lost is answered again.
    const known = secret.versions.find((version) => version.versionId === versionId);
    if (known !== undefined && base64(known.value) !== base64(value)) {
      const message =
        "You can't use ClientRequestToken because that value is already in use for a version of the secret.";
      throw new AwsError(400, 'ResourceExistsException', message);
    }
    if (known === undefined) this.put(id, value, versionId, Array.isArray(stages) ? stages.map(String) : undefined);
    return named(
      secret,
      secret.versions.find((version) => version.versionId === versionId),
    );
  }

  #readable(id: string): Secret {
    const secret = this.#find(id);
    if (!secret.isDeleted) return secret;
    const message = "You can't perform this operation on the secret because it was marked for deletion.";
    throw new AwsError(400, 'InvalidRequestException', message);
  }

  /** Finds by name, ARN, or ARN without its random end. */
  #find(id: string): Secret {
    for (const secret of this.#secrets.values()) {
      if (id === secret.name || id === secret.arn || id === secret.arn.slice(0, -7)) return secret;
    }
    throw notFound();
  }
}

function moveStage(secret: Secret, stage: string, to: Version): void {
  const from = staged(secret, stage);
  if (from !== undefined) from.stages = from.stages.filter((other) => other !== stage);
  if (from !== undefined && stage === 'AWSCURRENT') moveStage(secret, 'AWSPREVIOUS', from);
  to.stages = [...to.stages, stage];
}

function staged(secret: Secret, stage: string): Version | undefined {
  return secret.versions.find(({ stages }) => stages.includes(stage));
}

function named({ arn, name }: Secret, version: Version | undefined): object {
  return { ARN: arn, Name: name, VersionId: version?.versionId, VersionStages: version?.stages };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function base64(value: SecretValue): string {
  return Buffer.from(value as Uint8Array).toString('base64');
}

function notFound(what = 'secret'): AwsError {
  return new AwsError(400, 'ResourceNotFoundException', `Secrets Manager can't find the specified ${what}.`);
}
