import { RefusalError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { parseMetadata, signedFields, type Metadata } from './envelope.ts';
import { parseMetaFile, type MetaFile } from './meta-file.ts';

/** timestamp.json, parsed; nothing is verified yet. */
export interface Timestamp extends Metadata {
  /** The snapshot that it names. */
  readonly snapshot: MetaFile;
}

/** The fields of a timestamp's `signed` that clients read. */
const TIMESTAMP_FIELDS = signedFields('meta');

/**
 * Reads timestamp.json.
 * @throws RefusalError EXTRA_META if it names anything but snapshot.json, and what parseMetadata and parseMetaFile throw
 * @see TUF specification, section 4.6
 */
export function parseTimestamp(bytes: Uint8Array, file = 'timestamp.json'): Timestamp {
  const { metadata, fields } = parseMetadata(bytes, file, 'timestamp', TIMESTAMP_FIELDS);
  const meta = fields.object('meta');
  const entry = meta.get('snapshot.json');
  if (entry === undefined) throw new RefusalError('MISSING_FIELD', `${file}: signed.meta does not name snapshot.json.`);
  for (const name of meta.keys()) {
    if (name !== 'snapshot.json')
      throw new RefusalError('EXTRA_META', `${file}: signed.meta names ${quote(name)} besides snapshot.json.`);
  }
  return { ...metadata, snapshot: parseMetaFile(entry, `${file}: signed.meta.snapshot.json`) };
}
