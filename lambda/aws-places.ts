import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SignedRepository, SignerConfiguration } from '../lib/contract/signer-configuration.ts';
import { kmsKeySource } from '../lib/keys/kms.ts';
import { secretPassphrase } from '../lib/keys/secrets-manager.ts';
import type { KeySource } from '../lib/keys/signer.ts';
import { MAX_KEY_FILE_BYTES } from '../lib/keys/key-file.ts';
import { versionedKeyFile } from '../lib/keys/versioned-key-file.ts';
import type { WritablePlaces } from '../lib/refresh/refresh.ts';
import { watchClock } from '../lib/stores/clock-skew.ts';
import { SHORT_LIVED, s3Store } from '../lib/stores/s3.ts';
import type { Store } from '../lib/stores/store.ts';
import { CLIENT } from './sdk-client.ts';

/** Opens one repository's places on AWS. The hosting bucket may be in another region: S3 answers 301 to a client of the wrong one. */
export function awsPlaces(
  name: string,
  repository: SignedRepository,
  { stateBucket }: SignerConfiguration,
): WritablePlaces {
  const hosting = new S3Client({ ...CLIENT, region: repository.region });
  const own = new S3Client(CLIENT);
  const watches = [hosting, own].map((client) => watchClock(client, Date.now));
  const state = s3Store({ client: own, bucket: stateBucket, prefix: `${name}/` });
  return {
    hosting: s3Store({
      client: hosting,
      bucket: repository.bucket,
      prefix: repository.prefix,
      cacheControl: SHORT_LIVED,
    }),
    state,
    keys: keySource(name, repository, state),
    clockSkew: () => largest(watches.map(({ skewSeconds }) => skewSeconds())),
  };
}

function largest(skews: readonly (number | undefined)[]): number | undefined {
  const known = skews.filter((skew) => skew !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function keySource(name: string, { key }: SignedRepository, state: Store): KeySource {
  if (key.type !== 'go-tuf-file')
    return kmsKeySource({ client: new KMSClient(CLIENT), keyId: key.keyId, type: key.type });
  const client = new SecretsManagerClient(CLIENT);
  const passphrase = (version: string) => secretPassphrase(client, key.secretId, version)();
  const read = async (file: string) => (await state.get(file, MAX_KEY_FILE_BYTES))?.bytes;
  return versionedKeyFile({ read, passphrase, repository: name });
}
