import {
  DeleteAliasCommand,
  DescribeKeyCommand,
  type KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { DeleteSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** Deletes a bucket that stayed, with every version in it; one that is not there is no matter. */
export async function deleteBucket(s3: S3Client, Bucket: string): Promise<void> {
  await unlessGone(async () => {
    for (;;) {
      const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (Objects.length === 0) break;
      await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    }
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });
}

/** Deletes a secret that stayed, at once. */
export async function deleteSecret(secrets: SecretsManagerClient, SecretId: string): Promise<void> {
  await unlessGone(() => secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })));
}

/** Has a key that stayed deleted after the shortest time that KMS allows, seven days. */
export async function deleteKey(kms: KMSClient, AliasName: string): Promise<void> {
  await unlessGone(async () => {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: AliasName }));
    await kms.send(new DeleteAliasCommand({ AliasName }));
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: KeyMetadata!.KeyId, PendingWindowInDays: 7 }));
  });
}

async function unlessGone(remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!(error instanceof Error && /NoSuchBucket|NotFound/.test(error.name))) throw error;
  }
}
