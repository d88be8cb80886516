import { PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { FailureError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { awsRefusal } from './aws-error.ts';

/**
 * Puts a passphrase into AWS Secrets Manager as a new version. Who reads an older version by its id goes on reading it.
 * @param versionId - the new version's id; a call that is repeated with it changes nothing more
 * @throws FailureError NOT_DEPLOYED, ACCESS_DENIED, SECRET_UNAVAILABLE, without a cause: it may hold the request, and so the passphrase
 */
export async function putPassphrase(
  client: SecretsManagerClient,
  secretId: string,
  versionId: string,
  passphrase: string,
): Promise<void> {
  try {
    await client.send(
      new PutSecretValueCommand({ SecretId: secretId, ClientRequestToken: versionId, SecretString: passphrase }),
    );
  } catch (error) {
    throw notWritten(printable(secretId), error);
  }
}

function notWritten(secretId: string, error: unknown): FailureError {
  const name = error instanceof Error ? error.name : undefined;
  if (name === 'ResourceNotFoundException') return new FailureError('NOT_DEPLOYED', `There is no secret ${secretId}.`);
  const code = name === 'AccessDeniedException' ? 'ACCESS_DENIED' : 'SECRET_UNAVAILABLE';
  return new FailureError(code, `The secret ${secretId} cannot be written: ${awsRefusal(error)}.`);
}
