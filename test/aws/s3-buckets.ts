import { createHash, randomBytes } from 'node:crypto';
import { MultipartUploads } from './s3-multipart.ts';

/** One version of an object, or a delete marker. */
export interface ObjectVersion {
  /** `null`, as S3 writes it, in a bucket without versioning. */
  readonly versionId: string;
  readonly deleteMarker: boolean;
  readonly bytes: Buffer;
  /** Quoted MD5, as in the `ETag` header. */
  readonly etag: string;
  /** Whole seconds: S3 keeps no more. */
  readonly lastModified: Date;
  /** The headers stored with it, such as `content-type` or `x-amz-meta-…`, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface BucketOptions {
  /** A call signed for another region is sent away with 301. @default the endpoint's region */
  readonly region?: string;
  /** @default false */
  readonly versioned?: boolean;
  /** Whether callers have `s3:ListBucket`; without it a missing object is a 403. @default true */
  readonly mayList?: boolean;
}

/** A bucket. Reads give undefined for what is absent or hidden by a delete marker. */
export class Bucket {
  readonly name: string;
  readonly region: string;
  readonly versioned: boolean;
  mayList: boolean;
  readonly #versions = new Map<string, readonly ObjectVersion[]>(); // newest first, never an empty list
  readonly #now: () => Date;

  constructor(
    name: string,
    { region, versioned = false, mayList = true }: BucketOptions & { region: string },
    now: () => Date,
  ) {
    this.name = name;
    this.region = region;
    this.versioned = versioned;
    this.mayList = mayList;
    this.#now = now;
  }

  /** The current version; undefined if there is none or it is a delete marker. */
  current(key: string): ObjectVersion | undefined {
    const newest = this.versions(key)[0];
    return newest?.deleteMarker === true ? undefined : newest;
  }

  /** All versions and delete markers, newest first. */
  versions(key: string): readonly ObjectVersion[] {
    return this.#versions.get(key) ?? [];
  }

  /** All keys that have a version or a delete marker, in the order of their UTF-8 bytes, as S3 lists them. */
  keys(): readonly string[] {
    return [...this.#versions.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** @param etag - of an upload in parts; else the MD5 */
  put(
    key: string,
    bytes: Uint8Array | string,
    headers: Readonly<Record<string, string>> = {},
    etag?: string,
  ): ObjectVersion {
    return this.#add(key, Buffer.from(bytes as Uint8Array), headers, false, etag);
  }

  /** Deletes as S3 does: by a delete marker, which is returned, where there is versioning. */
  delete(key: string): ObjectVersion | undefined {
    if (this.versioned) return this.#add(key, Buffer.alloc(0), {}, true);
    this.#versions.delete(key);
    return undefined;
  }

  /** Removes one version for good. */
  remove(key: string, versionId: string): ObjectVersion | undefined {
    const removed = this.versions(key).find((version) => version.versionId === versionId);
    const rest = this.versions(key).filter((version) => version !== removed);
    if (rest.length === 0) this.#versions.delete(key);
    else this.#versions.set(key, rest);
    return removed;
  }

  #add(
    key: string,
    bytes: Buffer,
    headers: Readonly<Record<string, string>>,
    deleteMarker: boolean,
    etag = `"${createHash('md5').update(bytes).digest('hex')}"`,
  ): ObjectVersion {
    const version: ObjectVersion = {
      versionId: this.versioned ? randomBytes(24).toString('base64url') : 'null',
      deleteMarker,
      bytes,
      etag,
      lastModified: new Date(Math.floor(this.#now().getTime() / 1000) * 1000),
      headers,
    };
    this.#versions.set(key, this.versioned ? [version, ...this.versions(key)] : [version]);
    return version;
  }
}

/** The buckets, and what a test does with them behind the callers' back. */
export class Buckets {
  readonly multipart = new MultipartUploads();
  readonly #buckets = new Map<string, Bucket>();
  readonly #region: string;
  readonly #now: () => Date;

  constructor(region: string, now: () => Date) {
    this.#region = region;
    this.#now = now;
  }

  createBucket(name: string, options: BucketOptions = {}): Bucket {
    const bucket = new Bucket(name, { region: this.#region, ...options }, this.#now);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  put(
    bucket: string,
    key: string,
    bytes: Uint8Array | string,
    headers?: Readonly<Record<string, string>>,
  ): ObjectVersion {
    return this.#existing(bucket).put(key, bytes, headers);
  }

  /** The current bytes; undefined if there are none. */
  get(bucket: string, key: string): Buffer | undefined {
    return this.#existing(bucket).current(key)?.bytes;
  }

  delete(bucket: string, key: string): void {
    this.#existing(bucket).delete(key);
  }

  /** All versions and delete markers, newest first. */
  versions(bucket: string, key: string): readonly ObjectVersion[] {
    return this.#existing(bucket).versions(key);
  }

  /** The keys that a GET would find. */
  keys(bucket: string): readonly string[] {
    const existing = this.#existing(bucket);
    return existing.keys().filter((key) => existing.current(key) !== undefined);
  }

  #existing(name: string): Bucket {
    const bucket = this.find(name);
    if (bucket === undefined) throw new Error(`The test has not made a bucket named ${name}.`);
    return bucket;
  }
}
