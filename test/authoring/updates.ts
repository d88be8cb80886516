import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { addArtefacts } from '../../lib/authoring/add-artefacts.ts';
import { addNewKey, changeRoot, stageRoot } from '../../lib/authoring/change-root.ts';
import type { RootChanges } from '../../lib/authoring/changed-root.ts';
import type { Conditions, KeyRing } from '../../lib/authoring/conditions.ts';
import { changePassphrase } from '../../lib/authoring/change-passphrase.ts';
import { extendRole, type ExtendedRole } from '../../lib/authoring/extend-role.ts';
import { initialise } from '../../lib/authoring/initialise.ts';
import { generateKey } from '../../lib/authoring/new-key.ts';
import { publishStaged } from '../../lib/authoring/publish-staged.ts';
import { removeTargets, type Unwanted } from '../../lib/authoring/remove-targets.ts';
import { rotateRole } from '../../lib/authoring/rotate-role.ts';
import { signTimestamp } from '../../lib/authoring/sign-timestamp.ts';
import type { Artefact } from '../../lib/authoring/target-paths.ts';
import { VALIDITY, type Validity } from '../../lib/authoring/validity.ts';
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
  /** For whoever changes one. */
  readonly newPassphrase?: string;
  readonly timestampFloor?: number;
  /** In seconds, in place of fleetctl's. */
  readonly validity?: Partial<Validity>;
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
  remove: (folder: string, unwanted: Partial<Unwanted>, given: Given = {}) =>
    working(folder, given, (place, conditions) =>
      removeTargets(place, { paths: [], folders: [], ...unwanted }, conditions),
    ),
  timestamp: (folder: string, given: Given = {}) => working(folder, given, signTimestamp),
  changePassphrase: (folder: string, role: Role, given: Given & { readonly isPlain?: boolean }) =>
    working(folder, given, (place, conditions) => changePassphrase(place, role, given.isPlain ?? false, conditions)),
  extend: (folder: string, role: ExtendedRole, given: Given = {}) =>
    working(folder, given, (place, conditions) => extendRole(place, role, conditions)),
  rotate: (folder: string, role: Role, given: Given = {}) =>
    working(folder, given, (place, conditions) => rotateRole(place, role, conditions)),
  changeRoot: (folder: string, changes: RootChanges, given: Given = {}) =>
    working(folder, given, (place, conditions) => changeRoot(place, changes, conditions)),
  addNewKey: (folder: string, role: Role, changes: RootChanges = {}, given: Given = {}) =>
    working(folder, given, (place, conditions) => addNewKey(place, role, changes, conditions)),
  generateKey: (folder: string, role: Role, given: Given = {}) => {
    mkdirSync(folder, { recursive: true });
    return working(folder, given, (place, conditions) => generateKey(place, role, conditions));
  },
  stageRoot: (folder: string, changes: RootChanges = {}, given: Given = {}) =>
    working(folder, given, (place, conditions) => Promise.resolve(stageRoot(place, changes, conditions))),
  publishRoot: (folder: string, files: readonly [Uint8Array, ...Uint8Array[]], given: Given = {}) => {
    const named = files.map((bytes, index) => ({ name: `copy-${index + 1}.json`, bytes }));
    return working(folder, given, (place, conditions) =>
      publishStaged(place, [named[0]!, ...named.slice(1)], conditions),
    );
  },
};

function working<T>(
  folder: string,
  given: Given,
  work: (place: Parameters<Parameters<typeof atWork>[2]>[0], conditions: Conditions) => Promise<T>,
): Promise<T> {
  const {
    now = NOW,
    random = 'seed',
    passphrases = {},
    newPassphrase = '',
    timestampFloor = 0,
    validity,
    told = [],
  } = given;
  const tell = (sentence: string) => void told.push(sentence);
  const conditions: Conditions = {
    keyRing: keyRingOf(passphrases, newPassphrase),
    validity: { ...VALIDITY, ...validity },
    now: instantOf(Date.parse(now) + 500),
    random: seeded(random),
    timestampFloor,
    tell,
  };
  return atWork(folder, tell, (place) => work(place, conditions));
}

function keyRingOf(passphrases: Passphrases, newPassphrase: string): KeyRing {
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
    newPassphrase: () => Promise.resolve(Buffer.from(newPassphrase, 'utf8')),
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
