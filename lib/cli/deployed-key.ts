import { randomBytes, randomUUID } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { FailureError, UsageError } from '../contract/errors.ts';
import { keyAliasName, keyFileName, secretName } from '../contract/names.ts';
import { MAX_KEY_FILE_BYTES, openKeyFile, sealKeyFile } from '../keys/key-file.ts';
import { kmsKeySource } from '../keys/kms.ts';
import type { PrivateKey } from '../keys/private-key.ts';
import type { KmsKeyType } from '../keys/public-key.ts';
import { putPassphrase } from '../keys/put-passphrase.ts';
import type { KeySource, Signer } from '../keys/signer.ts';
import type { KeyMaterial } from '../refresh/enroll.ts';
import type { Store } from '../stores/store.ts';
import type { PublicKey } from '../tuf/key.ts';
import type { Deployed } from './deployed.ts';
import { passphrase } from './passphrase.ts';
import { readNamedFile } from './read-file.ts';

/** The key with which a deployed function is to sign. */
export interface DeployedKey {
  /** Opens it once, however often it is asked: nobody types a passphrase twice. */
  readonly source: KeySource;
  readonly material: KeyMaterial;
  /** What it is, for a person. */
  readonly name: string;
}

/**
 * The key that an enrolment hands to the function: what stands in a key file of go-tuf's, or a key in AWS KMS that stays there.
 * @param file - of `--key`
 * @throws UsageError if a file is needed and missing, or named and not needed
 */
export function deployedKey(found: Deployed, state: Store, file: string | undefined): DeployedKey {
  const { type } = found.repository.key;
  if (type !== 'go-tuf-file') {
    if (file !== undefined)
      throw new UsageError(`${found.name} signs with a key in AWS KMS (${type}), which is in no file.`, {
        remedy: 'Leave out --key, or change key.type in timekeeper.json and deploy.',
      });
    return kmsKey(found, type);
  }
  if (file === undefined)
    throw new UsageError(`${found.name} signs with a key file of go-tuf's, and none is named.`, {
      remedy: 'Name it with --key FILE: fleetctl keeps it at keys/timestamp.json.',
    });
  return keyFile(found, state, file);
}

function kmsKey({ name, configuration, operator }: Deployed, type: KmsKeyType): DeployedKey {
  const keyId = keyAliasName(configuration.name, name);
  const kms = kmsKeySource({ client: new KMSClient(operator.client), keyId, type });
  let opened: Promise<readonly Signer[]> | undefined;
  return {
    source: {
      fingerprint: () => Promise.resolve(undefined),
      open: () => (opened ??= kms.open([])), // not as it was recorded: there may be another key under the alias now
    },
    material: { signsHere: false, install: () => Promise.resolve(undefined) },
    name: keyId,
  };
}

const PASSPHRASE_BYTES = 32;

function keyFile({ name, configuration, operator }: Deployed, state: Store, file: string): DeployedKey {
  const bytes = readNamedFile(file, MAX_KEY_FILE_BYTES, '--key');
  const client = new SecretsManagerClient(operator.client);
  let opened: Promise<readonly PrivateKey[]> | undefined;
  const open = () => (opened ??= openKeyFile(bytes, () => passphrase('timestamp'), file));

  /** The secret first: the function reads both by the version that the journal names, so until that is written it reads what it read before. */
  async function install(keys: readonly PublicKey[]): Promise<string> {
    const contents = new Set(keys.map(({ content }) => content));
    const kept = (await open()).filter(({ publicKey }) => contents.has(publicKey.content));
    const version = randomUUID();
    const random = randomBytes(PASSPHRASE_BYTES).toString('base64url');
    const sealed = await sealKeyFile(kept, Buffer.from(random, 'utf8'));
    await putPassphrase(client, secretName(configuration.name, name), version, random);
    if ((await state.putIf(keyFileName(version), sealed, 'absent')) === 'changed')
      throw new FailureError('LOST_RACE', `${name}/${keyFileName(version)} was written by somebody else.`);
    return version;
  }

  return {
    source: { fingerprint: () => Promise.resolve(undefined), open },
    material: { signsHere: true, install },
    name: file,
  };
}
