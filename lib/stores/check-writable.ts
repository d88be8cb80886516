import type { Store, Token } from './store.ts';

const NO_OBJECTS = '"00000000000000000000000000000000"' as Token; // an ETag that no object has

/**
 * Finds out whether an object of S3 could be written, and writes nothing: S3 refuses a put without permission before it compares the ETag.
 * @throws FailureError ACCESS_DENIED, STORE_UNREACHABLE
 */
export async function checkWritable(store: Store, name: string): Promise<void> {
  await store.putIf(name, new Uint8Array(), NO_OBJECTS);
}
