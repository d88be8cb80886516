import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { WarningCode } from '../../lib/contract/codes.ts';
import { CodedError, FailureError } from '../../lib/contract/errors.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { openKeyFile } from '../../lib/keys/key-file.ts';
import { keyFileSource } from '../../lib/keys/key-file-source.ts';
import { outcomeOf } from '../../lib/refresh/outcome.ts';
import { DEFAULT_POLICY, type Policy } from '../../lib/refresh/policy.ts';
import { refresh, type Wish } from '../../lib/refresh/refresh.ts';
import { directoryStore } from '../../lib/stores/directory.ts';
import type { Store } from '../../lib/stores/store.ts';
import { parseInstant, seconds, type Instant } from '../../lib/tuf/instant.ts';
import type { Answer } from './cases.ts';
import { lookAsClient, refusalOf } from './client.ts';
import { entryOf, sign } from './signing.ts';

/*
 * Real directories that go-tuf v0.5.2 made, broken in the ways in which go-tuf itself signs, loses or wedges something
 * (its re-sign, that is `fleetctl updates timestamp`; letters as in the measurement of the peers).
 */

const PASSPHRASE = 'timestämp5#$#@';
const NOW = parseInstant('2026-11-24T00:00:00Z', 'NOW');
const HALF_A_CHECK = 1_800; // seconds
const force = { force: true };
const signed = { outcome: 'signed', code: 'SIGNED', version: 4 } as const;
const healWaits = { outcome: 'skipped', code: 'HEAL_WAITS' } as const;
const healed = <C extends string>(code: C) => ({ outcome: 'signed', code, version: 4 }) as const;
const refused = <C extends string>(code: C) => ({ outcome: 'refused', code }) as const;

/** A working directory of fleetctl's that our first run has pinned: timestamp version 3, snapshot 2. */
class WorkingDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'timekeeper-'));
  readonly memory: Map<string, Uint8Array>;
  now: Instant = NOW;
  passphrase = PASSPHRASE;
  asked = 0;
  policy: Policy = { ...DEFAULT_POLICY, minInterval: seconds(0) };
  hosting: Store = directoryStore(join(this.path, 'repository'), { lockFolder: join(this.path, '.timekeeper') });

  constructor(fixture: string) {
    cpSync(fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url)), this.path, { recursive: true });
    this.memory = lookAsClient(this.read, new Map([['root.json', this.bytes('1.root.json')]]), NOW).kept;
  }

  async run(wish: Partial<Wish> = {}, trustedRoot?: Uint8Array): Promise<Outcome> {
    const whole = { repository: 'orbit', force: false, dryRun: false, reason: undefined, ...wish };
    const keyFile = join(this.path, 'keys/timestamp.json');
    const places = {
      hosting: this.hosting,
      state: directoryStore(join(this.path, '.timekeeper'), { create: true }),
      keys: keyFileSource({
        read: () => Promise.resolve(readFileSync(keyFile)),
        passphrase: () => {
          this.asked++;
          return Promise.resolve(Buffer.from(this.passphrase));
        },
        file: keyFile,
      }),
    };
    const trust = { repository: '', place: '', deployment: 'directory', ...(trustedRoot && { trustedRoot }) };
    try {
      return await refresh(whole, places, trust, this.policy, this.now);
    } catch (error) {
      if (error instanceof CodedError) return outcomeOf(error, whole);
      throw error;
    }
  }

  begin(): Promise<Outcome> {
    return this.run({}, this.bytes('1.root.json'));
  }

  file(name: string): string {
    return join(this.path, 'repository', name);
  }

  bytes(name: string): Buffer {
    return readFileSync(this.file(name));
  }

  edit(name: string, change: (text: string) => string): void {
    writeFileSync(this.file(name), change(this.bytes(name).toString()));
  }

  remove(name: string): void {
    rmSync(this.file(name));
  }

  read = (name: string): Uint8Array | undefined => {
    return readdirSync(join(this.path, 'repository')).includes(name) ? this.bytes(name) : undefined;
  };

  /** Every published file with its content. */
  published(): Record<string, string> {
    const names = readdirSync(join(this.path, 'repository'), { recursive: true, withFileTypes: true });
    return Object.fromEntries(
      names
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'latin1')]),
    );
  }

  clientRefuses() {
    return refusalOf(() => lookAsClient(this.read, this.memory, this.now));
  }
}

let directory: WorkingDirectory;

beforeEach(() => {
  directory = new WorkingDirectory('go-tuf-v0.5.2');
});

afterEach(() => {
  rmSync(directory.path, { recursive: true, force: true });
});

interface Row {
  readonly given: string;
  readonly arrange: (d: WorkingDirectory) => unknown;
  readonly wish?: Partial<Wish>;
  readonly answers: Answer;
  readonly says?: RegExp;
  readonly warns?: readonly WarningCode[];
  /** What comes out half a check later, where it waits first. */
  readonly later?: Answer;
  /** What it answers where there is no state yet. */
  readonly first: Answer['code'];
  /** What a client that holds the old state says of a signed repository, if it refuses. */
  readonly client?: Answer['code'];
}

const cutInHalf = (text: string) => text.slice(0, text.length / 2);
const flipped = (text: string) =>
  text.replace(/"sig":"(.)/, (_, digit: string) => `"sig":"${(Number.parseInt(digit, 16) ^ 1).toString(16)}`);

const rows: readonly Row[] = [
  {
    given: '(a) timestamp.json cut in half',
    arrange: (d) => {
      d.edit('timestamp.json', cutInHalf);
    },
    answers: healWaits,
    says: /timestamp\.json is not JSON/,
    later: healed('HEALED_GARBAGE'),
    first: 'NOT_JSON',
  },
  {
    given: '(a, j3, k) timestamp.json of 0 bytes',
    arrange: (d) => {
      d.edit('timestamp.json', () => '');
    },
    answers: healWaits,
    says: /timestamp\.json is not JSON: it is empty/,
    later: healed('HEALED_GARBAGE'),
    first: 'NOT_JSON',
  },
  {
    given: '(a3) timestamp.json missing, where go-tuf signs version 1',
    arrange: (d) => {
      d.remove('timestamp.json');
    },
    answers: healed('HEALED_MISSING'),
    first: 'NO_BASELINE',
  },
  {
    given: '(b) a flipped byte in the signature, where go-tuf signs on',
    arrange: (d) => {
      d.edit('timestamp.json', flipped);
    },
    answers: healWaits,
    says: /timestamp\.json \(version 3\) has no valid signature/,
    later: healed('HEALED_GARBAGE'),
    first: 'SIGNATURE_INVALID',
  },
  {
    given: '(c) snapshot.json missing',
    arrange: (d) => {
      d.remove('snapshot.json');
    },
    answers: refused('SNAPSHOT_MISSING'),
    says: /snapshot\.json is missing/,
    first: 'SNAPSHOT_MISSING',
  },
  {
    given: '(d) the signature of snapshot.json broken',
    arrange: (d) => {
      d.edit('snapshot.json', flipped);
    },
    answers: refused('SIGNATURE_INVALID'),
    says: /snapshot\.json \(version 2\)/,
    first: 'SIGNATURE_INVALID',
  },
  {
    given: '(d2) a space more in snapshot.json, where go-tuf signs the new hash',
    arrange: (d) => {
      d.edit('snapshot.json', (text) => `${text} `);
    },
    answers: refused('SNAPSHOT_MISMATCH'),
    says: /snapshot\.json \(version 2\).*has 530 bytes, not 529/,
    first: 'SNAPSHOT_MISMATCH',
  },
  {
    given: '(d3) an older snapshot put back, where go-tuf signs the rollback',
    arrange: putOlderSnapshotBack,
    answers: refused('SNAPSHOT_ROLLBACK'),
    says: /snapshot\.json has version 1; version 2 is endorsed/,
    first: 'SNAPSHOT_ROLLBACK',
  },
  {
    given: '(d4) the signature of targets.json broken, which is not read in refresh mode',
    arrange: (d) => {
      d.edit('targets.json', flipped);
    },
    wish: force,
    answers: signed,
    first: 'SIGNED',
  },
  {
    given: '(d4) the signature of targets.json broken, in advance mode',
    arrange: (d) => {
      d.policy = { ...d.policy, mode: 'advance' };
      d.edit('targets.json', flipped);
    },
    answers: { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' },
    says: /targets\.json is not the one that the snapshot names/,
    later: { outcome: 'skipped', code: 'PUBLISH_IN_PROGRESS' },
    first: 'PUBLISH_IN_PROGRESS',
  },
  {
    given: '(e) version 2^53, where go-tuf is wedged',
    arrange: (d) => {
      d.edit('timestamp.json', (text) => text.replace('"version":3', '"version":9007199254740992'));
    },
    answers: refused('NUMBER_NOT_EXACT'),
    says: /timestamp\.json has the number "9007199254740992"/,
    first: 'NUMBER_NOT_EXACT',
  },
  {
    given: '(e2) version 2^63-1',
    arrange: (d) => {
      d.edit('timestamp.json', (text) => text.replace('"version":3', '"version":9223372036854775807'));
    },
    answers: refused('NUMBER_NOT_EXACT'),
    says: /timestamp\.json has the number "9223372036854775807"/,
    first: 'NUMBER_NOT_EXACT',
  },
  {
    given: '(f) "version" twice in timestamp.json, where go-tuf takes the last',
    arrange: (d) => {
      d.edit('timestamp.json', (text) => text.replace('"version":3', '"version":3,"version":42'));
    },
    answers: refused('DUPLICATE_KEY'),
    says: /timestamp\.json has the key "version" twice/,
    first: 'DUPLICATE_KEY',
  },
  {
    given: '(f2) "signed" twice in snapshot.json, where go-tuf signs it as it is',
    arrange: (d) => {
      d.edit('snapshot.json', (text) => text.replace(/^\{("signed":.*),"signatures"/s, '{$1,$1,"signatures"'));
    },
    answers: refused('DUPLICATE_KEY'),
    says: /snapshot\.json has the key "signed" twice/,
    first: 'DUPLICATE_KEY',
  },
  {
    given: '(h) an expired root, over which we sign so that its repair comes in time',
    arrange: (d) => {
      d.now = parseInstant('2036-12-31T00:00:00Z', 'now');
    },
    answers: signed,
    warns: ['ROOT_EXPIRED', 'SNAPSHOT_EXPIRED'],
    client: 'METADATA_EXPIRED',
    first: 'SIGNED',
  },
  {
    given: '(h) an expired snapshot',
    arrange: (d) => {
      d.now = parseInstant('2029-12-31T00:00:00Z', 'now');
    },
    answers: signed,
    warns: ['SNAPSHOT_EXPIRED'],
    client: 'METADATA_EXPIRED',
    first: 'SIGNED',
  },
  {
    given: '(i) targets.json missing, which is not read in refresh mode',
    arrange: (d) => {
      d.remove('targets.json');
    },
    wish: force,
    answers: signed,
    first: 'SIGNED',
  },
  {
    given: '(i) targets.json missing, in advance mode',
    arrange: (d) => {
      d.policy = { ...d.policy, mode: 'advance' };
      d.remove('targets.json');
    },
    answers: refused('TARGETS_MISSING'),
    says: /targets\.json is missing/,
    first: 'TARGETS_MISSING',
  },
  {
    given: '(l) a file in targets/ that targets.json does not list, where go-tuf deletes it',
    arrange: (d) => {
      writeFileSync(d.file('targets/unlisted'), 'kept');
    },
    wish: force,
    answers: signed,
    first: 'SIGNED',
  },
];

describe('where go-tuf signs, loses or wedges something', () => {
  test.each(rows)('answers $answers.code to $given', async (row) => {
    await expectRow(row);
  });

  test.each(rows)('answers $first in the first run to $given', async ({ arrange, wish, first }) => {
    await arrange(directory);
    const before = directory.published();
    const outcome = await directory.run(wish, directory.bytes('1.root.json'));
    expect(outcome.code).toBe(first);
    expectOnly(outcome, before);
    expect(readdirSync(directory.path).includes('.timekeeper')).toBe(outcome.outcome !== 'refused');
  });

  test('is not wedged by a version that is too high once the file is put right (e)', async () => {
    await directory.begin();
    const good = directory.bytes('timestamp.json');
    directory.edit('timestamp.json', (text) => text.replace('"version":3', '"version":9007199254740992'));
    expect(await directory.run(force)).toMatchObject(refused('NUMBER_NOT_EXACT'));
    writeFileSync(directory.file('timestamp.json'), good);
    expect(await directory.run(force)).toMatchObject(signed);
    expect(directory.clientRefuses()).toBeUndefined();
  });

  test.each([
    { given: 'a wrong passphrase', passphrase: 'wrong' },
    { given: 'no passphrase', passphrase: '' },
    { given: 'a passphrase with a newline at its end', passphrase: `${PASSPHRASE}\n` },
  ])('answers KEY_UNREADABLE to (g) $given, and asks for none before it has to sign', async ({ passphrase }) => {
    directory.passphrase = passphrase;
    await directory.begin();
    expect(directory.asked).toBe(0);
    const before = directory.published();
    const outcome = await directory.run(force);
    expect(outcome).toMatchObject(refused('KEY_UNREADABLE'));
    expect(directory.asked).toBe(1);
    expect(directory.published()).toEqual(before);
    expect(await directory.run()).toMatchObject({ code: 'NOT_DUE', version: 3 });
  });

  test.each([
    { given: '(j) a folder that is not writable', code: 'ACCESS_DENIED' as const },
    { given: '(j2, j3) a full file system', code: 'STORE_FULL' as const },
  ])('answers $code to $given, leaves timestamp.json whole, and heals', async ({ code }) => {
    await directory.begin();
    const { hosting } = directory;
    const before = directory.published();
    directory.hosting = { ...hosting, putIf: () => Promise.reject(new FailureError(code, 'timestamp.json')) };
    expect(await directory.run(force)).toMatchObject({ outcome: 'failed', code });
    expect(directory.published()).toEqual(before);

    directory.hosting = hosting;
    expect(await directory.run()).toMatchObject({ outcome: 'signed', code: 'HEALED_UNPUBLISHED', version: 5 });
    expect(directory.clientRefuses()).toBeUndefined();
  });
});

describe('the repository with consistent snapshots that go-tuf made', () => {
  beforeEach(() => {
    rmSync(directory.path, { recursive: true });
    directory = new WorkingDirectory('consistent');
  });

  const five = { outcome: 'signed', code: 'SIGNED', version: 5 } as const;

  test.each([
    { given: 'nothing wrong', arrange: () => undefined, answers: five },
    {
      given: 'the versioned snapshot missing',
      arrange: (d: WorkingDirectory) => {
        d.remove('3.snapshot.json');
      },
      answers: refused('SNAPSHOT_MISSING'),
    },
    {
      given: 'the versioned snapshot of before in its place',
      arrange: (d: WorkingDirectory) => {
        writeFileSync(d.file('3.snapshot.json'), d.bytes('2.snapshot.json'));
      },
      answers: refused('SNAPSHOT_ROLLBACK'),
    },
    {
      given: 'only the versioned names',
      arrange: (d: WorkingDirectory) => {
        for (const name of ['snapshot.json', 'targets.json', 'root.json', '1.snapshot.json', '2.snapshot.json'])
          d.remove(name);
      },
      answers: five,
    },
  ])('answers $answers.code to $given', async ({ arrange, answers }) => {
    await directory.begin();
    arrange(directory);
    const before = directory.published();
    const outcome = await directory.run(force);
    expect(outcome).toMatchObject(answers);
    expectOnly(outcome, before);
    // A client that keeps the snapshot does not fetch it again, so it is content as long as the timestamp is.
    expect(directory.clientRefuses()).toBeUndefined();
  });
});

async function expectRow({ arrange, wish, answers, says = /./, warns, later, client }: Row): Promise<void> {
  expect(await directory.begin()).toMatchObject({ code: 'NOT_DUE', version: 3 });
  await arrange(directory);
  const before = directory.published();

  const outcome = await directory.run(wish);
  expect(outcome).toMatchObject(answers);
  expect(outcome.message).toMatch(says);
  expect(outcome.warnings.map(({ code }) => code)).toEqual(warns ?? []);
  expectOnly(outcome, before);
  if (outcome.outcome === 'signed') expect(directory.clientRefuses()).toBe(client);
  if (outcome.outcome === 'refused') {
    expect(outcome.remedy).not.toBe('');
    expect(await directory.run(force)).toMatchObject(answers);
  }
  if (later === undefined) return;

  directory.now = (directory.now + HALF_A_CHECK) as Instant;
  const second = await directory.run();
  expect(second).toMatchObject(later);
  expectOnly(second, before);
  if (second.outcome === 'signed') expect(directory.clientRefuses()).toBeUndefined();
}

/** Nothing is published but timestamp.json, and that only where it signed. */
function expectOnly({ outcome }: Outcome, before: Record<string, string>): void {
  const after = directory.published();
  const changed = Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]);
  expect(changed).toEqual(outcome === 'signed' ? [directory.file('timestamp.json')] : []);
}

/** A snapshot of version 1, signed by the fixture's own key, and the targets that it names. */
async function putOlderSnapshotBack(d: WorkingDirectory): Promise<void> {
  const keys = await openKeyFile(readFileSync(join(d.path, 'keys/snapshot.json')), Buffer.from('snapshotpw'));
  const expires = '2029-11-22T00:00:00Z';
  const meta = { 'targets.json': entryOf(d.bytes('targets.json'), 1) };
  writeFileSync(
    d.file('snapshot.json'),
    await sign({ _type: 'snapshot', spec_version: '1.0', version: 1, expires, meta }, keys),
  );
}
