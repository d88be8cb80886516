import { describe, expect, test } from '@jest/globals';
import type { KeyMaterial } from '../../lib/refresh/enroll.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { replaceKeyOf } from './enrolment.ts';
import { listKey, newRepository, type Repository } from './repository.ts';

const HEALED = { outcome: 'signed', code: 'HEALED_ROOT_CHANGED' } as const;

/** Notes each installation. */
function materialOf(installed: string[]): KeyMaterial {
  return {
    signsHere: true,
    install: (keys) => {
      installed.push(keys.map(({ content }) => content).join());
      return Promise.resolve(`v-${installed.length}`);
    },
  };
}

function puts(r: Repository): readonly string[] {
  return r.log.filter((call) => call.includes('putIf'));
}

/** The root lists a new key in place of ours, which we hold now. */
async function rotated(): Promise<Repository> {
  const r = await newRepository();
  r.source.keys = [await r.rotateTimestampKey()];
  r.log.length = 0;
  return r;
}

/** What is to stay in a journal. */
function stays(r: Repository) {
  const { epoch, floor, entry, snapshot } = r.journal();
  return { epoch, floor, entry, snapshot };
}

describe('an enrolled repository gets other key material', () => {
  test('and nothing is begun again: the journal stays, and names the new material and the newest root', async () => {
    const r = await rotated();
    const before = stays(r);
    const installed: string[] = [];
    const outcome = await replaceKeyOf(r, { material: materialOf(installed) });
    expect(outcome).toMatchObject({ ...HEALED, dryRun: true, version: 4 });
    expect(outcome.keyIds).toEqual(r.signedOf('root.json').roles.timestamp!.keyids);
    expect(installed).toEqual([r.source.keys[0]!.publicKey.content]);
    expect(r.source).toMatchObject({ openings: 1, probes: 1, signatures: 0 });
    expect(puts(r)).toEqual(['state putIf root-chain.json', 'state putIf journal.json']);
    expect(stays(r)).toEqual(before);
    expect(r.journal()).toMatchObject({
      newestRoot: { version: 2 },
      identity: { secretVersion: 'v-1', keys: [{ keytype: 'ed25519' }] },
      probedAt: '2026-11-24T01:00:00Z',
    });
    await expect(r.run()).resolves.toMatchObject({ ...HEALED, version: 5 });
  });

  test('with a root that the repository does not show', async () => {
    const r = await rotated();
    const root = r.bytes('2.root.json');
    r.put('root.json', r.bytes('1.root.json'));
    r.remove('2.root.json');
    await expect(replaceKeyOf(r, { roots: [root] })).resolves.toMatchObject(HEALED);
    expect(r.state.contents()['root-chain.json']).toContain('\\"version\\":2');
    await expect(r.run()).resolves.toMatchObject({ ...HEALED, version: 5 });
  });

  test('with a root that the repository does not show, also where the kept chain is missing', async () => {
    const r = await rotated();
    const root = r.bytes('2.root.json');
    r.put('root.json', r.bytes('1.root.json'));
    r.remove('2.root.json');
    r.state.objects.delete('root-chain.json');
    await expect(replaceKeyOf(r, { roots: [root] })).resolves.toMatchObject(HEALED);
    expect(r.state.contents()['root-chain.json']).toContain('\\"version\\":2');
    await expect(r.run()).resolves.toMatchObject({ ...HEALED, version: 5 });
  });

  test('without a write of the chain where all of it is kept, and reading each file once where no root is given', async () => {
    const r = await newRepository();
    r.log.length = 0;
    await expect(replaceKeyOf(r)).resolves.toMatchObject({ code: 'NOT_DUE' });
    expect(puts(r)).toEqual(['state putIf journal.json']);
    expect(r.log.filter((call) => call === 'state get journal.json')).toHaveLength(1);
  });

  test.each<{ given: string; arrange: (r: Repository) => unknown }>([
    { given: 'is missing', arrange: (r) => r.state.objects.delete('root-chain.json') },
    {
      given: 'a journal of release 0.1 does not name',
      arrange: (r) => {
        r.editJournal((journal) => Object.assign(journal, { newestRoot: undefined }));
      },
    },
  ])('and a chain that $given is kept with it', async ({ arrange }) => {
    const r = await newRepository();
    const chain = r.state.contents()['root-chain.json'];
    arrange(r);
    r.log.length = 0;
    await expect(replaceKeyOf(r)).resolves.toMatchObject({ code: 'NOT_DUE' });
    expect(puts(r)).toEqual(['state putIf root-chain.json', 'state putIf journal.json']);
    expect(r.state.contents()['root-chain.json']).toBe(chain);
  });
});

describe('nothing is installed and nothing is written', () => {
  test.each<{ given: string; code: string; arrange: (r: Repository) => unknown }>([
    {
      given: 'a key that the root does not list',
      code: 'KEY_NOT_IN_ROOT',
      arrange: (r) => {
        r.source.keys = [newEd25519Key()];
      },
    },
    {
      given: 'a key that is in another role too',
      code: 'KEY_IN_OTHER_ROLE',
      arrange: async (r) => {
        await r.publishRoot((root) => {
          listKey(root, 'targets', r.keys.targets, r.keys.timestamp);
        });
        await r.run();
      },
    },
    {
      given: 'a key that signs nothing that its public half verifies',
      code: 'OWN_OUTPUT_INVALID',
      arrange: (r) => {
        const other = newEd25519Key();
        r.source.keys = [{ publicKey: r.keys.timestamp.publicKey, sign: (message) => other.sign(message) }];
      },
    },
    {
      given: 'a snapshot that was changed',
      code: 'SNAPSHOT_MISMATCH',
      arrange: (r) => {
        r.edit('snapshot.json', (text) => `${text} `);
      },
    },
    {
      given: 'no chain that the given root could go on with',
      code: 'KEY_NOT_IN_ROOT',
      arrange: (r) => {
        r.state.objects.delete('root-chain.json');
        r.source.keys = [newEd25519Key()];
      },
    },
    {
      given: 'no journal',
      code: 'JOURNAL_MISSING',
      arrange: (r) => {
        r.state.objects.delete('journal.json');
      },
    },
    {
      given: 'no state',
      code: 'NO_BASELINE',
      arrange: (r) => {
        r.state.objects.clear();
      },
    },
  ])('where it is refused as $code, given $given', async ({ code, arrange }) => {
    const r = await newRepository();
    await arrange(r);
    const root = await unpublishedRoot(r);
    const before = r.state.contents();
    const installed: string[] = [];
    const outcome = await replaceKeyOf(r, { material: materialOf(installed), roots: [root] });
    expect(outcome).toMatchObject({ outcome: 'refused', code });
    expect(installed).toEqual([]);
    expect(r.state.contents()).toEqual(before);
  });
});

describe('whoever else writes the state meanwhile', () => {
  test.each(['journal.json', 'root-chain.json'])('by %s: it is decided again, and installed once', async (file) => {
    const r = await rotated();
    touchBeforePut(r, file, 1);
    const installed: string[] = [];
    await expect(replaceKeyOf(r, { material: materialOf(installed) })).resolves.toMatchObject(HEALED);
    expect(installed).toHaveLength(1);
    expect(r.journal().identity).toMatchObject({ secretVersion: 'v-1' });
  });

  test.each(['journal.json', 'root-chain.json'])('by %s three times in a row wins', async (file) => {
    const r = await rotated();
    const touched = touchBeforePut(r, file, Infinity);
    const outcome = await replaceKeyOf(r, { material: materialOf([]) });
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'LOST_RACE' });
    expect(outcome.message).toContain('3 times');
    expect(touched()).toBe(3);
    expect(r.journal().identity).not.toHaveProperty('secretVersion');
  });
});

/** The next root, which is published nowhere. */
async function unpublishedRoot(r: Repository): Promise<Uint8Array> {
  const before = r.copy();
  await r.publishRoot();
  const file = `${r.versionOf('root.json')}.root.json`;
  const root = r.bytes(file);
  r.restore(before, 'root.json', file);
  return root;
}

/** Somebody changes a file of the state each time just before it is put, so many times. */
function touchBeforePut(r: Repository, file: string, times: number): () => number {
  let count = 0;
  r.state.before = ({ do: what, name }) => {
    if (what !== 'putIf' || name !== file || count === times) return;
    count++;
    r.state.objects.set(file, Buffer.concat([r.state.objects.get(file)!, Buffer.from(' ')]));
  };
  return () => count;
}
