import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { formatInstant } from '../../lib/tuf/instant.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import { type Deployment, deploy, type DeploymentOptions, tearDown } from './deployment.ts';

const DAY = 86_400;

await describeWithGoTuf('a client of go-tuf v0.5.2 that holds the old state', (peer) => {
  let scratch = '';
  afterEach(async () => {
    await tearDown();
    if (scratch !== '') await rm(scratch, { recursive: true });
    scratch = '';
  });

  /** The client, and what it says to the bucket as it is now. */
  async function clientOf(d: Deployment) {
    scratch = await mkdtemp(join(tmpdir(), 'lambda-'));
    const state = join(scratch, 'client');
    await writeFile(join(scratch, '1.root.json'), d.published('1.root.json')!);
    await peer.clientInit(state, join(scratch, '1.root.json'));
    return async () => {
      for (const key of d.hosting.keys()) {
        const bytes = d.hosting.current(key)?.bytes;
        if (bytes !== undefined) await writeFile(join(scratch, key.replace('tuf/', '')), bytes);
      }
      const { ok, error, versions } = await peer.clientUpdate(state, scratch, {
        now: formatInstant(d.repository.now),
      });
      return { ok, error, ...versions };
    };
  }

  const cases: readonly (DeploymentOptions & {
    readonly given: string;
    readonly before: number;
  })[] = [
    { given: "go-tuf's key file", key: { fixture: 'go-tuf-v0.5.2' }, before: 3 },
    { given: 'a rotated key', key: { fixture: 'rotated' }, before: 4 },
    { given: 'consistent snapshots', key: { fixture: 'consistent' }, before: 4 },
    { given: 'an ECDSA key file', key: { fixture: 'ecdsa-key' }, before: 1 },
    { given: 'an RSA key file', key: { fixture: 'rsa-key' }, before: 1 },
    { given: 'KMS Ed25519', key: 'kms-ed25519', before: 3 },
    { given: 'KMS P-256', key: 'kms-p256', before: 3 },
    { given: 'KMS RSA', key: 'kms-rsa', before: 3 },
  ];
  test.each(cases)('accepts what the Lambda published: $given', async ({ before, ...options }) => {
    const d = await deploy(options);
    const update = await clientOf(d);
    expect(await update()).toMatchObject({ ok: true, timestamp: before });
    d.pass(3 * DAY);
    expect((await d.run()).outcome.code).toBe('SIGNED');
    expect(await update()).toMatchObject({ ok: true, timestamp: before + 1 });
    d.pass(13 * DAY); // long after what it held before would have expired
    expect(await update()).toMatchObject({ ok: true, timestamp: before + 1 });
  });

  test.each([{ consistent: false }, { consistent: true }])(
    'accepts a newer snapshot that the Lambda endorsed (consistent snapshots: $consistent)',
    async ({ consistent }) => {
      const d = await deploy({ mode: 'advance', consistent });
      const update = await clientOf(d);
      expect(await update()).toMatchObject({ ok: true, timestamp: 3, snapshot: 2 });
      await d.repository.publishTargets();
      await d.repository.publishSnapshot();
      d.upload();
      expect((await d.run()).outcome.code).toBe('SIGNED');
      expect(await update()).toMatchObject({ ok: true, timestamp: 4, snapshot: 3, targets: 3 });
    },
  );

  test('gets on after a rollback that the Lambda healed', async () => {
    const d = await deploy({ key: { fixture: 'go-tuf-v0.5.2' } });
    const update = await clientOf(d);
    const old = d.published('timestamp.json');
    for (let time = 0; time < 2; time++) {
      d.pass(3 * DAY);
      await d.run();
    }
    expect(await update()).toMatchObject({ ok: true, timestamp: 5 });
    d.tamper('timestamp.json', old);
    expect(await update()).toMatchObject({ ok: false });
    expect((await d.run()).outcome.code).toBe('HEALED_ROLLBACK');
    expect(await update()).toMatchObject({ ok: true, timestamp: 6 });
  });
});
