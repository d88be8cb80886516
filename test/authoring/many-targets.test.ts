import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { listTargets } from '../../lib/authoring/listed-targets.ts';
import { nextPublication } from '../../lib/authoring/publication.ts';
import { readPublished } from '../../lib/authoring/published.ts';
import { signedFile } from '../../lib/authoring/signed-file.ts';
import { VALIDITY } from '../../lib/authoring/validity.ts';
import { Workplace } from '../../lib/authoring/workplace.ts';
import { openKeyFile } from '../../lib/keys/key-file.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { Client } from '../cli/working-copy.ts';
import { contentOf, NOW, ours } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'many-'));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const MANY = 25_000; // more than 4 MiB of targets.json
const now = parseInstant(NOW, 'the clock');

/** Lists so many targets, of which there is no file: whoever reads one of them fails. */
async function listMany(folder: string): Promise<void> {
  const place = new Workplace(folder);
  const keysOf = async (role: 'targets' | 'snapshot' | 'timestamp') =>
    openKeyFile(place.keyFile(role)!, new Uint8Array());
  const keys = { targets: await keysOf('targets'), snapshot: await keysOf('snapshot'), timestamp: await keysOf('timestamp') }; // prettier-ignore
  const added = Array.from({ length: MANY }, (_, i) => ({ path: `many/linux/${i}/many`, length: 64, hashes: new Map([['sha512', '0'.repeat(128)]]), version: '1' })); // prettier-ignore
  const listed = listTargets(new Map(), added);
  const signing = { keys, validity: VALIDITY, now, timestampFloor: 0 };
  place.publish(await nextPublication(readPublished(place.read), { listed }, signing, place.read));
}

test('one target more is added without reading any other, and clients accept the whole', async () => {
  const folder = join(scratch, 'repository of many');
  await ours.init(folder);
  await listMany(folder);
  expect(readFileSync(join(folder, 'repository', 'targets.json')).length).toBeGreaterThan(4 * 1_024 * 1_024);
  const client = new Client(readFileSync(join(folder, 'repository', '1.root.json')));
  client.update(join(folder, 'repository'));

  const file = join(scratch, 'artefact');
  writeFileSync(file, 'one more');
  await ours.add(folder, { file, name: 'a', platform: 'linux', version: '1', tags: [] });

  expect(readdirSync(join(folder, 'repository', 'targets'), { recursive: true })).toHaveLength(4);
  const { targets } = client.update(join(folder, 'repository'));
  expect(targets.get('targets')!.targets.size).toBe(MANY + 1);
  expect(targets.get('targets')!.targets.get('a/linux/1/a')).toMatchObject({ length: 8 });
});

test('a signature that does not verify is never published', async () => {
  const faulty = newEd25519Key();
  faulty.sign = () => Promise.resolve(new Uint8Array(64));
  const sign = signedFile(new Map(), [{ id: 'of a machine that flips bits', key: faulty }]);
  await expect(sign).rejects.toMatchObject({ code: 'OWN_OUTPUT_INVALID' });
});

test('what was written by somebody else meanwhile is not overwritten', async () => {
  const folder = join(scratch, 'raced');
  await ours.init(folder);
  const place = new Workplace(folder);
  const { timestamp } = readPublished(place.read);
  await ours.timestamp(folder); // as fleetctl might, which knows no lock
  const before = contentOf(folder);
  expect(() => {
    place.publish(new Map([['timestamp.json', timestamp.bytes]]));
  }).toThrow(expect.objectContaining({ code: 'LOST_RACE' }));
  place.switch.discard();
  rmSync(join(folder, '.timekeeper'), { recursive: true });
  expect(contentOf(folder)).toEqual(before);
});
