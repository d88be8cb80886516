/** What the Lambda is configured with: checked when it is deployed, so that nothing of a schema has to be in the bundle. Durations are in seconds. */
export interface SignerConfiguration {
  /** Who signs: stands in every journal entry. */
  readonly deployment: string;
  /** The bucket with every repository's state, under `<repository>/`. In the Lambda's own region. */
  readonly stateBucket: string;
  readonly repositories: Readonly<Record<string, SignedRepository>>;
}

/** One repository as the Lambda sees it. */
export interface SignedRepository {
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
  /** The hosting bucket's region. */
  readonly region: string;
  /** The root that is trusted without proof. */
  readonly root: { readonly version: number; readonly sha256: string };
  readonly key:
    | { readonly type: 'go-tuf-file'; readonly secretId: string }
    | { readonly type: Exclude<KeyType, 'go-tuf-file'>; readonly keyId: string };
  readonly mode: 'refresh' | 'advance';
  readonly validity: number;
  readonly resignAfter: number;
  readonly check: number;
  readonly cacheMax: number;
  readonly freezeGrace: number;
  readonly maxVersionJump: number;
}

/** What signs: a key file of go-tuf's with a passphrase, or a key that never leaves AWS KMS. */
export type KeyType = 'go-tuf-file' | 'kms-ed25519' | 'kms-p256' | 'kms-rsa';

/** The environment variable that holds it, as JSON. */
export const SIGNER_CONFIGURATION = 'TIMEKEEPER_CONFIGURATION';
