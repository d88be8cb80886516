import { writeFileSync } from 'node:fs';
import { parsePrivateKey } from '../../lib/keys/private-key.ts';
import { isArray, isObject, parseJson } from '../../lib/tuf/json.ts';
import { sign, type Signed } from '../refresh/signing.ts';
import type { WorkingCopy } from './working-copy.ts';

/** Publishes a snapshot with a version, signed by its role's key, and nothing else: as somebody does who holds no timestamp key. */
export async function publishSnapshot(copy: WorkingCopy, version: number): Promise<void> {
  const file = parseJson(copy.bytes('keys', 'snapshot.json'), 'snapshot.json');
  const keys = isObject(file) ? file.get('data') : undefined;
  const key = parsePrivateKey(isArray(keys) ? keys[0]! : null, 'snapshot.json');
  const { signed } = JSON.parse(copy.bytes('repository', 'snapshot.json').toString()) as { signed: Signed };
  writeFileSync(copy.path('repository', 'snapshot.json'), await sign({ ...signed, version }, [key]));
}
