import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { FailureError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { readBounded, tooLarge } from './bounded-body.ts';
import { checkObjectName } from './object-name.ts';
import { awsError, isLostRace, isMissing } from './s3-error.ts';
import type { Store, Token } from './store.ts';

/** A place in S3. */
export interface S3StoreProps {
  /** Of the bucket's own region; its timeouts and retries are the ones that count. */
  readonly client: S3Client;
  readonly bucket: string;
  /** What all keys begin with, e.g. `tuf/`; empty for the whole bucket. */
  readonly prefix: string;
  /** Sent with every put, e.g. `max-age=60`. */
  readonly cacheControl?: string;
}

/** For what is replaced under its name: a client that asks within a minute may get the one before. */
export const SHORT_LIVED = 'max-age=60';

const MAX_PAGES = 1_000; // of 1,000 names

/**
 * Keeps objects under one prefix of a bucket. A token is the ETag.
 * An object stored with a Content-Encoding is read as it is stored: S3 does not decode it for clients either.
 */
export function s3Store({ client, bucket, prefix, cacheControl }: S3StoreProps): Store {
  const place = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const urlOf = (key: string) => printable(`s3://${bucket}/${key}`);
  const keyOf = (name: string) => {
    checkObjectName(name);
    return place + decodeURIComponent(name); // as S3 does with the path that a client asks for: the key of the role a/b has a slash
  };
  return {
    async get(name, maxBytes) {
      const key = keyOf(name);
      try {
        const {
          Body: body,
          ContentLength: length,
          ETag: etag,
        } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        if (!(body instanceof Readable)) throw incomplete(urlOf(key), 'body');
        if (length !== undefined && length > maxBytes) {
          body.destroy();
          throw tooLarge(urlOf(key), maxBytes);
        }
        const bytes = await readBounded(body, maxBytes, urlOf(key));
        if (etag === undefined) throw incomplete(urlOf(key), 'ETag');
        return { bytes, token: tokenOf(etag) };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw awsError(error, urlOf(key), 'read');
      }
    },

    async putIf(name, bytes, expected) {
      const key = keyOf(name);
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            ContentType: 'application/json',
            ...(cacheControl !== undefined && { CacheControl: cacheControl }),
            ...(expected === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: expected }),
          }),
        );
        return 'stored';
      } catch (error) {
        if (isLostRace(error)) return 'changed';
        throw awsError(error, urlOf(key), 'written');
      }
    },

    async list() {
      const names: string[] = [];
      let next: string | undefined;
      try {
        for (let page = 0; page < MAX_PAGES; page++) {
          const answer = await client.send(
            new ListObjectsV2Command({ Bucket: bucket, Prefix: place, Delimiter: '/', ContinuationToken: next }),
          );
          for (const { Key: key } of answer.Contents ?? []) {
            if (key !== undefined && key.length > place.length) names.push(key.slice(place.length));
          }
          next = answer.IsTruncated ? answer.NextContinuationToken : undefined;
          if (next === undefined) return names;
        }
      } catch (error) {
        throw awsError(error, urlOf(place), 'listed');
      }
      // Part of the names would be worse than none: the newest snapshot could be missing.
      throw new FailureError('STORE_UNREACHABLE', `${urlOf(place)} holds more than ${MAX_PAGES * 1000} objects.`);
    },
  };
}

function incomplete(url: string, missing: string): FailureError {
  return new FailureError('STORE_UNREACHABLE', `The answer for ${url} has no ${missing}.`);
}

function tokenOf(etag: string): Token {
  return etag as Token;
}
