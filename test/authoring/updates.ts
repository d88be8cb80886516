import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { addArtefacts } from '../../lib/authoring/add-artefacts.ts';
import type { Conditions, KeyRing } from '../../lib/authoring/conditions.ts';
import { initialise } from '../../lib/authoring/initialise.ts';
import { rotateRole } from '../../lib/authoring/rotate-role.ts';
import { signTimestamp } from '../../lib/authoring/sign-timestamp.ts';
import type { Artefact } from '../../lib/authoring/target-paths.ts';
import { VALIDITY } from '../../lib/authoring/validity.ts';
import { atWork } from '../../lib/authoring/workplace.ts';
import { UsageError } from '../../lib/contract/errors.ts';
import { readKeyFile } from '../../lib/keys/key-file.ts';
import type { Random } from '../../lib/keys/random.ts';
import { instantOf } from '../../lib/tuf/instant.ts';
import type { Passphrases, Role } from '../peers/go-tuf.ts';

/** The first clock reading of most tests. */
export const NOW = '2026-11-24T00:00:00Z';

export const WORDS = {
  root: 'rootpw',
  targets: 'targetspw',
  snapshot: 'snapshotpw',
  timestamp: 'timestämp5#$#@',
} as const satisfies Passphrases;

/** Under what a command of ours runs in a test. */
export interface Given {
  /** An instant, also with a fraction of a second. */
  readonly now?: string;
  readonly random?: string;
  /** A role that is left out has a plain key file. */
  readonly passphrases?: Passphrases;
  readonly timestampFloor?: number;
  /** Gets what a person is told. */
  readonly told?: string[];
}

/** The bytes that the peer makes of a seed: see `test/peers/go-tuf/random.go`. */
export function seeded(seed: string): Random {
  let next = 0;
  let bytes = Buffer.alloc(0);
  return (length) => {
    while (bytes.length < length) {
      bytes = Buffer.concat([bytes, createHash('sha256').update(`${seed}:${next++}`).digest()]);
    }
    const taken = Buffer.from(bytes.subarray(0, length));
    bytes = bytes.subarray(length);
    return taken;
  };
}

/** The commands as functions, in this process. */
export const ours = {
  init: (folder: string, given: Given & { readonly consistentSnapshots?: boolean } = {}) => {
    mkdirSync(folder, { recursive: true });
    return working(folder, given, (place, conditions) =>
      initialise(place, given.consistentSnapshots ?? false, conditions),
    );
  },
  add: (folder: string, artefact: Artefact, given: Given = {}): Promise<void> => ours.addAll(folder, [artefact], given),
  addAll: (folder: string, artefacts: readonly Artefact[], given: Given = {}): Promise<void> =>
    working(folder, given, (place, conditions) => addArtefacts(place, artefacts, conditions)),
  timestamp: (folder: string, given: Given = {}) => working(folder, given, signTimestamp),
  rotate: (folder: string, role: Role, given: Given = {}) =>
    working(folder, given, (place, conditions) => rotateRole(place, role, conditions)),
};

function working<T>(
  folder: string,
  given: Given,
  work: (place: Parameters<Parameters<typeof atWork>[2]>[0], conditions: Conditions) => Promise<T>,
): Promise<T> {
  const { now = NOW, random = 'seed', passphrases = {}, timestampFloor = 0, told = [] } = given;
  const tell = (sentence: string) => void told.push(sentence);
  const conditions: Conditions = {
    keyRing: keyRingOf(passphrases),
    validity: VALIDITY,
    now: instantOf(Date.parse(now) + 500),
    random: seeded(random),
    timestampFloor,
    tell,
  };
  return atWork(folder, tell, (place) => work(place, conditions));
}

function keyRingOf(passphrases: Passphrases): KeyRing {
  const wordOf = (role: Role) => (passphrases[role] === undefined ? undefined : Buffer.from(passphrases[role], 'utf8'));
  return {
    asks: () => false,
    async open(role, file) {
      if (file === undefined) throw new UsageError(`${role} key not found`);
      const keyFile = readKeyFile(file, `keys/${role}.json`);
      const keys = keyFile.is === 'plain' ? keyFile.keys : await keyFile.open(wordOf(role) ?? new Uint8Array());
      if (keys === undefined) throw new UsageError(`${role} passphrase is invalid`);
      return keys;
    },
    passphrase: (role) => Promise.resolve(wordOf(role)),
  };
}

/** Every file and folder of a working directory with its mode, and what is in it. */
export function contentOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const stats = lstatSync(join(folder, name));
      const content = stats.isFile() ? readFileSync(join(folder, name), 'utf8') : 'a folder';
      return [name, `${(stats.mode & 0o7777).toString(8)} ${content}`];
    }),
  );
}
