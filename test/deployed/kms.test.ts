import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeDeployed } from './describe-deployed.ts';
import { NAME, PASSPHRASES } from './world.ts';

/** As docs/key-rotation.md says, "From a key file to AWS KMS". */
await describeDeployed(
  'a repository that go-tuf made just now, whose key moves from a file to AWS KMS',
  (world, peer) => {
    let scratch = '';
    const passphrases = PASSPHRASES;

    beforeAll(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'kms-'));
      process.env.SSL_CERT_FILE = world.emulator.certificate; // go-tuf's client
      await world.makeRepository(peer, new Date());
      await configure('go-tuf-file');
      await world.deploy();
      await world.publishAll();
      await peer.clientInit(join(scratch, 'state'), join(world.published, '1.root.json'));
    });
    afterAll(async () => {
      await world.end();
      await rm(scratch, { recursive: true });
    });

    const configure = (type: string) => world.configure({ key: { type }, resignAfter: '3 days' });

    const client = async () => {
      const { ok, error, versions } = await peer.clientUpdate(join(scratch, 'state'), world.edge.url);
      return { ok, error, ...versions };
    };

    test('is signed before it is due where somebody forces it', async () => {
      expect(await world.enroll()).toMatchObject({ status: 0 });
      const before = await world.version();
      expect(await world.asked('resign', NAME)).toMatchObject({ status: 0, outcome: { code: 'NOT_DUE' } });
      expect(await world.asked('resign', NAME, '--force')).toMatchObject({ status: 0, outcome: { code: 'SIGNED' } });
      expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: before + 1 });
    });

    test('gets its new key while it is paused: enroll prints the public half, and refuses until the root lists it', async () => {
      const paused = await world.timekeeper(['pause', NAME, '--for', '3 days', '--reason', 'moving the key to KMS']);
      expect(paused.status).toBe(0);
      await configure('kms-ed25519');
      await world.redeploy();

      const asked = await world.timekeeper(['enroll', NAME]);
      expect(asked.stdout + asked.stderr).toContain('KEY_NOT_IN_ROOT');
      const [printed = ''] = /\{.*"keyval".*\}/.exec(asked.stdout + asked.stderr) ?? [];
      await world.takeTimestamp(); // go-tuf counts on from the one that it has
      await peer.addKey(world.work, 'timestamp', JSON.parse(printed) as object, { passphrases });
      await world.publishAll();
      const enrolled = await world.timekeeper(['enroll', NAME]);
      expect(enrolled.stderr + enrolled.stdout).toMatch(/dry run.*PAUSED/);
      expect(await world.asked('resign', NAME)).toMatchObject({ status: 1, outcome: { code: 'PAUSED' } });
      expect(await world.timekeeper(['resume', NAME])).toMatchObject({ status: 0 });
    });

    test('signs with the key in KMS from then on; the client that followed all along accepts it', async () => {
      expect(await client()).toMatchObject({ ok: true, error: undefined, root: 2 });
      expect(await world.asked('resign', NAME)).toMatchObject({ status: 0, outcome: { code: 'NOT_DUE' } });
      await world.vandalise('timestamp.json');
      expect((await world.invoke()).outcome).toMatchObject({ outcome: 'signed', code: 'HEALED_MISSING' });
      const version = await world.version();
      expect(await client()).toMatchObject({ ok: true, error: undefined, root: 2, timestamp: version });
    });

    test('says what it signed with which key', async () => {
      const { status, stdout } = await world.timekeeper(['audit', NAME]);
      expect(status).toBe(0);
      expect(stdout).toContain('nothing is wrong');
    });
  },
);
