declare const brand: unique symbol;

/** Names one version of one object (an ETag, a file's digest). Opaque: only the store that gave it reads it. */
export type Token = string & { readonly [brand]: 'token' };

/** An object as it was read. */
export interface Stored {
  readonly bytes: Uint8Array;
  readonly token: Token;
}

/** Where a repository or its state can be read. Names are relative (`timestamp.json`, `2.root.json`). */
export interface ReadStore {
  /**
   * Reads an object whole.
   * @param name - relative to the store's place
   * @param maxBytes - the size after decoding above which it is not read
   * @returns undefined if there is no such object
   * @throws RefusalError TOO_LARGE
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
   */
  get(name: string, maxBytes: number): Promise<Stored | undefined>;
}

/** A place that can also be written, conditionally. */
export interface Store extends ReadStore {
  /**
   * Writes an object only if it still is `expected`. A lost race is an answer, not an exception.
   * @param expected - the token under which it was read, or 'absent'
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL, LOCKED
   */
  putIf(name: string, bytes: Uint8Array, expected: Token | 'absent'): Promise<'stored' | 'changed'>;

  /**
   * Names of the objects directly in this place.
   * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
   */
  list(): Promise<readonly string[]>;
}
