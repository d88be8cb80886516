import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { targetPaths, type Artefact } from '../../lib/authoring/target-paths.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { GoTuf } from '../peers/go-tuf.ts';
import { contentOf, NOW, ours, WORDS } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'same-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** An artefact of a few bytes. */
function artefact(content: string, rest: Partial<Artefact> = {}): Artefact {
  const file = newPlace();
  writeFileSync(file, content);
  return { file, name: 'osqueryd', platform: 'linux', version: '5.0.1', tags: ['5', 'stable'], ...rest };
}

async function peerAdds(peer: GoTuf, folder: string, added: Artefact, options: object): Promise<void> {
  const { file, version } = added;
  await peer.add(folder, { source: file, version, paths: targetPaths(added) }, options);
}

await describeWithGoTuf('with the same keys, salts, nonces and clock, every file is equal to go-tuf’s', (peer) => {
  describe.each([
    { keys: 'encrypted', passphrases: WORDS, consistentSnapshots: false },
    { keys: 'plain', passphrases: {}, consistentSnapshots: false },
    { keys: 'plain, consistent snapshots', passphrases: {}, consistentSnapshots: true },
  ])('$keys', ({ passphrases, consistentSnapshots }) => {
    test('after init, timestamp, add, and a rotation of each role', async () => {
      const [our, their] = [newPlace(), newPlace()];
      const options = (random: string) => ({ now: NOW, passphrases, random });
      const same = () => {
        expect(contentOf(our)).toEqual(contentOf(their));
      };

      await ours.init(our, { ...options('init'), consistentSnapshots });
      await peer.init(their, { ...options('init'), consistentSnapshot: consistentSnapshots });
      same();
      await ours.timestamp(our, options('timestamp'));
      await peer.timestamp(their, options('timestamp'));
      same();
      for (const added of [artefact('one'), artefact('two', { version: '5.0.2 <&>', tags: ['stable', '𝒳', 'ﬀ'] })]) {
        await ours.add(our, added, options('add'));
        await peerAdds(peer, their, added, options('add'));
        same();
      }
      for (const [index, role] of (['timestamp', 'snapshot', 'targets', 'root', 'root'] as const).entries()) {
        await ours.rotate(our, role, options(`rotate ${index}`));
        await peer.rotate(their, role, options(`rotate ${index}`));
        same();
      }
    });
  });

  test('after several artefacts in one commit, each with a version of its own', async () => {
    const [our, their] = [newPlace(), newPlace()];
    const options = (random: string) => ({ now: NOW, random });
    await ours.init(our, options('init'));
    await peer.init(their, options('init'));
    const first = artefact('one');
    const others = [artefact('two', { name: 'a', tags: [] }), artefact('three', { name: 'z', version: '7' })]; // prettier-ignore
    for (const artefacts of [[first], [{ ...first, version: '5.0.2' }, ...others]]) {
      const list = artefacts.map((added) => ({
        source: added.file,
        version: added.version,
        paths: targetPaths(added),
      }));
      await ours.addAll(our, artefacts, options('add'));
      await peer.addList(their, list, options('add'));
      expect(contentOf(our)).toEqual(contentOf(their));
    }
  });

  test('a fraction of a second is rounded as Go does', async () => {
    for (const now of ['2026-11-24T00:00:00.499Z', '2026-11-24T00:00:00.5Z']) {
      const [our, their] = [newPlace(), newPlace()];
      await ours.init(our, { now, random: 'a' });
      await peer.init(their, { now, random: 'a' });
      expect(contentOf(our)).toEqual(contentOf(their));
    }
  });
});
