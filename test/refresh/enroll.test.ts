import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { beginChain } from '../../lib/tuf/root-chain.ts';
import type { PublicKey } from '../../lib/tuf/key.ts';
import { enrol, enrolAgain, type Said } from './enrolment.ts';
import { listKey, newRepository, type Repository } from './repository.ts';

const NOT_DUE = { outcome: 'skipped', code: 'NOT_DUE', dryRun: true } as const;

const fresh = () => newRepository({ fresh: true });

describe('enroll', () => {
  test('begins the state from what verifies, opens the keys, signs a probe, and gives the verdict of the next run', async () => {
    const r = await fresh();
    const before = r.hosting.contents();
    const outcome = await enrol(r);
    expect(outcome).toMatchObject({ ...NOT_DUE, version: 3 });
    expect(outcome.keyIds).toEqual(r.signedOf('root.json').roles.timestamp!.keyids);
    expect(r.hosting.contents()).toEqual(before);
    expect(r.source).toMatchObject({ openings: 1, probes: 1, signatures: 0 });
    expect(r.log.filter((call) => call.includes('putIf'))).toEqual([
      'state putIf journal.json',
      'state putIf root-chain.json',
    ]);
    expect(r.journal()).toMatchObject({ epoch: 0, floor: 0, seen: { version: 3 }, probedAt: '2026-11-24T00:00:00Z' });
    expect(r.journal().identity).toMatchObject({ pin: { version: 1 }, keys: [{ keytype: 'ed25519' }] });
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'signed', version: 4 });
  });

  test('counts the versions up to --accept-version as used', async () => {
    const r = await fresh();
    await expect(enrol(r, { acceptVersion: 40 })).resolves.toMatchObject(NOT_DUE);
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'signed', version: 41 });
  });

  test('keeps the roots up to the newest', async () => {
    const r = await fresh();
    await r.publishRoot();
    await enrol(r);
    expect(keptVersions(r)).toEqual([1, 2]);
  });

  test('takes in more roots than one run would: it can keep none before all hold', async () => {
    const r = await fresh();
    for (let count = 0; count < 40; count++) await r.publishRoot();
    await expect(enrol(r)).resolves.toMatchObject(NOT_DUE);
    await expect(r.run()).resolves.toMatchObject({ code: 'NOT_DUE', warnings: [] });
  });

  test('says what is due when the timestamp has expired', async () => {
    const r = await fresh();
    r.pass(20 * 86_400);
    await expect(enrol(r)).resolves.toMatchObject({ outcome: 'signed', code: 'SIGNED', dryRun: true, version: 3 });
    expect(r.source.signatures).toBe(0);
  });

  test('allows the timestamp key in the snapshot role if that is said', async () => {
    const r = await fresh();
    await shareKey(r, 'snapshot');
    await expect(enrol(r, { allowSharedSnapshotKey: true })).resolves.toMatchObject(NOT_DUE);
    const { warnings } = await r.run();
    expect(warnings.map(({ code }) => code)).toEqual(['KEY_IN_OTHER_ROLE']);
  });

  test.each<{ given: string; code: Outcome['code']; arrange: (r: Repository) => unknown; said?: Said; says: RegExp }>([
    {
      given: 'a state that exists',
      code: 'ACCEPT_INVALID',
      arrange: (r) => r.enrol(),
      says: /enrolled already.* --again/,
    },
    {
      given: 'a journal alone',
      code: 'ACCEPT_INVALID',
      arrange: async (r) => {
        await r.enrol();
        r.state.objects.delete('root-chain.json');
      },
      says: /enrolled already/,
    },
    {
      given: 'a root chain alone',
      code: 'ACCEPT_INVALID',
      arrange: async (r) => {
        await r.enrol();
        r.state.objects.delete('journal.json');
      },
      says: /enrolled already/,
    },
    {
      given: 'no timestamp',
      code: 'NO_BASELINE',
      arrange: (r) => {
        r.remove('timestamp.json');
      },
      says: /timestamp\.json is missing/,
    },
    {
      given: 'no root that is trusted',
      code: 'NO_BASELINE',
      arrange: () => undefined,
      said: { trustedRoot: undefined } as never,
      says: /No root is trusted yet\. The published root\.json has version 1 and SHA-256 [0-9a-f]{64};/,
    },
    {
      given: 'a trusted root that its own keys did not sign',
      code: 'ROOT_INVALID',
      arrange: (r) => {
        r.flipSignature('1.root.json');
      },
      says: /^The trusted root \(version 1\) is not signed by its own root keys/,
    },
    {
      given: "another repository's root",
      code: 'SIGNATURE_INVALID',
      arrange: async (r) => {
        const other = await fresh();
        r.put('1.root.json', other.bytes('1.root.json'));
      },
      says: /no valid signature/,
    },
    {
      given: 'a key that the root does not list',
      code: 'KEY_NOT_IN_ROOT',
      arrange: (r) => {
        r.source.keys = [newEd25519Key()];
      },
      says: /does not list our key/,
    },
    {
      given: 'a timestamp key that is the snapshot key too',
      code: 'KEY_IN_OTHER_ROLE',
      arrange: (r) => shareKey(r, 'snapshot'),
      says: /for the role snapshot too/,
    },
    ...(['root', 'targets'] as const).map((role) => ({
      given: `a timestamp key that is the key of the role ${role} too, whatever is allowed (61)`,
      code: 'KEY_IN_OTHER_ROLE' as const,
      arrange: (r: Repository) => shareKey(r, role),
      said: { allowSharedSnapshotKey: true },
      says: new RegExp(`for the role ${role} too`),
    })),
    {
      given: 'a key that signs nothing that its public half verifies',
      code: 'OWN_OUTPUT_INVALID',
      arrange: (r) => {
        const other = newEd25519Key();
        r.source.keys = [{ publicKey: r.keys.timestamp.publicKey, sign: (message) => other.sign(message) }];
      },
      says: /does not verify with its public half/,
    },
    {
      given: '--accept-version below the published version',
      code: 'ACCEPT_INVALID',
      arrange: () => undefined,
      said: { acceptVersion: 2 },
      says: /--accept-version is 2, below the published version 3/,
    },
    {
      given: '--accept-version without any version above it',
      code: 'VERSION_EXHAUSTED',
      arrange: () => undefined,
      said: { acceptVersion: Number.MAX_SAFE_INTEGER },
      says: /timestamp\.json has version 9007199254740991; no higher one/,
    },
    {
      given: '--accept-snapshot that is not the published version',
      code: 'ACCEPT_INVALID',
      arrange: () => undefined,
      said: { acceptSnapshot: 3 },
      says: /--accept-snapshot is 3, but the published snapshot has version 2/,
    },
    {
      given: '--accept-timestamp that no root ever allowed',
      code: 'ACCEPT_INVALID',
      arrange: () => undefined,
      said: { acceptedTimestamp: Buffer.from('{}') },
      says: /signed by no key/,
    },
  ])('refuses $code and writes nothing, given $given', async ({ code, arrange, said = {}, says }) => {
    const r = await fresh();
    await arrange(r);
    const before = { hosting: r.hosting.contents(), state: r.state.contents() };
    const outcome = await enrol(r, said);
    expect(outcome).toMatchObject({ outcome: 'refused', code, dryRun: true });
    expect(outcome.message).toMatch(says);
    expect({ hosting: r.hosting.contents(), state: r.state.contents() }).toEqual(before);
    expect(r.source.signatures).toBe(0);
  });
});

describe('enroll --again', () => {
  test('raises the epoch by 1 and the floor by 100 above every version that is known', async () => {
    const r = await newRepository();
    await r.signed({ force: true });
    await expect(enrolAgain(r)).resolves.toMatchObject({ ...NOT_DUE, version: 5 });
    expect(r.journal()).toMatchObject({ epoch: 1, floor: 105, seen: { version: 5 } });
    expect(r.journal().entry).toBeUndefined();
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'signed', version: 106 });
    await enrolAgain(r);
    expect(r.journal()).toMatchObject({ epoch: 2, floor: 206 });
  });

  test('counts an entry that was never published, and a floor that was higher', async () => {
    const r = await newRepository();
    r.hosting.before = ({ do: what }) => {
      if (what === 'putIf') throw new Error('killed');
    };
    await expect(r.run({ force: true })).rejects.toThrow('killed');
    r.hosting.before = () => undefined;
    await enrolAgain(r);
    expect(r.journal().floor).toBe(105);
    await enrolAgain(r);
    expect(r.journal().floor).toBe(205);
  });

  test("counts a version of somebody else's that was seen, although a lower one is published now", async () => {
    const r = await newRepository();
    const old = r.copy();
    await r.publishTimestamp({ version: 40 });
    await r.run();
    r.restore(old, 'timestamp.json');
    await enrolAgain(r);
    expect(r.journal()).toMatchObject({ floor: 140, seen: { version: 4 } });
  });

  test('takes a version as far ahead as a run would, without --accept-version', async () => {
    const r = await newRepository();
    await r.publishTimestamp({ version: 1_000_004 });
    await expect(enrolAgain(r)).resolves.toMatchObject(NOT_DUE);
    expect(r.journal()).toMatchObject({ floor: 1_000_104 });
  });

  test.each([
    { given: 'no snapshot', snapshot: undefined, tells: 'what else it says', epoch: 4 },
    { given: 'a number for a snapshot', snapshot: 2, tells: 'nothing', epoch: 1 },
    { given: 'a snapshot whose hash is a number', snapshot: { version: 2, sha256: 7 }, tells: 'the rest', epoch: 4 },
  ])('takes from an old journal with $given $tells', async ({ snapshot, epoch }) => {
    const r = await newRepository();
    r.editJournal((journal) => Object.assign(journal, { snapshot, epoch: 3 }));
    await expect(enrolAgain(r)).resolves.toMatchObject(NOT_DUE);
    expect(r.journal()).toMatchObject({ epoch, floor: 104 });
  });

  test('counts --accept-version where the old journal tells nothing', async () => {
    const r = await newRepository();
    r.state.objects.set('journal.json', Buffer.from('<html>'));
    await enrolAgain(r, { acceptVersion: 900 });
    expect(r.journal()).toMatchObject({ epoch: 1, floor: 1_000 });
  });

  test('never unsees a root: one that the repository hides now stays in the chain', async () => {
    const r = await newRepository();
    const fresh = await r.rotateTimestampKey();
    r.source.keys = [fresh];
    await r.signed();
    const kept = r.state.contents()['root-chain.json'];
    r.remove('2.root.json');
    const outcome = await enrolAgain(r);
    expect(outcome).toMatchObject(NOT_DUE);
    expect(r.state.contents()['root-chain.json']).toBe(kept);
    r.source.keys = [r.keys.timestamp];
    await expect(enrolAgain(r)).resolves.toMatchObject({ outcome: 'refused', code: 'KEY_NOT_IN_ROOT' });
  });

  test('never unsees a root, also where a later one than before is trusted now', async () => {
    const r = await newRepository();
    await r.publishRoot();
    await r.publishRoot();
    await r.run();
    r.remove('3.root.json');
    await expect(enrolAgain(r, { trustedRoot: r.bytes('2.root.json') })).resolves.toMatchObject(NOT_DUE);
    expect(keptVersions(r)).toEqual([2, 3]);
  });

  test('takes another root as the pin, and drops the chain that does not hold it', async () => {
    const r = await newRepository();
    const other = await newRepository({ fresh: true });
    for (const [name, bytes] of other.hosting.objects) r.put(name, bytes);
    r.source.keys = [other.keys.timestamp];
    await expect(r.run()).resolves.toMatchObject({ outcome: 'refused' });
    await expect(enrolAgain(r, { acceptSnapshot: 2 })).resolves.toMatchObject({ ...NOT_DUE, version: 3 });
    await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'signed', version: 105 });
  });

  test.each<{ given: string; code: Outcome['code']; arrange: (r: Repository) => unknown; said: Said; says: RegExp }>([
    {
      given: 'a version that jumped, and another --accept-version',
      code: 'VERSION_JUMP',
      arrange: (r) => r.publishTimestamp({ version: 1_000_005 }),
      said: { acceptVersion: 1_000_006 },
      says: /add --accept-version 1000005/,
    },
    {
      given: 'an older snapshot, and no --accept-snapshot',
      code: 'SNAPSHOT_ROLLBACK',
      arrange: olderSnapshot,
      said: {},
      says: /version 2, 3 was endorsed; if it is right, add --accept-snapshot 2/,
    },
    {
      given: 'another snapshot of the endorsed version, and no --accept-snapshot',
      code: 'EQUIVOCATION',
      arrange: otherSnapshot,
      said: {},
      says: /version 2 .*add --accept-snapshot 2/,
    },
    {
      given: 'an older snapshot than the timestamp names',
      code: 'SNAPSHOT_ROLLBACK',
      arrange: async (r) => {
        const old = r.copy();
        await r.publish();
        await r.run();
        r.restore(old, 'snapshot.json');
      },
      said: { acceptSnapshot: 2 },
      says: /version 2; timestamp\.json names 3/,
    },
  ])('refuses $code and writes nothing, given $given', async ({ code, arrange, said, says }) => {
    const r = await newRepository();
    await arrange(r);
    const before = { hosting: r.hosting.contents(), state: r.state.contents() };
    const outcome = await enrolAgain(r, said);
    expect(outcome).toMatchObject({ outcome: 'refused', code });
    expect(outcome.message).toMatch(says);
    expect({ hosting: r.hosting.contents(), state: r.state.contents() }).toEqual(before);
  });

  test.each(['journal.json', 'root-chain.json'])(
    'that somebody overtakes at %s says so, and repeated it holds',
    async (file) => {
      const r = await newRepository();
      let overtaken = false;
      r.state.before = ({ do: what, name }) => {
        if (overtaken || what !== 'putIf' || name !== file) return;
        overtaken = true;
        const text = Buffer.from(r.state.objects.get(file)!).toString();
        r.state.objects.set(file, Buffer.from(`${text} `));
      };
      await expect(enrolAgain(r)).resolves.toMatchObject({ outcome: 'refused', code: 'ACCEPT_INVALID' });
      await expect(enrolAgain(r)).resolves.toMatchObject(NOT_DUE);
      await expect(r.run({ force: true })).resolves.toMatchObject({ outcome: 'signed' });
    },
  );
});

describe('enroll where the configuration has a pin', () => {
  /** A fresh repository whose configuration pins its first root, and another repository. */
  async function withPin(): Promise<{ r: Repository; other: Repository }> {
    const r = await fresh();
    const [{ version, sha256 }] = beginChain(r.bytes('1.root.json'));
    r.trust = { ...r.trust, pin: { version, sha256 } };
    return { r, other: await newRepository({ fresh: true, consistent: false }) };
  }

  test.each<{ given: string; arrange: (r: Repository, other: Repository) => Said }>([
    {
      given: 'the pinned root',
      arrange: (r) => {
        const trustedRoot = r.bytes('1.root.json');
        r.remove('1.root.json');
        return { trustedRoot };
      },
    },
    { given: 'no root, and has the pinned one', arrange: () => ({ trustedRoot: undefined }) as never },
    {
      given: 'another root, and has the pinned one',
      arrange: (_, other) => ({ trustedRoot: other.bytes('1.root.json') }),
    },
  ])('begins with the pinned root, given $given', async ({ arrange }) => {
    const { r, other } = await withPin();
    await expect(enrol(r, arrange(r, other))).resolves.toMatchObject(NOT_DUE);
    expect(r.journal().identity.pin).toEqual(r.trust.pin);
  });

  test.each<{ given: string; arrange: (r: Repository, other: Repository) => unknown; says: RegExp }>([
    {
      given: 'no pinned root',
      arrange: (r) => {
        r.remove('1.root.json');
      },
      says: /has no 1\.root\.json/,
    },
    {
      given: "another repository's in its place",
      arrange: (r, other) => {
        r.put('1.root.json', other.bytes('1.root.json'));
      },
      says: /is not the pinned root/,
    },
  ])('is refused as ROOT_PIN_MISMATCH, given $given', async ({ arrange, says }) => {
    const { r, other } = await withPin();
    await arrange(r, other);
    const outcome = await enrol(r, { trustedRoot: undefined } as never);
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'ROOT_PIN_MISMATCH' });
    expect(outcome.message).toMatch(says);
    expect(r.state.contents()).toEqual({});
  });
});

describe('enroll with roots that the repository does not show', () => {
  /** Publishes two roots, and hides them again. */
  async function hiddenRoots(r: Repository): Promise<readonly Uint8Array[]> {
    const before = r.copy();
    await r.publishRoot();
    await r.publishRoot();
    const roots = [r.bytes('3.root.json'), r.bytes('2.root.json')];
    r.restore(before, 'root.json', '2.root.json', '3.root.json');
    return roots;
  }

  test('keeps them, in whatever order they are given', async () => {
    const r = await fresh();
    await expect(enrol(r, { roots: await hiddenRoots(r) })).resolves.toMatchObject(NOT_DUE);
    expect(keptVersions(r)).toEqual([1, 2, 3]);
    expect(r.journal()).toMatchObject({ newestRoot: { version: 3 } });
  });

  test('appends them to what an older state kept, which may hold some already', async () => {
    const r = await newRepository();
    const roots = await hiddenRoots(r);
    await enrolAgain(r, { roots: [roots[1]!] });
    expect(keptVersions(r)).toEqual([1, 2]);
    await enrolAgain(r, { roots });
    expect(keptVersions(r)).toEqual([1, 2, 3]);
  });

  test('refuses another root of a version that is kept', async () => {
    const r = await newRepository();
    const [, second] = await hiddenRoots(r);
    await r.publishRoot((root) => (root.x = 1));
    await r.run();
    const before = r.state.contents();
    const outcome = await enrolAgain(r, { roots: [second!] });
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'ROOT_PIN_MISMATCH' });
    expect(outcome.message).toBe('The given root has version 2 like one of the trusted chain, but other contents.');
    expect(r.state.contents()).toEqual(before);
  });
});

describe('enroll of keys that are to sign elsewhere', () => {
  test.each([
    { given: 'a secret with a version', version: 'v-1' },
    { given: 'no secret', version: undefined },
  ])('installs those that the root lists and no other, with $given', async ({ version }) => {
    const r = await fresh();
    r.source.keys = [newEd25519Key(), r.keys.timestamp];
    const installed: string[] = [];
    const install = (keys: readonly PublicKey[]) => {
      installed.push(...keys.map(({ content }) => content));
      return Promise.resolve(version);
    };
    await expect(enrol(r, { material: { signsHere: true, install } })).resolves.toMatchObject(NOT_DUE);
    expect(installed).toEqual([r.keys.timestamp.publicKey.content]);
    expect(r.journal().identity).toMatchObject({ keys: [{ keytype: 'ed25519' }] });
    expect(r.journal().identity).not.toHaveProperty('keyFingerprint');
    expect((r.journal().identity as { secretVersion?: string }).secretVersion).toBe(version);
    expect(r.source.probes).toBe(1);
  });

  test('signs no probe where whoever enrols may not sign', async () => {
    const r = await fresh();
    const material = { signsHere: false, install: () => Promise.resolve(undefined) };
    await expect(enrol(r, { material })).resolves.toMatchObject(NOT_DUE);
    expect(r.source).toMatchObject({ openings: 1, probes: 0 });
  });
});

function keptVersions(r: Repository): readonly number[] {
  const { roots } = JSON.parse(r.state.contents()['root-chain.json']!) as { roots: string[] };
  return roots.map((root) => (JSON.parse(root) as { signed: { version: number } }).signed.version);
}

/** Each refusal that a person must decide, or mend, and what then leads to a signature in at most two runs. */
interface Wedge {
  readonly code: Outcome['code'];
  readonly given: string;
  readonly policy?: 'advance';
  readonly arrange: (r: Repository) => unknown;
  readonly way: string;
  readonly out: (r: Repository) => unknown;
}

describe('L-8: there is a way out of', () => {
  const wedges: readonly Wedge[] = [
    {
      code: 'JOURNAL_MISSING',
      given: 'a lost journal',
      arrange: (r) => {
        r.state.objects.delete('journal.json');
      },
      way: 'enroll --again',
      out: enrolled(),
    },
    {
      code: 'JOURNAL_INVALID',
      given: 'a damaged journal',
      arrange: (r) => {
        r.state.objects.set('journal.json', Buffer.from('{'));
      },
      way: 'enroll --again',
      out: enrolled(),
    },
    {
      code: 'JOURNAL_FOREIGN',
      given: 'a journal of another name',
      arrange: (r) => {
        r.editJournal(({ identity }) => {
          identity.repository = 'other';
        });
      },
      way: 'enroll --again',
      out: enrolled(),
    },
    {
      code: 'JOURNAL_FROM_FUTURE',
      given: 'a journal of 2031',
      arrange: (r) => {
        r.editJournal(({ entry }) => {
          entry!.issuedAt = '2031-01-01T00:00:00Z';
        });
      },
      way: 'enroll --again',
      out: enrolled(),
    },
    {
      code: 'ROOT_PIN_MISMATCH',
      given: "another repository's root chain",
      arrange: async (r) => {
        const other = await newRepository({ consistent: false });
        r.state.objects.set('root-chain.json', other.state.objects.get('root-chain.json')!);
      },
      way: 'enroll --again',
      out: enrolled(),
    },
    {
      code: 'ROOT_CHAIN_INVALID',
      given: 'a damaged root chain',
      arrange: (r) => {
        r.state.objects.set('root-chain.json', Buffer.from('{'));
      },
      way: 'enroll --again',
      out: enrolled(),
    },
    {
      code: 'ROOT_CHAIN_INVALID',
      given: 'a damaged root chain',
      arrange: (r) => {
        r.state.objects.set('root-chain.json', Buffer.from('{'));
      },
      way: 'removing it',
      out: (r) => r.state.objects.delete('root-chain.json'),
    },
    {
      code: 'VERSION_JUMP',
      given: 'a version 1,000,001 higher',
      arrange: (r) => r.publishTimestamp({ version: 1_000_005 }),
      way: 'enroll --again --accept-version',
      out: enrolled({ acceptVersion: 1_000_005 }),
    },
    {
      code: 'VERSION_JUMP',
      given: 'a version 1,000,001 higher',
      arrange: (r) => r.publishTimestamp({ version: 1_000_005 }),
      way: 'a new timestamp key',
      out: rotateKey,
    },
    {
      code: 'VERSION_EXHAUSTED',
      given: 'the highest version of all',
      arrange: (r) => r.publishTimestamp({ version: Number.MAX_SAFE_INTEGER }),
      way: 'a new timestamp key',
      out: rotateKey,
    },
    {
      code: 'SNAPSHOT_ROLLBACK',
      given: 'an older snapshot and the timestamp that names it',
      arrange: olderSnapshot,
      way: 'enroll --again --accept-snapshot',
      out: enrolled({ acceptSnapshot: 2 }),
    },
    {
      code: 'SNAPSHOT_ROLLBACK',
      given: 'an older snapshot and the timestamp that names it',
      arrange: olderSnapshot,
      way: 'a new publish',
      out: (r) => r.publish({ snapshot: 4, timestamp: 9 }),
    },
    {
      code: 'SNAPSHOT_MISSING',
      given: 'no snapshot',
      arrange: (r) => {
        r.remove('snapshot.json');
        r.pass(3_600);
      },
      way: 'a new publish',
      out: (r) => r.publish({ snapshot: 3 }),
    },
    {
      code: 'SNAPSHOT_MISMATCH',
      given: 'a snapshot that was changed',
      arrange: (r) => {
        r.edit('snapshot.json', (text) => `${text} `);
      },
      way: 'a new publish',
      out: (r) => r.publish(),
    },
    {
      code: 'SNAPSHOT_NOT_ENDORSED',
      given: 'a snapshot that no timestamp names, for two checks',
      arrange: async (r) => {
        await r.publishSnapshot();
        await r.run();
        r.pass(7_200);
      },
      way: 'the timestamp that goes with it',
      out: (r) => r.publishTimestamp(),
    },
    {
      code: 'SNAPSHOT_NOT_ENDORSED',
      given: 'a snapshot that no timestamp names, for two checks',
      arrange: async (r) => {
        await r.publishSnapshot();
        await r.run();
        r.pass(7_200);
      },
      way: 'advance mode',
      out: (r) => {
        r.policy = { ...r.policy, mode: 'advance' };
      },
    },
    {
      code: 'EQUIVOCATION',
      given: 'a second snapshot of one version',
      arrange: otherSnapshot,
      way: 'a higher snapshot',
      out: (r) => r.publish(),
    },
    {
      code: 'EQUIVOCATION',
      given: 'a second snapshot of one version',
      arrange: otherSnapshot,
      way: 'enroll --again --accept-snapshot',
      out: enrolled({ acceptSnapshot: 2 }),
    },
    {
      code: 'PUBLISHED_SNAPSHOT_MISSING',
      given: 'a receipt that has been ahead for a day',
      arrange: async (r) => {
        r.putState('expected.json', { version: 3, sha256: 'f'.repeat(64) });
        await r.run();
        r.pass(86_400);
      },
      way: 'a higher publish',
      out: (r) => r.publish({ snapshot: 4 }),
    },
    {
      code: 'KEY_NOT_IN_ROOT',
      given: 'a root that removed our key',
      arrange: (r) => r.rotateTimestampKey(),
      way: 'another root, with a key of ours',
      out: (r) =>
        r.publishRoot((signed) => {
          listKey(signed, 'timestamp', r.keys.timestamp);
        }),
    },
    {
      code: 'ROOT_INVALID',
      given: 'a next root that nobody may sign',
      arrange: (r) => r.publishRoot(() => undefined, [newEd25519Key()]),
      way: 'a right one in its place',
      out: async (r) => {
        r.put('root.json', r.bytes('1.root.json'));
        await r.publishRoot();
      },
    },
    {
      code: 'METADATA_ROLLBACK',
      given: 'advance mode, and a snapshot in which targets went back',
      policy: 'advance',
      arrange: async (r) => {
        await r.publishTargets(1);
        await r.publishSnapshot();
      },
      way: 'a snapshot in which they did not',
      out: async (r) => {
        await r.publishTargets(5);
        await r.publishSnapshot();
      },
    },
    {
      code: 'TARGETS_MISSING',
      given: 'advance mode, and no targets',
      policy: 'advance',
      arrange: (r) => {
        r.remove('targets.json');
      },
      way: 'a new publish',
      out: (r) => r.publish({ targets: 3 }),
    },
    {
      code: 'PAUSE_INVALID',
      given: 'a damaged pause',
      arrange: (r) => {
        r.putState('pause.json', {});
      },
      way: 'removing it',
      out: (r) => r.state.objects.delete('pause.json'),
    },
    {
      code: 'AMBIGUOUS_FIELD',
      given: 'a timestamp that clients read in two ways',
      arrange: (r) =>
        r.resign('timestamp.json', (signed) => {
          signed.Version = 9;
        }),
      way: 'a clean publish',
      out: async (r) => {
        r.remove('timestamp.json');
        await r.publishTimestamp({ version: 10 });
      },
    },
  ];

  test.each(wedges)('$code, given $given: $way', async ({ code, policy, arrange, out }) => {
    const r = await newRepository(policy === undefined ? {} : { policy: { mode: policy } });
    await arrange(r);
    expect(await stuck(r)).toMatchObject({ outcome: 'refused', code });
    await out(r);
    const outcomes = [await r.run({ force: true })];
    if (outcomes[0]!.outcome !== 'signed') outcomes.push(await r.run({ force: true }));
    expect(outcomes.at(-1)).toMatchObject({ outcome: 'signed' });
    r.pass(3_600);
    await r.run();
    r.pass(3_600);
    await expect(r.run()).resolves.toMatchObject({ code: 'NOT_DUE' });
  });

  test('a timestamp whose key was removed by a root that came within one check: enroll --again --accept-timestamp', async () => {
    const r = await newRepository();
    await r.publish(); // never seen by us
    const published = r.bytes('timestamp.json');
    const key = await r.rotateTimestampKey();
    r.source.keys = [key];
    r.pass(2 * 3_600);
    await expect(r.run()).resolves.toMatchObject({ code: 'PUBLISH_IN_PROGRESS' });
    r.pass(2 * 3_600);
    await expect(r.run()).resolves.toMatchObject({ outcome: 'refused', code: 'SNAPSHOT_NOT_ENDORSED' });
    await expect(enrolAgain(r)).resolves.toMatchObject({ outcome: 'refused', code: 'SIGNATURE_INVALID' });
    await expect(enrolAgain(r, { acceptedTimestamp: published })).resolves.toMatchObject({
      outcome: 'signed',
      code: 'HEALED_ROOT_CHANGED',
      dryRun: true,
    });
    await expect(r.run()).resolves.toMatchObject({ outcome: 'signed', code: 'HEALED_ROOT_CHANGED', version: 106 });
    expect(r.client().snapshot.version).toBe(3);
  });
});

/** What the run of after the next check says too: a publish may be one check under way. */
async function stuck(r: Repository): Promise<Outcome> {
  const first = await r.run();
  if (first.outcome === 'refused') return first;
  r.pass(3_600);
  return r.run();
}

function enrolled(said: Said = {}) {
  return async (r: Repository) => {
    const outcome = await enrolAgain(r, said);
    expect(outcome.outcome).not.toBe('refused');
  };
}

/** The timestamp key is replaced; what the old one signed counts no longer. */
async function rotateKey(r: Repository): Promise<void> {
  r.source.keys = [await r.rotateTimestampKey()];
}

/** We endorsed snapshot 3, and somebody put back timestamp and snapshot of version 2. */
async function olderSnapshot(r: Repository): Promise<void> {
  const old = r.copy();
  await r.publish();
  await r.run();
  r.restore(old, 'snapshot.json', 'timestamp.json');
}

/** Somebody signed a second snapshot of version 2, and a timestamp that names it. */
async function otherSnapshot(r: Repository): Promise<void> {
  await r.publishSnapshot({
    version: 2,
    change: (signed) => {
      signed.x = 1;
    },
  });
  await r.publishTimestamp();
}

/** A root in which the timestamp key is another role's too. */
async function shareKey(r: Repository, role: 'root' | 'snapshot' | 'targets'): Promise<void> {
  await r.publishRoot((signed) => {
    listKey(signed, role, r.keys[role], r.keys.timestamp);
  });
}
