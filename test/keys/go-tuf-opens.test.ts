import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openKeyFile, sealKeyFile } from '../../lib/keys/key-file.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { encodeJson } from '../../lib/tuf/encode-json.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import { PASSPHRASE, readKeyFile } from './fixture-keys.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const NOW = '2026-11-24T00:00:00Z';
const ANOTHER = 'übung macht <&> "den" \\Meister';

await describeWithGoTuf('go-tuf', (peer) => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'keys-'));
  });
  afterAll(() => rm(scratch, { recursive: true }));

  async function copyOf(fixture: string): Promise<string> {
    const dir = await mkdtemp(join(scratch, 'copy-'));
    await cp(join(FIXTURES, fixture), dir, { recursive: true });
    return dir;
  }

  async function expectAccepted(dir: string): Promise<void> {
    const state = await mkdtemp(join(scratch, 'client-'));
    await peer.clientInit(state, join(dir, 'repository', 'root.json'));
    await expect(peer.clientUpdate(state, join(dir, 'repository'), { now: NOW })).resolves.toMatchObject({ ok: true });
  }

  test.each([
    { fixture: 'go-tuf-v0.5.2', passphrase: ANOTHER },
    { fixture: 'go-tuf-v0.5.2', passphrase: undefined },
    { fixture: 'rotated', passphrase: ANOTHER },
    { fixture: 'ecdsa-key', passphrase: ANOTHER },
    { fixture: 'rsa-key', passphrase: ANOTHER },
    { fixture: 'scrypt-131072', passphrase: ANOTHER },
  ])(
    'signs with the key file of $fixture that we wrote again (passphrase: $passphrase)',
    async ({ fixture, passphrase }) => {
      const dir = await copyOf(fixture);
      const keys = await openKeyFile(await readKeyFile(fixture), PASSPHRASE);
      const file = await sealKeyFile(keys, passphrase === undefined ? undefined : Buffer.from(passphrase, 'utf8'));
      await writeFile(join(dir, 'keys', 'timestamp.json'), file);
      await peer.timestamp(dir, { now: NOW, passphrases: passphrase === undefined ? {} : { timestamp: passphrase } });
      await expectAccepted(dir);
    },
  );

  test('signs with a key that we made, under the key id that we computed', async () => {
    const dir = await copyOf('go-tuf-v0.5.2');
    const key = newEd25519Key();
    const passphrases = { root: 'rootpw', targets: 'targetspw', snapshot: 'snapshotpw', timestamp: ANOTHER };
    const old = { ...passphrases, timestamp: PASSPHRASE.toString() };
    const object = JSON.parse(Buffer.from(encodeJson(key.publicKey.json)).toString()) as object;
    await expect(peer.addKey(dir, 'timestamp', object, { now: NOW, passphrases: old })).resolves.toBe(
      keyId(key.publicKey.json),
    );
    await writeFile(join(dir, 'keys', 'timestamp.json'), await sealKeyFile([key], Buffer.from(ANOTHER)));
    await peer.timestamp(dir, { now: NOW, passphrases });
    const timestamp = JSON.parse(await readFile(join(dir, 'repository', 'timestamp.json'), 'utf8')) as {
      readonly signatures: readonly { readonly keyid: string }[];
    };
    expect(timestamp.signatures.map(({ keyid }) => keyid)).toEqual([keyId(key.publicKey.json)]);
    await expectAccepted(dir);
  });
});
