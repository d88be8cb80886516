import { createHash } from 'node:crypto';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { GoTuf } from '../peers/go-tuf.ts';
import { NOW } from './timekeeper.ts';
import { Client, copyOf, enrolledCopyOf, newPath, type WorkingCopy } from './working-copy.ts';

const passphrases = {
  root: 'rootpw',
  targets: 'targetspw',
  snapshot: 'snapshotpw',
  timestamp: 'timestämp5#$#@',
} as const;

/** What go-tuf v0.5.2 writes when it re-signs the fixture at {@link NOW}: Ed25519 signatures are the same each time. */
const GO_TUF_WRITES = [
  {
    fixture: 'go-tuf-v0.5.2',
    what: 'of the ordinary kind',
    sha256: '1644738639b3eda13dbb1009e38a8c3160ff954381e1573c2b6c4e0a6fad99aa',
  },
  {
    fixture: 'rotated',
    what: 'with an old and a new key in its file',
    sha256: '52acb929393b23ef79383f7d91a243d136361b22e5eabb9500db9f659562698e',
  },
  {
    fixture: 'consistent',
    what: 'with consistent snapshots',
    sha256: '1f209db678173264180231f8987cd22b0c901525034b3fda57429811433f3011',
  },
  {
    fixture: 'plain-key',
    what: 'with a key file that is not encrypted',
    sha256: '5b3609cdcdcb505f5786e81331c91812cab53520533a571f4ec13e7448b163c1',
  },
  {
    fixture: 'scrypt-65536',
    what: 'with a key file of newer go-tufs (N=65536)',
    sha256: '05caee929ed6b24c5594ebb1972e72be7b761936a5c52c037658e5c11f45505f',
  },
  {
    fixture: 'scrypt-131072',
    what: 'with a key file of newer go-tufs (N=131072)',
    sha256: '2dee16b8f2bb9fb009ebdebdb675f7bcb816c8af65a41464aeae0403e62a7a83',
  },
] as const;

const RANDOMISED = [{ fixture: 'ecdsa-key' }, { fixture: 'rsa-key' }];

describe('resign writes the very bytes that go-tuf writes for the same version, expiry and key', () => {
  test.each(GO_TUF_WRITES)('for a repository $what', async ({ fixture, sha256 }) => {
    const copy = await resigned(fixture);
    expect(createHash('sha256').update(copy.timestamp).digest('hex')).toBe(sha256);
  });
});

await describeWithGoTuf('beside go-tuf v0.5.2', (peer) => {
  describe('resign writes the same bytes', () => {
    test.each(GO_TUF_WRITES)('for a repository $what', async ({ fixture, sha256 }) => {
      const theirs = await resignedByGoTuf(peer, fixture);
      expect(createHash('sha256').update(theirs.timestamp).digest('hex')).toBe(sha256);
      expect((await resigned(fixture)).timestamp).toEqual(theirs.timestamp);
    });

    test.each(RANDOMISED)('but for the signature, which is randomised, with an $fixture', async ({ fixture }) => {
      const theirs = await resignedByGoTuf(peer, fixture);
      const ours = await resigned(fixture);
      expect(withoutSignatures(ours)).toBe(withoutSignatures(theirs));
      expect(ours.timestamp).not.toEqual(theirs.timestamp);
      await expectAccepted(peer, ours, fixture);
    });

    test.each(['go-tuf-v0.5.2', 'rotated', 'consistent', 'plain-key'])(
      'when both sign the repository %s by turns',
      async (fixture) => {
        const shared = copyOf(fixture);
        const alone = copyOf(fixture);
        const look = await goTufClient(peer, shared);
        for (let day = 24; day <= 27; day++) {
          const now = `2026-11-${day}T09:00:00Z`;
          await peer.timestamp(alone.folder, { now, passphrases });
          if (day % 2 === 0) await shared.json(['resign', '--force', ...trust(shared)], { now });
          else await peer.timestamp(shared.folder, { now, passphrases });
          expect(shared.timestamp).toEqual(alone.timestamp);
          expect(await look(now)).toMatchObject({ ok: true, versions: { timestamp: alone.signed().version } });
        }
      },
    );

    test('after another publish with go-tuf', async () => {
      const [shared, alone] = [copyOf(), copyOf()];
      await shared.json(['resign', ...trust(shared)]);
      const source = newPath();
      writeFileSync(source, 'tiny\n');
      const now = '2026-11-24T12:00:00Z';
      for (const copy of [shared, alone]) {
        await peer.add(
          copy.folder,
          { source, version: '6', paths: ['osqueryd/linux/6/osqueryd'] },
          { now, passphrases },
        );
      }
      const later = '2026-11-25T12:00:00Z';
      await peer.timestamp(alone.folder, { now: later, passphrases });
      expect(await shared.json(['resign', '--force'], { now: later })).toMatchObject({ outcome: 'signed' });
      expect(shared.timestamp).toEqual(alone.timestamp);
    });
  });

  describe('a client of go-tuf that holds the old state accepts', () => {
    test.each(['go-tuf-v0.5.2', 'rotated', 'consistent', 'plain-key', 'ecdsa-key', 'rsa-key', 'scrypt-65536'])(
      'what we sign for the repository %s',
      async (fixture) => {
        await expectAccepted(peer, await resigned(fixture), fixture);
      },
    );

    test.each<{ given: string; arrange: (copy: WorkingCopy, old: Buffer) => void; code: string }>([
      {
        given: 'a timestamp.json that was deleted',
        arrange: (copy) => {
          unlinkSync(copy.path('repository', 'timestamp.json'));
        },
        code: 'HEALED_MISSING',
      },
      {
        given: 'a timestamp.json of 0 bytes, as a go-tuf that was killed leaves it',
        arrange: (copy) => {
          copy.timestamp = '';
        },
        code: 'HEALED_GARBAGE',
      },
      {
        given: 'a timestamp.json that is cut in half',
        arrange: (copy) => {
          copy.timestamp = copy.timestamp.subarray(0, 300);
        },
        code: 'HEALED_GARBAGE',
      },
      {
        given: 'an old timestamp.json that was put back',
        arrange: (copy, old) => {
          copy.timestamp = old;
        },
        code: 'HEALED_ROLLBACK',
      },
    ])('what we make of $given', async ({ arrange, code }) => {
      const copy = await enrolledCopyOf();
      const old = copy.timestamp;
      const look = await goTufClient(peer, copy);
      for (let round = 0; round < 2; round++) {
        await copy.json(['resign', '--force']);
        expect(await look(NOW)).toMatchObject({ ok: true });
      }
      arrange(copy, old);
      expect(await look(NOW)).toMatchObject({ ok: false });
      expect(await copy.json(['resign', '--force'])).toMatchObject({ code, version: 6 });
      expect(await look(NOW)).toMatchObject({ ok: true, versions: { timestamp: 6 } });
    });

    test('what we make of a timestamp that was recorded but not published', async () => {
      const copy = await enrolledCopyOf();
      const look = await goTufClient(peer, copy);
      const old = copy.timestamp;
      await copy.json(['resign', '--force']);
      copy.timestamp = old;
      expect(await copy.json(['resign'])).toMatchObject({ code: 'HEALED_UNPUBLISHED', version: 5 });
      expect(await look(NOW)).toMatchObject({ ok: true, versions: { timestamp: 5 } });
    });
  });

  test('go-tuf goes on from what we signed, and keeps nothing of ours', async () => {
    const copy = await resigned('go-tuf-v0.5.2');
    await peer.timestamp(copy.folder, { now: NOW, passphrases });
    expect(copy.signed().version).toBe(5);
    await expectAccepted(peer, copy, 'go-tuf-v0.5.2');
  });
});

const trust = (copy: WorkingCopy) => ['--trusted-root', copy.path('repository', '1.root.json')];

async function resigned(fixture: string): Promise<WorkingCopy> {
  const copy = copyOf(fixture);
  expect(await copy.json(['resign', '--force', ...trust(copy)])).toMatchObject({ code: 'SIGNED' });
  return copy;
}

/** Go-tuf v0.5.2 reads no key file but with N=32768, so its copy gets one. */
async function resignedByGoTuf(peer: GoTuf, fixture: string): Promise<WorkingCopy> {
  const copy = copyOf(fixture);
  if (fixture.startsWith('scrypt-')) await peer.reencrypt(copy.path('keys', 'timestamp.json'), 32_768, passphrases);
  await peer.timestamp(copy.folder, { now: NOW, passphrases });
  return copy;
}

function withoutSignatures(copy: WorkingCopy): string {
  return copy.timestamp.toString().replace(/"sig":"[0-9a-f]+"/g, '"sig":""');
}

/** Both clients take it, after they saw the fixture as it was before. */
async function expectAccepted(peer: GoTuf, copy: WorkingCopy, fixture: string): Promise<void> {
  const before = copyOf(fixture);
  const { version } = copy.signed();
  const client = new Client(before.bytes('repository', '1.root.json'));
  client.update(before.repository);
  expect(client.update(copy.repository).timestamp.version).toBe(version);

  const state = newPath();
  await peer.clientInit(state, before.path('repository', '1.root.json'));
  expect(await peer.clientUpdate(state, before.repository, { now: NOW, targets: true })).toMatchObject({ ok: true });
  expect(await peer.clientUpdate(state, copy.repository, { now: NOW, targets: true })).toMatchObject({
    ok: true,
    versions: { timestamp: version },
  });
}

async function goTufClient(peer: GoTuf, copy: WorkingCopy) {
  const state = newPath();
  await peer.clientInit(state, join(copy.repository, '1.root.json'));
  const look = (now: string) => peer.clientUpdate(state, copy.repository, { now });
  expect(await look(NOW)).toMatchObject({ ok: true });
  return look;
}
