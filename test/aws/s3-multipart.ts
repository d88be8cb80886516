import { createHash, randomBytes } from 'node:crypto';
import { type Answer, AwsError, xml } from './answer.ts';
import { type Call } from './call.ts';
import type { Bucket } from './s3-buckets.ts';
import { readUpload, type Upload } from './upload.ts';
import { element } from './xml.ts';

interface Part extends Upload {
  readonly etag: string;
}

interface Begun {
  readonly bucket: Bucket;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Part>;
}

const LEAST = 5 * 1_048_576; // bytes; of every part but the last

/** Uploads in parts that were begun and neither completed nor given up. */
export class MultipartUploads {
  readonly #open = new Map<string, Begun>();

  /** The keys of those that are open. */
  get keys(): readonly string[] {
    return Array.from(this.#open.values(), ({ key }) => key);
  }

  /** Answers a call as S3 would. @throws AwsError NoSuchUpload, InvalidPart, EntityTooSmall, and what readUpload throws */
  answer(bucket: Bucket, call: Call, checkConditions: () => void): Answer {
    const { operation, key = '', query } = call;
    if (operation === 'CreateMultipartUpload') return this.#create(bucket, key, call);
    const id = query.get('uploadId') ?? '';
    const upload = this.#open.get(id);
    if (upload?.key !== key || upload.bucket !== bucket)
      throw new AwsError(404, 'NoSuchUpload', 'The specified upload does not exist.');
    if (operation === 'UploadPart') return putPart(upload, Number(query.get('partNumber')), call);
    if (operation === 'CompleteMultipartUpload') {
      const whole = assemble(upload, call.body.toString());
      checkConditions();
      this.#open.delete(id);
      const stored = bucket.put(key, whole.bytes, { ...upload.headers, ...whole.headers }, whole.etag);
      const content = [element('Bucket', bucket.name), element('Key', key), element('ETag', stored.etag)];
      return xml(200, element('CompleteMultipartUploadResult', content));
    }
    this.#open.delete(id);
    return { status: 204 };
  }

  #create(bucket: Bucket, key: string, call: Call): Answer {
    const id = randomBytes(16).toString('hex');
    const type = call.headers['content-type'] ?? 'binary/octet-stream';
    this.#open.set(id, { bucket, key, headers: { 'content-type': type }, parts: new Map() });
    const content = [element('Bucket', bucket.name), element('Key', key), element('UploadId', id)];
    return xml(200, element('InitiateMultipartUploadResult', content));
  }
}

function putPart({ parts }: Begun, number: number, call: Call): Answer {
  const upload = readUpload(call);
  const etag = `"${createHash('md5').update(upload.bytes).digest('hex')}"`;
  parts.set(number, { ...upload, etag });
  return { status: 200, headers: { etag } };
}

/** The parts that the caller lists, in their order, with S3's checksums of checksums. */
function assemble({ parts }: Begun, listed: string) {
  const all = Array.from(listed.matchAll(/<Part>(.*?)<\/Part>/gs), ([, part = '']) => {
    const found = parts.get(Number(/<PartNumber>(\d+)</.exec(part)?.[1]));
    const etag = /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll('&quot;', '"');
    if (found === undefined || found.etag !== etag)
      throw new AwsError(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    return found;
  });
  if (all.slice(0, -1).some(({ bytes }) => bytes.length < LEAST))
    throw new AwsError(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
  const sums = all.map(({ headers }) => headers['x-amz-checksum-sha256']);
  const md5 = createHash('md5').update(Buffer.concat(all.map(({ etag }) => Buffer.from(etag.slice(1, -1), 'hex'))));
  const sha256 = createHash('sha256').update(Buffer.concat(sums.map((sum = '') => Buffer.from(sum, 'base64'))));
  return {
    bytes: Buffer.concat(all.map(({ bytes }) => bytes)),
    etag: `"${md5.digest('hex')}-${all.length}"`,
    headers: sums.includes(undefined)
      ? {}
      : {
          'x-amz-checksum-sha256': `${sha256.digest('base64')}-${all.length}`,
          'x-amz-checksum-type': 'COMPOSITE',
        },
  };
}
