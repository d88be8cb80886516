import { RefusalError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { parseMetadata, signedFields, type Metadata } from './envelope.ts';
import { parseMetaFile, type MetaFile } from './meta-file.ts';

/** snapshot.json, parsed; nothing is verified yet. */
export interface Snapshot extends Metadata {
  /** Every targets role that it lists, by file name: `targets.json`, `ROLE.json`. */
  readonly meta: ReadonlyMap<string, MetaFile>;
}

const SNAPSHOT = signedFields('meta');

/**
 * Reads snapshot.json. go-tuf below v0.3 listed root.json too; the entry is kept like any other.
 * @throws RefusalError MISSING_FIELD without targets.json, and what parseMetadata and parseMetaFile throw
 * @see TUF specification, section 4.4
 */
export function parseSnapshot(bytes: Uint8Array, file = 'snapshot.json'): Snapshot {
  const { metadata, fields } = parseMetadata(bytes, file, 'snapshot', SNAPSHOT);
  const meta = new Map<string, MetaFile>();
  for (const [name, entry] of fields.object('meta')) {
    meta.set(name, parseMetaFile(entry, `${file}: signed.meta.${printable(name)}`));
  }
  if (!meta.has('targets.json'))
    throw new RefusalError('MISSING_FIELD', `${file}: signed.meta does not name targets.json.`);
  return { ...metadata, meta };
}
