import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sealKeyFile } from '../../lib/keys/key-file.ts';
import { keyFileSource } from '../../lib/keys/key-file-source.ts';
import { kmsKeySource } from '../../lib/keys/kms.ts';
import { newEd25519Key, type PrivateKey } from '../../lib/keys/private-key.ts';
import { isUsable, parseKey } from '../../lib/tuf/key.ts';
import { tufKeyFromSpki } from '../../lib/keys/public-key.ts';
import type { KeySource } from '../../lib/keys/signer.ts';
import type { KmsKey } from '../aws/kms.ts';
import { startLocalAws, type LocalAws } from '../aws/local-aws.ts';
import { expectNoSecret } from '../keys/no-secret.ts';
import { runWith } from './enrolment.ts';
import { listKey, newRepository, type Repository } from './repository.ts';

const WORDS = 'Xylophon-Quark-Zwölf';
const PASSPHRASE = Buffer.from(WORDS);

interface KeyFile {
  data: { kdf: { params: { N: number; r: number; p: number } }; ciphertext: string };
}

/** A key file in memory, and how often its passphrase was asked for. */
function keyFile(bytes: Uint8Array, passphrase: Uint8Array = PASSPHRASE) {
  const asked = { passphrase: 0 };
  const source = keyFileSource({
    read: () => Promise.resolve(bytes),
    passphrase: () => {
      asked.passphrase++;
      return Promise.resolve(passphrase);
    },
    file: 'keys/timestamp.json',
  });
  return { source, asked };
}

const sealed = (key: PrivateKey) => sealKeyFile([key], PASSPHRASE);
const plain = async (key: PrivateKey) => Buffer.from(await sealKeyFile([key], undefined)).toString();

function edited(bytes: Uint8Array, change: (file: KeyFile) => void): Buffer {
  const file = JSON.parse(Buffer.from(bytes).toString()) as KeyFile;
  change(file);
  return Buffer.from(JSON.stringify(file));
}

/** What a key that cannot be opened leaves behind: nothing but the outcome, and that holds no secret. */
async function expectRefused(r: Repository, source: KeySource, code: string, secrets: readonly string[]) {
  const before = { hosting: r.hosting.contents(), journal: r.journal() };
  const outcome = await runWith(r, source, { force: true });
  expect(outcome).toMatchObject({ outcome: 'refused', code });
  expect(outcome.remedy).toMatch(/key file|scrypt/);
  expectNoSecret(outcome, secrets);
  expect({ hosting: r.hosting.contents(), journal: r.journal() }).toEqual(before);
  await expect(runWith(r, source, { force: true, dryRun: true })).resolves.toMatchObject({ outcome: 'refused', code });
  expect({ hosting: r.hosting.contents(), journal: r.journal() }).toEqual(before);
}

describe('a key file', () => {
  test('signs with the passphrase, which is asked for once, and not at all while nothing is due', async () => {
    const r = await newRepository();
    const { source, asked } = keyFile(await sealed(r.keys.timestamp));
    await expect(runWith(r, source)).resolves.toMatchObject({ code: 'NOT_DUE' });
    expect(asked.passphrase).toBe(0);
    await expect(runWith(r, source, { force: true })).resolves.toMatchObject({ code: 'SIGNED', version: 5 });
    expect(asked.passphrase).toBe(1);
    expect(r.clientRefuses()).toBeUndefined();
  });

  test.each([
    { given: 'N = 2^30 (75)', params: { N: 2 ** 30, r: 8, p: 1 } },
    { given: 'p = 1000 (76)', params: { N: 2 ** 15, r: 8, p: 1_000 } },
  ])(
    'is refused as KDF_REFUSED with $given before a passphrase is asked for or memory is taken',
    async ({ params }) => {
      const r = await newRepository();
      const { source, asked } = keyFile(
        edited(await sealed(r.keys.timestamp), ({ data }) => {
          data.kdf.params = params;
        }),
      );
      const started = process.cpuUsage();
      const outcome = await runWith(r, source, { force: true });
      const { user, system } = process.cpuUsage(started);
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'KDF_REFUSED' });
      expect(asked.passphrase).toBe(0);
      expect(user + system).toBeLessThan(50_000); // microseconds; scrypt alone would take longer
      await expectRefused(r, source, 'KDF_REFUSED', [WORDS]);
    },
  );

  test.each([
    { given: 'a wrong passphrase (77)', passphrase: 'Xylophon-Quark-Zwolf', says: /passphrase is wrong/ },
    { given: 'a newline at the end of the passphrase (78)', passphrase: `${WORDS}\n`, says: /ends in a newline/ },
  ])('is refused as KEY_UNREADABLE with $given', async ({ passphrase, says }) => {
    const r = await newRepository();
    const { source } = keyFile(await sealed(r.keys.timestamp), Buffer.from(passphrase));
    expect((await runWith(r, source, { force: true })).message).toMatch(says);
    await expectRefused(r, source, 'KEY_UNREADABLE', [WORDS, passphrase]);
  });

  test('is refused as KEY_UNREADABLE when its halves differ (79)', async () => {
    const r = await newRepository();
    const text = await plain(r.keys.timestamp);
    const [, secret = ''] = /"private": ?"([0-9a-f]{128})"/.exec(text) ?? [];
    const [, other = ''] = /"private": ?"([0-9a-f]{128})"/.exec(await plain(newEd25519Key())) ?? [];
    expect(other).toHaveLength(128);
    const { source } = keyFile(Buffer.from(text.replace(secret, other)));
    await expectRefused(r, source, 'KEY_UNREADABLE', [secret.slice(0, 64), other.slice(0, 64)]);
  });

  test('is refused as KEY_UNREADABLE when its box is cut off (80)', async () => {
    const r = await newRepository();
    const { source } = keyFile(
      edited(await sealed(r.keys.timestamp), ({ data }) => {
        data.ciphertext = Buffer.from(data.ciphertext, 'base64').subarray(0, -1).toString('base64');
      }),
    );
    await expectRefused(r, source, 'KEY_UNREADABLE', [WORDS]);
  });

  test('fails as KEY_FILE_MISSING when it is not there, and only once it is needed', async () => {
    const r = await newRepository();
    const source = keyFileSource({
      read: () => Promise.resolve(undefined),
      passphrase: () => Promise.resolve(PASSPHRASE),
      file: 'keys/timestamp.json',
    });
    await expect(runWith(r, source)).resolves.toMatchObject({ code: 'NOT_DUE' });
    const outcome = await runWith(r, source, { force: true });
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'KEY_FILE_MISSING' });
    expect(outcome.message).toContain('keys/timestamp.json');
  });
});

describe('a key in KMS', () => {
  let aws: LocalAws;
  let client: KMSClient;
  let key: KmsKey;
  beforeAll(async () => {
    aws = await startLocalAws();
    client = new KMSClient({ ...aws.clientConfig(), maxAttempts: 1 });
    key = aws.kms.createKey('ECC_NIST_EDWARDS25519');
  });
  afterEach(() => {
    aws.faults.clear();
  });
  afterAll(() => aws.close());

  const source = () => kmsKeySource({ client, keyId: key.arn, type: 'kms-ed25519' });

  /** A repository whose new root lists the KMS key for the timestamp role. */
  async function withKmsKey(): Promise<Repository> {
    const r = await newRepository();
    const der = key.publicKey.export({ format: 'der', type: 'spki' });
    const publicKey = parseKey(tufKeyFromSpki(der, 'kms-ed25519'), 'the KMS key');
    if (!isUsable(publicKey)) throw new Error(publicKey.unusable);
    await r.publishRoot((signed) => {
      listKey(signed, 'timestamp', { publicKey } as never);
    });
    return r;
  }

  test('signs, and its public half is asked for once only', async () => {
    const r = await withKmsKey();
    const before = aws.calls.length;
    await expect(runWith(r, source())).resolves.toMatchObject({ code: 'HEALED_ROOT_CHANGED', version: 5 });
    r.pass(3_600);
    await expect(runWith(r, source(), { force: true })).resolves.toMatchObject({ code: 'SIGNED', version: 6 });
    expect(aws.calls.slice(before).map(({ operation }) => operation)).toEqual(['GetPublicKey', 'Sign', 'Sign']);
    expect(r.clientRefuses()).toBeUndefined();
  });

  test('fails as KMS_UNAVAILABLE while it is disabled (81), and signs in the first run after', async () => {
    const r = await withKmsKey();
    const before = r.hosting.contents();
    aws.kms.disable(key.keyId);
    const outcome = await runWith(r, source());
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'KMS_UNAVAILABLE' });
    expect(outcome.message).toContain(key.arn);
    expect(r.hosting.contents()).toEqual(before);
    expect(r.journal().entry?.version).toBe(4);
    aws.kms.enable(key.keyId);
    await expect(runWith(r, source())).resolves.toMatchObject({ code: 'HEALED_ROOT_CHANGED', version: 5 });
  });

  test("refuses as OWN_OUTPUT_INVALID what another key signed under our key's name (82), and puts nothing", async () => {
    const r = await withKmsKey();
    await runWith(r, source());
    r.pass(3_600);
    const before = { hosting: r.hosting.contents(), state: r.state.contents(), puts: r.hosting.puts + r.state.puts };
    const other = aws.kms.createKey('ECC_NIST_EDWARDS25519');
    const lying = kmsKeySource({ client, keyId: other.arn, type: 'kms-ed25519' });
    for (const dryRun of [false, true]) {
      const outcome = await runWith(r, lying, { force: true, dryRun });
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'OWN_OUTPUT_INVALID' });
    }
    const after = { hosting: r.hosting.contents(), state: r.state.contents(), puts: r.hosting.puts + r.state.puts };
    expect(after).toEqual(before);
  });
});

describe('K1: the public halves that were recorded', () => {
  test('refuse KEY_NOT_IN_ROOT before anything secret is opened', async () => {
    const r = await newRepository();
    await r.rotateTimestampKey();
    r.log.length = 0;
    const outcome = await r.run();
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'KEY_NOT_IN_ROOT' });
    expect(outcome.message).toMatch(/Root version 2 .* it lists [0-9a-f]{16}/);
    expect(r.log).not.toContain('keys open');
    expect(r.log).toContain('state putIf root-chain.json'); // the root that says so is kept all the same
  });

  test('are found out where there are none yet, also of material without a fingerprint, as a key in KMS', async () => {
    const r = await newRepository();
    r.source.fingerprint = () => Promise.resolve(undefined);
    r.editJournal(({ identity }) => Object.assign(identity, { keys: [], keyFingerprint: undefined }));
    await expect(r.run({ force: true })).resolves.toMatchObject({ code: 'SIGNED', version: 5 });
    expect(r.journal().identity).toMatchObject({ keys: [{ keytype: 'ed25519' }] });
  });

  test('are not found out again while they hold', async () => {
    const r = await newRepository();
    r.log.length = 0;
    await r.signed({ force: true });
    expect(r.log.filter((call) => call === 'keys fingerprint')).toHaveLength(1);
  });

  test('no longer count once the key file is replaced: the new one is opened, and recorded', async () => {
    const r = await newRepository();
    r.source.keys = [r.keys.timestamp, newEd25519Key()];
    const openings = r.source.openings;
    const before = r.journal().identity.keyFingerprint;
    await expect(r.run({ force: true })).resolves.toMatchObject({ code: 'SIGNED', version: 5 });
    expect(r.source.openings).toBe(openings + 1);
    const recorded = r.journal().identity;
    expect(recorded.keyFingerprint).not.toBe(before);
    expect(recorded).toMatchObject({ keys: [{ keytype: 'ed25519' }, { keytype: 'ed25519' }] });
  });

  test('are judged again when a replaced file was opened: with a key that the root does not list nothing is signed', async () => {
    const r = await newRepository();
    r.source.keys = [newEd25519Key()];
    const before = { hosting: r.hosting.contents(), state: r.state.contents(), signatures: r.source.signatures };
    const outcome = await r.run({ force: true });
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'KEY_NOT_IN_ROOT' });
    const after = { hosting: r.hosting.contents(), state: r.state.contents(), signatures: r.source.signatures };
    expect(after).toEqual(before);
  });

  test('of an older key in the file do not sign: only keys that the root lists do', async () => {
    const r = await newRepository();
    const fresh = await r.rotateTimestampKey();
    r.source.keys = [r.keys.timestamp, fresh];
    const outcome = await r.signed();
    expect(outcome.keyIds).toHaveLength(1);
    expect(r.signedOf('timestamp.json').version).toBe(5);
    expect((JSON.parse(r.text('timestamp.json')) as { signatures: object[] }).signatures).toHaveLength(1);
    expect(r.clientRefuses()).toBeUndefined();
  });
});
