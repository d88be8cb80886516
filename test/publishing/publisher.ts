import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { Code } from '../../lib/contract/codes.ts';
import { isCoded } from '../../lib/contract/errors.ts';
import type { Destination } from '../../lib/publishing/destination.ts';
import type { Publication } from '../../lib/publishing/plan-publication.ts';
import { publish, type Published, type Publishing } from '../../lib/publishing/publish.ts';
import { s3Destination } from '../../lib/publishing/s3-destination.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { NOW, ours } from '../authoring/updates.ts';
import type { LocalAws } from '../aws/local-aws.ts';
import { newPath, WorkingCopy } from '../cli/working-copy.ts';

/** The bucket of the tests, and where in it the repository is. */
export const BUCKET = 'updates';
export const PREFIX = 'tuf/';

/** Somebody who works on a repository in a folder of his own, and publishes it. His keys are plain. */
export class Publisher extends WorkingCopy {
  /** Whether timestamp.json was signed again for a publish, and above which version. */
  readonly signedAbove: number[] = [];
  /** What was agreed to, in order. */
  readonly agreed: Publication[] = [];
  now = NOW;

  /** A repository with one target under two names. */
  static async begin({ consistent = false }: { readonly consistent?: boolean } = {}): Promise<Publisher> {
    const publisher = new Publisher(newPath());
    await ours.init(publisher.folder, { random: 'init', consistentSnapshots: consistent });
    await publisher.add('1', 'the first');
    return publisher;
  }

  /** Somebody else who begins with the same folder. */
  clone(): Publisher {
    const folder = newPath();
    cpSync(this.folder, folder, { recursive: true });
    return new Publisher(folder);
  }

  /** Takes over somebody else's folder. */
  become(other: Publisher): void {
    rmSync(this.folder, { recursive: true });
    cpSync(other.folder, this.folder, { recursive: true });
  }

  /** `updates add`, with the tag stable. */
  async add(version: string, content: string | Buffer, tags = ['stable']): Promise<void> {
    const file = `${this.folder}.artefact`;
    writeFileSync(file, content);
    await ours.add(this.folder, { file, name: 'orbit', platform: 'linux', version, tags }, { now: this.now, random: version }); // prettier-ignore
  }

  /** `timekeeper publish`, in this process. */
  publish(destination: Destination, options: Partial<Publishing> = {}): Promise<Published> {
    const publishing: Publishing = {
      folder: this.repository,
      destination,
      isAdvance: false,
      receipts: undefined,
      state: join(this.folder, '.timekeeper'),
      replace: undefined,
      prune: false,
      dryRun: false,
      now: parseInstant(this.now, 'now'),
      ...options,
    };
    return publish(publishing, {
      undisturbed: (read) => read(),
      sign: async (above) => {
        this.signedAbove.push(above);
        await ours.timestamp(this.folder, { now: this.now, timestampFloor: above, random: 'again' });
      },
      agree: (publication) => {
        this.agreed.push(publication);
        return Promise.resolve();
      },
      progress: { begin: () => undefined, bytes: () => undefined, end: () => undefined },
    });
  }

  file(name: string): Buffer {
    return readFileSync(join(this.repository, name));
  }
}

/** The bucket as a destination; nothing is tried twice. */
export function bucketOf(aws: LocalAws, bucket = BUCKET): Destination {
  return s3Destination({ client: clientOf(aws), bucket, prefix: PREFIX });
}

export function clientOf(aws: LocalAws): S3Client {
  return new S3Client({ ...aws.clientConfig(), maxAttempts: 1 });
}

/** The code that an attempt ends with; `done` if it does not fail. */
export async function codeOf(attempt: Promise<unknown>): Promise<Code | 'done'> {
  try {
    await attempt;
    return 'done';
  } catch (error) {
    if (isCoded(error)) return error.code;
    throw error;
  }
}
