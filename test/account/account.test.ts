import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { initRepository } from '../../lib/authoring/init.ts';
import { pageName } from '../../lib/contract/alarms.ts';
import { METRICS_NAMESPACE } from '../../lib/contract/metrics.ts';
import { hostingBucketName, keyAliasName, publisherRoleName, secretName, stateBucketName, watchBucketName } from '../../lib/contract/names.ts'; // prettier-ignore
import { openKeyFile } from '../../lib/keys/key-file.ts';
import { instantOf } from '../../lib/tuf/instant.ts';
import { Checkout, type Ended } from '../deployed/checkout.ts';
import { looselyCanonical } from '../tuf/loose-json.ts';
import { deleteBucket, deleteKey, deleteSecret } from './leftovers.ts';

const account = process.env.TIMEKEEPER_ACCOUNT;
const region = process.env.AWS_REGION;
if (account === undefined || region === undefined)
  throw new Error(
    'This deploys into a real AWS account and removes it again; it costs some cents, and a KMS key stays for seven days. ' +
      'Write the twelve digits of the account into TIMEKEEPER_ACCOUNT and the region into AWS_REGION, be logged in there, and have the CDK bootstrapped.',
  );

/** Policies bind everybody there, and what is measured gets there. Against a local AWS only the way through all this can be tried. */
const isAws = process.env.AWS_ENDPOINT_URL === undefined;

const DEPLOYMENT = `tk-${randomBytes(3).toString('hex')}`;
const PLACE = { account, region };
const PASSPHRASE = Buffer.from('a passphrase for a test');
const TWO_DAYS = 2 * 86_400_000;
const NAMES = ['filed', 'kept'] as const; // the key in a file, and in KMS
type Name = (typeof NAMES)[number];

const s3 = new S3Client({ region, forcePathStyle: !isAws });
const secrets = new SecretsManagerClient({ region });
const kms = new KMSClient({ region });
const sts = new STSClient({ region });
const cloudWatch = new CloudWatchClient({ region });

describe('a deployment in a real account', () => {
  let checkout: Checkout;
  const urls = new Map<Name, string>();
  const work = (name: Name) => join(checkout.folder, name);
  const bucket = (name: Name) => hostingBucketName(DEPLOYMENT, name, PLACE);
  const environment = { ...process.env, FLEET_TIMESTAMP_PASSPHRASE: PASSPHRASE.toString() };
  const removable = ['-c', 'removable=true'];
  const cdk = (...words: string[]) => checkout.cdk(words, process.env);
  const timekeeper = (...words: string[]) => checkout.timekeeper(words, environment);

  beforeAll(async () => {
    const { Account } = await sts.send(new GetCallerIdentityCommand({}));
    if (Account !== account) throw new Error(`You are logged in to ${Account}, and TIMEKEEPER_ACCOUNT is ${account}.`);
    checkout = await Checkout.make();
    const repositories: Record<string, object> = {};
    for (const [name, type] of [
      ['filed', 'go-tuf-file'],
      ['kept', 'kms-ed25519'],
    ] as const) {
      // prettier-ignore
      const passphrases = { root: PASSPHRASE, targets: PASSPHRASE, snapshot: PASSPHRASE, timestamp: PASSPHRASE };
      await initRepository(work(name), { passphrases }, instantOf(Date.now() - TWO_DAYS));
      const sha256 = createHash('sha256')
        .update(await readFile(join(work(name), 'repository', '1.root.json')))
        .digest('hex');
      const root = { version: 1, sha256 };
      repositories[name] = { hosting: {}, root, key: { type }, check: '1 minute', resignAfter: '1 hour' };
    }
    await checkout.configure({ name: DEPLOYMENT, repositories });
  });
  afterAll(async () => {
    await cdk('destroy', '--all', '--force', ...removable);
    const buckets = [...NAMES.map(bucket), stateBucketName(DEPLOYMENT, PLACE), watchBucketName(DEPLOYMENT, PLACE)];
    for (const name of buckets) await deleteBucket(s3, name);
    await deleteSecret(secrets, secretName(DEPLOYMENT, 'filed'));
    await deleteKey(kms, keyAliasName(DEPLOYMENT, 'kept'));
    await checkout.remove();
  });

  const published = async (name: Name): Promise<number> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket(name), Key: 'timestamp.json' }));
    return versionOf(await Body!.transformToString());
  };

  const publish = async (name: Name, file: string, Body: Uint8Array) => {
    const RoleArn = `arn:aws:iam::${account}:role/${publisherRoleName(DEPLOYMENT, name)}`;
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
    const credentials = { accessKeyId: Credentials!.AccessKeyId!, secretAccessKey: Credentials!.SecretAccessKey!, sessionToken: Credentials!.SessionToken! }; // prettier-ignore
    const publisher = new S3Client({ region, credentials, forcePathStyle: !isAws });
    await publisher.send(new PutObjectCommand({ Bucket: bucket(name), Key: file, Body }));
  };

  test('is made', async () => {
    const outputs = join(checkout.folder, 'outputs.json');
    expectSuccess(await cdk('deploy', '--all', '--require-approval', 'never', '--outputs-file', outputs, ...removable));
    const text = await readFile(outputs, 'utf8');
    for (const name of NAMES) {
      const stack = (JSON.parse(text) as Record<string, Record<string, string>>)[`${DEPLOYMENT}-${name}-hosting`];
      urls.set(
        name,
        Object.values(stack ?? {}).find((value) => value.startsWith('https://'))!,
      );
    }
    expect(Array.from(urls.keys())).toEqual(NAMES);
  });

  test('signs by itself once it is enrolled', async () => {
    for (const name of NAMES) {
      const folder = join(work(name), 'repository');
      for (const file of await readdir(folder)) await publish(name, file, await readFile(join(folder, file)));
    }
    expectSuccess(await timekeeper('enroll', 'filed', '--key', join(work('filed'), 'keys', 'timestamp.json')));
    await until(async () => (await published('filed')) === 2, 240);
    expectSuccess(await timekeeper('audit', 'filed'));
  });

  test('signs with a key in KMS once the root lists it', async () => {
    const asked = await timekeeper('enroll', 'kept');
    expect(asked.stdout + asked.stderr).toContain('KEY_NOT_IN_ROOT');
    const [id, key] = /^ {2}([0-9a-f]{64})$[^]*^(\{"keytype".*\})$/m.exec(asked.stdout + asked.stderr)!.slice(1);
    const root = await nextRoot(work('kept'), id!, key!);
    await publish('kept', '2.root.json', root);
    await publish('kept', 'root.json', root);
    expectSuccess(await timekeeper('enroll', 'kept'));
    await until(async () => (await published('kept')) === 2, 240);
  });

  test('sets alarms off', async () => {
    expectSuccess(await timekeeper('drill', 'filed', 'signing-refused'));
    if (!isAws) return;
    const AlarmNames = [pageName(DEPLOYMENT, 'filed', 'signing')];
    await until(async () => {
      const asked = new DescribeAlarmsCommand({ AlarmNames, AlarmTypes: ['CompositeAlarm'] });
      return (await cloudWatch.send(asked)).CompositeAlarms?.[0]?.StateValue === 'ALARM';
    }, 120);
  });

  test('is not changed by a second deployment', async () => {
    const again = await cdk('deploy', '--all', '--require-approval', 'never', ...removable);
    expect((again.stdout + again.stderr).match(/\(no changes\)/g)).toHaveLength(NAMES.length + 2);
  });

  if (isAws)
    describe('as only AWS can show it', () => {
      test('serves clients through CloudFront, and 404 for what is not there', async () => {
        for (const [name, url] of urls) {
          const root = join(work(name), 'repository', '1.root.json');
          expectSuccess(await timekeeper('verify', url, '--trusted-root', root));
          expect(await Promise.all(['9.root.json', '', '/timestamp.json'].map(async (path) => (await fetch(`${url}${path}`)).status))).toEqual([404, 404, 200]); // prettier-ignore
          await fetch(`${url}1.root.json`);
          expect((await fetch(`${url}1.root.json`)).headers.get('x-cache')).toBe('Hit from cloudfront');
        }
      });

      test('lets nobody else near, not even whoever deployed it', async () => {
        const state = stateBucketName(DEPLOYMENT, PLACE);
        const forbidden: (() => Promise<unknown>)[] = [
          () => s3.send(new PutObjectCommand({ Bucket: bucket('filed'), Key: 'timestamp.json', Body: 'x' })),
          () =>
            s3.send(new PutObjectCommand({ Bucket: state, Key: 'filed/journal.json', Body: 'x', IfNoneMatch: '*' })),
          () => s3.send(new GetObjectCommand({ Bucket: state, Key: 'filed/journal.json' })),
          () => secrets.send(new GetSecretValueCommand({ SecretId: secretName(DEPLOYMENT, 'filed') })),
          () => kms.send(new SignCommand({ KeyId: keyAliasName(DEPLOYMENT, 'kept'), Message: Buffer.from('x'), SigningAlgorithm: 'ED25519_SHA_512' })), // prettier-ignore
        ];
        for (const attempt of forbidden) await expect(attempt()).rejects.toThrow(/denied|not authorized/i);
      });

      test('tells CloudWatch of every run', async () => {
        const asked = () =>
          cloudWatch.send(
            new GetMetricStatisticsCommand({
              Namespace: METRICS_NAMESPACE,
              MetricName: 'Runs',
              Dimensions: [{ Name: 'repository', Value: 'filed' }],
              StartTime: new Date(Date.now() - 3_600_000),
              EndTime: new Date(),
              Period: 300,
              Statistics: ['Sum'],
            }),
          );
        await expect(
          until(async () => ((await asked()).Datapoints ?? []).some(({ Sum = 0 }) => Sum > 0), 600),
        ).resolves.toBeUndefined();
      });
    });
});

function expectSuccess({ status, stdout, stderr }: Ended): void {
  if (status !== 0) throw new Error(`It ended with ${status}:\n${stdout}\n${stderr}`);
}

async function until(isSo: () => Promise<boolean>, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`It was not so after ${seconds} seconds.`);
    await wait(5_000);
  }
}

function versionOf(text: string): number {
  return (JSON.parse(text) as { readonly signed: { readonly version: number } }).signed.version;
}

/** The root ceremony: root 2, in which the timestamp role has one key more. */
async function nextRoot(work: string, id: string, key: string): Promise<Buffer> {
  const { signed } = JSON.parse(await readFile(join(work, 'repository', '1.root.json'), 'utf8')) as RootFile;
  signed.version = 2;
  signed.keys[id] = JSON.parse(key) as object;
  signed.roles.timestamp!.keyids.push(id);
  const [holder] = await openKeyFile(await readFile(join(work, 'keys', 'root.json')), PASSPHRASE);
  const sig = Buffer.from(await holder!.sign(looselyCanonical(signed))).toString('hex');
  const root = Buffer.from(JSON.stringify({ signed, signatures: [{ keyid: signed.roles.root!.keyids[0], sig }] }));
  await writeFile(join(work, 'repository', '2.root.json'), root);
  return root;
}

interface RootFile {
  readonly signed: {
    version: number;
    keys: Record<string, object>;
    roles: Record<string, { readonly keyids: string[] }>;
  };
}
