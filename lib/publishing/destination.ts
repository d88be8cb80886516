import type { Store, Token } from '../stores/store.ts';
import type { CheckedTarget } from './local-target.ts';

/** A target's file that is published. */
export interface PublishedFile {
  readonly token: Token;
  readonly length: number;
}

/** Where a repository is published to. */
export interface Destination {
  /** For messages, and to know it again: `s3://bucket/prefix/`, or the folder's absolute path. */
  readonly place: string;
  readonly metadata: Store;
  /** How files are cut for the upload, in bytes; undefined where they are not. */
  readonly partSize: ((length: number) => number) | undefined;

  /**
   * Does a whole publish while no other one of ours is under way, where that can be had for certain: in a folder. Elsewhere conditional writes have to do.
   * @throws FailureError LOCKED
   */
  alone<T>(work: () => Promise<T>): Promise<T>;

  /**
   * Everything below `targets/`, by its name there.
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
   */
  targets(): Promise<ReadonlyMap<string, PublishedFile>>;

  /**
   * Whether a published file has the content of ours, as far as it can be told without a download. In doubt it has not.
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
   */
  isSame(published: PublishedFile, file: CheckedTarget): Promise<boolean>;

  /**
   * Puts a target's file, if what is there still is `expected`. What is put is what was checked, or nothing.
   * @param onBytes - is told how many more bytes are there
   * @throws RefusalError TARGET_FILE_MISMATCH if our file has changed meanwhile
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
   */
  putTarget(
    file: CheckedTarget,
    expected: Token | 'absent',
    onBytes: (count: number) => void,
  ): Promise<'stored' | 'changed'>;

  /**
   * Removes a target's file, if it still is the one that was seen.
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
   */
  removeTarget(name: string, seen: Token): Promise<'removed' | 'changed'>;
}
