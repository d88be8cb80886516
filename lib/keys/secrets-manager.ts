import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { FailureError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { awsRefusal } from './aws-error.ts';

/**
 * Reads a passphrase from AWS Secrets Manager each time it is asked.
 * @param versionId - the version that the key file names; without it, the current one
 * @returns the bytes of the secret: a text in UTF-8, as it stands there, with a newline if it has one
 * @throws FailureError SECRET_UNAVAILABLE, without a cause: the SDK hides the answer's text in some of its errors
 */
export function secretPassphrase(
  client: SecretsManagerClient,
  secretId: string,
  versionId?: string,
): () => Promise<Uint8Array> {
  return async () => {
    const { SecretString: text, SecretBinary: binary } = await getSecretValue(client, secretId, versionId);
    if (binary !== undefined) return binary;
    if (text === undefined) throw unavailable(secretId, 'it has no value');
    return Buffer.from(text, 'utf8');
  };
}

async function getSecretValue(client: SecretsManagerClient, secretId: string, versionId: string | undefined) {
  try {
    return await client.send(new GetSecretValueCommand({ SecretId: secretId, VersionId: versionId }));
  } catch (error) {
    throw unavailable(secretId, awsRefusal(error));
  }
}

function unavailable(secretId: string, why: string): FailureError {
  return new FailureError('SECRET_UNAVAILABLE', `The secret ${printable(secretId)} cannot be read: ${why}.`);
}
