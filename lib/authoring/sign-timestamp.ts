import type { Conditions } from './conditions.ts';
import { checkPublication, nextTimestamp } from './publication.ts';
import { readPublished, refuseExpired } from './published.ts';
import type { Workplace } from './workplace.ts';

/**
 * `updates timestamp`: signs timestamp.json again, over what is published. It may have expired; nothing else may.
 * @throws RefusalError - what clients refuse with, METADATA_EXPIRED, KEY_NOT_IN_ROOT, UNFINISHED_WORK
 */
export async function signTimestamp(place: Workplace, conditions: Conditions): Promise<void> {
  const { read } = place;
  const { keyRing, now } = conditions;
  place.refuseLeftovers();
  const timestampKeys = await keyRing.open('timestamp', place.keyFile('timestamp'));
  const published = readPublished(read);
  const { root, targets, snapshot } = published;
  refuseExpired([root, targets, snapshot], now);
  const signing = { ...conditions, keys: { timestamp: timestampKeys } };
  const timestamp = await nextTimestamp(published, root, snapshot.bytes, snapshot.version, signing);
  const publication = new Map([['timestamp.json', timestamp]]);
  checkPublication(published, publication, read, now);
  place.publish(publication);
}
