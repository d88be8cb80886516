import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { secretName, signerFunctionName } from '../../lib/contract/names.ts';
import { describeDeployed } from './describe-deployed.ts';
import { DEPLOYMENT, NAME, SIGNING, TWO_DAYS } from './world.ts';

/** As the README says, "Remove it". */
await describeDeployed('a deployment that is removed', (world, peer) => {
  let scratch = '';
  const lambda = new LambdaClient(world.client(SIGNING));
  const secrets = new SecretsManagerClient(world.client(SIGNING));
  const FunctionName = signerFunctionName(DEPLOYMENT, NAME);

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'removal-'));
    process.env.SSL_CERT_FILE = world.emulator.certificate; // go-tuf's client
    await world.makeRepository(peer, new Date(Date.now() - TWO_DAYS));
    await world.configure();
    await world.deploy();
    await world.publishAll();
    await peer.clientInit(join(scratch, 'state'), join(world.published, '1.root.json'));
  });
  afterAll(async () => {
    await world.end();
    await rm(scratch, { recursive: true });
  });

  const client = async () => {
    const { ok, error, versions } = await peer.clientUpdate(join(scratch, 'state'), world.edge.url);
    return { ok, error, ...versions };
  };

  test('has signed', async () => {
    expect(await world.enroll()).toMatchObject({ status: 0 });
    await world.invoke();
    expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 4 });
  });

  const removable = ['-c', 'removable=true'];
  const secretArn = async () =>
    (await secrets.send(new DescribeSecretCommand({ SecretId: secretName(DEPLOYMENT, NAME) }))).ARN!;

  test('is protected against a removal by mistake', async () => {
    const { status, stdout, stderr } = await world.cdk('destroy', '--all', '--force');
    expect(status).not.toBe(0);
    expect(stdout + stderr).toMatch(/termination ?protection/i);
    expect((await world.invoke()).outcome.code).toBe('NOT_DUE');
  });

  test('leaves the repository, the state and the secret where they are', async () => {
    await world.redeploy(...removable);
    expect(await world.cdk('destroy', '--all', '--force', ...removable)).toMatchObject({ status: 0 });
    await expect(lambda.send(new GetFunctionCommand({ FunctionName }))).rejects.toThrow();
    expect(await world.version()).toBe(4);
    expect(await secretArn()).toContain('timekeeper/');
  });

  test('is not deployed over what stayed by chance', async () => {
    // Removable: of a stack that was never complete the protection would have to be lifted by hand.
    const { status, stderr } = await world.cdk('deploy', '--all', '--require-approval', 'never', ...removable);
    expect(status).not.toBe(0);
    expect(stderr).toContain('failed creation');
  });

  test('takes up again what stayed, and goes on where it was', async () => {
    const mapping = JSON.stringify({ OrbitPassphrase: { Id: await secretArn() } });
    expect(await world.cdk('import', `${DEPLOYMENT}-signing`, '--resource-mapping-inline', mapping)).toMatchObject({
      status: 0,
    });
    await world.redeploy('--import-existing-resources');
    expect((await world.invoke()).outcome).toMatchObject({ code: 'NOT_DUE', version: 4 });
    await world.vandalise('timestamp.json');
    expect((await world.invoke()).outcome).toMatchObject({ code: 'HEALED_MISSING', version: 5 });
    expect(await client()).toMatchObject({ ok: true, error: undefined, timestamp: 5 });
    expect((await world.timekeeper(['audit', NAME])).stdout).toContain('nothing is wrong');
    expect((await world.look()).outcome.code).toBe('HEALTHY');
  });
});
