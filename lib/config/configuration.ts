import type { KeyType } from '../contract/signer-configuration.ts';

/** Its file, where nothing else is said. */
export const CONFIGURATION_FILE = 'timekeeper.json';

/** `timekeeper.json`, checked and with every default filled in. Durations are in seconds. */
export interface Configuration {
  /** The deployment's name: every resource's name begins with it. */
  readonly name: string;
  readonly signing: Environment;
  readonly watch: Environment;
  readonly alarms: Alarms;
  /** ARNs of those who may assume the operator's role; empty: whoever in the signing account is allowed to assume it. */
  readonly operators: readonly string[];
  readonly repositories: Readonly<Record<string, RepositoryConfiguration>>;
}

/** Where a stack goes. What hosting and watch leave out is that of signing; what signing leaves out is undefined: that of whoever deploys. */
export interface Environment {
  readonly account: string | undefined;
  readonly region: string | undefined;
}

/** Who is told. */
export interface Alarms {
  readonly email: string | undefined;
}

/** One repository: where it is served from, who signs it, and how it is kept fresh. */
export interface RepositoryConfiguration {
  readonly hosting: Hosting;
  /** ARNs of those who may assume the publisher's role; empty: whoever in the hosting account is allowed to assume it. */
  readonly publishers: readonly string[];
  readonly key: { readonly type: KeyType };
  /** The root that is trusted without proof. */
  readonly root: { readonly version: number; readonly sha256: string };
  readonly mode: 'refresh' | 'advance';
  /** How often the signer looks. */
  readonly check: Check;
  readonly resignAfter: number;
  readonly validity: number;
  readonly cacheMax: number;
  readonly freezeGrace: number;
  readonly maxVersionJump: number;
  readonly allowSharedSnapshotKey: boolean;
  /** Whom to ask for the root ceremony; stands in the alarms' text. */
  readonly contacts: readonly string[];
}

/** A rate, or a cron expression together with the longest time between two checks that it leaves. */
export interface Check {
  /** As EventBridge Scheduler reads it: `rate(1 hour)`, `cron(0 * * * ? *)`. */
  readonly expression: string;
  readonly seconds: number;
}

/** A bucket and distribution that the hosting stack makes, or a bucket that exists already. */
export type Hosting =
  | {
      readonly kind: 'stack';
      readonly account: string | undefined;
      readonly region: string | undefined;
      /** Undefined: made from deployment, repository, account and region. */
      readonly bucketName: string | undefined;
      /** The distribution's own domain; with it a certificate in us-east-1. */
      readonly domain: { readonly name: string; readonly certificateArn: string } | undefined;
      /** Where clients read it, with a slash at its end: as written, or at the domain; undefined: the distribution's own name, which is known after the first deploy. */
      readonly url: string | undefined;
    }
  | {
      readonly kind: 'bucket';
      readonly account: string | undefined;
      readonly region: string | undefined;
      readonly bucketName: string;
      /** Empty, or ending with a slash. */
      readonly prefix: string;
      /** Where clients read it, with a slash at its end. */
      readonly url: string;
    };
