import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import { Client, FIXTURES } from '../cli/working-copy.ts';
import { NOW, ours, WORDS } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'fixtures-'));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const given = { passphrases: WORDS };

/** What go-tuf makes in ways that fleetctl does not: other key types, newer key files, consistent snapshots, rotations behind it. */
const ALL = ['go-tuf-v0.5.2', 'rotated', 'consistent', 'plain-key', 'ecdsa-key', 'rsa-key', 'scrypt-65536', 'scrypt-131072'] as const; // prettier-ignore

await describeWithGoTuf('a repository of another making', (peer) => {
  test.each(ALL)('%s is signed, added to and rotated, and a client of go-tuf with memory follows', async (fixture) => {
    const folder = join(scratch, fixture);
    cpSync(join(FIXTURES, fixture), folder, { recursive: true });
    const state = join(scratch, `${fixture} client`);
    await peer.clientInit(state, join(folder, 'repository', '1.root.json'));
    const ourClient = new Client(readFileSync(join(folder, 'repository', '1.root.json')));
    const follow = async () => {
      const check = await peer.clientUpdate(state, join(folder, 'repository'), { now: NOW, targets: true });
      expect(check.error).toBeUndefined();
      return ourClient.update(join(folder, 'repository'));
    };
    const before = await follow();

    await ours.timestamp(folder, given);
    expect((await follow()).timestamp.version).toBe(before.timestamp.version + 1);

    const file = join(scratch, `${fixture} artefact`);
    writeFileSync(file, fixture);
    await ours.add(folder, { file, name: 'nudge', platform: 'macos', version: '1', tags: ['stable'] }, given);
    const added = await follow();
    expect(Array.from(added.targets.get('targets')!.targets.keys())).toEqual(
      expect.arrayContaining([...before.targets.get('targets')!.targets.keys(), 'nudge/macos/stable/nudge']),
    );

    for (const role of ['timestamp', 'root'] as const) await ours.rotate(folder, role, { ...given, random: role });
    const rotated = await follow();
    expect(rotated.root.version).toBe(before.root.version + 2);
    expect(rotated.root.consistentSnapshot).toBe(before.root.consistentSnapshot);
    await peer.timestamp(folder, { now: NOW, passphrases: WORDS }); // what we wrote, key files too, it reads
    await follow();
  });
});
