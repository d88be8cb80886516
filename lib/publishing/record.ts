import { isRefusal } from '../contract/errors.ts';
import { directoryStore } from '../stores/directory.ts';
import { isArray, isObject, parseJson, type Json } from '../tuf/json.ts';
import type { Begun, Lineage, SnapshotName } from './judge-snapshot.ts';

/** What our folder remembers of what it published where: from it, a later publish knows whether somebody else published meanwhile. */
export type PublishRecord = Pick<Lineage, 'base' | 'begun'>;

const FILE = 'published.json';
const MAX_BYTES = 1_048_576; // a hundred bytes for each place

/**
 * What is remembered of a place. What cannot be read is as good as nothing: then what is published is compared.
 * @param state - our state's folder, beside the repository; undefined where there is none
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export async function readRecord(state: string | undefined, place: string): Promise<PublishRecord> {
  return recordIn(state === undefined ? undefined : (await places(state)).places.get(place));
}

/**
 * Remembers something of a place.
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED, STORE_FULL
 */
export async function writeRecord(
  state: string | undefined,
  place: string,
  { base, begun }: PublishRecord,
): Promise<void> {
  if (state === undefined) return;
  const store = directoryStore(state, { create: true, mode: 0o600 });
  for (;;) {
    const { places: all, token, bytes: before } = await places(state);
    const others = Array.from(all).filter(([name]) => name !== place);
    const entries = [...others.map(([name, json]) => [name, recordIn(json)] as const), [place, { base, begun }] as const]; // prettier-ignore
    const content = Object.fromEntries<unknown>(entries);
    const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
    if (before !== undefined && bytes.equals(before)) return;
    if ((await store.putIf(FILE, bytes, token ?? 'absent')) === 'stored') return;
  }
}

async function places(state: string) {
  const stored = await directoryStore(state).get(FILE, MAX_BYTES);
  try {
    const json = stored && parseJson(stored.bytes, FILE);
    return { places: isObject(json) ? json : new Map<string, Json>(), token: stored?.token, bytes: stored?.bytes };
  } catch (error) {
    if (isRefusal(error)) return { places: new Map<string, Json>(), token: stored?.token, bytes: stored?.bytes };
    throw error;
  }
}

function recordIn(json: Json | undefined): PublishRecord {
  const entry = isObject(json) ? json : new Map<string, Json>();
  const begun = entry.get('begun');
  return { base: named(entry.get('base')), begun: isArray(begun) ? begun.flatMap((one) => begunIn(one) ?? []) : [] };
}

function begunIn(json: Json): Begun | undefined {
  const snapshot = named(json);
  const targets = isObject(json) ? json.get('targets') : undefined;
  return snapshot !== undefined && isArray(targets) ? { ...snapshot, targets: targets.filter((one) => typeof one === 'string') } : undefined; // prettier-ignore
}

function named(json: Json | undefined): SnapshotName | undefined {
  const [version, sha256] = isObject(json) ? [json.get('version'), json.get('sha256')] : [];
  return typeof version === 'number' && typeof sha256 === 'string' ? { version, sha256 } : undefined;
}
