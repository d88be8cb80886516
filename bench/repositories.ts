import { cp, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeyFile } from '../lib/keys/key-file.ts';
import { canonicalJson } from '../lib/tuf/canonical-json.ts';
import { encodeJson } from '../lib/tuf/encode-json.ts';
import type { RoleType } from '../lib/tuf/envelope.ts';
import type { Json, JsonObject } from '../lib/tuf/json.ts';
import { parseRoot } from '../lib/tuf/root.ts';

const FIXTURE = 'test/fixtures/go-tuf-v0.5.2';

/** As the fixtures' README has them. */
export const PASSPHRASES: Readonly<Record<RoleType, string>> = {
  root: 'rootpw',
  targets: 'targetspw',
  snapshot: 'snapshotpw',
  timestamp: 'timestämp5#$#@',
};

/** A folder to work in: in memory where there is one, as disks differ more than programs do. */
export async function newFolder(): Promise<string> {
  const inMemory = await stat('/dev/shm').then(
    (found) => found.isDirectory(),
    () => false,
  );
  return mkdtemp(join(inMemory ? '/dev/shm' : tmpdir(), 'timekeeper-bench-'));
}

/** A copy of the repository that go-tuf made. */
export async function copyOfFixture(folder: string): Promise<string> {
  await cp(FIXTURE, folder, { recursive: true });
  return folder;
}

/**
 * The same repository with many targets, signed with its own keys. The targets themselves are left out; nobody reads them to sign a timestamp.
 * @param count - how many targets
 */
export async function repositoryWithTargets(folder: string, count: number): Promise<string> {
  await copyOfFixture(folder);
  await mkdir(join(folder, 'staged'), { recursive: true });
  const targets = await writeRole(folder, 'targets', { targets: new Map(Array.from({ length: count }, target)) });
  const snapshot = await writeRole(folder, 'snapshot', { meta: new Map([['targets.json', targets]]) });
  await writeRole(folder, 'timestamp', { meta: new Map([['snapshot.json', snapshot]]) });
  return folder;
}

function target(_: unknown, index: number): [string, Json] {
  return [
    `orbit/linux/1.${Math.floor(index / 1_000)}.${index % 1_000}/orbit`,
    new Map<string, Json>([
      ['length', 64],
      ['hashes', new Map([['sha512', randomBytes(64).toString('hex')]])],
      ['custom', new Map([['version', '1.0']])],
    ]),
  ];
}

/** @returns how the next role names it */
async function writeRole(folder: string, role: RoleType, fields: Readonly<Record<string, Json>>): Promise<JsonObject> {
  const version = 10;
  const signed = new Map<string, Json>([
    ['_type', role],
    ['spec_version', '1.0'],
    ['version', version],
    ['expires', new Date(Date.now() + 14 * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')],
    ...Object.entries(fields),
  ]);
  const file = `keys/${role}.json`;
  const [key] = await openKeyFile(await readFile(join(folder, file)), Buffer.from(PASSPHRASES[role], 'utf8'), file);
  const root = parseRoot(await readFile(join(folder, 'repository', 'root.json')));
  const [keyid] = root.roles[role].keyids;
  if (key === undefined || keyid === undefined) throw new Error(`${file} holds no key.`);
  const sig = Buffer.from(await key.sign(canonicalJson(signed))).toString('hex');
  const signatures: Json = [new Map(Object.entries({ keyid, sig }))];
  const bytes = encodeJson(new Map<string, Json>([['signed', signed], ['signatures', signatures]])); // prettier-ignore
  await writeFile(join(folder, 'repository', `${role}.json`), bytes);
  const hashes = new Map([['sha512', createHash('sha512').update(bytes).digest('hex')]]);
  return new Map<string, Json>([['length', bytes.length], ['hashes', hashes], ['version', version]]); // prettier-ignore
}
