import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { LIVE, signerFunctionName } from '../../lib/contract/names.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { readPublicKeyFile } from '../../lib/keys/public-key-file.ts';
import { keyId } from '../../lib/tuf/key-id.ts';
import type { CallFacts } from '../aws/call.ts';
import { PASSPHRASE } from '../keys/fixture-keys.ts';
import { DEPLOYMENT, NAME, SECRET, tearDown } from '../lambda/deployment.ts';
import { newRepository, type Repository } from '../refresh/repository.ts';

import { describeWhere } from './describe-where.ts';
import { type Operated, unenrolled } from './operated.ts';
import { ask, findTerminal } from './terminal.ts';
import { FIXTURES } from './working-copy.ts';

const KEY = join(FIXTURES, 'go-tuf-v0.5.2', 'keys', 'timestamp.json');
const ROTATED_KEY = join(FIXTURES, 'rotated', 'keys', 'timestamp.json');

afterEach(tearDown);

test('enroll NAME checks everything, hands key and passphrase to the function, and ends with the dry run of the function', async () => {
  const d = await unenrolled();
  const { status, stdout, stderr } = await d.run(['enroll', 'orbit', '--key', KEY]);
  const { secretVersion } = d.deployment.journal().identity;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout)
    .toBe(`ok     state    timekeeper-tests-timekeeper-state-111111111111-eu-central-1/orbit can be read and written
ok     root     1.root.json is the pinned root, the newest too
ok     expiry   1.root.json expires 2036-11-19T16:35:13Z, in 3649 days
ok     expiry   snapshot.json 2 expires 2029-11-21T16:35:14Z, in 1094 days
ok     expiry   timestamp.json 3 expires 2026-12-06T16:35:14Z, in 13 days
ok     key      ${KEY} is open
ok     key      1.root.json lists it for the timestamp role (d3865141412fb298; threshold 1), and for no other
done   enroll   the state is begun
todo   alarms   confirm every mail that AWS sent to oncall@example.com after the deployment, if you have not: no alarm arrives before
ok     function its dry run came to NOT_DUE
Would do nothing (NOT_DUE): timestamp.json version 3 is healthy; the next signature is due at 2026-11-25T16:35:14Z.
  To sign now all the same:  timekeeper resign orbit --force
  Published:   timestamp.json version 3, expires 2026-12-06T16:35:14Z (in 13 days)
  Next:        2026-11-25T16:35:14Z (in 2 days)
`);
  expect(d.deployment.kept()).toEqual(['journal.json', `key-${secretVersion!}.json`, 'root-chain.json']);
  expect(d.operatorsCalls().filter((call) => !call.startsWith('GetObject'))).toEqual([
    'PutObject orbit/journal.json if-match 404', // whether it could be written: nothing is
    'PutSecretValue   200',
    `PutObject orbit/key-${secretVersion!}.json  200`,
    'PutObject orbit/journal.json  200',
    'PutObject orbit/root-chain.json  200',
    'Invoke   200',
  ]);
  expect((await d.deployment.run({ force: true })).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
});

test('prints with --json the outcome of the dry run, and nothing else', async () => {
  const d = await unenrolled();
  expect(await d.json(['enroll', 'orbit', '--key', KEY])).toMatchObject({
    code: 'NOT_DUE',
    dryRun: true,
    version: 3,
  });
});

test('hands over only the keys that the root lists, under a random passphrase that nobody has seen', async () => {
  const d = await unenrolled({ repository: { fixture: 'rotated' } });
  const run = await d.run(['enroll', 'orbit', '--key', ROTATED_KEY]);
  expect(run.status).toBe(0);
  expect(run.stdout).toContain('is open, with 2 keys in it');
  expect(run.stdout).toContain('1.root.json is the pinned root, 3.root.json is the newest that it leads to');
  expect(d.secret()).toMatch(/^[\w-]{43}$/); // 256 bits
  expect(run.stdout + run.stderr).not.toContain(d.secret());
  expect(await d.handedOver()).toHaveLength(1);
});

describe('where the repository hides roots', () => {
  const hidden = async (...files: readonly string[]) => {
    const d = await unenrolled({ repository: { fixture: 'rotated' } });
    const roots = files.map((file) => {
      const path = join(d.cwd, file);
      writeFileSync(path, d.deployment.published(file)!);
      d.deployment.tamper(file, undefined);
      return path;
    });
    return { d, words: ['enroll', 'orbit', '--key', ROTATED_KEY, '--root', ...roots] };
  };

  test('takes them from files', async () => {
    const { d, words } = await hidden('3.root.json', '2.root.json');
    expect(await d.json(words.slice(0, 4))).toMatchObject({ outcome: 'refused' });
    expect(d.deployment.kept()).toEqual([]);
    expect(await d.json(words)).toMatchObject({ code: 'NOT_DUE', warnings: [{ code: 'ROOT_HIDDEN' }] });
  });

  test('takes the pinned one from a file', async () => {
    const { d, words } = await hidden('1.root.json');
    expect(await d.json(words.slice(0, 4))).toMatchObject({ code: 'ROOT_PIN_MISMATCH' });
    expect(await d.json(words)).toMatchObject({ code: 'NOT_DUE' });
  });

  test('keeps them at a second run where the first was cut off before', async () => {
    const { d, words } = await hidden('3.root.json', '2.root.json');
    cutOff(d, (call) => puts(call, 'journal.json'));
    expect(await d.json(words)).toMatchObject({ outcome: 'failed' });
    d.aws.faults.clear();
    expect(d.deployment.state('root-chain.json')).toBeUndefined();
    expect(await d.json(words)).toMatchObject({ code: 'NOT_DUE' });
    expect(d.deployment.state('root-chain.json')!.toString()).toContain('\\"version\\":3');
  });
});

describe('an enrolled repository', () => {
  /** Signed once by the function, with the key that was there first. */
  async function signing(): Promise<{ r: Repository; d: Operated; key: string }> {
    const r = await newRepository({ fresh: true, consistent: false });
    const d = await unenrolled({ repository: r });
    const key = await d.keyFile(r.keys.timestamp);
    expect(await d.json(['enroll', 'orbit', '--key', key])).toMatchObject({ code: 'NOT_DUE' });
    expect((await d.deployment.run({ force: true })).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
    r.put('timestamp.json', d.deployment.published('timestamp.json')!);
    return { r, d, key };
  }

  test('gets another key, and keeps its journal', async () => {
    const { r, d } = await signing();
    const before = d.deployment.journal();
    const next = await r.rotateTimestampKey();
    for (const file of ['root.json', '2.root.json']) d.deployment.tamper(file, r.bytes(file));
    const run = await d.run(['enroll', 'orbit', '--key', await d.keyFile(r.keys.timestamp, next)]);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('done   enroll   the key is replaced; the journal stays');
    expect(await d.handedOver()).toEqual([next.publicKey.content]);
    const { identity, ...journal } = d.deployment.journal();
    expect(journal).toMatchObject({ epoch: 0, newestRoot: { version: 2 }, entry: before.entry });
    expect(identity.secretVersion).not.toBe(before.identity.secretVersion);
    expect((await d.deployment.run()).outcome).toMatchObject({ code: 'HEALED_ROOT_CHANGED', version: 5 });
  });

  test('is begun again only with --again', async () => {
    const { d, key } = await signing();
    const stray = await d.json(['enroll', 'orbit', '--key', key, '--accept-version', '50']);
    expect(stray).toMatchObject({ outcome: 'failed', code: 'USAGE' });
    expect(d.deployment.journal()).toMatchObject({ epoch: 0 });
    const again = await d.json(['enroll', 'orbit', '--key', key, '--again', '--accept-version', '50']);
    expect(again).toMatchObject({ code: 'NOT_DUE' });
    expect(d.deployment.journal()).toMatchObject({ epoch: 1, floor: 150 });
  });

  const PUTS: readonly { readonly put: string; readonly is: (call: CallFacts) => boolean }[] = [
    { put: 'secret', is: ({ operation }) => operation === 'PutSecretValue' },
    { put: 'key file', is: ({ operation, key = '' }) => operation === 'PutObject' && key.includes('/key-') },
    { put: 'journal', is: (call) => puts(call, 'journal.json') },
  ];

  test.each(PUTS)(
    'goes on signing when enroll is cut off after the put of the $put, and it can be run again',
    async ({ is }) => {
      const { d, key } = await signing();
      const version = d.deployment.journal().identity.secretVersion;
      cutOff(d, is);
      expect(await d.json(['enroll', 'orbit', '--key', key])).toMatchObject({ outcome: 'failed' });
      d.aws.faults.clear();
      expect((await d.deployment.run({ dryRun: true })).outcome).toMatchObject({ code: 'NOT_DUE' });
      expect(await d.json(['enroll', 'orbit', '--key', key])).toMatchObject({ code: 'NOT_DUE' });
      expect(d.deployment.journal().identity.secretVersion).not.toBe(version);
    },
  );

  test.each([...PUTS, { put: 'root chain', is: (call: CallFacts) => puts(call, 'root-chain.json') }])(
    'is enrolled by a second run where the first was cut off after the put of the $put',
    async ({ is }) => {
      const d = await unenrolled();
      cutOff(d, is);
      expect(await d.json(['enroll', 'orbit', '--key', KEY])).toMatchObject({ outcome: 'failed' });
      d.aws.faults.clear();
      expect(await d.json(['enroll', 'orbit', '--key', KEY])).toMatchObject({ code: 'NOT_DUE' });
      expect((await d.deployment.run({ force: true })).outcome).toMatchObject({ code: 'SIGNED', version: 4 });
    },
  );
});

test('enrolls although the answer to the put of the secret is lost', async () => {
  const d = await unenrolled();
  d.aws.faults.push({ match: ({ operation }) => operation === 'PutSecretValue', answer: 'apply-then-reset' });
  expect(await d.json(['enroll', 'orbit', '--key', KEY])).toMatchObject({ code: 'NOT_DUE' });
});

test.each([
  { given: 'a root that is pinned already', words: ['orbit', '--trusted-root', 'root.json'] },
  { given: 'a newer root for a folder', words: ['--root', 'root.json'] },
])('ends with USAGE before it calls AWS, given $given', async ({ words }) => {
  const d = await unenrolled();
  expect(await d.json(['enroll', ...words])).toMatchObject({ code: 'USAGE' });
  expect(d.aws.calls).toEqual([]);
});

describe('nothing is written', () => {
  test.each<{ given: string; code: string; arrange: (d: Operated, r: Repository) => unknown }>([
    { given: 'no key file', code: 'USAGE', arrange: () => [] },
    { given: 'a wrong passphrase', code: 'KEY_UNREADABLE', arrange: (d, r) => d.keyFile(r.keys.timestamp) },
    { given: 'a key that the root does not list', code: 'KEY_NOT_IN_ROOT', arrange: (d) => d.keyFile(newEd25519Key()) },
    {
      given: "another role's key in the file",
      code: 'KEY_IN_OTHER_ROLE',
      arrange: (d, r) => d.keyFile(r.keys.timestamp, r.keys.targets),
    },
    {
      given: "the snapshot role's key in the file",
      code: 'KEY_IN_OTHER_ROLE',
      arrange: (d, r) => d.keyFile(r.keys.timestamp, r.keys.snapshot),
    },
    {
      given: 'another root than the pinned one',
      code: 'ROOT_PIN_MISMATCH',
      arrange: (d, r) => {
        d.deployment.tamper('1.root.json', `${r.bytes('1.root.json').toString()} `);
        return d.keyFile(r.keys.timestamp);
      },
    },
    {
      given: 'a snapshot that was changed',
      code: 'SNAPSHOT_MISMATCH',
      arrange: (d, r) => {
        d.deployment.tamper('snapshot.json', `${r.bytes('snapshot.json').toString()} `);
        return d.keyFile(r.keys.timestamp);
      },
    },
    {
      given: 'no right to write the state',
      code: 'ACCESS_DENIED',
      arrange: (d, r) => {
        deny(d, (call) => call.operation === 'PutObject');
        return d.keyFile(r.keys.timestamp);
      },
    },
    {
      given: 'no right to put the secret',
      code: 'ACCESS_DENIED',
      arrange: (d, r) => {
        deny(d, ({ operation }) => operation === 'PutSecretValue', 'AccessDeniedException');
        return d.keyFile(r.keys.timestamp);
      },
    },
    {
      given: 'a secret that is being deleted',
      code: 'SECRET_UNAVAILABLE',
      arrange: (d, r) => {
        d.aws.secrets.scheduleDeletion(SECRET);
        return d.keyFile(r.keys.timestamp);
      },
    },
    {
      given: 'no secret',
      code: 'NOT_DEPLOYED',
      arrange: (d, r) => {
        deny(d, ({ operation }) => operation === 'PutSecretValue', 'ResourceNotFoundException');
        return d.keyFile(r.keys.timestamp);
      },
    },
  ])('where it ends with $code, given $given', async ({ given, code, arrange }) => {
    const r = await newRepository({ fresh: true, consistent: false });
    const d = await unenrolled({ repository: r });
    const found = await arrange(d, r);
    const words = typeof found === 'string' ? ['--key', found] : [];
    const passphrase = given === 'a wrong passphrase' ? 'another' : undefined;
    const outcome = await d.json(['enroll', 'orbit', ...words], passphrase === undefined ? {} : { passphrase });
    expect(outcome).toMatchObject({ code, dryRun: true });
    expect(d.deployment.kept()).toEqual([]);
    expect(d.secret()).toBeUndefined();
  });
});

describeWhere('enroll NAME on a terminal', 'Python 3 for a pseudo-terminal', findTerminal(), (terminal) => {
  test('asks for the passphrase once, after all that needs none, and does not echo it', async () => {
    const d = await unenrolled();
    const { status, screen, raw } = await ask(terminal, ['enroll', 'orbit', '--key', KEY], `${PASSPHRASE.toString()}\r`, d.options()); // prettier-ignore
    expect(status).toBe(0);
    expect(screen).toMatch(
      /^ok {5}state [^]*\nok {5}expiry {3}timestamp[^]*Enter timestamp key passphrase:[^]*\nok {5}key /,
    );
    expect(screen).toContain('done   enroll   the state is begun');
    for (const piece of ['timestä', '5#$', 'stämp']) expect(raw).not.toContain(piece);
  });
});

test('says which check failed, and why', async () => {
  const d = await unenrolled();
  const run = await d.run(['enroll', 'orbit', '--key', KEY], { passphrase: 'another' });
  expect(run.status).toBe(1);
  expect(run.stdout.split('\n').slice(-2)).toEqual(['no     key      KEY_UNREADABLE', '']);
  expect(run.stderr).toMatch(/^Refused \(KEY_UNREADABLE\): .* cannot be decrypted/);
});

test.each(['option', 'configuration'])(
  'takes the key of the snapshot role by the waiver of the %s, and hands it over only as far as the timestamp role lists it',
  async (by) => {
    const r = await newRepository({ fresh: true, consistent: false });
    const d = await unenrolled({ repository: r });
    if (by === 'configuration') d.configure({ allowSharedSnapshotKey: true });
    const key = await d.keyFile(r.keys.timestamp, r.keys.snapshot);
    const waiver = by === 'option' ? ['--allow-shared-snapshot-key'] : [];
    expect(await d.json(['enroll', 'orbit', '--key', key, ...waiver])).toMatchObject({ code: 'NOT_DUE' });
    expect(await d.handedOver()).toEqual([r.keys.timestamp.publicKey.content]);
  },
);

describe('a key in AWS KMS', () => {
  test.each(['kms-ed25519', 'kms-p256'] as const)(
    'of type %s is printed for the root ceremony, and enrolled once the root lists it',
    async (type) => {
      const r = await newRepository({ fresh: true, consistent: false });
      const d = await unenrolled({ repository: r, key: type });
      const run = await d.run(['enroll', 'orbit']);
      expect(run.status).toBe(1);
      expect(run.stderr).toMatch(/^Refused \(KEY_NOT_IN_ROOT\): Root version 1 does not list our key/);
      const [, id, json] = /^ {2}([0-9a-f]{64})$[^]*^(\{"keytype".*\})$/m.exec(run.stdout)!;
      expect(keyId(readPublicKeyFile(Buffer.from(json!), 'timestamp-key.json').json)).toBe(id); // as updates add-key reads it
      expect(run.stdout).toMatch(
        /the newest root, 1\.root\.json \(SHA-256 [0-9a-f]{64}\)[^]*1\. Where 1 of the 1 root keys[^]*updates add-key timestamp timestamp-key\.json\n[^]*updates stage-root next-root\.json --add-key timestamp=timestamp-key\.json\n[^]*updates sign[^]*updates publish-root next-root\.json\n[^]*2\. Upload 2\.root\.json[^]*3\. timekeeper enroll orbit/,
      );
      expect(await d.json(['enroll', 'orbit'])).toMatchObject({ code: 'KEY_NOT_IN_ROOT', keyIds: [id] });
      expect(d.deployment.kept()).toEqual([]);

      await r.publishRoot((root) => {
        root.keys[id!] = JSON.parse(json!) as object;
        root.roles.timestamp!.keyids.push(id!);
      });
      for (const file of ['root.json', '2.root.json']) d.deployment.tamper(file, r.bytes(file));
      expect(await d.json(['enroll', 'orbit'])).toMatchObject({ code: 'NOT_DUE', keyIds: [id] });
      expect(d.operatorsCalls().filter((call) => /Sign|Secret/.test(call))).toEqual([]);
      expect((await d.deployment.run({ force: true })).outcome).toMatchObject({ code: 'SIGNED', keyIds: [id] });
    },
  );

  test('is in no file', async () => {
    const d = await unenrolled({ key: 'kms-ed25519' });
    expect(await d.json(['enroll', 'orbit', '--key', KEY])).toMatchObject({ code: 'USAGE' });
  });
});

test('says what is left to do where the function cannot be asked, though the repository is enrolled', async () => {
  const d = await unenrolled();
  d.aws.lambda.remove(signerFunctionName(DEPLOYMENT, NAME), LIVE);
  const run = await d.run(['enroll', 'orbit', '--key', KEY]);
  expect(run.status).toBe(3);
  expect(run.stdout).toContain('done   enroll   the state is begun');
  expect(run.stdout).toContain(
    'todo   function its dry run came to NOT_DEPLOYED, once what stands below is done: timekeeper resign orbit --dry-run',
  );
  expect(run.stderr).toMatch(/^Failed \(NOT_DEPLOYED\)/);
});

/** A put that is carried out: the one that finds out about the permission is not. */
function puts({ operation, key = '', ifMatch }: CallFacts, file: string): boolean {
  return operation === 'PutObject' && key.endsWith(`/${file}`) && ifMatch !== NO_OBJECTS;
}
const NO_OBJECTS = `"${'0'.repeat(32)}"`;

/** As if the process ended right after a call that was carried out: it hears of nothing any more, and nothing that it says is heard. */
function cutOff({ aws }: Operated, after: (call: CallFacts) => boolean): void {
  let isOver = false;
  aws.faults.push({ match: (call) => !isOver && after(call) && (isOver = true), answer: 'apply-then-reset' });
  aws.faults.push({ match: () => isOver, times: Infinity, answer: 'reset' });
}

function deny({ aws }: Operated, match: (call: CallFacts) => boolean, code = 'AccessDenied'): void {
  aws.faults.push({ match, times: Infinity, answer: { status: code === 'AccessDenied' ? 403 : 400, code } });
}
